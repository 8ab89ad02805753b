"""Standing by: take alerts in, watch the owner's signs, and own the desk when they cease."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial

from core.clock import SystemClock
from core.ports import Clock
from core.values.errors import Transient
from kit.http import listen
from openoutcry.journal import JournalStore
from openoutcry.keeper import Keeper
from openoutcry.latch import FileLatch, SharedLatch
from openoutcry.parts import Mood
from openoutcry.receiving import Post
from openoutcry.settings import Settings
from openoutcry.watchdog import notify, patient
from storage.postgres import open_store
from storage.postgres.lease import LOOK_S, Lease, Vigil

log = logging.getLogger(__name__)


@asynccontextmanager
async def standing_by(
    settings: Settings, mood: Mood, listening: Callable[[str], None], stop: asyncio.Event
) -> AsyncIterator[Mood]:
    """The mood in which to own the desk, once that is this process's turn; or `stop` was set before. The desk is let go
    when this is left."""
    address, wire = settings.desk.database_url.get_secret_value(), mood.wire or SystemClock()
    lease, latch = Lease(address, socket.gethostname()), SharedLatch(FileLatch(settings.desk.data_dir))
    async with AsyncExitStack() as owned, AsyncExitStack() as doors:
        owned.callback(lease.close)
        post = Post(settings, address, wire, lease.name)
        doors.push_async_callback(post.close)
        listener = await listen(post.app(), settings.server.host, settings.server.port)
        doors.push_async_callback(listener.close)
        listening(listener.url)
        notify("READY=1\nSTATUS=stands by")
        begun = await _waited(Watch(lease, post, latch), wire, stop)
        if begun is None:
            yield mood
            return
        owned.enter_context(Keeper(lease, latch, begun))
        patient(on=True)
        with listener.share() as at:
            yield replace(mood, journal=partial(_journal, lease), at=at, listens=doors.aclose, shared=True)


async def _waited(watch: Watch, wire: Clock, stop: asyncio.Event) -> float | None:
    """Until the desk is ours: since when at most, in monotonic seconds. None where `stop` was set before."""
    while not stop.is_set():
        if (begun := await watch.look()) is not None:
            return begun
        await wire.sleep(LOOK_S)
    return None


async def _journal(lease: Lease, settings: Settings, clock: Clock) -> JournalStore:
    return await open_store(settings.desk.database_url.get_secret_value(), clock, lease=lease)


class Watch:
    """Whose the desk is, look by look."""

    def __init__(self, lease: Lease, post: Post, latch: SharedLatch) -> None:
        self._lease = lease
        self._post = post
        self._latch = latch
        self._vigil = Vigil()
        self._told: object = None

    async def look(self) -> float | None:
        """When we asked for the desk, where it is ours from now on. Raises Broken for a database that is no desk's."""
        try:
            seen = await asyncio.to_thread(self._lease.look)
            await asyncio.to_thread(self._latch.agree, seen.halt, self._lease.halt)
            await self._follow()
            begun = time.monotonic()
            if self._vigil.over(seen) and await asyncio.to_thread(self._lease.take, seen):
                log.warning("this process owns the desk now", extra={"epoch": self._lease.epoch})
                return begun
            self._tell(f"standing by: {seen.owner or 'nobody'} owns the desk")
            self._post.owner = seen.owner
        except Transient as error:
            self._vigil.lost_sight()
            self._tell(f"standing by: {error}")
        notify("WATCHDOG=1")
        return None

    async def _follow(self) -> None:
        """A database without a desk has nothing to take alerts in for: whoever owns it makes one."""
        try:
            await self._post.follow()
        except Transient as error:
            log.info("no alerts are taken in", extra={"reason": str(error)})

    def _tell(self, words: str) -> None:
        """Once."""
        if words != self._told:
            log.warning(words)
        self._told = words
