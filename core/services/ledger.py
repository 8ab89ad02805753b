"""Live orders and open positions: a copy in memory that is never ahead of the disk.

Every broker word (ticket or fill) becomes one transaction: the order's state, the fill, the positions, the notice and
the audit row together. A word that repeats or comes late changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from core.crashpoints import crashpoint
from core.ports import Clock, Store
from core.rules.books import share_out
from core.rules.targets import taken
from core.services import telling
from core.values.changes import Audited, Change, FillTaken, NoticeMade, OrderMade, OrderMoved, PositionSet
from core.values.errors import Conflict
from core.values.fills import Fill, Position, apply
from core.values.ids import AccountName, DeskId, OrderId, PositionId, UserId, derive_id
from core.values.money import NO_QUANTITY, ZERO, Price, Quantity
from core.values.orders import (
    BY_HAND,
    LEGAL_MOVES,
    NO_PLAN,
    Book,
    ExitPlan,
    Key,
    Order,
    OrderRole,
    OrderState,
    OrderTicket,
    Purpose,
)

log = logging.getLogger(__name__)


class Ledger:
    """Load once, then `make`, `move` and `absorb`. `listeners` hear of every changed (account, ticker, book). waiting:
    how many are in `until`."""

    def __init__(self, store: Store, desk_id: DeskId, clock: Clock) -> None:
        self._store = store
        self._desk_id = desk_id
        self._clock = clock
        self._locks: dict[AccountName, asyncio.Lock] = {}
        self._changed = asyncio.Event()
        self._executed: dict[OrderId, tuple[Decimal, Decimal]] = {}
        self._awaited: dict[OrderId, OrderTicket] = {}
        self.waiting = 0
        self.orders: dict[OrderId, Order] = {}
        self.positions: dict[Key, Position] = {}
        self.listeners: list[Callable[[Key], None]] = []
        self.on_awaited: Callable[[Order], None] = lambda _order: None

    async def load(self) -> None:
        """Take over what the journal holds."""
        for order in await self._store.live_orders():
            self.orders[order.id] = order
            fills = await self._store.fills_of(order.id)
            self._executed[order.id] = _sum(fills)
        for position in await self._store.open_positions():
            self.positions[position.key] = position

    # reading

    def position(self, key: Key) -> Position | None:
        return self.positions.get(key)

    def held(self, key: Key) -> Decimal:
        """Signed pieces of one book."""
        position = self.positions.get(key)
        return position.quantity if position else ZERO

    def net(self, account: AccountName, ticker: str) -> Decimal:
        """Signed pieces over all books."""
        return sum((p.quantity for p in self.positions.values() if (p.account, p.ticker) == (account, ticker)), ZERO)

    def live(self, account: AccountName, ticker: str | None = None, book: Book | None = None) -> list[Order]:
        """Orders not in a final state, oldest first."""
        return [
            order
            for order in self.orders.values()
            if order.request.account == account
            and (ticker is None or order.request.ticker == ticker)
            and (book is None or order.request.book == book)
        ]

    def entering(self, key: Key) -> Decimal:
        """Signed pieces that the book's entries may still add."""
        return sum(
            (o.remaining * o.request.side.sign for o in self.live(*key) if o.request.role is OrderRole.ENTRY), ZERO
        )

    def exits_sent(self, key: Key) -> bool:
        """Whether a way out of the book may still fill; one that was only decided on certainly does not."""
        exits = (o for o in self.live(*key) if o.request.role is OrderRole.EXIT)
        return any(order.state is not OrderState.INTENDED for order in exits)

    def awaits(self, order: Order) -> bool:
        """Whether its broker said that it is over, and not all of its fills have come."""
        return order.id in self._awaited

    async def order(self, order_id: OrderId) -> Order | None:
        return self.orders.get(order_id) or await self._store.order(order_id)

    async def entry_of(self, position: Position) -> Order | None:
        """The entry whose plan the position follows; None for one that no plan looks after."""
        return await self.order(position.plan_order) if position.plan_order else None

    async def until(self, holds: Callable[[], bool], clock: Clock, timeout_s: float) -> bool:
        """Wait for something to become true of the books; False after `timeout_s` of `clock`."""
        if holds():
            return True
        self.waiting += 1
        timeout = asyncio.ensure_future(clock.sleep(timeout_s))
        try:
            while not holds() and not timeout.done():
                changed = asyncio.ensure_future(self._changed.wait())
                await asyncio.wait({changed, timeout}, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
        finally:
            timeout.cancel()
            self.waiting -= 1
        return holds()

    def nudge(self) -> None:
        """Let whoever waits in `until` look again, for what the books do not say."""
        self._changed.set()
        self._changed = asyncio.Event()

    # writing

    async def make(self, orders: Sequence[Order], *also: Change) -> None:
        """Write decisions down: all INTENDED orders, and whatever belongs to them, in one transaction."""
        crashpoint("intent.pre_commit")
        await self._store.save(*(OrderMade(order) for order in orders), *also, *map(self._audit, orders))
        crashpoint("intent.post_commit")
        for order in orders:
            self._keep(order)

    async def move(self, order: Order, *also: Change) -> Order:
        """Write an order's new state, if that is a legal move from what is so now; return what is so afterwards."""
        async with self._lock(order.request.account):
            return await self._move(order, also)

    async def plan(self, key: Key, change: Callable[[ExitPlan], ExitPlan]) -> None:
        """Change how a position is protected; `change` is given the plan in force when nothing else writes."""
        await self.amend(key, lambda position: replace(position, plan=change(position.plan)))

    async def amend(self, key: Key, change: Callable[[Position], Position], *also: Change) -> None:
        """Change what is not said by fills; nothing happens where there is no position or nothing to change."""
        async with self._lock(key[0]):
            position = self.positions.get(key)
            changed = position and change(position)
            if changed is None or changed == position:
                return
            await self._store.save(PositionSet(changed), *also)
            self._place(changed)

    async def correct(
        self, key: Key, change: Decimal, average: Price, owner: UserId, tell: Callable[[Position], Change]
    ) -> None:
        """Book signed pieces that a broker holds beyond our books; what was not there opens at `average`."""
        now = self._clock.now()
        async with self._lock(key[0]):
            before = self.positions.get(key) or self._opened(key, now.isoformat(), average, now, owner)
            position = replace(before, quantity=Quantity(before.quantity + change), updated_at=now)
            await self._store.save(PositionSet(position), tell(position))
            self._place(position)

    async def absorb(self, account: AccountName, word: OrderTicket | Fill) -> Order | None:
        """Take in what a broker says of an order. None for an order that is not in our journal."""
        async with self._lock(account):
            if isinstance(word, Fill):
                return await self._absorb_fill(word)
            return await self._absorb_ticket(word)

    async def _absorb_ticket(self, ticket: OrderTicket) -> Order | None:
        """What is filled is what fills say. A broker's "filled" that runs ahead of its fills waits for them: until then
        the order counts as live, so that nobody takes away the stop of a position that is about to appear."""
        order = await self.order(ticket.order_id) if ticket.order_id else None
        if order is None:
            return None
        state = ticket.state
        if state in {OrderState.OPEN, OrderState.PART_FILLED}:
            state = OrderState.PART_FILLED if order.filled else OrderState.OPEN
        if state is order.state and order.broker_id == ticket.broker_id:
            return order  # told before: an answer and the stream say the same
        told = replace(
            order,
            state=state,
            broker_id=ticket.broker_id or order.broker_id,
            reason=ticket.reason or order.reason,
        )
        if ticket.state.final and ticket.filled > order.filled and not order.state.final:
            self._awaited[order.id] = ticket
            self.on_awaited(order)
            told = replace(told, state=OrderState.PART_FILLED if order.filled else OrderState.OPEN, reason=order.reason)
        crashpoint("send.pre_commit")
        return await self._move(told, ())

    async def _absorb_fill(self, fill: Fill) -> Order | None:
        order = await self.order(fill.order_id) if fill.order_id else None
        changes: list[Change] = [FillTaken(fill)]
        moved = None
        if order is not None:
            if order.id not in self._executed:
                self._executed[order.id] = _sum(await self._store.fills_of(order.id))
            moved = self._with_fill(order, fill)
            changes += [OrderMoved(moved, order.state), self._audit(moved), *self._tell(order, moved)]
        positions = self._positions_after(order, fill)
        changes += [PositionSet(position) for position in positions]
        crashpoint("fill.pre_commit")
        try:
            await self._store.save(*changes)
        except Conflict:
            return order  # told before
        crashpoint("fill.post_commit")
        for position in positions:
            self._place(position)
        if moved is not None:
            pieces, value = self._executed[moved.id]
            self._executed[moved.id] = (pieces + fill.quantity, value + fill.quantity * fill.price)
            self._keep(moved)
            awaited = self._awaited.get(moved.id)
            if awaited is not None and moved.filled >= awaited.filled and not moved.state.final:
                return await self._absorb_ticket(awaited)
        return moved

    def _with_fill(self, order: Order, fill: Fill) -> Order:
        pieces, value = self._executed.get(order.id, (ZERO, ZERO))
        pieces, value = pieces + fill.quantity, value + fill.quantity * fill.price
        state = order.state
        if pieces >= order.request.quantity:
            state = OrderState.FILLED
        elif not state.final:
            state = OrderState.PART_FILLED
        return replace(
            order,
            state=state,
            filled=Quantity(pieces),
            average_price=Price(value / pieces),
            broker_id=order.broker_id or fill.broker_id,
            updated_at=self._clock.now(),
        )

    def _positions_after(self, order: Order | None, fill: Fill) -> list[Position]:
        book = order.request.book if order else BY_HAND
        held = {k[2]: p.quantity for k, p in self.positions.items() if k[:2] == (fill.account, fill.ticker)}
        after = []
        for name, pieces in share_out(held, book, fill.signed):
            key = (fill.account, fill.ticker, name)
            cause = order.id if order else fill.id
            before = self.positions.get(key) or self._opened(key, cause, fill.price, fill.at, fill.owner)
            position = apply(before, fill, pieces)
            grown = order is not None and position.quantity * order.request.side.sign > 0
            if (
                order is not None
                and order.request.role is OrderRole.ENTRY
                and grown
                and position.plan_order != order.id
            ):
                position = replace(position, plan=order.request.plan or NO_PLAN, plan_order=order.id)
            if order is not None and order.request.role is OrderRole.TARGET:
                position = replace(position, plan=taken(position.plan, order.request, pieces))
            after.append(position)
        return after

    def _opened(self, key: Key, cause: str, price: Price, at: datetime, owner: UserId) -> Position:
        account, ticker, book = key
        return Position(
            id=PositionId(derive_id(self._desk_id, "position", account, ticker, book, cause)),
            account=account,
            ticker=ticker,
            book=book,
            quantity=NO_QUANTITY,
            average_price=price,
            opened_at=at,
            updated_at=at,
            owner=owner,
        )

    async def _move(self, order: Order, also: Iterable[Change]) -> Order:
        now = await self.order(order.id)
        if now is None:
            return order
        same = (order.state, order.filled, order.broker_id) == (now.state, now.filled, now.broker_id)
        legal = order.state is now.state or order.state in LEGAL_MOVES[now.state]
        if not legal or (same and not also):
            return now
        # Only what a move may say: what is filled is told by fills, and `order` may be older than the last of them.
        order = replace(
            now, state=order.state, broker_id=order.broker_id, reason=order.reason, updated_at=self._clock.now()
        )
        await self._store.save(OrderMoved(order, now.state), self._audit(order), *self._tell(now, order), *also)
        self._keep(order)
        return order

    def _tell(self, before: Order, after: Order) -> list[Change]:
        if before.state.final or not after.state.final:
            return []
        if after.state is OrderState.CANCELLED and after.request.purpose is Purpose.EXIT:
            return []  # the guardian's housekeeping; the audit trail has it
        role, fired = after.request.role, after.request.purpose is Purpose.TRAP and after.filled
        if role in {OrderRole.TASK, OrderRole.HEDGE} and not fired:
            return []  # one of many; the task's card tells what they come to, but not what fires long after it
        return [NoticeMade(telling.order_ended(self._desk_id, after, self._clock.now()))]

    def _audit(self, order: Order) -> Audited:
        log.info(
            "order %s",
            order.state.value,
            extra={
                "intent_id": order.request.intent,
                "order_id": order.id,
                "broker_id": order.broker_id,
                "account": order.request.account,
                "ticker": order.request.ticker,
                "role": order.request.role.value,
                "filled": str(order.filled),
                "reason": order.reason,
            },
        )
        return telling.order_audit(order, self._clock.now())

    def _keep(self, order: Order) -> None:
        if order.state.final:
            self.orders.pop(order.id, None)
            self._executed.pop(order.id, None)
            self._awaited.pop(order.id, None)
        else:
            self.orders[order.id] = order
        self._told(order.request.key)

    def _place(self, position: Position) -> None:
        if position.is_open:
            self.positions[position.key] = position
        else:
            self.positions.pop(position.key, None)
        self._told(position.key)

    def _told(self, key: Key) -> None:
        self.nudge()
        for listener in self.listeners:
            listener(key)

    def _lock(self, account: AccountName) -> asyncio.Lock:
        return self._locks.setdefault(account, asyncio.Lock())


def _sum(fills: Sequence[Fill]) -> tuple[Decimal, Decimal]:
    return sum((f.quantity for f in fills), ZERO), sum((f.quantity * f.price for f in fills), ZERO)
