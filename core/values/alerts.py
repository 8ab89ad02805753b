"""Alerts: what charts and programs send us."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from core.values.ids import OWNER, AccountName, AlertId, LinkId, OrderId, ProposalId, UserId
from core.values.money import Price
from core.values.orders import OrderType, Side


class AlertKind(StrEnum):
    ENTRY = "entry"
    EXIT = "exit"
    BREAKEVEN = "breakeven"
    INFO = "info"


class AlertStatus(StrEnum):
    """The door's answer. RECEIVED: kept by a process that stands by; the desk's owner has yet to judge it."""

    ACCEPTED = "accepted"
    RECEIVED = "received"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"
    STALE = "stale"
    THROTTLED = "throttled"


class Source(StrEnum):
    """Which door an alert came through."""

    ORDER = "order"
    STUDY = "study"
    HOOK = "hook"
    HUB = "hub"
    CHAT = "chat"


@dataclass(frozen=True, slots=True)
class Levels:
    """Exit prices an alert names for one side; absent, NaN, null and 0 (target) all read as None."""

    stop: Price | None = None
    target: Price | None = None
    breakeven: Price | None = None


NO_LEVELS = Levels()


@dataclass(frozen=True, slots=True)
class Alert:
    """One message of behaviour.md 2.2, 3.2 or 5.2, parsed. Secrets are gone before it is made.

    sent_at: the sender's own time, where the body carried one. multiples: intermediate targets, in multiples of the
    distance to the stop, each closing `close_percent` of the position. body: the text as sent, secrets masked.
    timed: the body carries a time, timestamp or id, so equal bodies are one alert for 30 days.
    """

    source: Source
    received_at: datetime
    body: str
    kind: AlertKind
    ticker: str
    exchange: str = ""
    side: Side | None = None
    order_type: OrderType = OrderType.MARKET
    price: Price | None = None
    long: Levels = NO_LEVELS
    short: Levels = NO_LEVELS
    close_percent: Decimal | None = None
    multiples: tuple[Decimal, ...] = ()
    account: AccountName | None = None
    link: LinkId | None = None
    strategy: str = ""
    action: str = ""
    message: str = ""
    interval: str = ""
    chart_url: str = ""
    sent_at: datetime | None = None
    timed: bool = False
    approval: str = ""
    """`ask` or `none` where the sender's rights or link decide it; empty: the route's own setting."""
    market_position: str = ""
    """`long`, `short` or `flat`: what the strategy holds once this is done, where the alert says so."""
    owner: UserId = OWNER

    def levels(self, side: Side) -> Levels:
        return self.long if side is Side.BUY else self.short


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """An alert in the inbox. done: nothing is left to do about it; order_ids are filled in when it is read."""

    id: AlertId
    alert: Alert
    status: AlertStatus
    done: bool
    reason: str = ""
    proposal_id: ProposalId | None = None
    order_ids: tuple[OrderId, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the sender is told once the alert is on disk."""

    alert_id: AlertId
    status: AlertStatus
