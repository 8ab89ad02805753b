"""Executions, and the positions they add up to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from core.values.ids import OWNER, AccountName, BrokerOrderId, FillId, OrderId, PositionId, UserId
from core.values.money import NO_QUANTITY, ZERO, Price, Quantity
from core.values.orders import BY_HAND, NO_PLAN, Book, ExitPlan, Key, Side


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution. quantity: pieces, positive. fee: money of the instrument's currency, positive = paid."""

    id: FillId
    account: AccountName
    ticker: str
    side: Side
    quantity: Quantity
    price: Price
    fee: Decimal
    at: datetime
    order_id: OrderId | None = None
    broker_id: BrokerOrderId | None = None
    owner: UserId = OWNER

    @property
    def signed(self) -> Decimal:
        return self.quantity * self.side.sign


@dataclass(frozen=True, slots=True)
class Position:
    """What one book of one account holds of one instrument. quantity: signed pieces.

    realised: price difference times pieces closed, before fees and before `point_value`, since the position opened.
    """

    id: PositionId
    account: AccountName
    ticker: str
    book: Book
    quantity: Quantity
    average_price: Price
    opened_at: datetime
    updated_at: datetime
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    plan: ExitPlan = NO_PLAN
    plan_order: OrderId | None = None
    """The entry whose plan is in force."""
    unprotected_since: datetime | None = None
    unprotected_s: float = 0.0
    owner: UserId = OWNER

    @property
    def key(self) -> Key:
        return (self.account, self.ticker, self.book)

    @property
    def is_open(self) -> bool:
        return self.quantity != 0

    @property
    def managed(self) -> bool:
        return self.book != BY_HAND and not self.book.startswith("spread:")


@dataclass(frozen=True, slots=True)
class Holding:
    """What the broker says an account holds: its net position in one instrument, signed pieces."""

    ticker: str
    quantity: Quantity
    average_price: Price | None = None


def apply(position: Position, fill: Fill, quantity: Quantity | None = None) -> Position:
    """The position after `quantity` pieces (default: all) of `fill`, weighted-average cost.

    Growing re-weights the average; shrinking realises against it; crossing zero realises all and opens the rest at
    the fill's price. The fee is shared out by pieces.
    """
    pieces = fill.quantity if quantity is None else quantity
    change = pieces * fill.side.sign
    held = position.quantity
    after = held + change
    closed = min(abs(held), abs(change)) if held * change < 0 else ZERO
    realised = position.realised + closed * (fill.price - position.average_price) * (1 if held > 0 else -1)
    if after == 0:
        average = position.average_price
    elif held * change < 0:
        average = fill.price if held * after < 0 else position.average_price
    else:
        average = Price((abs(held) * position.average_price + abs(change) * fill.price) / abs(after))
    fees = position.fees + fill.fee * pieces / fill.quantity
    return replace(
        position,
        quantity=Quantity(after) if after else NO_QUANTITY,
        average_price=average,
        realised=realised,
        fees=fees,
        updated_at=fill.at,
    )
