"""Spreads: two legs, traded for the difference of their prices (behaviour.md 1.7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.values.ids import OWNER, AccountName, SpreadId, UserId
from core.values.money import NO_QUANTITY, ZERO, Price, Quantity
from core.values.orders import Book, Side


@dataclass(frozen=True, slots=True)
class LegDone:
    """What a leg has traded in its own direction, net of what was taken back."""

    executed: Quantity = NO_QUANTITY
    average: Price | None = None

    @property
    def value(self) -> Decimal:
        """Pieces times price."""
        return self.executed * self.average if self.average is not None else ZERO


NOTHING_DONE = LegDone()


@dataclass(frozen=True, slots=True)
class SpreadRow:
    """A wish to trade a spread. far, near: tickers. side: of the far leg; the near leg takes the other one.

    price: the spread price that must be beaten, of any sign. amount: far pieces. ratio: near pieces for a far one.
    active: at least a lot of the far leg is left to do.
    """

    id: SpreadId
    account: AccountName
    far: str
    near: str
    side: Side
    price: Decimal
    amount: Quantity
    ratio: Decimal
    made_at: datetime
    active: bool = True
    far_done: LegDone = NOTHING_DONE
    near_done: LegDone = NOTHING_DONE
    owner: UserId = OWNER

    @property
    def book(self) -> Book:
        """Where the positions of both legs are kept."""
        return spread_book(self.id)

    @property
    def title(self) -> str:
        return f"{self.near} - {self.far}"


_BOOKS = "spread:"


def spread_book(spread_id: SpreadId) -> Book:
    return Book(f"{_BOOKS}{spread_id}")


def spread_of(book: Book) -> SpreadId | None:
    """The row whose positions a book holds; None for books of another kind."""
    return SpreadId(book.removeprefix(_BOOKS)) if book.startswith(_BOOKS) else None
