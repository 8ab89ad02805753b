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


@dataclass(frozen=True, slots=True)
class Check:
    """One rule the trade was held against. text: catalogue key, params: its parameters."""

    name: str
    ok: bool
    text: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proposal:
    """version: grows with every change; an answer names the version it saw. risk: money lost at the stop."""

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
    owner: UserId = OWNER
