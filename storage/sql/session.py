"""What the shared statements ask of a database.

They are written in the SQL that SQLite and PostgreSQL have in common, with values bound by `:name`. Of SQLite's own
words they use `COLLATE NOCASE`, `json_group_array` and `chain_hash`; PostgreSQL's schema brings these along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, TypeVar

from core.values.ids import AlertId
from storage.sql.columns import Row, SqlValue

T = TypeVar("T")
R = TypeVar("R")


class WaitingAlert(NamedTuple):
    """row: see `encode_alert`."""

    row: str
    id: AlertId
    key: str


class Step(NamedTuple):
    """One statement. conflict: raise Conflict with these words when it changed no row."""

    sql: str
    row: Row
    conflict: str = ""


class Rows(Protocol):
    @property
    def rowcount(self) -> int: ...
    def __iter__(self) -> Iterator[Any]: ...
    def fetchone(self) -> Any: ...


class Session(Protocol):
    """A connection, on the thread that it belongs to."""

    @property
    def refusals(self) -> tuple[type[Exception], ...]:
        """What `execute` raises for rows that are their saver's fault alone, when the transaction goes on."""

    def execute(self, sql: str, values: Mapping[str, SqlValue] = ..., /) -> Rows: ...

    def execute_all(self, steps: Iterable[Step], /) -> Iterable[int]:
        """How many rows each changed; whoever stops reading them may find that the others are done nevertheless."""

    def alone(self, work: Callable[[], T]) -> T:
        """For work of which only the first statement writes: on disk when this returns."""

    def transaction(self, work: Callable[[], T]) -> T:
        """On disk when this returns; when it raises, nothing was written."""

    def moment(self) -> AbstractContextManager[None]:
        """All that is read in it is of one moment."""

    def insert_alerts(self, first_seq: int, alerts: Sequence[WaitingAlert]) -> dict[int, AlertId]:
        """Place of every alert that was not written -> id of the first. first_seq: a seq above every alert's, for a
        database with one writer; others number by themselves."""

    def refused(self, error: Exception) -> Exception:
        """One of `refusals` as Conflict, ValueError or Broken."""


class Connection(Protocol):
    """Hands work to a session's thread: one hop for a whole batch."""

    async def run(self, work: Callable[[Any], R]) -> R:
        """Call `work` with a session. Raises Transient or Broken for the database's errors."""

    async def tidy(self) -> None:
        """What keeps a database quick and can wait until nobody does."""

    async def finish(self) -> None:
        """Everything in its place, before the one that writes is closed."""

    async def close(self) -> None: ...
