"""A WebSocket that is kept up: made again when it breaks, closes or falls silent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import aiohttp

from brokers.link import fresh, kept_up, send, until_either
from brokers.tinvest.client import Client, read_json
from brokers.tinvest.translate import Row
from core.ports import Clock
from core.values.errors import DeskError, Rejected, Transient

PING_S = 5
"""How often the venue is asked to say that it is there."""
SILENCE = timedelta(seconds=3 * PING_S)
_CODES = {4003: "bad argument", 4004: "deadline", 4008: "too many requests", 4016: "token refused"}


class Link:
    """opening: sends what this link is to bring, each time it is made. taking: gets every message but pings, in order;
    an error of ours that it raises breaks the link, which is made again.

    `first`: done with the first connection, or with the error that kept it from being made.
    """

    def __init__(
        self,
        client: Client,
        method: str,
        clock: Clock,
        opening: Callable[[Link], Awaitable[None]],
        taking: Callable[[Row], Awaitable[None]],
    ) -> None:
        self._client, self._method, self._clock = client, method, clock
        self._opening, self._taking = opening, taking
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._heard = clock.now()
        self.first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.first.add_done_callback(lambda made: made.cancelled() or made.exception())  # nobody need look

    @property
    def alive(self) -> bool:
        """Connected, and heard of not too long ago."""
        return self._socket is not None and fresh(self._heard, self._clock.now(), SILENCE)

    async def send(self, message: Mapping[str, Any]) -> None:
        """Raises Transient while there is no connection."""
        await send(self._socket, message)

    async def run(self) -> None:
        """For ever."""
        await kept_up(self._method, self._clock, self._once, self._broken)

    def _broken(self, error: DeskError) -> None:
        if not self.first.done():
            self.first.set_exception(error)

    async def _once(self) -> None:
        """Until it breaks, which is always told as an error of ours."""
        try:
            async with self._client.stream(self._method) as socket:
                self._socket, self._heard = socket, self._clock.now()
                await self._opening(self)
                await until_either(self._read(socket), self._watch())
                raise Transient(f"nothing heard for {SILENCE.total_seconds():.0f} s")
        except aiohttp.WSServerHandshakeError as error:
            if error.status in {401, 403}:
                raise Rejected("token_refused", f"stream: {error.status}") from error
            raise Transient(f"stream: {error.status}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Transient(f"stream: {type(error).__name__}") from error
        finally:
            self._socket = None

    async def _watch(self) -> None:
        while fresh(self._heard, self._clock.now(), SILENCE):
            await self._clock.sleep(PING_S)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            message = await socket.receive()
            if message.type is not aiohttp.WSMsgType.TEXT:
                code = socket.close_code or 0
                if code == 4016:
                    raise Rejected("token_refused", "stream: 4016")
                raise Transient(f"stream closed: {code} {_CODES.get(code, '')}".rstrip())
            self._heard = self._clock.now()
            row = read_json(message.data)
            if "ping" not in row:
                await self._taking(row)
                self.settle()

    def settle(self) -> None:
        """The first answer is there."""
        if not self.first.done():
            self.first.set_result(None)
