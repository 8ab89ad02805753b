"""A journal that is thrown away: no threads, nothing waits for a disk. For real SQLite where time is played."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from core.ports import Clock
from storage.sqlite import make, prepare
from storage.sqlite.columns import time_text
from storage.sqlite.connection import Connection, connect_reader, connect_writer, translated
from storage.sqlite.store import SqliteStore
from storage.sqlite.writer import Writer

T = TypeVar("T")


class InlineConnection(Connection):
    """Does its work where it is called: an event loop with it waits for nobody else."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector)
        self._db = connector()

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return work(self._db)
        except sqlite3.Error as error:
            raise translated(error) from error

    async def close(self) -> None:
        self._db.close()


async def open_scratch(path: Path, clock: Clock) -> SqliteStore:
    """As `open_store`, for a file in memory or of no worth."""
    make(path)
    db = InlineConnection(partial(connect_writer, path))
    desk_id, last_seq = await db.run(partial(prepare, path=path, now=time_text(clock.now())))
    await db.run(lambda plain: plain.execute("PRAGMA synchronous = OFF"))
    return SqliteStore(path, clock, desk_id, InlineConnection(partial(connect_reader, path)), Writer(db, last_seq))
