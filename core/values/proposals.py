"""Trades that wait for a person's word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from core.values.ids import OWNER, AccountName, AlertId, OrderId, ProposalId, UserId
from core.values.money import Price, Quantity
from core.values.orders import OrderType, Side


class ProposalState(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SNOOZED = "snoozed"


class Answer(StrEnum):
    APPROVE = "approve"
    HALF = "half"
    MARKET = "market"
    EDIT = "edit"
    SNOOZE = "snooze"
    REJECT = "reject"


APPROVING = frozenset({Answer.APPROVE, Answer.HALF, Answer.MARKET})


@dataclass(frozen=True, slots=True)
class Check:
    """One rule the trade was held against. text: catalogue key, params: its parameters."""

    name: str
    ok: bool
    text: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Quoted:
    """What approving would meet and lead to, as it was when the proposal was last priced; None = not known.

    market: what the side of the book that the order would take asks. position: signed pieces of the account after the
    fill. gross: notional of all its positions and orders then. leverage: that over its equity.
    """

    market: Price | None = None
    position: Decimal | None = None
    gross: Decimal | None = None
    leverage: Decimal | None = None


NOT_QUOTED = Quoted()


@dataclass(frozen=True, slots=True)
class Changed:
    """What an edit made of one field."""

    name: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """version: grows with every change; an answer names the version it saw. since: the version since which the trade
    is as it is now: an answer to any from there on means this trade. risk: money lost at the stop. alerted_at: the
    alert's own time. changed: by the last edit. first_by: who approved first, where two persons must.
    """

    id: ProposalId
    version: int
    state: ProposalState
    alert: AlertId
    account: AccountName
    ticker: str
    side: Side
    type: OrderType
    quantity: Quantity
    price: Price
    stop: Price | None
    targets: tuple[Price, ...]
    risk: Decimal
    created_at: datetime
    expires_at: datetime
    checks: tuple[Check, ...] = ()
    chart_url: str = ""
    picture: str = ""
    answered_by: UserId | None = None
    surface: str = ""
    reason: str = ""
    order_ids: tuple[OrderId, ...] = ()
    since: int = 1
    quoted: Quoted = NOT_QUOTED
    alerted_at: datetime | None = None
    changed: tuple[Changed, ...] = ()
    first_by: UserId | None = None
    owner: UserId = OWNER

    @property
    def waits(self) -> bool:
        """Whether nobody has said yes or no yet."""
        return self.state in {ProposalState.OPEN, ProposalState.SNOOZED}

    @property
    def enters(self) -> bool:
        """Only entries have a stop; the others close something."""
        return self.stop is not None

    @property
    def reward_to_risk(self) -> Decimal | None:
        """The last target's distance from the price, in distances to the stop."""
        if self.stop is None or not self.targets or self.stop == self.price:
            return None
        return abs(self.targets[-1] - self.price) / abs(self.price - self.stop)
