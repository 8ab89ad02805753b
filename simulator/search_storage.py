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
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError, SQLAlchemyError

from core.values.errors import Broken, Transient
from simulator.search_address import address_of

REFUSED = (
    "password authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "does not exist",
    "connection is bad: invalid",
)
"""What a login that will never do is answered with: libpq tells no code of it. A server in another tongue is waited
for."""
STEPS = 5
UNOPENED = "unable to open database file"


def open_storage(url: str, dead_after_s: int) -> RDBStorage:
    """Raises Broken for an address that is none."""
    address = address_of(url)
    lite = address.drivername == "sqlite"
    storage = _made(
        address.render_as_string(hide_password=False),
        engine_kwargs={"connect_args": {"timeout": 60}} if lite else {"pool_pre_ping": True},
        heartbeat_interval=max(1, dead_after_s // 4),
        grace_period=dead_after_s,
    )
    if lite:
        _one_at_a_time(storage.engine)
    return storage


def _made(url: str, **words: Any) -> RDBStorage:
    """Two that make the tables of a new database at once are in each other's way, at each of Optuna's steps anew: who
    comes second finds that one done."""
    for _ in range(STEPS):
        try:
            return RDBStorage(url, **words)
        except (IntegrityError, ProgrammingError):
            continue
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
    """A database that is away is Transient, one that will not have us is Broken; Optuna's own faults on the way to
    that are no other matter. Told in words of ours: a driver's may hold parts of the address."""
    try:
        yield
    except (SQLAlchemyError, OptunaError, UnboundLocalError) as error:
        if (found := _fault(error)) is None:
            raise
        driver_says = str(found.orig) if isinstance(found, OperationalError) else ""
        if any(words in driver_says for words in REFUSED):
            raise Broken("the database refuses this login: its user, password, database or options are wrong") from None
        if UNOPENED in driver_says:
            raise Broken("the file of the database cannot be opened") from None
        raise Transient(f"the database does not answer ({type(found).__name__})") from None


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
