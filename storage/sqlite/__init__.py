"""The journal in SQLite. Only `open_store` and `open_reader` are for other rooms.

connection  pragmas, errors, one thread hop a batch
session     SQLite's own ways of what the shared statements (storage.sql) ask for
migrations  schema/NNNN_name.sql, each once
copies      backups, and what can be said of a journal without writing to it
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from functools import partial
from pathlib import Path

from core.ports import Clock
from core.values.errors import Broken
from core.values.ids import DeskId
from storage.sql.columns import time_text
from storage.sql.reader import Reader
from storage.sql.writer import Writer
from storage.sqlite.connection import Connection, connect_reader, connect_writer, set_up_writer, translated
from storage.sqlite.migrations import check, known, migrate
from storage.sqlite.store import SqliteStore


async def open_store(path: Path, clock: Clock) -> SqliteStore:
    """Open the journal at `path`, made (0600, its directory 0700) where there is none.

    Raises Damaged for a file that is damaged or no database; Broken for one that cannot be opened, is no journal, or
    of a newer version of the desk; Transient where another process holds it.
    """
    make(path)
    db = Connection(partial(connect_writer, path))
    await db
    try:
        desk_id, last_seq = await db.run(partial(prepare, path=path, now=time_text(clock.now())))
        reader = Connection(partial(connect_reader, path))
        await reader
    except BaseException:
        await db.close()
        raise
    return SqliteStore(path, desk_id, reader, Writer(db, last_seq))


async def open_reader(path: Path) -> Reader:
    """For a look into a journal that a desk may be using. Raises Broken where there is none."""
    if not os.access(path, os.F_OK):
        raise Broken(f"{path}: there is no journal yet")
    db = Connection(partial(connect_reader, path))
    try:
        await db
    except sqlite3.Error as error:
        raise translated(error) from error
    return Reader(db)


def make(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise Broken(f"{path} cannot be opened: {error.strerror}") from error


def prepare(db: sqlite3.Connection, path: Path, now: str) -> tuple[DeskId, int]:
    """Check, migrate, and draw the desk id where there is none yet. Returns it with the newest alert's seq."""
    check(db, path)
    set_up_writer(db)
    migrate(db, path, known())
    db.execute(
        "INSERT INTO desk (one, desk_id, made_at) VALUES (1, ?, ?) ON CONFLICT DO NOTHING", (secrets.randbits(32), now)
    )
    (desk_id,) = db.execute("SELECT desk_id FROM desk").fetchone()
    (last_seq,) = db.execute("SELECT coalesce(max(seq), 0) FROM alerts").fetchone()
    return DeskId(desk_id), last_seq
