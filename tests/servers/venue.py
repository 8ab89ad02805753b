"""A crypto venue on loopback: what its dialects share, over the venue and ledger of tests/servers/broker.py.

Written from the venues' documents and apart from our adapter; ccxt itself is the client. Started as a process of its
own it outlives the desk:

    python -m tests.servers.venue --ledger FILE --dialect bybit
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from aiohttp import WSMsgType, web

from brokers.paper.contracts import Listing, listings
from brokers.paper.orders import Row
from core.values.fills import Fill
from core.values.ids import desk_of
from core.values.instrument import Instrument
from core.values.market import Quote
from tests.servers.broker import BrokerServer, hosting

KEY, SECRET = "key-of-tests", "secret-of-tests"
SYMBOLS = {"BTCPERP": "BTCUSDT", "ETHPERP": "ETHUSDT"}
"""The built-in market's names -> most venues'."""
LEAST = Decimal(5)
"""The least an order may be worth, in USDT."""
MODULES = {"bybit": "venue_bybit", "binance": "venue_binance", "okx": "venue_okx"}


class No(Exception):
    """An error answer, in the venue's own code."""

    def __init__(self, status: int, code: int, message: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.message, self.headers = status, code, message, dict(headers or {})


class Link:
    """One WebSocket. pong: done when the client has dealt with all that was sent before it."""

    def __init__(self, socket: web.WebSocketResponse, *, private: bool) -> None:
        self.socket, self.private = socket, private
        self.topics: set[str] = set()
        self.pong = asyncio.Event()


class VenueServer(BrokerServer):
    """What can be set: hedged and withdraws (of the account and its key), skew_ms (how far the venue's clock is ahead
    of ours), maintenance, banned_s (a 429 with a ban so long), delisted (symbols), deaf (no stream is opened). What is
    asked: `calls`, by path."""

    exchange = ""
    symbols: ClassVar[dict[str, dict[str, str]]] = {"linear": SYMBOLS, "spot": SYMBOLS}

    def __init__(self, ledger: Path, market: str = "linear") -> None:
        self.market = market
        self.attached: dict[str, dict[str, Any]] = {}
        """Entries that came with a stop, by our id."""
        super().__init__(ledger, "coins" if market == "spot" else "while_open")
        self.hedged = self.withdraws = self.maintenance = False
        self.skew_ms, self.banned_s, self.deaf = 0, 0.0, False
        self.delisted: set[str] = set()
        self.calls: dict[str, int] = {}
        self.leverage: dict[str, str] = {}
        self.stuck: dict[str, int] = {}
        """Our ids of algo orders that fired at a moment (ms) and never became an order."""
        self.taken = Decimal(0)
        """Share of the coins bought that the venue keeps as its fee."""
        self.index = Decimal(64000)
        """What every coin costs on spot markets."""
        self.links: list[Link] = []

    def rows_listed(self) -> Sequence[Listing]:
        names = self.symbols[self.market]
        rows = [row for row in listings(self.now(), {}, exchange_hours=False) if row.instrument.ticker in names]
        return [
            replace(row, instrument=replace(row.instrument, ticker=names[row.instrument.ticker], currency="USDT"))
            for row in rows
        ]

    @property
    def spot(self) -> bool:
        return self.market == "spot"

    @property
    def btc(self) -> str:
        """How this venue calls bitcoin here."""
        return self.symbols[self.market]["BTCPERP"]

    @property
    def eth(self) -> str:
        return self.symbols[self.market]["ETHPERP"]

    def ms(self, moment: datetime | None = None) -> int:
        """The venue's clock, in milliseconds."""
        return int((moment or self.now()).timestamp() * 1000) + self.skew_ms

    def fresh(self, stamp: object) -> bool:
        """Within the window in which a request is taken."""
        return abs(int(str(stamp)) - self.ms()) < 5000

    # ids: the wire's are short, the ledger's are ours

    def rows(self) -> list[Row]:
        return list(self.venue._rows.values())

    def fills_of(self, row: Row) -> list[Fill]:
        return [fill for fill in self.venue.fills if fill.broker_id == row.broker_id]

    def instrument(self, row: Row) -> Instrument:
        return self.instruments[row.request.ticker]

    def price(self, ticker: str) -> Quote:
        quote = self.books.quote(ticker)
        assert quote is not None
        return quote

    # the streams

    async def connect(self, request: web.Request, *, private: bool) -> Link:
        if self.deaf:
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse(autoping=False, autoclose=True)
        await socket.prepare(request)
        link = Link(socket, private=private)
        self._streams.add(socket)
        self.links.append(link)
        return link

    async def attend(self, link: Link) -> web.WebSocketResponse:
        """Until the client goes."""
        try:
            async for message in link.socket:
                if message.type is WSMsgType.PONG:
                    link.pong.set()
                elif message.type is WSMsgType.PING:
                    await link.socket.pong(message.data)
                elif message.type is WSMsgType.TEXT and message.data == "ping":
                    await link.socket.send_str("pong")
                elif message.type is WSMsgType.TEXT:
                    await self.asked_on(link, message.json())
        finally:
            self.links.remove(link)
            self._streams.discard(link.socket)
        return link.socket

    async def asked_on(self, link: Link, asked: Mapping[str, Any]) -> None:
        raise NotImplementedError

    async def _tell(self, kind: str, what: object) -> None:
        self.told += 1
        for link in list(self.links):
            if not self.mute or not link.private:
                for message in self.messages(link, kind, what):
                    await self.send(link, message)

    def messages(self, link: Link, kind: str, what: Any) -> list[Any]:
        """What a stream says of a quote, a ticket or a fill."""
        raise NotImplementedError

    async def send(self, link: Link, message: Any) -> None:
        with suppress(ConnectionError):
            await link.socket.send_json(message)

    async def heard(self) -> None:
        """Return once every client has dealt with all that was told it."""
        for link in list(self.links):
            link.pong.clear()
            await link.socket.ping()
            await link.pong.wait()

    async def cut(self) -> None:
        """End every stream."""
        for link in list(self.links):
            await link.socket.close(code=1001)


def plain_id(client_id: str) -> str:
    """32 digits, as they came over the wire -> the id under which the ledger keeps it."""
    if len(client_id) != 32 or desk_of(client_id) is None:
        return client_id
    return f"{client_id[:8]}-{client_id[8:12]}-{client_id[12:16]}-{client_id[16:20]}-{client_id[20:]}"


def wire_id(order_id: str) -> str:
    return order_id.replace("-", "")


@asynccontextmanager
async def venue(exchange: str, ledger: Path, market: str = "linear") -> AsyncIterator[Any]:
    """A server of that dialect, running."""
    server = importlib.import_module(f"tests.servers.{MODULES[exchange]}").Server(ledger, market)
    async with hosting(server):
        yield server


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--dialect", choices=sorted(MODULES), default="bybit")
    options = parser.parse_args()
    async with venue(options.dialect, options.ledger) as server:
        print(f"LISTENING {server.url}", flush=True)
        await asyncio.sleep(timedelta(days=1).total_seconds())


if __name__ == "__main__":
    asyncio.run(main())
