"""The real SQLite on a disk that takes its time and sometimes says no."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import TypeVar

from core.ports import Clock
from storage.sql.columns import time_text
from storage.sql.writer import Writer
from storage.sqlite import make, prepare
from storage.sqlite.connection import Connection, connect_reader, connect_writer, translated
from storage.sqlite.session import Session
from storage.sqlite.store import SqliteStore
from tests.simulation.timeline import World

T = TypeVar("T")


@dataclass(slots=True)
class Disk:
    """fails: chance of a no, by itself. full: says no to every write. commit_s: at most so long."""

    world: World
    rng: Random
    fails: float = 0.0
    full: bool = False
    commit_s: float = 0.02
    noes: int = 0

    def trouble(self) -> sqlite3.Error | None:
        code = sqlite3.SQLITE_FULL if self.full else 0
        if not code and self.rng.random() < self.fails:
            code = self.rng.choice([sqlite3.SQLITE_BUSY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL])
        if not code:
            return None
        self.noes += 1
        error = sqlite3.OperationalError("the disk says no")
        error.sqlite_errorcode = code
        return error


class InlineConnection(Connection):
    """Does its work where it is called, without a thread."""

    def __init__(self, connector: Callable[[], Session]) -> None:
        super().__init__(connector)
        self._db = connector()

    async def run(self, work: Callable[[Session], T]) -> T:
        try:
            return work(self._db)
        except sqlite3.Error as error:
            raise translated(error) from error

    async def close(self) -> None:
        self._db.close()


class SlowConnection(InlineConnection):
    """A commit takes time before it is done and after it, so a kill can fall on either side of it. What fails has
    written nothing: so it is for whoever lives on; what a power cut may make of it is tests/power's business."""

    def __init__(self, connector: Callable[[], Session], disk: Disk) -> None:
        super().__init__(connector)
        self._disk = disk

    async def run(self, work: Callable[[Session], T]) -> T:
        disk = self._disk
        error = disk.trouble()
        await disk.world.sleep(disk.rng.uniform(0, disk.commit_s))
        if error is not None:
            raise translated(error) from error
        done = await super().run(work)
        await disk.world.sleep(disk.rng.uniform(0, disk.commit_s))
        return done


async def open_on(disk: Disk, path: Path, clock: Clock) -> SqliteStore:
    """As `storage.sqlite.open_store`. A kill is no power cut: nothing need be synced."""
    make(path)
    db = SlowConnection(partial(connect_writer, path), disk)
    desk_id, last_seq = await InlineConnection.run(db, partial(prepare, path=path, now=time_text(clock.now())))
    await InlineConnection.run(db, lambda plain: plain.execute("PRAGMA synchronous = OFF"))
    return SqliteStore(path, desk_id, InlineConnection(partial(connect_reader, path)), Writer(db, last_seq))


async def found(path: Path, clock: Clock, desk_id: int) -> None:
    """Make a journal whose desk id is drawn from the seed: every order id depends on it."""
    path.parent.mkdir(parents=True)
    with closing(connect_writer(path)) as db:
        make(path)
        prepare(db, path, time_text(clock.now()))
        db.execute("UPDATE desk SET desk_id = ?", (desk_id,))
