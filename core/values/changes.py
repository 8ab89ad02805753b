"""What may be written to the journal. `Store.save` takes any number of these and writes all or none.

Plain records instead of methods, so that one transaction can hold whatever a moment brings: an order's new state,
the fill that made it, the position after it, the notice about it and the audit rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.values.accounts import AddedAccount, DayEquity
from core.values.alerts import AlertStatus
from core.values.fills import Fill, Position
from core.values.ids import (
    AccountName,
    ActionId,
    AlertId,
    NoticeId,
    ProposalId,
    QueueId,
    SpreadId,
    StopListId,
    UserId,
)
from core.values.links import Link
from core.values.market import Quote
from core.values.notices import Notice, Press
from core.values.orders import Order, OrderState
from core.values.people import ApiToken, User
from core.values.proposals import Proposal, ProposalState
from core.values.reports import Report
from core.values.spreads import SpreadRow
from core.values.tasks import QueueRow, Task
from core.values.traps import Stash, StopList


@dataclass(frozen=True, slots=True)
class OrderMade:
    """Insert; Conflict where the id exists."""

    order: Order


@dataclass(frozen=True, slots=True)
class OrderMoved:
    """Update; Conflict unless the stored state is `was`."""

    order: Order
    was: OrderState


@dataclass(frozen=True, slots=True)
class FillTaken:
    """Insert; Conflict where (account, fill id) exists."""

    fill: Fill


@dataclass(frozen=True, slots=True)
class PositionSet:
    """Insert or replace by position id."""

    position: Position


@dataclass(frozen=True, slots=True)
class AlertTaken:
    """A received alert is accepted: it is the owner's from now on. Conflict where it was not waiting for that."""

    alert_id: AlertId


@dataclass(frozen=True, slots=True)
class AlertDone:
    """Close an inbox row; Conflict where it is done already."""

    alert_id: AlertId
    status: AlertStatus
    reason: str = ""
    proposal_id: ProposalId | None = None


@dataclass(frozen=True, slots=True)
class AlertNoted:
    """Why an alert was not taken up."""

    alert_id: AlertId
    reason: str


@dataclass(frozen=True, slots=True)
class NoticeMade:
    """Insert into the outbox; a notice of the same id is left as it is."""

    notice: Notice


@dataclass(frozen=True, slots=True)
class Delivered:
    """This surface has had this notice."""

    surface: str
    notice: NoticeId


@dataclass(frozen=True, slots=True)
class PressOffered:
    press: Press


@dataclass(frozen=True, slots=True)
class PressUsed:
    """Conflict unless it stands unused."""

    action: ActionId
    at: datetime


@dataclass(frozen=True, slots=True)
class TaskSet:
    """Insert or replace by task id."""

    task: Task


@dataclass(frozen=True, slots=True)
class QueueSet:
    """Insert or replace by row id."""

    row: QueueRow


@dataclass(frozen=True, slots=True)
class QueueGone:
    """Delete; nothing happens where there is no such row."""

    id: QueueId


@dataclass(frozen=True, slots=True)
class SpreadSet:
    """Insert or replace by row id."""

    row: SpreadRow


@dataclass(frozen=True, slots=True)
class SpreadGone:
    """Delete; nothing happens where there is no such row."""

    id: SpreadId


@dataclass(frozen=True, slots=True)
class StashSet:
    """Insert, or replace the one of this id: all its orders or none."""

    stash: Stash


@dataclass(frozen=True, slots=True)
class StopListSet:
    """Insert or replace by id; Conflict where the owner has another row of this ticker."""

    row: StopList


@dataclass(frozen=True, slots=True)
class StopListGone:
    """Delete; nothing happens where there is no such row."""

    id: StopListId


@dataclass(frozen=True, slots=True)
class TunableSet:
    """Insert or replace by owner and key."""

    owner: UserId
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class ProposalMade:
    proposal: Proposal


@dataclass(frozen=True, slots=True)
class ProposalMoved:
    """Conflict unless version and state are still these."""

    proposal: Proposal
    was_version: int
    was: ProposalState


@dataclass(frozen=True, slots=True)
class ReportMade:
    """Conflict where there is one of this id."""

    report: Report


@dataclass(frozen=True, slots=True)
class FlagSet:
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class EquityKept:
    """Insert or replace by account and day."""

    kept: DayEquity


@dataclass(frozen=True, slots=True)
class PricesKept:
    """What the feeds say now: a row each, without sizes."""

    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class PricesForgotten:
    """Delete those of before then."""

    before: datetime


@dataclass(frozen=True, slots=True)
class UserMade:
    """Insert; Conflict where the id exists, also of one who left."""

    user: User


@dataclass(frozen=True, slots=True)
class UserSet:
    """Conflict where there is no such user. Whoever left has no tokens any more."""

    user: User


@dataclass(frozen=True, slots=True)
class TokenMade:
    token: ApiToken


@dataclass(frozen=True, slots=True)
class TokenGone:
    """Nothing where there is none of this hash."""

    hash: str


@dataclass(frozen=True, slots=True)
class LinkSet:
    """Insert or replace by id; Conflict where the owner has another link of this name."""

    link: Link


@dataclass(frozen=True, slots=True)
class AccountMade:
    """Insert; Conflict where an account of this name, in any case, was ever added."""

    account: AddedAccount


@dataclass(frozen=True, slots=True)
class AccountSet:
    """Conflict where there is no such account. A deleted one has no credentials any more."""

    account: AddedAccount


@dataclass(frozen=True, slots=True)
class CredentialsSet:
    """Insert or replace what the vault encrypted for an account; None: forget it."""

    account: AccountName
    sealed: str | None
    owner: UserId


@dataclass(frozen=True, slots=True)
class HistoryHidden:
    """Leave an owner's finished orders up to a moment, and their fills, out of lists. Nothing is deleted."""

    owner: UserId
    before: datetime


@dataclass(frozen=True, slots=True)
class Audited:
    """Append to the hash-chained trail. about: the id it speaks of. data: no secrets, ever."""

    at: datetime
    actor: UserId
    surface: str
    action: str
    about: str
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An audited fact as it stands in the chain. hash covers the row and the hash before it."""

    number: int
    row: Audited
    hash: str


Change = (
    OrderMade
    | OrderMoved
    | FillTaken
    | PositionSet
    | EquityKept
    | AlertTaken
    | AlertDone
    | AlertNoted
    | NoticeMade
    | Delivered
    | PressOffered
    | PressUsed
    | TaskSet
    | QueueSet
    | QueueGone
    | StashSet
    | StopListSet
    | StopListGone
    | TunableSet
    | SpreadSet
    | SpreadGone
    | ProposalMade
    | ProposalMoved
    | ReportMade
    | FlagSet
    | PricesKept
    | PricesForgotten
    | UserMade
    | UserSet
    | TokenMade
    | TokenGone
    | LinkSet
    | AccountMade
    | AccountSet
    | CredentialsSet
    | HistoryHidden
    | Audited
)
