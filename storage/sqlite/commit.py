"""One transaction for everything that waits. Runs on the writer connection's thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from core.values.errors import Broken, Conflict, DeskError
from core.values.ids import AlertId
from storage.sqlite.alert_rows import INSERT_ALERTS
from storage.sqlite.changes import Step
from storage.sqlite.columns import encode

_KEY_EXISTS = {
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
    sqlite3.SQLITE_CONSTRAINT_ROWID,
    sqlite3.SQLITE_CONSTRAINT_UNIQUE,
}


class WaitingAlert(NamedTuple):
    """row: see `encode_alert`."""

    row: str
    id: AlertId
    key: str


class Outcome(NamedTuple):
    """duplicates: place in the batch -> id of the first. failures: place among the saves -> why it was not written."""

    duplicates: dict[int, AlertId]
    failures: dict[int, Exception]


def commit(
    db: sqlite3.Connection, first_seq: int, alerts: Sequence[WaitingAlert], saves: Sequence[Sequence[Step]]
) -> Outcome:
    """On disk when it returns; when it raises, nothing was written. first_seq: a seq above every alert's.

    A batch of alerts alone is one statement that commits by itself: each further one would be a hand-over between
    threads.
    """
    if not saves:
        return Outcome(_insert_alerts(db, first_seq, alerts), {})
    db.execute("BEGIN IMMEDIATE")
    try:
        duplicates = _insert_alerts(db, first_seq, alerts) if alerts else {}
        tried = [_attempt(db, steps) for steps in saves]
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
    return Outcome(duplicates, {place: failure for place, failure in enumerate(tried) if failure is not None})


def _insert_alerts(db: sqlite3.Connection, first_seq: int, alerts: Sequence[WaitingAlert]) -> dict[int, AlertId]:
    rows = f"[{','.join([alert.row for alert in alerts])}]"
    if db.execute(INSERT_ALERTS, (rows, first_seq)).rowcount == len(alerts):
        return {}
    written = {seq for (seq,) in db.execute("SELECT seq FROM alerts WHERE seq >= ?", (first_seq,))}
    missing = [place for place in range(len(alerts)) if first_seq + place not in written]
    keys = encode([alerts[place].key for place in missing])
    query = "SELECT dedupe_key, id FROM alerts WHERE dedupe_key IN (SELECT value FROM json_each(?))"
    first_ids = dict(db.execute(query, (keys,)).fetchall())
    # A key that is not there was forgotten: then it was the id that is taken.
    return {place: first_ids.get(alerts[place].key, alerts[place].id) for place in missing}


def _attempt(db: sqlite3.Connection, steps: Sequence[Step]) -> Exception | None:
    """All steps of one saver or none; what is wrong with them is no business of the others in the batch."""
    failure: Exception | None = None
    db.execute("SAVEPOINT saver")
    try:
        for step in steps:
            if db.execute(step.sql, step.row).rowcount == 0 and step.conflict:
                raise Conflict(step.conflict)  # noqa: TRY301 - one way out for both kinds of conflict
    except sqlite3.IntegrityError as error:
        failure = _refusal(error)
    except (Conflict, ValueError, OverflowError, sqlite3.ProgrammingError, sqlite3.InterfaceError) as error:
        failure = error if isinstance(error, Conflict | ValueError) else ValueError(str(error))
    if failure is not None:
        db.execute("ROLLBACK TO saver")
    db.execute("RELEASE saver")
    return failure


def _refusal(error: sqlite3.IntegrityError) -> DeskError:
    if error.sqlite_errorcode in _KEY_EXISTS:
        return Conflict(str(error))
    return Broken(f"the journal refused a row: {error}")
