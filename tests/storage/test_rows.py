"""Every value comes back from its table equal to what went in."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.values.accounts import AddedAccount
from core.values.alerts import Alert, AlertStatus
from core.values.changes import (
    AccountMade,
    Audited,
    Change,
    FillTaken,
    LinkSet,
    NoticeMade,
    OrderMade,
    PositionSet,
    PressOffered,
    ProposalMade,
    StashSet,
    StopListSet,
    TaskSet,
    TokenMade,
    UserMade,
)
from core.values.fills import Fill, Position
from core.values.ids import AlertId
from core.values.links import Link
from core.values.notices import Notice, Press
from core.values.orders import Order
from core.values.people import ApiToken, User
from core.values.proposals import Proposal
from core.values.tasks import Task
from core.values.traps import Stash, StopList
from storage.sql.alert_rows import encode_alert, read_alert
from storage.sql.changes import steps
from storage.sql.columns import Stored, time_text
from storage.sql.commit import commit
from storage.sql.notice_rows import read_audit, read_notice, read_press
from storage.sql.order_rows import read_fill, read_order, read_position
from storage.sql.people_rows import read_account, read_link, read_token, read_user
from storage.sql.session import WaitingAlert
from storage.sql.task_rows import read_proposal, read_task
from storage.sql.trap_rows import read_stash, read_stop_list
from storage.sqlite.connection import connect_writer
from storage.sqlite.migrations import known
from storage.sqlite.session import Session
from tests.contracts.samples import NOON, alert

SQL_INTEGERS = st.integers(-(2**63), 2**63 - 1)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with closing(connect_writer(tmp_path_factory.mktemp("rows") / "journal.db")) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous = OFF")  # this file outlives nothing
        for migration in known():
            connection.executescript(migration.sql)
        connection.execute("INSERT INTO desk (one, desk_id, made_at) VALUES (1, 1, '')")
        yield connection


def kept(db: Session, change: Change, table: str) -> Stored:
    """The row that a change makes; undone afterwards."""
    db.execute("BEGIN")
    try:
        for step in steps([change]):
            db.execute(step.sql, step.row)
        row: Stored = db.execute(f"SELECT * FROM {table}").fetchone()
    finally:
        db.execute("ROLLBACK")
    return row


@given(value=st.from_type(Alert))
@few
def test_alert(db: Session, value: Alert) -> None:
    """Every field of an alert, through the JSON of a batch; only a NUL in a plain column may be refused."""
    try:
        row = encode_alert(value, AlertId("id"), "key", AlertStatus.ACCEPTED)
    except ValueError:
        texts = (value.body, value.ticker, value.account or "", value.link or "", value.owner)
        assert any("\0" in text for text in texts)
        return
    db.execute("DELETE FROM alerts")
    commit(db, 1, [WaitingAlert(row, AlertId("id"), "key")], [])
    assert read_alert(db.execute("SELECT * FROM alerts").fetchone()) == value


@pytest.mark.parametrize(
    "text", ['"', "\\", "\\u0000", "\n\t\x7f\x1b", "ё€😀", "\ufeff\u2028", "'); DROP TABLE alerts; --"]
)
def test_text_of_an_alert(db: Session, text: str) -> None:
    """Text that means something to JSON, SQL or Unicode is text."""
    value = alert(body=text, ticker=text, message=text)
    db.execute("DELETE FROM alerts")
    row = encode_alert(value, AlertId(text), text, AlertStatus.ACCEPTED)
    commit(db, 1, [WaitingAlert(row, AlertId(text), text)], [])
    stored = db.execute("SELECT * FROM alerts").fetchone()
    assert (read_alert(stored), stored["id"], stored["dedupe_key"]) == (value, text, text)


ROUND_TRIPS: list[tuple[st.SearchStrategy[Any], Callable[[Any], Change], str, Callable[[Stored], Any]]] = [
    (st.from_type(Order), OrderMade, "orders", read_order),
    (st.from_type(Fill), FillTaken, "fills", read_fill),
    (st.builds(Position, unprotected_s=FINITE), PositionSet, "positions", read_position),
    (st.from_type(Notice), NoticeMade, "notices", read_notice),
    (st.from_type(Press), PressOffered, "presses", read_press),
    (st.builds(Task, attempts=SQL_INTEGERS), TaskSet, "tasks", read_task),
    (st.builds(Proposal, version=SQL_INTEGERS), ProposalMade, "proposals", read_proposal),
    (st.from_type(Stash), StashSet, "stashes", read_stash),
    (st.from_type(StopList), StopListSet, "stop_lists", read_stop_list),
    (st.from_type(User), UserMade, "users", read_user),
    (st.from_type(ApiToken), TokenMade, "tokens", read_token),
    (st.from_type(AddedAccount), AccountMade, "accounts", read_account),
    (st.from_type(Link), LinkSet, "links", read_link),
    (st.from_type(Audited), lambda audited: audited, "audit", lambda row: read_audit(row).row),
]


@pytest.mark.parametrize(("values", "change", "table", "read"), ROUND_TRIPS, ids=[trip[2] for trip in ROUND_TRIPS])
def test_value(
    db: Session,
    values: st.SearchStrategy[Any],
    change: Callable[[Any], Change],
    table: str,
    read: Callable[[Stored], Any],
) -> None:
    """Whatever the type allows comes back equal."""

    @given(value=values)
    @few
    def comes_back(value: Any) -> None:
        assert read(kept(db, change(value), table)) == value

    comes_back()


def test_naive_time_is_refused() -> None:
    """A time without a zone could be anybody's."""
    with pytest.raises(ValueError, match="aware"):
        time_text(NOON.replace(tzinfo=None))


def test_times_sort_as_text() -> None:
    """A whole second stands before its fractions."""
    assert time_text(NOON) < time_text(NOON.replace(microsecond=1)) < time_text(NOON.replace(second=1))
