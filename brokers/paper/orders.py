"""The paper venue's own book-keeping of orders: a row each, and how rows are read back from the journal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from core.rules.matching import Working
from core.values.fills import Fill
from core.values.ids import BrokerOrderId, FillId, OrderId
from core.values.money import ZERO, Price, Quantity
from core.values.orders import Order, OrderRequest, OrderState, OrderTicket, OrderType, TimeInForce


@dataclass(slots=True)
class Row:
    """One order at the venue. value: sum of pieces times price. working: None once nothing is left to match."""

    request: OrderRequest
    broker_id: BrokerOrderId
    state: OrderState
    at: datetime
    working: Working | None = None
    reason: str = ""
    filled: Decimal = ZERO
    value: Decimal = ZERO
    fills: int = 0

    def take(self, fill: Fill) -> None:
        self.fills += 1
        self.filled += fill.quantity
        self.value += fill.quantity * fill.price
        done = self.filled >= self.request.quantity
        self.state = OrderState.FILLED if done else OrderState.PART_FILLED
        self.at = fill.at
        if done:
            self.working = None

    def end(self, state: OrderState, at: datetime, reason: str = "") -> None:
        self.state, self.at, self.reason, self.working = state, at, reason, None

    def next_fill(self, quantity: Quantity, price: Price, fee: Decimal, at: datetime) -> Fill:
        """What an execution becomes. Its id is the order's and a number, so it is the same after a restart."""
        request = self.request
        return Fill(
            id=FillId(f"{self.broker_id}:{self.fills + 1}"),
            account=request.account,
            ticker=request.ticker,
            side=request.side,
            quantity=quantity,
            price=price,
            fee=fee,
            at=at,
            order_id=request.id,
            broker_id=self.broker_id,
            owner=request.owner,
        )

    def ticket(self) -> OrderTicket:
        request = self.request
        return OrderTicket(
            order_id=request.id,
            broker_id=self.broker_id,
            ticker=request.ticker,
            side=request.side,
            type=request.type,
            quantity=request.quantity,
            state=self.state,
            at=self.at,
            filled=Quantity(self.filled),
            average_price=Price(self.value / self.filled) if self.filled else None,
            price=request.price,
            stop_price=request.stop_price,
            reduce_only=request.reduce_only,
            expires_at=request.expires_at,
            reason=self.reason,
        )


def broker_id(order_id: OrderId, count: int) -> BrokerOrderId:
    """The venue's id of the `count`-th order under one id of ours; a venue that is not idempotent makes a second."""
    return BrokerOrderId(f"P-{order_id}" if count == 1 else f"P-{order_id}.{count}")


def new_working(request: OrderRequest, key: BrokerOrderId, number: int, *, reduce_only: bool) -> Working:
    immediate = request.type is OrderType.MARKET or request.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL
    return Working(
        id=key,
        number=number,
        side=request.side,
        type=request.type,
        left=request.quantity,
        price=None if request.type is OrderType.MARKET else request.price,
        stop_price=request.stop_price,
        reduce_only=reduce_only,
        immediate=immediate and not request.type.triggered,
    )


def read_journal(orders: Sequence[Order], fills: Iterable[Fill]) -> list[Row]:
    """Rows as the desk's journal knows them, oldest first, without `working`.

    INTENDED orders never reached the venue. SENT and UNKNOWN ones only did if a fill proves it: this venue's memory
    is the journal, so what is not in it did not happen.
    """
    by_order: dict[BrokerOrderId, list[Fill]] = {}
    for fill in fills:
        if fill.broker_id is not None:
            by_order.setdefault(fill.broker_id, []).append(fill)
    rows = []
    for order in sorted(orders, key=lambda order: order.at):
        key = order.broker_id or broker_id(order.id, 1)
        mine = by_order.get(key, [])
        if order.state is OrderState.INTENDED or (order.state.in_doubt and not mine):
            continue
        row = Row(order.request, key, OrderState.OPEN, order.at)
        for fill in mine:
            row.take(fill)
        if order.state.final and not row.state.final:
            row.end(order.state, order.updated_at, order.reason)
        rows.append(row)
    return rows


def resume(row: Row, number: int, *, reduce_only: bool) -> None:
    """Make a row of the journal work again for what is left of it.

    An immediate order among them was killed between its acceptance and its fills: it meets the first book after the
    restart, as if the time between had not been.
    """
    working = new_working(row.request, row.broker_id, number, reduce_only=reduce_only)
    fired = working.type.triggered and row.filled > 0
    row.working = replace(
        working,
        left=Quantity(row.request.quantity - row.filled),
        triggered=fired,
        rested=fired or not (working.waiting or working.immediate),
    )
