"""SQLite's own ways of what the shared statements ask for (`storage.sql.session`)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from core.values.errors import Broken, Conflict
from core.values.ids import AlertId
from storage.sql.columns import encode
from storage.sql.session import Step, WaitingAlert

T = TypeVar("T")

_KEY_EXISTS = {
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
    sqlite3.SQLITE_CONSTRAINT_ROWID,
    sqlite3.SQLITE_CONSTRAINT_UNIQUE,
}

# One statement a batch: ?1 is a JSON array of `encode_alert` rows, ?2 the seq of the first. A row that is not written
# leaves a hole in seq, which is how duplicates are told.
INSERT_ALERTS = """
INSERT INTO alerts (seq, id, dedupe_key, status, done, received_at, source, kind, account, link, ticker, owner, body,
                    fields)
WITH batch AS MATERIALIZED (SELECT key, value FROM json_each(?1)) -- else each json_extract would build value anew
SELECT ?2 + key, json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
       json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]'),
       json_extract(value, '$[6]'), json_extract(value, '$[7]'), json_extract(value, '$[8]'),
       json_extract(value, '$[9]'), json_extract(value, '$[10]'), json_extract(value, '$[11]'),
       json_extract(value, '$[12]')
FROM batch
WHERE true -- tells the parser that ON CONFLICT is no join
ON CONFLICT (dedupe_key) DO NOTHING
ON CONFLICT (id) DO NOTHING
"""


class Session(sqlite3.Connection):
    """Implements `storage.sql.session.Session`; in autocommit, so that transactions are only those we begin."""

    refusals: tuple[type[Exception], ...] = (
        sqlite3.IntegrityError,
        ValueError,
        OverflowError,
        sqlite3.ProgrammingError,
        sqlite3.InterfaceError,
    )

    def execute_all(self, steps: Iterable[Step], /) -> Iterator[int]:
        return (self.execute(step.sql, step.row).rowcount for step in steps)

    def alone(self, work: Callable[[], T]) -> T:
        """The statement commits by itself: each further one would be a hand-over between threads."""
        return work()

    def transaction(self, work: Callable[[], T]) -> T:
        self.execute("BEGIN IMMEDIATE")
        try:
            done = work()
            self.execute("COMMIT")
        finally:
            if self.in_transaction:
                self.execute("ROLLBACK")
        return done

    @contextmanager
    def moment(self) -> Iterator[None]:
        if self.in_transaction:
            yield
            return
        self.execute("BEGIN")
        try:
            yield
        finally:
            self.execute("ROLLBACK")

    def insert_alerts(self, first_seq: int, alerts: Sequence[WaitingAlert]) -> dict[int, AlertId]:
        rows = f"[{','.join([alert.row for alert in alerts])}]"
        if self.execute(INSERT_ALERTS, (rows, first_seq)).rowcount == len(alerts):
            return {}
        written = {row[0] for row in self.execute("SELECT seq FROM alerts WHERE seq >= ?", (first_seq,))}
        missing = [place for place in range(len(alerts)) if first_seq + place not in written]
        keys = encode([alerts[place].key for place in missing])
        query = "SELECT dedupe_key, id FROM alerts WHERE dedupe_key IN (SELECT value FROM json_each(?))"
        first_ids = dict(map(tuple, self.execute(query, (keys,))))
        # A key that is not there was forgotten: then it was the id that is taken.
        return {place: first_ids.get(alerts[place].key, alerts[place].id) for place in missing}

    def refused(self, error: Exception) -> Exception:
        if isinstance(error, sqlite3.IntegrityError):
            taken = error.sqlite_errorcode in _KEY_EXISTS
            return Conflict(str(error)) if taken else Broken(f"the journal refused a row: {error}")
        return error if isinstance(error, ValueError) else ValueError(str(error))
