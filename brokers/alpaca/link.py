"""A WebSocket that is kept up: logged in, and made again when it breaks, closes or falls silent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import datetime, timedelta
from typing import Any

import aiohttp

from brokers.alpaca.client import CONNECT_S, read_json
from brokers.alpaca.translate import Row
from brokers.link import fresh, kept_up, send, until_either
from core.ports import Clock
from core.values.errors import DeskError, Rejected, Transient

PING_S = 5.0
"""The venue sends nothing while nothing happens, so it is pinged."""
SILENCE = timedelta(seconds=3 * PING_S)

Connect = Callable[[], AbstractAsyncContextManager[aiohttp.ClientWebSocketResponse]]
_TALK = frozenset({aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY})
"""The paper host's stream comes in binary frames, the others in text; both hold JSON."""


class Link:
    """greeting: the login, sent as soon as there is a connection. taking: gets every message, in order; it calls
    `settle` once the login is answered, and an error of ours that it raises breaks the link, which is made again.
    owes: since when something has been due that has not come; None while nothing is.

    `first`: done with the first login, or with the error that kept it from happening.
    """

    def __init__(
        self,
        name: str,
        connect: Connect,
        clock: Clock,
        greeting: Callable[[], Mapping[str, Any]],
        taking: Callable[[Row], Awaitable[None]],
        owes: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        self._name, self._connect, self._clock = name, connect, clock
        self._greeting, self._taking, self._owes = greeting, taking, owes
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._settled = False
        self._made_at = self._heard = clock.now()
        self.first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.first.add_done_callback(lambda made: made.cancelled() or made.exception())  # nobody need look

    @property
    def alive(self) -> bool:
        """Logged in, and heard of not too long ago."""
        return self._socket is not None and self._settled and fresh(self._heard, self._clock.now(), SILENCE)

    def settle(self) -> None:
        """The login was answered."""
        self._settled = True
        if not self.first.done():
            self.first.set_result(None)

    async def send(self, message: Mapping[str, Any]) -> None:
        """Raises Transient while there is no connection."""
        await send(self._socket, message)

    async def run(self) -> None:
        """For ever."""
        await kept_up(self._name, self._clock, self._once, self._broken)

    def _broken(self, error: DeskError) -> None:
        if not self.first.done():
            self.first.set_exception(error)

    async def _once(self) -> None:
        """Until it breaks, which is always told as an error of ours."""
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(CONNECT_S):
                    socket = await stack.enter_async_context(self._connect())
                self._socket, self._settled = socket, False
                self._made_at = self._heard = self._clock.now()
                await self.send(self._greeting())
                await until_either(self._read(socket), self._watch(socket))
        except aiohttp.WSServerHandshakeError as error:
            if error.status in {401, 403}:
                raise Rejected("key_refused", f"stream: {error.status}") from error
            raise Transient(f"stream: {error.status}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Transient(f"stream: {type(error).__name__}") from error
        finally:
            self._socket, self._settled = None, False

    async def _watch(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """A connection may be open and say nothing, answer pings and say nothing else, or never answer the login."""
        while True:
            now, due = self._clock.now(), self._owes()
            waited = {"word": self._heard, "login": now if self._settled else self._made_at, "event": due or now}
            missing = next((what for what, since in waited.items() if not fresh(since, now, SILENCE)), None)
            if missing is not None:
                raise Transient(f"no {missing} for {SILENCE.total_seconds():.0f} s")
            await socket.ping()
            await self._clock.sleep(PING_S)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            message = await socket.receive()
            self._heard = self._clock.now()
            if message.type is aiohttp.WSMsgType.PING:
                await socket.pong(message.data)
            elif message.type in _TALK:
                said = read_json(message.data)
                for row in said if isinstance(said, list) else [said]:
                    await self._taking(row)
            elif message.type is not aiohttp.WSMsgType.PONG:
                raise Transient(f"stream closed: {socket.close_code or ''}".rstrip(": "))
