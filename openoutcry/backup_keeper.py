"""The desk's own nightly backup, and a word to people when it has been without one for too long."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.ports import Clock, Store
from core.values.changes import NoticeMade
from core.values.errors import DeskError
from core.values.ids import NoticeId, derive_id
from core.values.notices import Notice, NoticeKind
from openoutcry.backup import directory_of, keep_newest, kept, make
from openoutcry.lock import Locked
from openoutcry.settings import Settings

log = logging.getLogger(__name__)

LOOK_S = 600.0
LATE = timedelta(hours=26)
AGAIN = timedelta(days=1)
"""So often people are told of one that is late."""


class BackupKeeper:
    """One backup for each night, made up for when the desk was off then. What the folder holds is the truth."""

    def __init__(self, settings: Settings, store: Store, wire: Clock) -> None:
        self._settings, self._store, self._wire = settings, store, wire
        self._directory = directory_of(settings)
        self._desk = f"{store.desk_id:08x}"
        self._began = wire.now()
        self._told: datetime | None = None
        self._why = ""

    def age_s(self) -> float | None:
        """Seconds since the newest backup; None where there is none."""
        last = self._last()
        return None if last is None else (self._wire.now() - last).total_seconds()

    async def run(self) -> None:
        """Until cancelled. The first look waits, so that a desk that dies at every start fills no disk."""
        while True:
            await self._wire.sleep(LOOK_S)
            try:
                await self.look()
            except DeskError as error:  # nothing can be written now; the next look is another
                log.warning("cannot tell of the backup", extra={"reason": str(error)})

    async def look(self) -> None:
        """Make one when it is due; tell people when the last one is too old."""
        now, last = self._wire.now(), self._last()
        if last is None or now >= self._due(last):
            await self._make(now)
            last = self._last()
        too_old = now - (last or self._began) > LATE
        if too_old and (self._told is None or now - self._told >= AGAIN):
            self._told = now
            await self._store.save(NoticeMade(self._late(now, last)))

    async def _make(self, now: datetime) -> None:
        try:
            await asyncio.to_thread(self._in_thread, now)
        except (DeskError, OSError, Locked) as error:
            self._why = str(error)
            log.warning("no backup was made", extra={"reason": self._why})

    def _in_thread(self, now: datetime) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = make(self._settings.desk.data_dir, self._directory, now)
        keep_newest(self._directory, self._desk, self._settings.backup.keep)
        self._why = "" if made.facts.audit_broken_at is None else f"audit trail broken at {made.facts.audit_broken_at}"

    def _last(self) -> datetime | None:
        found = kept(self._directory, self._desk)
        return found[-1][0] if found else None

    def _due(self, last: datetime) -> datetime:
        """The first of the nightly moments after `last`."""
        zone, at = ZoneInfo(self._settings.desk.timezone), time.fromisoformat(self._settings.backup.at)
        day = last.astimezone(zone).date()
        moments = (datetime.combine(day + timedelta(days=n), at, zone) for n in range(3))
        return next(moment for moment in moments if moment > last)

    def _late(self, now: datetime, last: datetime | None) -> Notice:
        hours = {} if last is None else {"hours": str(round((now - last).total_seconds() / 3600))}
        return Notice(
            id=NoticeId(derive_id(self._store.desk_id, "notice", "backup.late", now.isoformat())),
            at=now,
            kind=NoticeKind.ERROR,
            key="backup.late" if hours else "backup.none",
            params={**hours, "why": self._why or "-"},
            critical=True,
        )
