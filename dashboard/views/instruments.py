"""Instruments: thousands of them looked through at once, and one by itself: ?ticker=."""

from __future__ import annotations

from dataclasses import dataclass

from core.values.accounts import Mode
from core.values.instrument import Instrument, InstrumentKind
from core.values.market import Quote
from core.values.money import Price
from core.values.people import Person, Role
from dashboard.board import Board
from dashboard.lists import owner_of
from dashboard.search import Listed, listing, trading_accounts, wanted
from dashboard.venues import Hours, venues
from dashboard.view import Model, Query, View, Wakes
from kit.http import ApiError

SHOWN = 50
FILLS = 200
"""Among the newest of these, those of the instrument are shown."""


@dataclass(frozen=True, slots=True)
class Line:
    """last: also of what no feed tells by itself."""

    account: str
    instrument: Instrument
    quote: Quote | None
    last: Price | None
    hours: Hours


async def model(board: Board, person: Person, query: Query) -> Model:
    ticker = query.get("ticker", "")
    more = await (_one(board, person, ticker, query) if ticker else _list(board, person, query))
    return {
        "one": None,
        "accounts": trading_accounts(board.desk, person),
        "kinds": [kind.value for kind in InstrumentKind],
        "asked": {name: query.get(name, "") for name in ("q", "kind", "account")},
        **more,
    }


async def _list(board: Board, person: Person, query: Query) -> Model:
    fitting = venues(board).found(board.desk, person, wanted(query, board.desk, person))
    first = _first(query)
    shown = [each for each in fitting[first : first + SHOWN] if each.account.name in board.desk.venues]
    venues(board).look(board.desk, shown)
    return {
        "lines": [await _line(board, each) for each in shown],
        "first": first,
        "last": first + len(shown),
        "count": len(fitting),
        "step": SHOWN,
    }


def _first(query: Query) -> int:
    """The row that is shown first. Raises ApiError 422."""
    asked = query.get("from", "0")
    if not (asked.isascii() and asked.isdecimal() and len(asked) < 8):
        raise ApiError(422, "bad_field", "from must be a whole number", "from")
    return int(asked)


async def _line(board: Board, listed: Listed) -> Line:
    account, instrument = listed.account, listed.instrument
    quote = board.desk.venues[account.name].feed.quote(instrument.ticker)
    known = venues(board)
    last = known.last(board.desk, listed) if quote is None else quote.last
    return Line(account.name, instrument, quote, last, await known.hours(board.desk, listed))


async def _one(board: Board, person: Person, ticker: str, query: Query) -> Model:
    """Raises ApiError 404 for what no account of theirs lists."""
    lists = [each for each in listing(board.desk, person, ticker) if each.account.name in board.desk.venues]
    named = query.get("account", "")
    listed = next((each for each in lists if named in {"", each.account.name}), None)
    if listed is None:
        raise ApiError(404, "unknown_ticker", "no account of yours trades that ticker", "ticker")
    venues(board).look(board.desk, [listed], follow=True)
    fills = await board.store.fills(FILLS, None, owner_of(person))
    orders = [o for o in board.desk.ledger.orders.values() if o.request.ticker == ticker]
    return {
        "one": await _line(board, listed),
        "traders": [each.account for each in lists],
        "live": listed.account.mode is Mode.LIVE,
        "positions": [v for v in board.portfolio.positions(person) if v.position.ticker == ticker],
        "orders": [o for o in orders if person.sees(o.request.owner)],
        "fills": [fill for fill in fills.items if fill.ticker == ticker],
        "may_trade": person.may(Role.TRADER),
    }


VIEW = View(
    "instruments",
    model,
    parts=("list", "quote", "held"),
    wakes=Wakes.JOURNAL | Wakes.BOOKS | Wakes.QUOTES | Wakes.TIME,
    scripts=("filters.js", "lines.js", "charts.js"),
    query=frozenset({"ticker", "q", "kind", "account", "from"}),
)
