"""GET and PUT /api/v1/tunables: the figures that people may set otherwise than the settings file."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from core.rules.tuning import NAMES
from core.services.lists import Lists
from core.values.people import Person, Role
from core.values.traps import Tunables
from dashboard.board import Board
from dashboard.bodies import read_object
from dashboard.docs import Route
from dashboard.refusals import granted
from dashboard.rows import Row
from kit.http import ApiError, json_response

BODY = {
    "long_levels?": "percent below the market, a list",
    "short_levels?": "percent above it",
    "stop_sum?": "money of one order",
    "stop_minutes?": "how long it stands",
    "nuke_levels?": "percent below the market, from 0",
    "scan_rate?": "percent a year",
}


class TunableRoutes:
    def __init__(self, board: Board) -> None:
        self._lists: Lists = board.office.lists

    def routes(self, api: str) -> list[Route]:
        return [
            Route("GET", f"{api}/tunables", "levels, sums and rates of the jobs", self.read),
            Route("PUT", f"{api}/tunables", "set some of them", self.write, BODY),
        ]

    async def read(self, _request: web.Request, person: Person) -> web.Response:
        return json_response(_row(await self._lists.tunables(person.master)))

    async def write(self, request: web.Request, person: Person) -> web.Response:
        """200 all of them. 422 by the field that cannot be so, and none is changed."""
        if not person.may(Role.TRADER):
            raise ApiError(403, "not_allowed", "this needs the role trader")
        changes = {name: _words(value) for name, value in (await read_object(request)).items()}
        now = granted(await self._lists.tune(person, changes), person)
        return json_response(_row(now))


def _words(value: object) -> Sequence[str]:
    """A number, a text of numbers, or a list of either; anything else fits nothing."""
    parts = value if isinstance(value, list) else [value]
    return [word for part in parts for word in (part.replace(",", " ").split() if isinstance(part, str) else ["?"])]


def _row(tunables: Tunables) -> Row:
    found: Row = {}
    for name in NAMES:
        value = getattr(tunables, name)
        found[name] = list(value) if isinstance(value, tuple) else value
    return found
