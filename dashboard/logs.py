"""GET /api/v1/logs/...: the log feeds, for admins. They tell of everybody's trades; secrets are masked in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from aiohttp import web

from core.values.people import Person, Role
from dashboard.asking import need
from dashboard.board import Board
from dashboard.docs import Route
from dashboard.schemas import TEXT, many
from kit.http import ApiError, json_response
from kit.log_files import LogFiles

LINES = many(TEXT)
NAME = {"filename!": "like trading/2026-03-02_0"}


class LogRoutes:
    def __init__(self, board: Board) -> None:
        self._files = board.logs

    def routes(self, api: str) -> list[Route]:
        """The feeds: program, data, trading, optimisation, api, visuals, simulation, health."""
        logs = f"{api}/logs"
        return [
            Route("GET", f"{logs}/file", "the lines of one log file (admin)", self.file, query=NAME, answer=LINES),
            Route(
                "GET", f"{logs}/{{feed}}_filenames", "a feed's files, oldest first (admin)", self.names, answer=LINES
            ),
            Route("GET", f"{logs}/{{feed}}", "the lines of a feed's newest file (admin)", self.newest, answer=LINES),
        ]

    async def file(self, request: web.Request, person: Person) -> web.Response:
        """200 a list of lines; 404 for anything but the name of a file that is there."""
        return await _told(self._files.lines, request.query.get("filename", ""), person, "filename")

    async def names(self, request: web.Request, person: Person) -> web.Response:
        return await _told(self._files.names, request.match_info["feed"], person, "feed")

    async def newest(self, request: web.Request, person: Person) -> web.Response:
        return await _told(self._files.newest, request.match_info["feed"], person, "feed")


async def _told(read: Callable[[str], Sequence[str]], name: str, person: Person, field: str) -> web.Response:
    need(person, Role.ADMIN)
    try:
        return json_response(await asyncio.to_thread(read, name))
    except LookupError:
        raise ApiError(404, "not_found", "there is no such log", field) from None


def file_shown(files: LogFiles, feed: str, name: str, last: int) -> tuple[Sequence[str], Sequence[str]]:
    """A feed's files, newest first, and the last lines of one of them; without a name, of the newest. Raises
    LookupError. It reads files: call it in a thread."""
    names = files.names(feed)[::-1]
    return names, files.lines(name)[-last:] if name else files.newest(feed)[-last:]
