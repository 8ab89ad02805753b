"""A WebSocket that is kept up: made again when it breaks, closes, falls silent, or its session is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any

import aiohttp

from brokers.angelone.access import Tokens
from brokers.angelone.session import Session
from brokers.link import fresh, kept_up, send, until_either
from core.ports import Clock
from core.values.errors import Transient

PING_S = 10
"""The venue answers a text `ping` with `pong`, and ends connections that send none for half a minute."""
SILENCE = timedelta(seconds=2.5 * PING_S)
Socket = aiohttp.ClientWebSocketResponse
Dial = Callable[[Tokens], AbstractAsyncContextManager[Socket]]


class Link:
    """dial: connects; where the venue refuses the session it is made anew. opening: called each time the link is made.
    taking: gets every message but pongs, in order. alive only once something was heard: a venue may take a connection
    and stay mute. first: set by then."""

    def __init__(
        self,
        name: str,
        clock: Clock,
        session: Session,
        dial: Dial,
        opening: Callable[[Link], Awaitable[None]],
        taking: Callable[[str | bytes], None],
    ) -> None:
        self._name, self._clock = name, clock
        self._session, self._dial, self._opening, self._taking = session, dial, opening, taking
        self._socket: Socket | None = None
        self._heard: datetime | None = None
        self._since = clock.now()
        self.first = asyncio.Event()

    @property
    def alive(self) -> bool:
        return self._socket is not None and self._heard is not None and fresh(self._heard, self._clock.now(), SILENCE)

    async def send(self, message: Mapping[str, Any]) -> None:
        """Raises Transient while there is no connection."""
        await send(self._socket, message)

    async def restart(self) -> None:
        """Its session is another now."""
        if self._socket is not None:
            await self._socket.close()

    async def run(self) -> None:
        """For ever."""
        await kept_up(self._name, self._clock, self._once)

    async def _once(self) -> None:
        """Until it breaks, which is always told as an error of ours."""
        tokens = await self._session.current()
        try:
            async with self._dial(tokens) as socket:
                self._socket, self._heard, self._since = socket, None, self._clock.now()
                await self._opening(self)
                await until_either(self._read(socket), self._watch(socket))
                raise Transient(f"nothing heard for {SILENCE.total_seconds():.0f} s")
        except aiohttp.WSServerHandshakeError as error:
            if error.status in {401, 403}:
                await self._session.renew(tokens, refresh=True)
            raise Transient(f"stream: {error.status}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Transient(f"stream: {type(error).__name__}") from error
        finally:
            self._socket = None

    async def _watch(self, socket: Socket) -> None:
        """Ask whether it is there, until it has not answered for too long."""
        while fresh(self._heard or self._since, self._clock.now(), SILENCE):
            await socket.send_str("ping")
            await self._clock.sleep(PING_S)

    async def _read(self, socket: Socket) -> None:
        while True:
            message = await socket.receive()
            if message.type not in {aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY}:
                raise Transient(f"stream closed: {socket.close_code or 0}")
            self._heard = self._clock.now()
            self.first.set()
            if message.data != "pong":
                self._taking(message.data)


async def either(*works: Coroutine[Any, Any, object]) -> None:
    """Return once one of them is done; the others are ended."""
    tasks = {asyncio.ensure_future(work) for work in works}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
