"""Connections to the file: one that writes and checkpoints, others that only read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import aiosqlite

from core.values.errors import Broken, DeskError, Transient
from storage.sql.audit import chain_hash
from storage.sqlite.session import Session

T = TypeVar("T")

BUSY_S = 5.0
# The writer empties the log when nothing waits; SQLite itself does so only when a burst never ends.
_CHECKPOINT_PAGES = 10_000
_LOG_BYTES_KEPT = 16 * 1024 * 1024
# Causes that can go away: another process holds the file, the disk is full, a cable is loose.
_MAY_PASS = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_INTERRUPT,
}


class Connection(aiosqlite.Connection):
    """aiosqlite's connection with one method more."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=64)
        # A desk that dies without closing its store must be able to end: what was not committed was not promised.
        self._thread.daemon = True

    async def run(self, work: Callable[[Session], T]) -> T:
        """Call `work` with the plain connection, on its thread.

        aiosqlite hops to its thread and back for every statement, commit and fetch; its protected `_execute` takes any
        function, so a whole batch costs one hop. Raises Transient or Broken for SQLite's errors.
        """
        if self._connection is None:
            raise Transient("the journal is closed")
        try:
            done = await self._execute(work, self._connection)  # type: ignore[no-untyped-call]  # untyped over there
            return cast("T", done)
        except sqlite3.Error as error:
            raise translated(error) from error

    async def tidy(self) -> None:
        """Copy what the log holds into the file."""
        await self.run(lambda db: db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone())

    async def finish(self) -> None:
        """Empty the log into the file: the one file is the whole journal then."""
        await self.run(lambda db: db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone())


def translated(error: sqlite3.Error) -> DeskError:
    """What a caller should do about an error of SQLite."""
    code = getattr(error, "sqlite_errorcode", None)  # absent where Python's module raised it
    if code is not None and code & 0xFF in _MAY_PASS:
        return Transient(f"the journal cannot be used now: {error}")
    return Broken(f"the journal is broken: {error}")


def connect_writer(path: Path, busy_s: float = BUSY_S) -> Session:
    """The one connection that writes."""
    db = sqlite3.connect(path, timeout=busy_s, isolation_level=None, factory=Session)
    db.create_function("chain_hash", 3, chain_hash, deterministic=True)
    return db


def set_up_writer(db: sqlite3.Connection) -> None:
    """FULL: the log is on disk before a commit returns. Only this connection checkpoints (DESIGN 5)."""
    (mode,) = db.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise Broken("the journal's disk cannot hold a write-ahead log; a network share perhaps?")
    db.execute("PRAGMA synchronous = FULL")
    db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    db.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES_KEPT}")


def connect_reader(path: Path, options: str = "mode=ro") -> Session:
    """options: of SQLite's file: URI."""
    uri = f"{path.resolve().as_uri()}?{options}"
    db = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None, factory=Session)
    db.execute("PRAGMA query_only = ON")
    db.row_factory = sqlite3.Row
    return db
