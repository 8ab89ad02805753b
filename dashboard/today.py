"""What this day earned so far. A day is a UTC one, as for the daily loss limit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from core.rules.earning import realised
from core.values.fills import Fill, Position
from core.values.ids import AccountName
from core.values.money import ZERO
from core.values.orders import BY_HAND, Book
from core.values.people import Person
from dashboard.board import Board
from dashboard.lists import owner_of

POSITIONS_LOOKED_AT = 200
Key = tuple[AccountName, str, Book]


@dataclass(frozen=True, slots=True)
class Today:
    """gained: by currency, what fills of today closed, after the fees of today; None where that cannot be told."""

    gained: Mapping[str, Decimal | None]
    fills: int


async def today(board: Board, person: Person) -> Today:
    midnight = board.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    fills = [fill for fill in await board.store.fills_since(midnight) if person.sees(fill.owner)]
    known = {(p.account, p.ticker, p.book): p for p in await _closed(board, person)} | dict(board.desk.ledger.positions)
    gained: dict[str, Decimal | None] = {}
    for key, some in (await _by_book(board, fills)).items():
        venue = board.desk.venues.get(key[0])
        if venue is None:
            continue
        currency, so_far = venue.account.currency, gained.get(venue.account.currency, ZERO)
        more = _gain(some, known.get(key), board.desk.directory.point_value(key[0], key[1]))
        gained[currency] = None if more is None or so_far is None else so_far + more
    return Today(gained, len(fills))


async def _closed(board: Board, person: Person) -> list[Position]:
    """Positions, open ones too, oldest first: of one book the newest counts."""
    page = await board.store.positions(POSITIONS_LOOKED_AT, None, owner_of(person))
    return list(reversed(page.items))


async def _by_book(board: Board, fills: list[Fill]) -> Mapping[Key, list[Fill]]:
    books: dict[Key, list[Fill]] = defaultdict(list)
    for fill in fills:
        order = await board.store.order(fill.order_id) if fill.order_id else None
        books[fill.account, fill.ticker, order.request.book if order else BY_HAND].append(fill)
    return books


def _gain(fills: list[Fill], position: Position | None, point_value: Decimal) -> Decimal | None:
    if position is None:
        return None
    gain = realised(fills, position.quantity, position.average_price)
    return None if gain is None else gain * point_value - sum((fill.fee for fill in fills), ZERO)
