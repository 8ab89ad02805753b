"""The database that a search is kept in: SQLite for workers on one machine, PostgreSQL for any number of them.

Importing this wants the extra `optimise`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning, OptunaError
from optuna.storages import RDBStorage
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    ProgrammingError,
    SQLAlchemyError,
)

from core.values.errors import Broken, Transient


def open_storage(url: str, dead_after_s: int) -> RDBStorage:
    """PostgreSQL is spoken with psycopg 3."""
    driver, _, rest = url.partition("://")
    lite = driver == "sqlite"
    storage = _made(
        f"postgresql+psycopg://{rest}" if driver == "postgresql" else url,
        engine_kwargs={"connect_args": {"timeout": 60}} if lite else {"pool_pre_ping": True},
        heartbeat_interval=max(1, dead_after_s // 4),
        grace_period=dead_after_s,
    )
    if lite:
        _one_at_a_time(storage.engine)
    return storage


def _made(url: str, **words: Any) -> RDBStorage:
    """Two that make the tables of a new database at once are in each other's way: the second one finds them made."""
    try:
        return RDBStorage(url, **words)
    except (IntegrityError, ProgrammingError):
        return RDBStorage(url, **words)


def _one_at_a_time(engine: Engine) -> None:
    """Optuna takes a waiting trial by reading its row for update, which SQLite does not know: two workers would take
    one trial. So each transaction has the file to itself from its beginning. It writes ahead and leaves fsync to the
    system: what a power cut takes is tried again."""

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    engine.dispose()


@contextmanager
def answering() -> Iterator[None]:
    """A database that is away is Transient; Optuna's own faults on the way to that are no other matter."""
    try:
        yield
    except (ArgumentError, NoSuchModuleError):
        raise Broken("that is no address of a database") from None  # the fault would tell it, password and all
    except (SQLAlchemyError, OptunaError, UnboundLocalError) as error:
        if (found := _fault(error)) is None:
            raise
        why = str(found.orig).partition("\n")[0] if isinstance(found, DBAPIError) else type(found).__name__
        raise Transient(f"the database does not answer: {why}") from None


def _fault(error: BaseException | None) -> SQLAlchemyError | None:
    """The database's own, that others came of."""
    while error is not None:
        if isinstance(error, SQLAlchemyError):
            return error
        error = error.__cause__ or error.__context__
    return None


@contextmanager
def quietly() -> Iterator[None]:
    """Optuna calls its heartbeat an experiment, and tells every trial."""
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        yield
