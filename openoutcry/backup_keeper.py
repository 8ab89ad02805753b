"""The desk's own nightly backup, and a word to people when it has been without one for too long."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.ports import Clock, Store
from core.values.changes import FlagSet, NoticeMade
from core.values.errors import DeskError
from core.values.ids import NoticeId, derive_id
from core.values.notices import Notice, NoticeKind
from kit.workers import WorkerGone, Workers
from openoutcry.backups import directory_of, kept
from openoutcry.settings import Settings

log = logging.getLogger(__name__)

LOOK_S = 600.0
LATE = timedelta(hours=26)
AGAIN = timedelta(days=1)
"""So often people are told of one that is late."""
FLAG = "audit_broken_told"
"""The first broken row of the audit trail that people have been told of."""


class BackupKeeper:
    """One backup for each night, made up for when the desk was off then. What the folder holds is the truth."""

    def __init__(self, settings: Settings, store: Store, wire: Clock) -> None:
        self._settings, self._store, self._wire = settings, store, wire
        self._directory = directory_of(settings)
        self._desk = f"{store.desk_id:08x}"
        self._began = wire.now()
        self._workers = Workers("openoutcry.backup_worker", (), passing=("CREDENTIALS_DIRECTORY",))  # the keys' place
        self._told: datetime | None = None
        self._why = ""

    def age_s(self) -> float | None:
        """Seconds since the newest backup; None where there is none."""
        now = self._wire.now()
        last = self._last(now)
        return None if last is None else (now - last).total_seconds()

    async def run(self) -> None:
        """Until cancelled. The first look waits, so that a desk that dies at every start fills no disk."""
        while True:
            await self._wire.sleep(LOOK_S)
            try:
                await self.look()
            except (DeskError, OSError) as error:  # nothing can be written now; the next look is another
                log.warning("cannot tell of the backup", extra={"reason": str(error)})

    async def look(self) -> None:
        """Make one when it is due; tell people when the last one is too old."""
        now = self._wire.now()
        last = self._last(now)
        if last is None or now >= self._due(last):
            await self._make(now)
            last = self._last(now)
        too_old = now - (last or self._began) > LATE
        if too_old and (self._told is None or now - self._told >= AGAIN):
            self._told = now
            await self._store.save(NoticeMade(self._late(now, last)))

    async def _make(self, now: datetime) -> None:
        """In a process that ends with it: it is needed once a night, and ciphers take six megabytes."""
        asked = {
            "data_dir": str(self._settings.desk.data_dir),
            "directory": str(self._directory),
            "desk": self._desk,
            "keep": self._settings.backup.keep,
            "now": now.isoformat(),
        }
        try:
            said = json.loads(await self._workers.ask(json.dumps(asked)))
        except WorkerGone as error:
            said = {"error": f"its process ended early: {error}"}
        finally:
            await self._workers.rest()
        self._why = said.get("error", "")
        if self._why:
            log.warning("no backup was made", extra={"reason": self._why})
        elif said["broken_at"] is not None:
            await self._tell_broken(now, str(said["broken_at"]))

    async def _tell_broken(self, now: datetime, row: str) -> None:
        """Once for each first row that does not fit, however often the desk starts."""
        if await self._store.flag(FLAG) != row:
            await self._store.save(
                FlagSet(FLAG, row), NoticeMade(self._notice("backup.audit_broken", now, {"row": row}))
            )

    def _last(self, now: datetime) -> datetime | None:
        """None also where the folder cannot be read: people hear why once that has lasted."""
        try:
            found = [at for at, _ in kept(self._directory, now, self._desk) if at <= now]
        except OSError as error:
            self._why = str(error)
            return None
        return found[-1] if found else None

    def _due(self, last: datetime) -> datetime:
        """The first of the nightly moments after `last`."""
        zone, at = ZoneInfo(self._settings.desk.timezone), time.fromisoformat(self._settings.backup.at)
        day = last.astimezone(zone).date()
        moments = (datetime.combine(day + timedelta(days=n), at, zone) for n in range(3))
        return next(moment for moment in moments if moment > last)

    def _late(self, now: datetime, last: datetime | None) -> Notice:
        why = {"why": self._why or "-"}
        if last is None:
            return self._notice("backup.none", now, why)
        return self._notice("backup.late", now, {"hours": str(round((now - last).total_seconds() / 3600)), **why})

    def _notice(self, key: str, now: datetime, params: Mapping[str, str]) -> Notice:
        notice_id = NoticeId(derive_id(self._store.desk_id, "notice", key, now.isoformat()))
        return Notice(notice_id, now, NoticeKind.ERROR, key, params, critical=True)
