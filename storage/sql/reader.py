"""Reading the journal: read-only connections that never wait for the writer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import TypeVar

from core.values.accounts import DayEquity
from core.values.alerts import AlertRecord
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
from core.values.orders import Order
from core.values.pages import Page, Sought
from core.values.people import Roll
from core.values.proposals import Proposal
from core.values.reports import Report
from core.values.spreads import SpreadRow
from core.values.tasks import QueueRow, Task, TaskGoal
from core.values.traps import Stash, StopList
from storage.paging import SEQ_MAX, before, check_limit
from storage.sql.alert_rows import read_record
from storage.sql.audit import first_misfit
from storage.sql.columns import Row, SqlValue, Stored, read_time, time_text
from storage.sql.equity_rows import read_equity
from storage.sql.notice_rows import read_audit, read_notice, read_press
from storage.sql.order_rows import read_fill, read_order, read_position
from storage.sql.people_rows import read_roll
from storage.sql.price_rows import read_quote
from storage.sql.report_rows import read_report
from storage.sql.seeking import terms
from storage.sql.session import Connection, Session
from storage.sql.spread_rows import read_spread
from storage.sql.task_rows import read_proposal, read_queue_row, read_task
from storage.sql.trap_rows import read_stash, read_stop_list

T = TypeVar("T")
FromRow = Callable[[Stored], T]

_ALERTS = """
SELECT *, (
    SELECT json_group_array(id) FROM (
        SELECT orders.id FROM order_causes JOIN orders ON orders.id = order_causes.order_id
        WHERE order_causes.kind = 'alert' AND order_causes.cause_id = alerts.id ORDER BY orders.seq
    ) AS caused
) AS order_ids FROM alerts"""


class Reader:
    """The reading half of `core.ports.Store`."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._delivered_up_to: dict[str, int] = {}

    async def close(self) -> None:
        await self._db.close()

    async def waiting_alerts(self) -> Sequence[AlertRecord]:
        return await self._all(f"{_ALERTS} WHERE done = 0 AND status <> 'received' ORDER BY seq", {}, read_record)

    async def received_alerts(self, limit: int) -> Sequence[AlertRecord]:
        check_limit(limit)
        sql = f"{_ALERTS} WHERE done = 0 AND status = 'received' ORDER BY seq LIMIT :limit"
        return await self._all(sql, {"limit": limit}, read_record)

    async def recent_keys(self, since: datetime) -> Sequence[tuple[str, datetime]]:
        sql = (
            "SELECT dedupe_key, received_at FROM alerts "
            "WHERE received_at >= :since AND dedupe_key IS NOT NULL ORDER BY received_at, seq"
        )
        return await self._all(
            sql, {"since": time_text(since)}, lambda row: (row["dedupe_key"], read_time(row["received_at"]))
        )

    async def alert(self, alert_id: AlertId) -> AlertRecord | None:
        return await self._one(f"{_ALERTS} WHERE id = :id", {"id": alert_id}, read_record)

    async def alerts(
        self, limit: int, after: str | None = None, owner: UserId | None = None, *, hub: bool | None = None
    ) -> Page[AlertRecord]:
        if hub:  # by its own index: nearly all of them are one owner's, whose index has everything else, too
            such = " AND source = 'hub' AND owner = coalesce(:whose, owner)"
            return await self._page(_ALERTS, read_record, limit, after, (such, {"whose": owner}))
        such = "" if hub is None else " AND source <> 'hub'"
        return await self._page(_ALERTS, read_record, limit, after, (such, {}), owner=owner)

    async def live_orders(self) -> Sequence[Order]:
        sql = "SELECT * FROM orders WHERE state NOT IN ('FILLED', 'CANCELLED', 'REJECTED', 'EXPIRED') ORDER BY seq"
        return await self._all(sql, {}, read_order)

    async def order(self, order_id: OrderId) -> Order | None:
        return await self._one("SELECT * FROM orders WHERE id = :id", {"id": order_id}, read_order)

    async def orders(self, limit: int, after: str | None = None, owner: UserId | None = None) -> Page[Order]:
        return await self._page("SELECT * FROM orders", read_order, limit, after, owner=owner, hidden=0)

    async def orders_because(self, kind: str, cause_id: str) -> Sequence[Order]:
        sql = (
            "SELECT orders.* FROM order_causes JOIN orders ON orders.id = order_causes.order_id "
            "WHERE order_causes.kind = :kind AND order_causes.cause_id = :cause ORDER BY orders.seq"
        )
        return await self._all(sql, {"kind": kind, "cause": cause_id}, read_order)

    async def fills(self, limit: int, after: str | None = None, owner: UserId | None = None) -> Page[Fill]:
        return await self._page("SELECT * FROM fills", read_fill, limit, after, owner=owner, hidden=0)

    async def fill(self, fill_id: FillId, owner: UserId | None = None) -> Fill | None:
        sql = "SELECT * FROM fills WHERE id = :id AND owner = coalesce(:owner, owner) ORDER BY seq DESC LIMIT 1"
        return await self._one(sql, {"id": fill_id, "owner": owner}, read_fill)

    async def fills_of(self, order_id: OrderId) -> Sequence[Fill]:
        return await self._all("SELECT * FROM fills WHERE order_id = :id ORDER BY at, seq", {"id": order_id}, read_fill)

    async def fills_since(self, moment: datetime, account: AccountName | None = None) -> Sequence[Fill]:
        only = (
            "" if account is None else " AND account = :account"
        )  # plain, so that an account's few are found by index
        sql = f"SELECT * FROM fills WHERE at >= :since{only} ORDER BY at, seq"  # noqa: S608 - our own words
        return await self._all(sql, {"since": time_text(moment), "account": account}, read_fill)

    async def open_positions(self) -> Sequence[Position]:
        return await self._all("SELECT * FROM positions WHERE quantity <> '0' ORDER BY seq", {}, read_position)

    async def positions(self, limit: int, after: str | None = None, owner: UserId | None = None) -> Page[Position]:
        return await self._page("SELECT * FROM positions", read_position, limit, after, owner=owner)

    async def notices(self, limit: int, after: str | None = None, owner: UserId | None = None) -> Page[Notice]:
        return await self._page("SELECT * FROM notices", read_notice, limit, after, owner=owner)

    async def notice(self, notice_id: NoticeId) -> Notice | None:
        return await self._one("SELECT * FROM notices WHERE id = :id", {"id": notice_id}, read_notice)

    async def undelivered(self, surface: str, limit: int) -> Sequence[Notice]:
        """Remembers up to where a surface has had everything, so that asking again does not read it all again."""
        check_limit(limit)
        floor = self._delivered_up_to.get(surface, 0)
        head, found = await self._db.run(partial(_undelivered, surface=surface, floor=floor, limit=limit))
        self._delivered_up_to[surface] = found[0][0] - 1 if found else head
        return [notice for _, notice in found]

    async def press(self, action_id: ActionId) -> Press | None:
        return await self._one(
            "SELECT * FROM presses WHERE id = :id AND used_at IS NULL", {"id": action_id}, read_press
        )

    async def tasks(self, limit: int, after: str | None = None, owner: UserId | None = None) -> Page[Task]:
        return await self._page("SELECT * FROM tasks", read_task, limit, after, owner=owner)

    async def task(self, task_id: TaskId) -> Task | None:
        return await self._one("SELECT * FROM tasks WHERE id = :id", {"id": task_id}, read_task)

    async def unfinished_tasks(self, goal: TaskGoal) -> Sequence[Task]:
        sql = (
            "SELECT * FROM tasks WHERE goal = :goal AND state NOT IN ('DONE', 'STOPPED', 'FAILED', 'CANCELLED') "
            "ORDER BY seq"
        )
        return await self._all(sql, {"goal": goal}, read_task)

    async def active_queue(self, owner: UserId | None = None) -> Sequence[QueueRow]:
        sql = "SELECT * FROM queue WHERE active = 1 AND owner = coalesce(:owner, owner) ORDER BY seq"
        return await self._all(sql, {"owner": owner}, read_queue_row)

    async def queue_row(self, row_id: QueueId) -> QueueRow | None:
        return await self._one("SELECT * FROM queue WHERE id = :id", {"id": row_id}, read_queue_row)

    async def active_spreads(self, owner: UserId | None = None) -> Sequence[SpreadRow]:
        sql = "SELECT * FROM spreads WHERE active = 1 AND owner = coalesce(:owner, owner) ORDER BY seq"
        return await self._all(sql, {"owner": owner}, read_spread)

    async def spread(self, spread_id: SpreadId) -> SpreadRow | None:
        return await self._one("SELECT * FROM spreads WHERE id = :id", {"id": spread_id}, read_spread)

    async def stashes(self, owner: UserId | None = None) -> Sequence[Stash]:
        sql = "SELECT * FROM stashes WHERE owner = coalesce(:owner, owner) ORDER BY seq"
        return await self._all(sql, {"owner": owner}, read_stash)

    async def stop_lists(self, owner: UserId | None = None) -> Sequence[StopList]:
        sql = "SELECT * FROM stop_lists WHERE owner = coalesce(:owner, owner) ORDER BY seq"
        return await self._all(sql, {"owner": owner}, read_stop_list)

    async def tunables(self, owner: UserId) -> Mapping[str, str]:
        sql = "SELECT key, value FROM tunables WHERE owner = :owner"
        return dict(await self._all(sql, {"owner": owner}, lambda row: (str(row["key"]), str(row["value"]))))

    async def proposals(self, limit: int, after: str | None = None, owner: UserId | None = None) -> Page[Proposal]:
        return await self._page("SELECT * FROM proposals", read_proposal, limit, after, owner=owner)

    async def proposal(self, proposal_id: ProposalId) -> Proposal | None:
        return await self._one("SELECT * FROM proposals WHERE id = :id", {"id": proposal_id}, read_proposal)

    async def unfinished_proposals(self) -> Sequence[Proposal]:
        sql = (
            "SELECT * FROM proposals WHERE state IN ('open', 'snoozed', 'approved') "
            "AND (state <> 'approved' OR (order_ids = '[]' AND reason = '')) ORDER BY seq"
        )
        return await self._all(sql, {}, read_proposal)

    async def reports(self, limit: int, after: str | None = None, owner: UserId | None = None) -> Page[Report]:
        return await self._page("SELECT * FROM reports", read_report, limit, after, owner=owner)

    async def report(self, report_id: ReportId) -> Report | None:
        return await self._one("SELECT * FROM reports WHERE id = :id", {"id": report_id}, read_report)

    async def orders_sought(
        self, sought: Sought, limit: int, after: str | None = None, owner: UserId | None = None
    ) -> Page[Order]:
        such = terms("orders", sought)
        return await self._page("SELECT * FROM orders", read_order, limit, after, such, owner=owner, hidden=0)

    async def fills_sought(
        self, sought: Sought, limit: int, after: str | None = None, owner: UserId | None = None
    ) -> Page[Fill]:
        such = terms("fills", sought)
        return await self._page("SELECT * FROM fills", read_fill, limit, after, such, owner=owner, hidden=0)

    async def closed_positions(self, since: datetime, owner: UserId | None = None) -> Sequence[Position]:
        sql = (
            "SELECT * FROM positions WHERE quantity = '0' AND updated_at >= :since AND owner = coalesce(:owner, owner) "
            "ORDER BY updated_at, seq"
        )
        return await self._all(sql, {"since": time_text(since), "owner": owner}, read_position)

    async def equity(self, since: date, owner: UserId | None = None) -> Sequence[DayEquity]:
        sql = "SELECT * FROM equity WHERE day >= :since AND owner = coalesce(:owner, owner) ORDER BY day, account"
        return await self._all(sql, {"since": since.isoformat(), "owner": owner}, read_equity)

    async def prices(self, ticker: str, limit: int, after: str | None = None) -> Page[Quote]:
        return await self._page("SELECT * FROM prices", read_quote, limit, after, ticker=ticker)

    async def roll(self) -> Roll:
        return await self._db.run(read_roll)

    async def sealed(self, account: AccountName) -> str | None:
        sql = "SELECT sealed FROM credentials WHERE account = :account"
        return await self._one(sql, {"account": account}, lambda row: str(row["sealed"]))

    async def audit(self, limit: int, after: str | None = None) -> Page[AuditRow]:
        return await self._page("SELECT * FROM audit", read_audit, limit, after)

    async def audit_row(self, number: int) -> AuditRow | None:
        if not 0 < number <= SEQ_MAX:
            return None
        return await self._one("SELECT * FROM audit WHERE seq = :seq", {"seq": number}, read_audit)

    async def audit_about(self, about: str) -> Sequence[AuditRow]:
        return await self._all("SELECT * FROM audit WHERE about = :about ORDER BY seq", {"about": about}, read_audit)

    async def verify_audit(self) -> int | None:
        return await self._db.run(first_misfit)

    async def flag(self, key: str) -> str | None:
        return await self._one("SELECT value FROM flags WHERE key = :key", {"key": key}, lambda row: str(row["value"]))

    async def _all(self, sql: str, values: Row, read: FromRow[T]) -> list[T]:
        """Rows become values on the reader's thread: the loop is not held up by a long list."""
        return await self._db.run(lambda db: [read(row) for row in db.execute(sql, values)])

    async def _one(self, sql: str, values: Row, read: FromRow[T]) -> T | None:
        found = await self._all(sql, values, read)
        return found[0] if found else None

    async def _page(
        self,
        select: str,
        read: FromRow[T],
        limit: int,
        after: str | None,
        such: tuple[str, Row] = ("", {}),
        **only: SqlValue,
    ) -> Page[T]:
        """One row more than asked tells whether there are more. only: what columns must hold; None = anything. such:
        more conditions, and what they bind."""
        check_limit(limit)
        asked = {column: value for column, value in only.items() if value is not None}
        more = "".join(f" AND {column} = :{column}" for column in asked) + such[0]
        sql = f"{select} WHERE seq < :before{more} ORDER BY seq DESC LIMIT :limit"
        values = {"before": before(after), "limit": limit + 1, **asked, **such[1]}
        found = await self._db.run(lambda db: [(row["seq"], read(row)) for row in db.execute(sql, values)])
        items = [value for _, value in found[:limit]]
        return Page(items, str(found[limit - 1][0]) if len(found) > limit else None)


def _undelivered(db: Session, surface: str, floor: int, limit: int) -> tuple[int, list[tuple[int, Notice]]]:
    """The newest seq, asked for first: whatever the second query then leaves out below it has been delivered."""
    head: int = db.execute("SELECT coalesce(max(seq), 0) AS head FROM notices").fetchone()["head"]
    rows = db.execute(
        "SELECT * FROM notices WHERE seq > :floor AND NOT EXISTS "
        "(SELECT 1 FROM deliveries WHERE surface = :surface AND notice_id = notices.id) ORDER BY seq LIMIT :limit",
        {"floor": floor, "surface": surface, "limit": limit},
    )
    return head, [(row["seq"], read_notice(row)) for row in rows]
