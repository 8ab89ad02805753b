"""Orders, from the wish to the broker's last word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import NewType

from core.values.ids import OWNER, AccountName, BrokerOrderId, IntentId, OrderId, UserId
from core.values.money import NO_QUANTITY, Price, Quantity


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> Side:
        return Side.SELL if self is Side.BUY else Side.BUY

    @property
    def sign(self) -> int:
        return 1 if self is Side.BUY else -1


def side_of(quantity: Decimal) -> Side:
    """The side that made a signed position."""
    return Side.BUY if quantity > 0 else Side.SELL


class OrderType(StrEnum):
    """stop and take_profit rest until `stop_price` trades, then act at market, or at `price` where one is given."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    TAKE_PROFIT = "take_profit"

    @property
    def triggered(self) -> bool:
        return self in {OrderType.STOP, OrderType.TAKE_PROFIT}


class OrderRole(StrEnum):
    ENTRY = "entry"
    STOP = "stop"
    TARGET = "target"
    EXIT = "exit"
    HEDGE = "hedge"
    TASK = "task"


class Purpose(StrEnum):
    """Which limits bind an order (see core/rules/risk.py)."""

    ENTRY = "entry"
    WORKING = "working"
    TRAP = "trap"
    HEDGE = "hedge"
    EXIT = "exit"


class TimeInForce(StrEnum):
    DAY = "day"
    GOOD_TILL_CANCEL = "gtc"
    GOOD_TILL_DATE = "gtd"
    IMMEDIATE_OR_CANCEL = "ioc"


class OrderState(StrEnum):
    """INTENDED is on disk when the decision is made, SENT before the first byte leaves.

    So after a crash INTENDED was certainly not sent, and SENT must be asked about. A time-out on placing is
    UNKNOWN, never failed.
    """

    INTENDED = "INTENDED"
    SENT = "SENT"
    UNKNOWN = "UNKNOWN"
    OPEN = "OPEN"
    PART_FILLED = "PART_FILLED"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"

    @property
    def final(self) -> bool:
        return self in FINAL_STATES

    @property
    def in_doubt(self) -> bool:
        return self in {OrderState.SENT, OrderState.UNKNOWN}


FINAL_STATES = frozenset({OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.EXPIRED})

_AT_BROKER = frozenset({OrderState.OPEN, OrderState.PART_FILLED}) | FINAL_STATES
LEGAL_MOVES: Mapping[OrderState, frozenset[OrderState]] = {
    OrderState.INTENDED: frozenset({OrderState.SENT, OrderState.CANCELLED, OrderState.REJECTED, OrderState.EXPIRED}),
    OrderState.SENT: _AT_BROKER | {OrderState.UNKNOWN},
    # UNKNOWN -> SENT: re-sent under the same id at a broker whose ids are idempotent for ever.
    OrderState.UNKNOWN: _AT_BROKER | {OrderState.SENT},
    OrderState.OPEN: _AT_BROKER,
    OrderState.PART_FILLED: _AT_BROKER - {OrderState.OPEN, OrderState.REJECTED},
    OrderState.FILLED: frozenset(),
    # A cancel can cross a fill on the wire: the fill still counts.
    OrderState.CANCELLED: frozenset({OrderState.FILLED}),
    OrderState.REJECTED: frozenset(),
    OrderState.EXPIRED: frozenset({OrderState.FILLED}),
}


class CauseKind(StrEnum):
    ALERT = "alert"
    PROPOSAL = "proposal"
    TASK = "task"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Cause:
    kind: CauseKind
    id: str


Book = NewType("Book", str)
"""Which of the desk's trading books holds a position: BY_HAND, ALERTS, or `link:ID`, `spread:ID`, `strategy:NAME`.

Brokers net positions by instrument; books keep apart what different causes hold, so that each is protected and
closed by its own rules. The sum over books is held against the broker's position by the reconciler.
"""
BY_HAND = Book("by_hand")
ALERTS = Book("alerts")


