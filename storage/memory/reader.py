"""Every question, answered from dictionaries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import islice
from typing import Any, TypeVar

from core.values.accounts import DayEquity
from core.values.alerts import AlertRecord, AlertStatus, Source
from core.values.changes import AuditRow
from core.values.fills import Fill, Position
from core.values.ids import (
    AccountName,
    ActionId,
    AlertId,
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
from core.values.orders import CauseKind, Order
from core.values.pages import Page, Sought
from core.values.people import Roll
from core.values.proposals import Proposal, ProposalState
from core.values.reports import Report
from core.values.spreads import SpreadRow
from core.values.tasks import QueueRow, Task, TaskGoal
from core.values.traps import Stash, StopList
from storage.memory.chain import Chain
from storage.memory.tables import Tables
from storage.paging import before, check_limit

V = TypeVar("V")
_UNFINISHED = frozenset({ProposalState.OPEN, ProposalState.SNOOZED, ProposalState.APPROVED})


class Reader:
    """The reading half of `core.ports.Store`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._chain = Chain(tables.audit)

    async def waiting_alerts(self) -> Sequence[AlertRecord]:
        return [record for record in self._undone() if record.status is not AlertStatus.RECEIVED]

    async def received_alerts(self, limit: int) -> Sequence[AlertRecord]:
        check_limit(limit)
        return [record for record in self._undone() if record.status is AlertStatus.RECEIVED][:limit]

    def _undone(self) -> list[AlertRecord]:
        return [self._told(record) for record in self._tables.alerts.values() if not record.done]

    async def recent_keys(self, since: datetime) -> Sequence[tuple[str, datetime]]:
        alerts = self._tables.alerts
        found = ((key, alerts[alert_id].alert.received_at) for key, alert_id in self._tables.keys.items())
        return sorted(((key, at) for key, at in found if at >= since), key=lambda each: each[1])

    async def alert(self, alert_id: AlertId) -> AlertRecord | None:
        record = self._tables.alerts.get(alert_id)
        return None if record is None else self._told(record)

    async def alerts(
        self, limit: int, after: str | None = None, owner: UserId | None = None, *, hub: bool | None = None
    ) -> Page[AlertRecord]:
        def fits(record: AlertRecord) -> bool:
            return owner in {None, record.alert.owner} and hub in {None, record.alert.source is Source.HUB}

        page = _page(self._tables.alerts, limit, after, fits)
        return Page([self._told(record) for record in page.items], page.next)

    def _told(self, record: AlertRecord) -> AlertRecord:
        return replace(record, order_ids=tuple(self._tables.causes.get((CauseKind.ALERT, record.id), ())))

    async def live_orders(self) -> Sequence[Order]:
        return [order for order in self._tables.orders.values() if not order.state.final]

    async def order(self, order_id: OrderId) -> Order | None:
        return self._tables.orders.get(order_id)

    async def orders(self, limit: int, after: str | None = None, owner: UserId | None = None) -> Page[Order]:
        return await self.orders_sought(Sought(), limit, after, owner)

    async def orders_because(self, kind: str, cause_id: str) -> Sequence[Order]:
        return [self._tables.orders[order_id] for order_id in self._tables.causes.get((kind, cause_id), ())]

    async def fills(self, limit: int, after: str | None = None, owner: UserId | None = None) -> Page[Fill]:
        return await self.fills_sought(Sought(), limit, after, owner)

    async def fill(self, fill_id: FillId, owner: UserId | None = None) -> Fill | None:
        found = (fill for fill in reversed(self._tables.fills.values()) if fill.id == fill_id)
        return next((fill for fill in found if owner in {None, fill.owner}), None)

    async def fills_of(self, order_id: OrderId) -> Sequence[Fill]:
        return _by_time(self._tables.fills[key] for key in self._tables.fills_of.get(order_id, ()))

    async def fills_since(self, moment: datetime, account: AccountName | None = None) -> Sequence[Fill]:
        mine = (fill for fill in self._tables.fills.values() if account in {None, fill.account})
        return _by_time(fill for fill in mine if fill.at >= moment)

    async def open_positions(self) -> Sequence[Position]:
        return [position for position in self._tables.positions.values() if position.is_open]

    async def positions(self, limit: int, after: str | None = None, owner: UserId | None = None) -> Page[Position]:
        return _page(self._tables.positions, limit, after, _of(owner))

    async def closed_positions(self, since: datetime, owner: UserId | None = None) -> Sequence[Position]:
        mine = (p for p in self._tables.positions.values() if owner in {None, p.owner})
        return sorted((p for p in mine if not p.is_open and p.updated_at >= since), key=lambda p: p.updated_at)

    async def notices(self, limit: int, after: str | None = None, owner: UserId | None = None) -> Page[Notice]:
        return _page(self._tables.notices, limit, after, _of(owner))

    async def notice(self, notice_id: NoticeId) -> Notice | None:
        return self._tables.notices.get(notice_id)

    async def undelivered(self, surface: str, limit: int) -> Sequence[Notice]:
        check_limit(limit)
        had = self._tables.delivered
        owed = (notice for notice in self._tables.notices.values() if (surface, notice.id) not in had)
        return list(islice(owed, limit))

    async def press(self, action_id: ActionId) -> Press | None:
        return None if action_id in self._tables.pressed else self._tables.presses.get(action_id)

    async def tasks(self, limit: int, after: str | None = None, owner: UserId | None = None) -> Page[Task]:
        return _page(self._tables.tasks, limit, after, _of(owner))

    async def unfinished_tasks(self, goal: TaskGoal) -> Sequence[Task]:
        return [task for task in self._tables.tasks.values() if task.goal is goal and not task.state.final]

    async def task(self, task_id: TaskId) -> Task | None:
        return self._tables.tasks.get(task_id)

    async def active_queue(self, owner: UserId | None = None) -> Sequence[QueueRow]:
        return [row for row in self._tables.queue.values() if row.active and owner in {None, row.owner}]

    async def queue_row(self, row_id: QueueId) -> QueueRow | None:
        return self._tables.queue.get(row_id)

    async def active_spreads(self, owner: UserId | None = None) -> Sequence[SpreadRow]:
        return [row for row in self._tables.spreads.values() if row.active and owner in {None, row.owner}]

    async def spread(self, spread_id: SpreadId) -> SpreadRow | None:
        return self._tables.spreads.get(spread_id)

    async def stashes(self, owner: UserId | None = None) -> Sequence[Stash]:
        return [stash for stash in self._tables.stashes.values() if owner in {None, stash.owner}]

    async def stop_lists(self, owner: UserId | None = None) -> Sequence[StopList]:
        return [row for row in self._tables.stop_lists.values() if owner in {None, row.owner}]

    async def tunables(self, owner: UserId) -> Mapping[str, str]:
        return {key: value for (whose, key), value in self._tables.tunables.items() if whose == owner}

    async def proposals(self, limit: int, after: str | None = None, owner: UserId | None = None) -> Page[Proposal]:
        return _page(self._tables.proposals, limit, after, _of(owner))

    async def proposal(self, proposal_id: ProposalId) -> Proposal | None:
        return self._tables.proposals.get(proposal_id)

    async def unfinished_proposals(self) -> Sequence[Proposal]:
        going = (proposal for proposal in self._tables.proposals.values() if proposal.state in _UNFINISHED)
        return [p for p in going if p.state is not ProposalState.APPROVED or not (p.order_ids or p.reason)]

    async def reports(self, limit: int, after: str | None = None, owner: UserId | None = None) -> Page[Report]:
        return _page(self._tables.reports, limit, after, _of(owner))

    async def report(self, report_id: ReportId) -> Report | None:
        return self._tables.reports.get(report_id)

    async def orders_sought(
        self, sought: Sought, limit: int, after: str | None = None, owner: UserId | None = None
    ) -> Page[Order]:
        hidden = self._tables.hidden_orders

        def shown(order: Order) -> bool:
            request = order.request
            return (
                order.id not in hidden
                and owner in {None, request.owner}
                and _fits(sought, order.at, request.side, request.account, request.ticker, paper=order.paper)
            )

        return _page(self._tables.orders, limit, after, shown)

    async def fills_sought(
        self, sought: Sought, limit: int, after: str | None = None, owner: UserId | None = None
    ) -> Page[Fill]:
        orders, hidden = self._tables.orders, self._tables.hidden_fills

        def shown(fill: Fill) -> bool:
            order = None if fill.order_id is None else orders.get(fill.order_id)
            return (
                (fill.account, fill.id) not in hidden
                and owner in {None, fill.owner}
                and _fits(sought, fill.at, fill.side, fill.account, fill.ticker, paper=order is None or order.paper)
            )

        return _page(self._tables.fills, limit, after, shown)

    async def equity(self, since: date, owner: UserId | None = None) -> Sequence[DayEquity]:
        found = [(day, account, kept) for (account, day), kept in self._tables.equity.items() if day >= since]
        found.sort(key=lambda each: each[:2])
        return [kept for _, _, kept in found if owner in {None, kept.owner}]

    async def prices(self, ticker: str, limit: int, after: str | None = None) -> Page[Quote]:
        return _page_of(reversed(self._tables.prices.items()), limit, after, lambda quote: quote.ticker == ticker)

    async def sealed(self, account: AccountName) -> str | None:
        kept = self._tables.credentials.get(account)
        return None if kept is None else kept[0]

    async def roll(self) -> Roll:
        tables = self._tables
        return Roll(
            users=list(tables.users.values()),
            tokens=sorted(tables.tokens.values(), key=lambda token: token.made_at),
            accounts=[account for account in tables.accounts.values() if account.deleted_at is None],
            links=[link for link in tables.links.values() if link.deleted_at is None],
            credentials=dict(sorted(tables.credentials.items())),
        )

    async def audit(self, limit: int, after: str | None = None) -> Page[AuditRow]:
        rows = self._chain.rows()
        return _page_of(((row.number, row) for row in reversed(rows)), limit, after, lambda _row: True)

    async def audit_row(self, number: int) -> AuditRow | None:
        rows = self._chain.rows()
        return rows[number - 1] if 0 < number <= len(rows) else None

    async def audit_about(self, about: str) -> Sequence[AuditRow]:
        return [row for row in self._chain.rows() if row.row.about == about]

    async def verify_audit(self) -> int | None:
        """Nobody but the store can reach the rows."""
        return None

    async def flag(self, key: str) -> str | None:
        return self._tables.flags.get(key)


