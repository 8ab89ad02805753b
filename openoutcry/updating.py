"""An admin's wish for the newest version, left on disk: a desk may neither replace nor restart itself.

A unit of the machine (packaging/openoutcry-update.path) watches for the file and runs `openoutcry update` as root. The
file is empty: whoever broke into the desk could order the newest version, and neither another nor a source of it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from core.services.desk import Desk
from core.values.changes import Audited, FlagSet, NoticeMade
from core.values.errors import Broken, DeskError
from core.values.ids import NoticeId, derive_id
from core.values.notices import Notice, NoticeKind
from core.values.orders import Refused
from core.values.people import Person
from openoutcry import __version__
from openoutcry.installed import root_of_this

log = logging.getLogger(__name__)

FLAG = "update_asked"
LOOK_S = 5.0
PATIENCE = timedelta(minutes=40)
"""Longer than the unit may take: a wish as old as that is nobody's."""


def wish_file(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Where the machine looks for a wish; None where install.sh has not set up a service that does."""
    try:
        root_of_this()
    except Broken:
        return None
    folder = environment.get("STATE_DIRECTORY", "")  # told by systemd, as the unit has it
    return Path(folder) / "update.wish" if folder else None


class Updating:
    """version: that runs now."""

    def __init__(self, desk: Desk, wish: Path | None, version: str = __version__) -> None:
        self._desk, self._wish, self._version = desk, wish, version
        self._turn = asyncio.Lock()

    async def ask(self, person: Person) -> Refused | None:
        """Leave the wish; the unit takes it away when it is done. Refused: `no_updater`, `one_at_a_time`."""
        if self._wish is None:
            return Refused("no_updater")
        async with self._turn:
            if self._wish.exists():
                return Refused("one_at_a_time")
            now = self._desk.wire.now()
            asked = json.dumps({"at": now.isoformat(), "version": self._version})
            audited = Audited(now, person.id, person.surface, "update.asked", "desk", {"version": self._version})
            await self._desk.store.save(FlagSet(FLAG, asked), audited)
            self._wish.touch(mode=0o600)
        return None

    async def run(self) -> None:
        """Tell people what came of it, until cancelled."""
        while True:
            try:
                await self.look()
            except DeskError as error:  # nothing can be written now; the next look is another
                log.warning("cannot tell of the update", extra={"reason": str(error)})
            await self._desk.wire.sleep(LOOK_S)

    async def look(self) -> None:
        """Another version runs: it came to something. The wish is gone, and this one still runs: it did not."""
        async with self._turn:
            asked = json.loads(await self._desk.store.flag(FLAG) or "{}")
            if self._wish is None or not asked:
                return
            if asked["version"] != self._version:
                await self._tell("update.done", NoticeKind.INFO, {"old": asked["version"], "new": self._version})
            elif not self._wish.exists():
                await self._tell("update.nothing", NoticeKind.ERROR, {"version": self._version})
            elif self._desk.wire.now() - datetime.fromisoformat(asked["at"]) > PATIENCE:
                self._wish.unlink(missing_ok=True)
                await self._tell("update.unheard", NoticeKind.ERROR, {"version": self._version})

    async def _tell(self, key: str, kind: NoticeKind, params: Mapping[str, str]) -> None:
        now = self._desk.wire.now()
        notice_id = NoticeId(derive_id(self._desk.desk_id, "notice", key, now.isoformat()))
        await self._desk.store.save(FlagSet(FLAG, ""), NoticeMade(Notice(notice_id, now, kind, key, params)))
