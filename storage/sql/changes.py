"""Changes of the journal as SQL statements.

They are made where `save` is called, so that a value that cannot be stored is its caller's error alone; the writer only
runs them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import singledispatch

from core.values.alerts import AlertStatus
from core.values.changes import (
    AccountMade,
    AccountSet,
    AlertDone,
    AlertNoted,
    AlertTaken,
    Audited,
    Change,
    CredentialsSet,
    Delivered,
    EquityKept,
    FillTaken,
    FlagSet,
    HistoryHidden,
    LinkSet,
    NoticeMade,
    OrderMade,
    OrderMoved,
    PositionSet,
    PressOffered,
    PressUsed,
    PricesForgotten,
    PricesKept,
    ProposalMade,
    ProposalMoved,
    QueueGone,
    QueueSet,
    ReportMade,
    SpreadGone,
    SpreadSet,
    StashSet,
    StopListGone,
    StopListSet,
    TaskSet,
    TokenGone,
    TokenMade,
    TunableSet,
    UserMade,
    UserSet,
)
from core.values.ids import OWNER
from storage.sql.audit import COLUMNS, said
from storage.sql.columns import Row, time_text
from storage.sql.equity_rows import equity_row
from storage.sql.notice_rows import audited_row, notice_row, press_row
from storage.sql.order_rows import fill_row, order_row, position_row
from storage.sql.people_rows import account_row, link_row, token_row, user_row
from storage.sql.price_rows import price_row
from storage.sql.report_rows import report_row
from storage.sql.session import Step
from storage.sql.spread_rows import spread_row
from storage.sql.task_rows import proposal_row, queue_row, task_row
from storage.sql.trap_rows import stash_row, stop_list_row

_ROWS_MAX = 1000
"""Rows a statement: neither database takes more than 32,766 values at once."""


def steps(changes: Sequence[Change]) -> list[Step]:
    """Raises ValueError for a value that cannot be stored."""
    return [step for change in changes for step in _steps(change)]


def forget_keys(before: datetime) -> Step:
    return Step(
        "UPDATE alerts SET dedupe_key = NULL WHERE received_at < :before AND dedupe_key IS NOT NULL",
        {"before": time_text(before)},
    )


@singledispatch
def _steps(change: Change) -> list[Step]:
    raise TypeError(f"no change of the journal: {type(change).__name__}")


@_steps.register
def _order_made(change: OrderMade) -> list[Step]:
    request = change.order.request
    causes: list[Row] = [
        {"kind": cause.kind, "cause_id": cause.id, "order_id": request.id, "owner": request.owner}
        for cause in request.because
    ]
    return [_insert("orders", order_row(change.order)), *(_keep("order_causes", cause) for cause in causes)]


@_steps.register
def _order_moved(change: OrderMoved) -> list[Step]:
    return [_update("orders", order_row(change.order), "state = :was_state", {"was_state": change.was})]


@_steps.register
def _fill_taken(change: FillTaken) -> list[Step]:
    return [_insert("fills", fill_row(change.fill))]


@_steps.register
def _position_set(change: PositionSet) -> list[Step]:
    return [_set("positions", position_row(change.position))]


@_steps.register
def _alert_taken(change: AlertTaken) -> list[Step]:
    row: Row = {"id": change.alert_id, "status": AlertStatus.ACCEPTED}
    return [_update("alerts", row, "done = 0 AND status = :was_status", {"was_status": AlertStatus.RECEIVED})]


@_steps.register
def _alert_done(change: AlertDone) -> list[Step]:
    row: Row = {"id": change.alert_id, "status": change.status, "done": 1, "reason": change.reason}
    return [_update("alerts", row | {"proposal_id": change.proposal_id}, "done = :was_done", {"was_done": 0})]


@_steps.register
def _alert_noted(change: AlertNoted) -> list[Step]:
    return [Step("UPDATE alerts SET reason = :reason WHERE id = :id", {"id": change.alert_id, "reason": change.reason})]


@_steps.register
def _notice_made(change: NoticeMade) -> list[Step]:
    return [_keep("notices", notice_row(change.notice))]


@_steps.register
def _delivered(change: Delivered) -> list[Step]:
    return [_keep("deliveries", {"surface": change.surface, "notice_id": change.notice})]


@_steps.register
def _press_offered(change: PressOffered) -> list[Step]:
    return [_insert("presses", press_row(change.press))]


@_steps.register
def _press_used(change: PressUsed) -> list[Step]:
    return [_update("presses", {"id": change.action, "used_at": time_text(change.at)}, "used_at IS NULL", {})]


@_steps.register
def _task_set(change: TaskSet) -> list[Step]:
    return [_set("tasks", task_row(change.task))]


@_steps.register
def _queue_set(change: QueueSet) -> list[Step]:
    return [_set("queue", queue_row(change.row))]


@_steps.register
def _queue_gone(change: QueueGone) -> list[Step]:
    return [Step("DELETE FROM queue WHERE id = :id", {"id": change.id})]


@_steps.register
def _spread_set(change: SpreadSet) -> list[Step]:
    return [_set("spreads", spread_row(change.row))]


@_steps.register
def _spread_gone(change: SpreadGone) -> list[Step]:
    return [Step("DELETE FROM spreads WHERE id = :id", {"id": change.id})]


@_steps.register
def _stash_set(change: StashSet) -> list[Step]:
    return [_set("stashes", stash_row(change.stash))]


@_steps.register
def _stop_list_set(change: StopListSet) -> list[Step]:
    return [_set("stop_lists", stop_list_row(change.row))]


@_steps.register
def _stop_list_gone(change: StopListGone) -> list[Step]:
    return [Step("DELETE FROM stop_lists WHERE id = :id", {"id": change.id})]


@_steps.register
def _tunable_set(change: TunableSet) -> list[Step]:
    return [_set("tunables", {"owner": change.owner, "key": change.key, "value": change.value}, key="owner, key")]


@_steps.register
def _proposal_made(change: ProposalMade) -> list[Step]:
    return [_insert("proposals", proposal_row(change.proposal))]


@_steps.register
def _proposal_moved(change: ProposalMoved) -> list[Step]:
    was: Row = {"was_version": change.was_version, "was_state": change.was}
    return [
        _update("proposals", proposal_row(change.proposal), "version = :was_version AND state = :was_state", was),
    ]


@_steps.register
def _report_made(change: ReportMade) -> list[Step]:
    return [_insert("reports", report_row(change.report))]


@_steps.register
def _flag_set(change: FlagSet) -> list[Step]:
    return [_set("flags", {"key": change.key, "value": change.value}, key="key")]


@_steps.register
def _equity_kept(change: EquityKept) -> list[Step]:
    return [_set("equity", equity_row(change.kept), key="account, day")]


@_steps.register
def _prices_kept(change: PricesKept) -> list[Step]:
    return _insert_all("prices", [price_row(quote) for quote in change.quotes])


@_steps.register
def _prices_forgotten(change: PricesForgotten) -> list[Step]:
    return [Step("DELETE FROM prices WHERE at < :before", {"before": time_text(change.before)})]


@_steps.register
def _user_made(change: UserMade) -> list[Step]:
    return [_insert("users", user_row(change.user))]


@_steps.register
def _user_set(change: UserSet) -> list[Step]:
    left: Row = {"user": change.user.id}
    tokens = [] if change.user.deleted_at is None else [Step('DELETE FROM tokens WHERE "user" = :user', left)]
    return [_update("users", user_row(change.user), "true", {}), *tokens]


@_steps.register
def _token_made(change: TokenMade) -> list[Step]:
    return [_insert("tokens", token_row(change.token))]


@_steps.register
def _token_gone(change: TokenGone) -> list[Step]:
    return [Step("DELETE FROM tokens WHERE hash = :hash", {"hash": change.hash})]


@_steps.register
def _link_set(change: LinkSet) -> list[Step]:
    return [_set("links", link_row(change.link))]


@_steps.register
def _account_made(change: AccountMade) -> list[Step]:
    return [_insert("accounts", account_row(change.account))]


@_steps.register
def _account_set(change: AccountSet) -> list[Step]:
    gone = change.account.deleted_at is not None
    credentials = [_forget_credentials(change.account.name)] if gone else []
    return [_update("accounts", account_row(change.account), "true", {}, "name"), *credentials]


@_steps.register
def _credentials_set(change: CredentialsSet) -> list[Step]:
    if change.sealed is None:
        return [_forget_credentials(change.account)]
    row: Row = {"account": change.account, "sealed": change.sealed, "owner": change.owner}
    return [_set("credentials", row, "account")]


def _forget_credentials(account: str) -> Step:
    return Step("DELETE FROM credentials WHERE account = :account", {"account": account})


@_steps.register
def _history_hidden(change: HistoryHidden) -> list[Step]:
    row: Row = {"owner": change.owner, "before": time_text(change.before)}
    over = "owner = :owner AND hidden = 0 AND state IN ('FILLED', 'CANCELLED', 'REJECTED', 'EXPIRED')"
    return [
        Step(f"UPDATE orders SET hidden = 1 WHERE {over} AND updated_at <= :before", row),  # noqa: S608 - our own words
        Step("UPDATE fills SET hidden = 1 WHERE owner = :owner AND hidden = 0 AND at <= :before", row),
    ]


@_steps.register
def _audited(change: Audited) -> list[Step]:
    row = audited_row(change) | {"owner": OWNER}
    values = ", ".join(f":{name}" for name in COLUMNS)
    sql = (
        f"INSERT INTO audit (seq, {', '.join(COLUMNS)}, hash) "  # noqa: S608 - our own column names
        f"SELECT audit_head + 1, {values}, chain_hash(audit_hash, audit_head + 1, :said) FROM desk"
    )
    return [Step(sql, row | {"said": said([row[name] for name in COLUMNS])})]


# Table and column names below are our own, from this file and the *_rows files; values are always bound.


def _insert(table: str, row: Row) -> Step:
    """A taken key is a Conflict."""
    return Step(f"INSERT INTO {table} ({_quoted(row)}) VALUES ({', '.join(f':{name}' for name in row)})", row)  # noqa: S608 - see above


def _insert_all(table: str, rows: Sequence[Row]) -> list[Step]:
    """Rows of the same columns, many a statement: each statement is a way to the database."""
    return [_insert_many(table, rows[start : start + _ROWS_MAX]) for start in range(0, len(rows), _ROWS_MAX)]


def _insert_many(table: str, rows: Sequence[Row]) -> Step:
    values = ", ".join("(" + ", ".join(f":{name}_{place}" for name in rows[0]) + ")" for place in range(len(rows)))
    bound = {f"{name}_{place}": value for place, row in enumerate(rows) for name, value in row.items()}
    return Step(f"INSERT INTO {table} ({_quoted(rows[0])}) VALUES {values}", bound)  # noqa: S608 - see above


def _keep(table: str, row: Row) -> Step:
    """A taken key is left as it is."""
    return Step(f"{_insert(table, row).sql} ON CONFLICT DO NOTHING", row)


def _set(table: str, row: Row, key: str = "id") -> Step:
    """Insert, or replace the row of the same key; its place in the order of arrival stays."""
    changed = ", ".join(f'"{name}" = excluded."{name}"' for name in row if name not in key.split(", "))
    return Step(f"{_insert(table, row).sql} ON CONFLICT ({key}) DO UPDATE SET {changed}", row)


def _update(table: str, row: Row, expected: str, was: Row, key: str = "id") -> Step:
    """Compare-and-set by key."""
    changed = ", ".join(f'"{name}" = :{name}' for name in row if name != key)
    sql = f"UPDATE {table} SET {changed} WHERE {key} = :{key} AND {expected}"  # noqa: S608 - see above
    return Step(sql, row | was, f"{table}: {row[key]} is not what was expected")


def _quoted(row: Row) -> str:
    """Quoted, since `user` means something else to PostgreSQL."""
    return ", ".join(f'"{name}"' for name in row)
