"""What this day earned so far. A day is a UTC one, as for the daily loss limit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
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
    if not fills:
        return Today({}, 0)
    closed = (await board.store.positions(POSITIONS_LOOKED_AT, None, owner_of(person))).items
    gained: dict[str, Decimal | None] = {}
    for key, some in (await _by_book(board, fills)).items():
        venue = board.desk.venues.get(key[0])
        if venue is not None:
            currency = venue.account.currency
            before, more = gained.get(currency, ZERO), _gain(board, key, some, closed)
            gained[currency] = None if before is None or more is None else before + more
    return Today(gained, len(fills))


async def _by_book(board: Board, fills: Sequence[Fill]) -> Mapping[Key, list[Fill]]:
    books: dict[Key, list[Fill]] = defaultdict(list)
    for fill in fills:
        order = await board.store.order(fill.order_id) if fill.order_id else None
        books[fill.account, fill.ticker, order.request.book if order else BY_HAND].append(fill)
    return books


def _gain(board: Board, key: Key, fills: Sequence[Fill], positions: Sequence[Position]) -> Decimal | None:
    account, ticker, _ = key
    now = board.desk.ledger.positions.get(key)
    ended = [p for p in positions if not p.is_open and (p.account, p.ticker, p.book) == key]
    lives = [*([now] if now else []), *sorted(ended, key=lambda p: p.updated_at, reverse=True)]
    gain = realised(fills, now.quantity if now else ZERO, [p.average_price for p in lives])
    fees = sum((fill.fee for fill in fills), ZERO)
    return None if gain is None else gain * board.desk.directory.point_value(account, ticker) - fees
