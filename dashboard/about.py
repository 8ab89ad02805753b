"""GET /api/v1/settings and /api/v1/about: what is in force, where alerts go out, and what the data directory holds."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from core.services.outlets import Outlet
from core.values.ids import OWNER
from core.values.orders import Refused
from core.values.people import Person, Role
from dashboard.board import Board
from dashboard.docs import Route
from dashboard.refusals import refuse
from dashboard.schemas import FLAG, TEXT, many, one_of, row
from kit.http import json_response

BACKUPS = "backups"
SETTINGS = row(
    items=many(row(key=TEXT, value=TEXT, source=one_of(("default", "file", "environment", "start")), secret=FLAG)),
    limits_off=many(TEXT),
)
ABOUT = row(version=TEXT)
"""Of whoever helps to run the owner's desk there is more."""


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes. backup_at: when the newest copy of the journal was made; None: there is none."""

    held: int
    free: int
    backup_at: datetime | None


def disk_of(directory: Path) -> Disk:
    """Reads the file system: call it in a thread."""
    held, newest = 0, None
    for path in directory.rglob("*"):
        try:
            stat = path.stat()
        except OSError:  # it has gone meanwhile
            continue
        if not path.is_file():
            continue
        held += stat.st_size
        if BACKUPS in path.relative_to(directory).parts[:1] or ".before-" in path.name:
            newest = max(newest or 0.0, stat.st_mtime)
    at = None if newest is None else datetime.fromtimestamp(newest, UTC)
    return Disk(held, shutil.disk_usage(directory).free, at)


async def disk(board: Board) -> Disk | None:
    directory = board.figures.data_dir
    return None if directory is None else await asyncio.to_thread(disk_of, directory)


def outlets(board: Board) -> Sequence[Outlet]:
    return [] if board.figures.hub is None else board.figures.hub.outlets


class AboutRoutes:
    def __init__(self, board: Board) -> None:
        self._board = board

    def routes(self, api: str) -> list[Route]:
        return [
            Route("GET", f"{api}/settings", "every value in force, no secrets (admin)", self.settings, answer=SETTINGS),
            Route("GET", f"{api}/about", "version, data directory, targets of the hub", self.about, answer=ABOUT),
        ]

    async def settings(self, _request: web.Request, person: Person) -> web.Response:
        """source: default, file, environment, or start: the command line, a demo. Of a secret: `set`, or nothing."""
        if not person.may(Role.ADMIN):
            refuse(Refused("not_allowed", {"role": Role.ADMIN.word}), person)
        items = [
            {"key": each.key, "value": each.value, "source": each.source, "secret": each.secret}
            for each in self._board.roof.settings
        ]
        return json_response({"items": items, "limits_off": list(self._board.roof.limits_off)})

    async def about(self, _request: web.Request, person: Person) -> web.Response:
        """Whoever does not help to run the owner's desk is told the version alone."""
        board = self._board
        if not person.sees(OWNER):
            return json_response({"version": board.version})
        found = await disk(board)
        targets = [
            {
                "name": each.target.name,
                "sent": each.sent,
                "waiting": each.waiting,
                "dropped": each.dropped,
                "failures": each.failures,
                "away": each.away or None,
            }
            for each in outlets(board)
        ]
        return json_response(
            {
                "version": board.version,
                "data_bytes": found and found.held,
                "free_bytes": found and found.free,
                "backup_at": found and found.backup_at,
                "limits_off": list(board.roof.limits_off),
                "targets": targets,
            }
        )
