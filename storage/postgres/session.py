"""PostgreSQL's own ways of what the shared statements ask for (`storage.sql.session`)."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import psycopg
from psycopg.errors import ProgramLimitExceeded, UniqueViolation
from psycopg.pq import TransactionStatus

from core.values.errors import Broken, Conflict
from core.values.ids import AlertId
from storage.sql.columns import SqlValue, encode
from storage.sql.session import Step, WaitingAlert

T = TypeVar("T")
Plain = psycopg.Connection[dict[str, Any]]

# One statement a batch: a JSON array of `encode_alert` rows. Rows that are not written are not returned.
INSERT_ALERTS = """
INSERT INTO alerts (id, dedupe_key, status, done, received_at, source, kind, account, link, ticker, owner, body, fields)
SELECT value ->> 0, value ->> 1, value ->> 2, CAST(value ->> 3 AS BIGINT), value ->> 4, value ->> 5, value ->> 6,
       value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12
FROM json_array_elements(CAST(:rows AS JSON)) WITH ORDINALITY AS batch (value, place) ORDER BY place
ON CONFLICT DO NOTHING
RETURNING id, dedupe_key
"""
FIRST_IDS = """
SELECT dedupe_key, id FROM alerts WHERE dedupe_key IN (SELECT json_array_elements_text(CAST(:keys AS JSON)))
"""
# Equal bodies' windows may not overlap, whichever process opened them. Who looks for one waits for whoever else does:
# in the order of the digests, so that nobody waits for each other.
LOCK_BODIES = """
SELECT pg_advisory_xact_lock(hashtextextended(body, 0)) FROM (
    SELECT DISTINCT value AS body FROM json_array_elements_text(CAST(:bodies AS JSON)) ORDER BY value
) AS bodies
"""
WINDOWS = """
SELECT id, dedupe_key FROM alerts
WHERE strpos(dedupe_key, '@') > 0 AND split_part(dedupe_key, '@', 2) IN (
    SELECT value FROM json_array_elements_text(CAST(:bodies AS JSON))
)
"""
_NAMED = re.compile(r":([a-z_]\w*)")


class CommitLost(Exception):
    """The connection ended before the database said whether it had committed. number: of the transaction."""

    def __init__(self, number: str, done: object) -> None:
        super().__init__(f"what became of transaction {number} is not known")
        self.number = number
        self.done = done


class Window(NamedTuple):
    """What `START|END@BODY` says (core/services/resends.py)."""

    start: str
    end: str
    body: str

    @classmethod
    def of(cls, key: str) -> Window:
        span, _, body = key.partition("@")
        start, _, end = span.partition("|")
        return cls(start, end, body)

    def overlaps(self, other: Window) -> bool:
        return self.start < other.end and other.start < self.end


class Session:
    """Implements `storage.sql.session.Session` over one connection in autocommit. epoch: of the owner in whose name it
    writes; None = it writes in nobody's, and is not fenced."""

    refusals: tuple[type[Exception], ...] = (
        psycopg.IntegrityError,
        psycopg.DataError,
        ProgramLimitExceeded,  # a key too long for its index
        ValueError,
    )

    def __init__(self, plain: Plain) -> None:
        self.plain = plain
        self.epoch: int | None = None

    def execute(self, sql: str, values: Mapping[str, SqlValue] | None = None, /) -> psycopg.Cursor[dict[str, Any]]:
        return self.plain.execute(_placed(sql), values)

    def execute_all(self, steps: Iterable[Step], /) -> list[int]:
        """In one message: each way to the server and back is waited for, however short it is."""
        with self.plain.pipeline():
            cursors = [self.execute(step.sql, step.row) for step in steps]
        return [cursor.rowcount for cursor in cursors]

    def script(self, sql: str) -> None:
        """Statements of our own, with nothing to bind."""
        self.plain.execute(sql)

    def alone(self, work: Callable[[], T]) -> T:
        return self.transaction(work)

    def transaction(self, work: Callable[[], T]) -> T:
        """Raises CommitLost where the connection ends at the last moment; Broken where another owns the desk now."""
        number = self._begin()
        try:
            done = work()
        except BaseException:
            with suppress(psycopg.OperationalError):  # of a lost connection the server has taken everything back
                self.plain.execute("ROLLBACK", prepare=False)
            raise
        try:
            self.plain.execute("COMMIT", prepare=False)
        except psycopg.OperationalError as error:
            if not self.plain.closed:
                raise
            raise CommitLost(number, done) from error
        return done

    def _begin(self) -> str:
        """The transaction's number, by which its end can be asked for. As long as the transaction lasts, no other epoch
        begins. All in one message."""
        fence = "" if self.epoch is None else f" FROM journal WHERE epoch = {self.epoch:d} FOR KEY SHARE"
        cursor = self.plain.execute(f"BEGIN; SELECT CAST(pg_current_xact_id() AS TEXT) AS number{fence}")
        cursor.nextset()
        row = cursor.fetchone()
        if row is None:
            self.plain.execute("ROLLBACK", prepare=False)
            raise Broken("another process owns the desk now: start this one anew, and it stands by")
        return str(row["number"])

    @contextmanager
    def moment(self) -> Iterator[None]:
        if self.plain.info.transaction_status is not TransactionStatus.IDLE:  # in a transaction of ours, which is one
            yield
            return
        self.plain.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            yield
        finally:
            with suppress(psycopg.OperationalError):
                self.plain.execute("ROLLBACK", prepare=False)

    def insert_alerts(self, first_seq: int, alerts: Sequence[WaitingAlert]) -> dict[int, AlertId]:  # noqa: ARG002 - a sequence of the database numbers them
        known = self._in_open_windows(alerts)
        if known:
            new = [place for place in range(len(alerts)) if place not in known]
            found = self._insert([alerts[place] for place in new]) if new else {}
            return known | {new[place]: first for place, first in found.items()}
        return self._insert(alerts)

    def _in_open_windows(self, alerts: Sequence[WaitingAlert]) -> dict[int, AlertId]:
        """Place of every alert whose body stands in a window of another process's that is open -> id of the first."""
        asked = {place: Window.of(alert.key) for place, alert in enumerate(alerts) if "@" in alert.key}
        if not asked:
            return {}
        bodies = {"bodies": encode(sorted({window.body for window in asked.values()}))}
        self.execute(LOCK_BODIES, bodies)
        open_ones: dict[str, list[tuple[Window, AlertId]]] = {}
        for row in self.execute(WINDOWS, bodies):
            window = Window.of(row["dedupe_key"])
            open_ones.setdefault(window.body, []).append((window, row["id"]))
        return {
            place: first
            for place, window in asked.items()
            for other, first in open_ones.get(window.body, ())
            if window.overlaps(other)
        }

    def _insert(self, alerts: Sequence[WaitingAlert]) -> dict[int, AlertId]:
        rows = f"[{','.join([alert.row for alert in alerts])}]"
        if "\\u0000" in rows:
            rows = encode([_with_text(alert.row) for alert in alerts])
        written = Counter((row["id"], row["dedupe_key"]) for row in self.execute(INSERT_ALERTS, {"rows": rows}))
        if written.total() == len(alerts):
            return {}
        missing = []
        for place, alert in enumerate(alerts):  # the first of equal ones is the one that was written
            if written[alert.id, alert.key]:
                written[alert.id, alert.key] -= 1
            else:
                missing.append(place)
        keys = encode([alerts[place].key for place in missing])
        first_ids = {row["dedupe_key"]: row["id"] for row in self.execute(FIRST_IDS, {"keys": keys})}
        # A key that is not there was forgotten: then it was the id that is taken.
        return {place: first_ids.get(alerts[place].key, alerts[place].id) for place in missing}

    def refused(self, error: Exception) -> Exception:
        if isinstance(error, psycopg.IntegrityError):
            taken = isinstance(error, UniqueViolation)
            return Conflict(first_line(error)) if taken else Broken(f"the journal refused a row: {first_line(error)}")
        return error if isinstance(error, ValueError) else ValueError(first_line(error))


def _with_text(row: str) -> list[SqlValue]:
    """An alert's row with its fields as text: PostgreSQL reads no JSON that has a NUL in it, also an escaped one."""
    *values, fields = json.loads(row)
    return [*values, encode(fields)]


def first_line(error: Exception) -> str:
    """What PostgreSQL says is often long, and quotes the row in its later lines."""
    return str(error).partition("\n")[0]


@lru_cache(maxsize=512)
def _placed(sql: str) -> str:
    """Names in psycopg's way. No text of ours holds a colon or a per cent sign otherwise."""
    return _NAMED.sub(r"%(\1)s", sql)