@dataclass(frozen=True, slots=True)
class ExitRule:
    """How a position is left, in percent of its own average entry price; None = off. Percentages are above 0.

    trailing: how far behind the best price since entry the stop follows. ladder: (gain, lock), ascending: once the
    price has gained so much, the stop stands at least at entry plus lock, in the position's favour. hold_s: the
    position is closed this long after it opened.
    """

    stop: Decimal | None = None
    target: Decimal | None = None
    trailing: Decimal | None = None
    ladder: tuple[tuple[Decimal, Decimal], ...] = ()
    hold_s: float | None = None


@dataclass(frozen=True, slots=True)
class PartTarget:
    """A price at which part of a position is closed. quantity: pieces still to be closed there."""

    price: Price
    quantity: Quantity


@dataclass(frozen=True, slots=True)
class ExitPlan:
    """How the position that an entry makes is to be protected: prices in force, absent = none.

    target: where all that is left is closed. parts: intermediate targets; what was closed at one is taken off it.
    rule: what moves them with the position's average entry and with the market. best: the best price for the position
    since it opened, as far as a trailing stop or ladder needs it. average: the average entry that the prices were last
    made from.
    """

    stop: Price | None = None
    target: Price | None = None
    rule: ExitRule | None = None
    best: Price | None = None
    average: Price | None = None
    parts: tuple[PartTarget, ...] = ()


NO_PLAN = ExitPlan()


Key = tuple[AccountName, str, Book]
"""A book of one instrument at one account: (account, ticker, book)."""


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What the desk wants. quantity: pieces, positive. because: first cause first."""

    id: OrderId
    intent: IntentId
    account: AccountName
    ticker: str
    side: Side
    type: OrderType
    quantity: Quantity
    role: OrderRole
    purpose: Purpose
    because: tuple[Cause, ...]
    book: Book = BY_HAND
    price: Price | None = None
    stop_price: Price | None = None
    reduce_only: bool = False
    time_in_force: TimeInForce = TimeInForce.GOOD_TILL_CANCEL
    expires_at: datetime | None = None
    plan: ExitPlan | None = None
    arrival: Price | None = None
    """The price the decision was made at: what slippage and the collar of a market order are measured against."""
    owner: UserId = OWNER

    @property
    def key(self) -> Key:
        return (self.account, self.ticker, self.book)


@dataclass(frozen=True, slots=True)
class ApprovedOrder:
    """A request that passed the risk gate. Only `core.rules.risk.review` makes one; brokers accept nothing else."""

    request: OrderRequest
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """Our own no. code: a word equal in every language; the text is catalogue entry `refused.<code>`."""

    code: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderTicket:
    """What a broker says of one order, ours or foreign. Quantities in pieces.

    order_id: ours, where the broker gives it back; None for an order that is not of any desk.
    """

    order_id: OrderId | None
    broker_id: BrokerOrderId
    ticker: str
    side: Side
    type: OrderType
    quantity: Quantity
    state: OrderState
    at: datetime
    filled: Quantity = NO_QUANTITY
    average_price: Price | None = None
    price: Price | None = None
    stop_price: Price | None = None
    reduce_only: bool = False
    expires_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """A row of our journal: the request, and what is so."""

    request: OrderRequest
    state: OrderState
    at: datetime
    updated_at: datetime
    broker_id: BrokerOrderId | None = None
    filled: Quantity = NO_QUANTITY
    average_price: Price | None = None
    reason: str = ""
    paper: bool = True

    @property
    def id(self) -> OrderId:
        return self.request.id

    @property
    def remaining(self) -> Quantity:
        return Quantity(self.request.quantity - self.filled)


class ProtectionClass(Enum):
    """Who looks after a position. MANAGED: the desk promises a live stop. HEDGED: a leg of a spread, the imbalance is
    guarded. BY_HAND: shown, never touched."""

    MANAGED = "managed"
    HEDGED = "hedged"
    BY_HAND = "by_hand"


def protection_class(book: Book) -> ProtectionClass:
    """The promise a book carries, from its name."""
    if book == BY_HAND:
        return ProtectionClass.BY_HAND
    return ProtectionClass.HEDGED if book.startswith("spread:") else ProtectionClass.MANAGED
