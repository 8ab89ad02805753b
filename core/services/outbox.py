"""Notices to every surface, at least once each and in order; a dead chat delays nothing but itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from core.ports import Clock, Store, Surface
from core.values.changes import Change, Delivered, NoticeMade
from core.values.errors import Rejected, Transient
from core.values.notices import Notice

log = logging.getLogger(__name__)

BATCH = 50
RETRY_S_MAX = 60.0


class Outbox:
    """The table of notices is the queue; each surface has its own place in it, kept in the store."""

    def __init__(self, store: Store, wire: Clock) -> None:
        self._store = store
        self._wire = wire
        self._surfaces: list[tuple[Surface, asyncio.Event]] = []
        store.listen(self._wake)

    def add(self, surface: Surface) -> None:
        self._surfaces.append((surface, asyncio.Event()))

    async def tell(self, notice: Notice) -> None:
        """Keep a notice; the surfaces have it as soon as they can."""
        await self._store.save(NoticeMade(notice))

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with asyncio.TaskGroup() as group:
            for surface, woken in self._surfaces:
                group.create_task(self._deliver(surface, woken), name=f"outbox {surface.name}")

    def _wake(self, changes: Sequence[Change]) -> None:
        if any(isinstance(change, NoticeMade) for change in changes):
            for _, woken in self._surfaces:
                woken.set()

    async def _deliver(self, surface: Surface, woken: asyncio.Event) -> None:
        pause_s = 1.0
        while True:
            woken.clear()
            try:
                waiting = await self._store.undelivered(surface.name, BATCH)
                for notice in waiting:
                    await self._send(surface, notice)
                pause_s = 1.0
            except Transient as error:
                log.warning("surface is away", extra={"surface": surface.name, "reason": error.reason})
                await self._wire.sleep(max(pause_s, error.retry_after_s))
                pause_s = min(pause_s * 2, RETRY_S_MAX)
                continue
            if len(waiting) < BATCH:
                await woken.wait()

    async def _send(self, surface: Surface, notice: Notice) -> None:
        try:
            await surface.send(notice)
        except Rejected as error:
            log.warning("notice refused", extra={"surface": surface.name, "notice": notice.id, "reason": str(error)})
        await self._store.save(Delivered(surface.name, notice.id))