def _of(owner: UserId | None) -> Callable[[Any], bool]:
    """Whether a row is this owner's; None: anybody's."""
    return lambda row: owner in {None, row.owner}


def _fits(sought: Sought, at: datetime, side: object, account: str, ticker: str, *, paper: bool) -> bool:
    return (
        (sought.start is None or at >= sought.start)
        and (sought.end is None or at < sought.end)
        and sought.side in {None, side}
        and sought.fits(account, ticker, paper=paper)
    )


def _by_time(fills: Iterable[Fill]) -> list[Fill]:
    return sorted(fills, key=lambda fill: fill.at)


def _page(rows: dict[Any, V], limit: int, after: str | None, such: Callable[[V], bool]) -> Page[V]:
    """Of rows that are never deleted: their number is their place."""
    newest_first = zip(range(len(rows), 0, -1), reversed(rows.values()), strict=True)
    return _page_of(newest_first, limit, after, such)


def _page_of(rows: Iterable[tuple[int, V]], limit: int, after: str | None, such: Callable[[V], bool]) -> Page[V]:
    """One row more than asked tells whether there are more. rows: with their numbers, newest first."""
    check_limit(limit)
    end = before(after)
    found = list(islice(((number, row) for number, row in rows if number < end and such(row)), limit + 1))
    return Page([row for _, row in found[:limit]], str(found[limit - 1][0]) if len(found) > limit else None)
