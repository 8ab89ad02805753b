"""The journal's port."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from core.values.accounts import DayEquity
from core.values.alerts import Alert, AlertRecord, AlertStatus, Receipt
from core.values.changes import AuditRow, Change
from core.values.fills import Fill, Position
from core.values.ids import (
    AccountName,
    ActionId,
    AlertId,
    DeskId,
    FillId,
    NoticeId,
    OrderId,
    ProposalId,
    QueueId,
    ReportId,
    SpreadId,
    TaskId,
    UserId,
)
from core.values.market import Quote
from core.values.notices import Notice, Press
from core.values.orders import Order
from core.values.pages import Page, Sought
from core.values.people import Roll
from core.values.proposals import Proposal
from core.values.reports import Report
from core.values.spreads import SpreadRow
from core.values.tasks import QueueRow, Task, TaskGoal
from core.values.traps import Stash, StopList


class Inbox(Protocol):
    """What a process that stands by may do with a journal. Methods as in `Store`."""

    desk_id: DeskId

    async def accept_alert(
        self, alert: Alert, alert_id: AlertId, key: str, status: AlertStatus = AlertStatus.ACCEPTED
    ) -> Receipt: ...
    async def recent_keys(self, since: datetime) -> Sequence[tuple[str, datetime]]: ...
    async def alert(self, alert_id: AlertId) -> AlertRecord | None: ...


class Store(Protocol):
    """The journal. One writer: everything that waits shares a transaction, and nothing returns before its fsync.

    Raises Transient while it cannot write (full, busy); Broken when the file is damaged. Readers never wait for the
    writer. `owner=None` reads everybody's rows. A `limit` is 1..1000; `after` is a Page's `next`. Sequences come oldest
    first, pages newest first and without what their owner hid.
    """

    desk_id: DeskId

    async def close(self) -> None:
        """Finish what waits, checkpoint, let go of the file."""

    async def accept_alert(
        self, alert: Alert, alert_id: AlertId, key: str, status: AlertStatus = AlertStatus.ACCEPTED
    ) -> Receipt:
        """Put an alert in the inbox, on disk when this returns. Done at once: hub alerts, and others unless ACCEPTED
        or RECEIVED.

        key: unique among kept alerts; where it is taken, nothing is written and the receipt is DUPLICATE with the id
        of the first. A lone surrogate or NUL in a text raises ValueError before anything is queued.
        """

    def listen(self, listener: Callable[[Sequence[Change]], None]) -> None:
        """Call `listener` in the event loop with the changes of every `save` that was committed, from now on; with none
        where alerts came in."""

    async def save(self, *changes: Change) -> None:
        """All of them or none, in order, on disk when this returns.

        Raises Conflict, with none written, where a compare-and-set change finds other state than it expects or a
        key exists.
        """

    async def forget_keys(self, before: datetime) -> None:
        """Free the duplicate keys of alerts received before then."""

    async def waiting_alerts(self) -> Sequence[AlertRecord]:
        """Every accepted alert that is not done."""

    async def received_alerts(self, limit: int) -> Sequence[AlertRecord]:
        """Those that processes that stand by took in and nobody has judged yet."""

    async def recent_keys(self, since: datetime) -> Sequence[tuple[str, datetime]]:
        """Duplicate key and time of arrival of alerts received since then."""

    async def alert(self, alert_id: AlertId) -> AlertRecord | None: ...
    async def alerts(
        self, limit: int, after: str | None = None, owner: UserId | None = None, *, hub: bool | None = None
    ) -> Page[AlertRecord]:
        """hub: only those of the hub, or only the others; None = all."""

    async def live_orders(self) -> Sequence[Order]: ...
    async def order(self, order_id: OrderId) -> Order | None: ...
    async def orders(self, limit: int, after: str | None = None, owner: UserId | None = None) -> Page[Order]: ...
    async def orders_because(self, kind: str, cause_id: str) -> Sequence[Order]: ...
    async def fills(self, limit: int, after: str | None = None, owner: UserId | None = None) -> Page[Fill]: ...
    async def fill(self, fill_id: FillId, owner: UserId | None = None) -> Fill | None:
        """The newest of this id: brokers number their fills within an account."""

    async def fills_of(self, order_id: OrderId) -> Sequence[Fill]: ...
    async def fills_since(self, moment: datetime, account: AccountName | None = None) -> Sequence[Fill]: ...
    async def open_positions(self) -> Sequence[Position]: ...
    async def positions(self, limit: int, after: str | None = None, owner: UserId | None = None) -> Page[Position]: ...
    async def notices(self, limit: int, after: str | None = None, owner: UserId | None = None) -> Page[Notice]: ...
    async def notice(self, notice_id: NoticeId) -> Notice | None: ...
    async def undelivered(self, surface: str, limit: int) -> Sequence[Notice]:
        """Notices that this surface has not had yet."""

    async def press(self, action_id: ActionId) -> Press | None:
        """A confirmation that was not used yet."""

    async def tasks(self, limit: int, after: str | None = None, owner: UserId | None = None) -> Page[Task]: ...
    async def unfinished_tasks(self, goal: TaskGoal) -> Sequence[Task]: ...
    async def task(self, task_id: TaskId) -> Task | None: ...
    async def active_queue(self, owner: UserId | None = None) -> Sequence[QueueRow]: ...
    async def queue_row(self, row_id: QueueId) -> QueueRow | None: ...
    async def active_spreads(self, owner: UserId | None = None) -> Sequence[SpreadRow]: ...
    async def spread(self, spread_id: SpreadId) -> SpreadRow | None: ...
    async def stashes(self, owner: UserId | None = None) -> Sequence[Stash]: ...
    async def stop_lists(self, owner: UserId | None = None) -> Sequence[StopList]: ...
    async def tunables(self, owner: UserId) -> Mapping[str, str]: ...
    async def proposals(self, limit: int, after: str | None = None, owner: UserId | None = None) -> Page[Proposal]: ...
    async def proposal(self, proposal_id: ProposalId) -> Proposal | None: ...
    async def unfinished_proposals(self) -> Sequence[Proposal]:
        """Open and snoozed ones, and approved ones that have neither orders nor a reason yet."""

    async def reports(self, limit: int, after: str | None = None, owner: UserId | None = None) -> Page[Report]: ...
    async def report(self, report_id: ReportId) -> Report | None: ...
    async def orders_sought(
        self, sought: Sought, limit: int, after: str | None = None, owner: UserId | None = None
    ) -> Page[Order]: ...
    async def fills_sought(
        self, sought: Sought, limit: int, after: str | None = None, owner: UserId | None = None
    ) -> Page[Fill]: ...
    async def closed_positions(self, since: datetime, owner: UserId | None = None) -> Sequence[Position]:
        """Those whose last piece was closed at or after then, in the order of that."""

    async def equity(self, since: date, owner: UserId | None = None) -> Sequence[DayEquity]:
        """A row an account and day, by day."""

    async def prices(self, ticker: str, limit: int, after: str | None = None) -> Page[Quote]: ...
    async def roll(self) -> Roll: ...
    async def sealed(self, account: AccountName) -> str | None:
        """An account's credentials, as the vault sealed them."""

    async def audit(self, limit: int, after: str | None = None) -> Page[AuditRow]: ...
    async def audit_row(self, number: int) -> AuditRow | None: ...
    async def audit_about(self, about: str) -> Sequence[AuditRow]: ...
    async def verify_audit(self) -> int | None:
        """None when the hash chain holds; else the number of the first row that does not fit."""

    async def flag(self, key: str) -> str | None:
        """A small setting that outlives restarts (risk state, bot switch, cursors)."""
