"""History: orders and fills that one looks for, as a table to keep; what was earned by day, and what accounts were
worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlencode

from core.values.accounts import Mode
from core.values.fills import Fill
from core.values.orders import Order
from core.values.pages import Page, Sought
from core.values.people import Person, Role
from dashboard.board import Board
from dashboard.bodies import bad_after
from dashboard.history import sought
from dashboard.lists import owner_of
from dashboard.view import Model, Query, View, Wakes
from kit.http import ApiError

SHOWN = 100
FIELDS = ("from", "to", "account", "ticker", "side", "mode")
TABLES = ("orders", "fills")


@dataclass(frozen=True, slots=True)
class Search:
    """What the form holds, and the addresses that follow from it. as_asked: of the API's routes, whose end is out."""

    table: str
    fields: Mapping[str, str]
    as_asked: str

    def page(self, **more: str) -> str:
        """The address of this page with other words."""
        return "/history?" + urlencode({**self.fields, "show": self.table, **more})


async def model(board: Board, person: Person, query: Query) -> Model:
    search, asked = _search(query)
    try:
        page = await _page(board, person, search.table, asked, query.get("after"))
    except ValueError:
        raise bad_after() from None
    return {
        "search": search,
        "tables": TABLES,
        "items": page.items,
        "live": _live(board),
        "older": page.next,
        "newest": "after" not in query,
        "accounts": [venue.account.name for venue in board.desk.venues.values() if person.sees(venue.account.owner)],
        "may_hide": person.may(Role.TRADER),
        "any": any(search.fields.values()),
    }


def _live(board: Board) -> frozenset[str]:
    """Accounts that trade for real money: fills do not say it."""
    venues = board.desk.venues.values()
    return frozenset(venue.account.name for venue in venues if venue.account.mode is Mode.LIVE)


async def _page(board: Board, person: Person, table: str, asked: Sought, after: str | None) -> Page[Order] | Page[Fill]:
    """Raises ValueError for an `after` that is none."""
    if table == "fills":
        return await board.store.fills_sought(asked, SHOWN, after, owner_of(person))
    return await board.store.orders_sought(asked, SHOWN, after, owner_of(person))


def _search(query: Query) -> tuple[Search, Sought]:
    """A last day is meant with all its hours. Raises ApiError 422."""
    table = query.get("show", TABLES[0])
    if table not in TABLES:
        raise ApiError(422, "bad_field", f"show must be one of {', '.join(TABLES)}", "show")
    fields = {name: query.get(name, "").strip() for name in FIELDS}
    asked = sought(fields)
    told = {name: value for name, value in fields.items() if value}
    if asked.end is not None and len(fields["to"]) == len("2026-01-31"):
        try:
            asked = replace(asked, end=asked.end + timedelta(days=1))
        except OverflowError:
            raise ApiError(422, "bad_field", "to must be a day before the last there is", "to") from None
        assert asked.end is not None
        told["to"] = asked.end.date().isoformat()
    return Search(table, fields, urlencode(told)), asked


VIEW = View(
    "history",
    model,
    parts=("list",),
    wakes=Wakes.JOURNAL,
    scripts=("curves.js",),
    query=frozenset({"show", "after", *FIELDS}),
)
