"""The legs of a spread: what their orders came to, from the journal, and the next order of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from core.rules.spread import average_price, weight_of
from core.services.ledger import Ledger
from core.values.ids import DeskId, IntentId, OrderId, derive_id
from core.values.instrument import Instrument
from core.values.money import NO_QUANTITY, ZERO, Price, Quantity
from core.values.orders import (
    Order,
    OrderRequest,
    OrderRole,
    OrderType,
    Purpose,
    Side,
    TimeInForce,
)
from core.values.spreads import LegDone, SpreadRow
from core.values.tasks import Task, causes


@dataclass(slots=True)
class Leg:
    """name: far or near. before: what was done when this task began. Orders of the other side take back."""

    name: str
    instrument: Instrument
    side: Side
    before: LegDone
    count: int = 0
    _pieces: Decimal = ZERO
    _value: Decimal = ZERO
    _live: dict[OrderId, Order] = field(default_factory=dict)

    def take(self, orders: Iterable[Order]) -> None:
        """Orders of this task, each once: those of the journal at the start, then every new one."""
        for order in orders:
            if order.request.ticker == self.instrument.ticker:
                self.count += 1
                self._live[order.id] = order

    async def refresh(self, ledger: Ledger) -> None:
        """As the books have it now. An order that is over is read once more and then only counted."""
        for order_id, known in list(self._live.items()):
            now = ledger.orders.get(order_id)
            if now is not None:
                self._live[order_id] = now
                continue
            ended = await ledger.order(order_id) or known
            del self._live[order_id]
            self._pieces += self._signed(ended)
            self._value += self._signed(ended) * (ended.average_price or ZERO)

    @property
    def live(self) -> Order | None:
        return next(iter(self._live.values()), None)

    @property
    def done(self) -> LegDone:
        """With what was done before this task. The average is of what is left after taking back."""
        pieces = self.before.executed + self._pieces + sum(map(self._signed, self._live.values()), ZERO)
        value = self.before.value + self._value
        value += sum((self._signed(o) * (o.average_price or ZERO) for o in self._live.values()), ZERO)
        return LegDone(Quantity(pieces), Price(value / pieces) if pieces else None)

    def _signed(self, order: Order) -> Decimal:
        return order.filled if order.request.side is self.side else -order.filled


@dataclass(slots=True)
class Work:
    """One try at a task. told: far pieces that people know of. since: from when on the legs are uneven, wire's time.
    tried: near pieces last asked for since they were even."""

    row: SpreadRow
    far: Leg
    near: Leg
    told: Decimal
    since: str = ""
    tried: Decimal | None = None

    @property
    def lacks(self) -> Decimal:
        """Near pieces to go, before rounding."""
        return self.far.done.executed * self.row.ratio - self.near.done.executed

    def need(self) -> Quantity:
        return self.near.instrument.quantity_down(max(self.lacks, ZERO))

    @property
    def left(self) -> Quantity:
        return self.far.instrument.quantity_down(max(self.row.amount - self.far.done.executed, ZERO))

    def even(self) -> bool:
        return not self.need() and self.near.live is None

    @property
    def weight(self) -> Decimal:
        return weight_of(self.far.instrument, self.near.instrument, self.row.ratio)

    @property
    def average(self) -> Price:
        return Price(average_price(self.far.done, self.near.done, self.weight, self.row.ratio))


def before(task: Task, leg: str) -> LegDone:
    """What the leg had done when this task began."""
    average = task.arguments.get(f"{leg}_average")
    executed = Quantity(Decimal(task.arguments.get(f"{leg}_executed") or NO_QUANTITY))
    return LegDone(executed, Price(Decimal(average)) if average else None)


def patient(leg: Leg, task: Task, row: SpreadRow, desk_id: DeskId, quantity: Quantity, price: Price) -> OrderRequest:
    """An order that joins its own side's best."""
    return OrderRequest(
        id=_next_id(leg, task, desk_id),
        intent=IntentId(task.id),
        account=row.account,
        ticker=leg.instrument.ticker,
        side=leg.side,
        type=OrderType.LIMIT,
        quantity=quantity,
        role=OrderRole.TASK,
        purpose=Purpose.WORKING,
        because=causes(task),
        book=row.book,
        price=price,
        time_in_force=TimeInForce.DAY,
        arrival=price,
        owner=row.owner,
    )


def at_market(
    leg: Leg, task: Task, row: SpreadRow, desk_id: DeskId, quantity: Quantity, side: Side, limit: Price | None
) -> OrderRequest:
    """An order that takes the book now. limit: where the venue knows no market orders, the price that it takes."""
    return OrderRequest(
        id=_next_id(leg, task, desk_id),
        intent=IntentId(task.id),
        account=row.account,
        ticker=leg.instrument.ticker,
        side=side,
        type=OrderType.MARKET if limit is None else OrderType.LIMIT,
        quantity=quantity,
        role=OrderRole.HEDGE,
        purpose=Purpose.HEDGE,
        because=causes(task),
        book=row.book,
        price=limit,
        time_in_force=TimeInForce.DAY if limit is None else TimeInForce.IMMEDIATE_OR_CANCEL,
        owner=row.owner,
    )


def _next_id(leg: Leg, task: Task, desk_id: DeskId) -> OrderId:
    return OrderId(derive_id(desk_id, "task", task.id, leg.name, str(leg.count)))
