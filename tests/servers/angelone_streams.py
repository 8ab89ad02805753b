"""Angel One's sockets on loopback: binary prices and order updates, to whoever is logged in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from aiohttp import WSMsgType, web

from core.values.instrument import Instrument
from core.values.market import Quote
from core.values.money import Price
from tests.servers import angelone_json as say
from tests.servers.broker import BrokerServer


@dataclass(eq=False)
class Stream:
    """One WebSocket. tokens: (segment, token) -> mode. pong: done when the client has dealt with what was sent."""

    socket: web.WebSocketResponse
    prices: bool
    tokens: dict[tuple[int, str], int] = field(default_factory=dict)
    pong: asyncio.Event = field(default_factory=asyncio.Event)


class Streaming(BrokerServer):
    """buy_flag: what marks buyers in a tick."""

    buy_flag: int
    client: str
    key: str
    _links: list[Stream]
    _by_token: dict[tuple[str, str], Instrument]

    def open_session(self, jwt: str) -> bool:
        """Whether it is one of now."""
        raise NotImplementedError

    def told_of(self, row: Any) -> dict[str, Any]:
        """An order as the book tells it."""
        raise NotImplementedError

    async def updates(self, request: web.Request) -> web.StreamResponse:
        if not self.open_session(request.headers.get("Authorization", "").removeprefix("Bearer ")):
            return web.Response(status=403)
        return await self._serve(request, prices=False)

    async def prices(self, request: web.Request) -> web.StreamResponse:
        jwt, feed = (
            request.headers.get("Authorization", "").removeprefix("Bearer "),
            request.headers.get("x-feed-token"),
        )
        known = (request.headers.get("x-api-key"), request.headers.get("x-client-code")) == (self.key, self.client)
        if not known or not self.open_session(jwt) or feed != jwt.replace("jwt", "feed"):
            return web.Response(status=401, headers={"x-error-message": "Invalid Header - Invalid Auth token"})
        return await self._serve(request, prices=True)

    async def _serve(self, request: web.Request, *, prices: bool) -> web.StreamResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        link = Stream(socket, prices)
        self._streams.add(socket)
        self._links.append(link)
        try:
            if not prices and not self.mute:
                await socket.send_json(say.update("AB00", {}))
            async for message in socket:
                if message.type is WSMsgType.PONG:
                    link.pong.set()
                elif message.type is WSMsgType.TEXT and not self.mute:
                    await (socket.send_str("pong") if message.data == "ping" else self._subscribe(link, message.json()))
        finally:
            self._links.remove(link)
            self._streams.discard(socket)
        return socket

    async def _subscribe(self, link: Stream, asked: Mapping[str, Any]) -> None:
        mode = asked["params"]["mode"]
        for listed in asked["params"]["tokenList"]:
            for token in listed["tokens"]:
                key = listed["exchangeType"], token
                if asked["action"] == 1:
                    link.tokens[key] = mode
                    await self._tick(link, key)
                else:
                    link.tokens.pop(key, None)

    async def _tick(self, link: Stream, key: tuple[int, str]) -> None:
        exchange = next(name for name, number in say.SEGMENTS.items() if number == key[0])
        instrument = self._by_token.get((exchange, key[1]))
        quote = None if instrument is None else self.books.quote(instrument.ticker)
        if instrument is not None and quote is not None:
            await self._send(link, say.tick(quote, instrument, link.tokens[key], self.told, self.buy_flag))

    async def _tell(self, kind: str, what: object) -> None:
        self.told += 1
        for link in () if self.mute or kind == "beat" else list(self._links):
            if isinstance(what, Quote) and link.prices and what.ticker in self.instruments:
                instrument = self.instruments[what.ticker]
                key = say.SEGMENTS[say.exchange(instrument)], say.token(instrument)
                if key in link.tokens:
                    await self._tick(link, key)
            elif not isinstance(what, Quote) and not link.prices:
                row = self.venue._rows[what.broker_id]  # type: ignore[attr-defined]  # a ticket or a fill
                told = self.told_of(row)
                await self._send(link, json.dumps(say.update(say.UPDATES[told["status"]], told)))

    async def index(self, price: Decimal) -> None:
        """The index moved; it has no book."""
        key, told = (1, say.INDEX["token"]), Quote("NIFTY", self.now(), None, None, last=Price(price))
        for link in self._links:
            if key in link.tokens:
                await self._send(link, say.tick_of(key, told, link.tokens[key], self.told, self.buy_flag))

    async def _send(self, link: Stream, message: str | bytes) -> None:
        with suppress(ConnectionError):
            await (link.socket.send_bytes(message) if isinstance(message, bytes) else link.socket.send_str(message))

    async def heard(self) -> None:
        """Return once every client has dealt with all that was told it."""
        for link in list(self._links):
            link.pong.clear()
            await link.socket.ping()
            await link.pong.wait()

    async def cut_streams(self) -> None:
        """End every stream."""
        for link in list(self._links):
            await link.socket.close(code=1001)
