"""What this day earned so far: read from the journal once, then kept up with what is written. A day is a UTC one, as
for the daily loss limit."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from core.rules.earning import realised
from core.services.desk import Desk
from core.values.changes import Change, FillTaken, PositionSet
from core.values.fills import Fill, Position
from core.values.ids import AccountName, PositionId, UserId
from core.values.money import ZERO
from core.values.orders import BY_HAND, Key
from core.values.people import Person

LOOKS = 5
"""How often the journal is read anew where something was written meanwhile."""


@dataclass(frozen=True, slots=True)
class Today:
    """gained: by currency, what was closed today, after today's fees; None where that cannot be told."""

    gained: Mapping[str, Decimal | None]
    fills: int


@dataclass(slots=True)
class _Book:
    """One day. realised: of open positions, as far as it is counted already."""

    midnight: datetime
    gained: dict[tuple[UserId, AccountName], Decimal | None] = field(default_factory=dict)
    fills: Counter[UserId] = field(default_factory=Counter)
    realised: dict[PositionId, Decimal] = field(default_factory=dict)

    def add(self, owner: UserId, account: AccountName, gain: Decimal | None) -> None:
        before = self.gained.get((owner, account), ZERO)
        self.gained[owner, account] = None if gain is None or before is None else before + gain


class Day:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._book: _Book | None = None
        self._commits = 0
        desk.store.listen(self._written)

    async def of(self, person: Person) -> Today:
        """Of all that the person may see."""
        midnight = self._midnight()
        if self._book is None or self._book.midnight != midnight:
            self._book = await self._read(midnight)
        gained: dict[str, Decimal | None] = {}
        for (owner, account), gain in self._book.gained.items():
            venue = self._desk.venues.get(account)
            if venue is not None and person.sees(owner):
                before = gained.get(venue.account.currency, ZERO)
                gained[venue.account.currency] = None if gain is None or before is None else before + gain
        return Today(gained, sum(count for owner, count in self._book.fills.items() if person.sees(owner)))

    def _midnight(self) -> datetime:
        return self._desk.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)

    def _written(self, changes: Sequence[Change]) -> None:
        self._commits += 1
        book = self._book
        if book is None or book.midnight != self._midnight():
            self._book = None
            return
        for change in changes:
            if isinstance(change, FillTaken) and change.fill.at >= book.midnight:
                book.fills[change.fill.owner] += 1
                book.add(change.fill.owner, change.fill.account, -change.fill.fee)
            elif isinstance(change, PositionSet):
                self._moved(book, change.position)

    def _moved(self, book: _Book, position: Position) -> None:
        gain = position.realised - book.realised.pop(position.id, ZERO)
        if position.is_open:
            book.realised[position.id] = position.realised
        if gain:
            book.add(position.owner, position.account, gain * self._point_value(position.account, position.ticker))

    async def _read(self, midnight: datetime) -> _Book:
        """The day as it is while nothing is written, so that nothing is counted twice or left out."""
        for _ in range(LOOKS):
            commits, book = self._commits, await self._of_journal(midnight)
            again = await self._of_journal(midnight)
            if book == again and commits == self._commits:
                break
        return again

    async def _of_journal(self, midnight: datetime) -> _Book:
        store, book = self._desk.store, _Book(midnight)
        fills, open_now = await store.fills_since(midnight), list(self._desk.ledger.positions.values())
        closed = await store.closed_positions(midnight, None)
        for fill in fills:
            book.fills[fill.owner] += 1
            book.add(fill.owner, fill.account, -fill.fee)
        by_book = await self._by_book(fills)
        for position in (*open_now, *closed):
            gain = self._gain(position, by_book[position.key], midnight)
            if gain is None or gain != 0:
                book.add(position.owner, position.account, gain)
        book.realised = {position.id: position.realised for position in open_now}
        return book

    def _gain(self, position: Position, fills: Sequence[Fill], midnight: datetime) -> Decimal | None:
        """Of one that was opened today all that it realised; of an older one what today's fills of its book did, up to
        its end."""
        gain: Decimal | None = position.realised
        if position.opened_at < midnight:
            its = fills if position.is_open else [fill for fill in fills if fill.at <= position.updated_at]
            gain = realised(its, position.quantity, position.average_price)
        return None if gain is None else gain * self._point_value(position.account, position.ticker)

    async def _by_book(self, fills: Sequence[Fill]) -> Mapping[Key, list[Fill]]:
        books: dict[Key, list[Fill]] = defaultdict(list)
        for fill in fills:
            order = await self._desk.store.order(fill.order_id) if fill.order_id else None
            books[fill.account, fill.ticker, order.request.book if order else BY_HAND].append(fill)
        return books

    def _point_value(self, account: AccountName, ticker: str) -> Decimal:
        return self._desk.directory.point_value(account, ticker) if account in self._desk.venues else ZERO
