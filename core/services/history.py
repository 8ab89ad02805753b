"""What was traded, line by line: for tables that people keep. Hidden rows are left out, and nothing is ever deleted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TypeVar

from core.ports import Store
from core.services.desk import Desk
from core.services.links import Links
from core.values.changes import Audited, HistoryHidden
from core.values.fills import Fill, Position, apply
from core.values.ids import LinkId, OrderId, PositionId, UserId
from core.values.money import NO_QUANTITY, ZERO
from core.values.orders import Book, Order, Refused, side_of
from core.values.pages import Page, Sought
from core.values.people import Person, Role

Cell = str | Decimal | datetime | None
Line = Mapping[str, Cell]
T = TypeVar("T")
_Pages = Callable[[int, str | None, UserId | None], Awaitable[Page[T]]]
COLUMNS: Mapping[str, Sequence[str]] = {
    "orders": (
        *("id", "time", "account", "link", "strategy", "symbol", "side", "role", "type", "qty", "filled", "price"),
        *("status", "mode", "pnl"),
    ),
    "fills": ("id", "time", "account", "link", "strategy", "symbol", "side", "qty", "price", "fee", "order_id", "mode"),
    "positions": (
        *("id", "time", "account", "link", "strategy", "symbol", "qty", "price", "status", "closed", "mode", "fees"),
        "pnl",
    ),
}
"""The names of each table's cells, in order."""


class History:
    def __init__(self, store: Store, desk: Desk, links: Links) -> None:
        self._store = store
        self._desk = desk
        self._links = links

    async def orders(self, person: Person, asked: Sought) -> list[Line]:
        """pnl: what the order's fills closed, before fees; in the account's currency."""
        found = await _all(partial(self._store.orders_sought, asked), person)
        if not found:
            return []
        gained = _gained(await _all(self._store.orders, person), await _all(self._store.fills, person))
        return [self._order(order, gained) for order in found]

    def _order(self, order: Order, gained: Mapping[OrderId, Decimal]) -> Line:
        request = order.request
        link = self._link(request.book)
        gain = gained.get(order.id)
        point_value = self._desk.directory.point_value(request.account, request.ticker)
        return {
            "id": order.id,
            "time": order.at,
            "account": request.account,
            **link,
            "symbol": request.ticker,
            "side": request.side.value,
            "role": request.role.value,
            "type": request.type.value,
            "qty": request.quantity,
            "filled": order.filled,
            "price": order.average_price or request.price or request.stop_price,
            "status": order.state.value,
            "mode": _mode(paper=order.paper),
            "pnl": None if gain is None else gain * point_value,
        }

    async def fills(self, person: Person, asked: Sought) -> list[Line]:
        orders = {order.id: order for order in await _all(self._store.orders, person)}
        lines: list[Line] = []
        for fill in await _all(partial(self._store.fills_sought, asked), person):
            order = orders.get(fill.order_id) if fill.order_id else None
            paper = order.paper if order is not None else self._paper(fill.account)
            lines.append(self._fill(fill, order, paper=paper))
        return lines

    def _fill(self, fill: Fill, order: Order | None, *, paper: bool) -> Line:
        return {
            "id": fill.id,
            "time": fill.at,
            "account": fill.account,
            **self._link(order.request.book if order else Book("")),
            "symbol": fill.ticker,
            "side": fill.side.value,
            "qty": fill.quantity,
            "price": fill.price,
            "fee": fill.fee,
            "order_id": fill.order_id,
            "mode": _mode(paper=paper),
        }

    async def positions(self, person: Person, asked: Sought) -> list[Line]:
        found = await _all(self._store.positions, person)
        kept = [(p, self._paper(p.account)) for p in found]
        return [self._position(p, q) for p, q in kept if _wants(asked, p, paper=q)]

    def _position(self, position: Position, paper: bool) -> Line:  # noqa: FBT001 - of a pair
        point_value = self._desk.directory.point_value(position.account, position.ticker)
        return {
            "id": position.id,
            "time": position.opened_at,
            "account": position.account,
            **self._link(position.book),
            "symbol": position.ticker,
            "qty": position.quantity,
            "price": position.average_price,
            "status": "open" if position.is_open else "closed",
            "closed": None if position.is_open else position.updated_at,
            "mode": _mode(paper=paper),
            "fees": position.fees,
            "pnl": position.realised * point_value,
        }

    async def hide(self, person: Person, before: datetime | None) -> Refused | None:
        """Leave the person's own finished orders and their fills out of lists from now on; audited."""
        if not person.may(Role.TRADER):
            return Refused("not_allowed", {"role": Role.TRADER.word})
        now = self._desk.clock.now()
        until = now if before is None else min(before, now)
        data = {"until": until.isoformat()}
        audited = Audited(now, person.id, person.surface, "history.hidden", person.master, data)
        await self._store.save(HistoryHidden(person.master, until), audited)
        return None

    def _link(self, book: Book) -> Line:
        """Link and strategy behind a book, as far as they are known."""
        if not book.startswith("link:"):
            return {"link": book or None, "strategy": None}
        link = self._links.get(LinkId(book.removeprefix("link:")))
        return {"link": book, "strategy": None} if link is None else {"link": link.name, "strategy": link.strategy}

    def _paper(self, account: str) -> bool:
        venue = next((v for name, v in self._desk.venues.items() if name == account), None)
        return venue is None or venue.account.mode.value == "paper"


def owner_of(person: Person) -> UserId | None:
    """Whose rows a person's lists hold: an admin's hold everybody's."""
    return None if person.role is Role.ADMIN else person.master


async def _all(pages: _Pages[T], person: Person) -> list[T]:
    """Everything that a list shows the person, oldest first."""
    found: list[T] = []
    after: str | None = None
    while True:
        page = await pages(1000, after, owner_of(person))
        found += page.items
        after = page.next
        if after is None:
            return found[::-1]


def _wants(asked: Sought, position: Position, *, paper: bool) -> bool:
    """By when it was opened; its side is that of what is held."""
    at, side = position.opened_at, side_of(position.quantity)
    return (
        (asked.start is None or at >= asked.start)
        and (asked.end is None or at < asked.end)
        and asked.side in {None, side if position.is_open else None}
        and asked.fits(position.account, position.ticker, paper=paper)
    )


def _mode(*, paper: bool) -> str:
    return "paper" if paper else "live"


def _gained(orders: Sequence[Order], fills: Iterable[Fill]) -> Mapping[OrderId, Decimal]:
    """What each order realised against its book's average cost: the fills, played once more."""
    books = {order.id: order.request.book for order in orders}
    positions: dict[tuple[str, str, str], Position] = {}
    gained: dict[OrderId, Decimal] = {}
    for fill in sorted(fills, key=lambda fill: fill.at):
        if fill.order_id is None or fill.order_id not in books:
            continue
        key = (fill.account, fill.ticker, books[fill.order_id])
        before = positions.get(key) or _empty(fill, books[fill.order_id])
        after = positions[key] = apply(before, fill)
        if before.quantity * fill.signed < 0:
            gained[fill.order_id] = gained.get(fill.order_id, ZERO) + after.realised - before.realised
    return gained


def _empty(fill: Fill, book: Book) -> Position:
    return Position(PositionId(""), fill.account, fill.ticker, book, NO_QUANTITY, fill.price, fill.at, fill.at)
