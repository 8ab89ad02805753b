"""The journal in PostgreSQL (the extra `postgres`). Only `open_store` and `open_reader` are for
other rooms.

connection  made, lost and made again; what became of a commit whose answer never came
session     PostgreSQL's own ways of what the shared statements (storage.sql) ask for
migrations  schema/NNNN_name.sql, each once, in step with SQLite's
"""

from __future__ import annotations

import secrets
from functools import partial

from core.clock import SystemClock
from core.ports import Clock
from core.values.errors import Broken, Transient
from core.values.ids import DeskId
from storage.postgres.connection import Connection
from storage.postgres.migrations import check, known, migrate
from storage.postgres.session import Session
from storage.sql.columns import Row, time_text
from storage.sql.reader import Reader
from storage.sql.store import SqlStore
from storage.sql.writer import Writer

READERS = 3
_LOCK = 0x6F757463  # "outc": what a desk holds while it has the database


async def open_store(address: str, clock: Clock, wire: Clock | None = None) -> SqlStore:
    """Open the journal in the database at `address` (postgresql://...), made where it is empty. wire: real time.

    Raises Broken for a database that is of another program or of a newer version of the desk; Transient where it cannot
    be reached, or another desk holds it.
    """
    wire = wire or SystemClock()
    hold = Hold()
    db = Connection(address, wire, 1, hold.take)
    try:
        desk_id = await db.run(partial(_prepare, now=time_text(clock.now()), hold=hold))
    except BaseException:
        await db.close()
        raise
    return SqlStore(desk_id, Connection(address, wire, READERS, _read_only), Writer(db, 0))


def open_reader(address: str, wire: Clock | None = None) -> Reader:
    """For a look into a journal that a desk may be using."""
    return Reader(Connection(address, wire or SystemClock(), 1, _read_only))


class Hold:
    """One desk a database. The lock ends with its connection; the epoch tells whether anybody had it in between."""

    def __init__(self) -> None:
        self._epoch: int | None = None

    def take(self, db: Session) -> None:
        """Raises Transient while another has the lock, Broken where another had it since."""
        row = db.execute("SELECT pg_try_advisory_lock(:lock) AS ours", {"lock": _LOCK}).fetchone()
        if not row or not row["ours"]:
            raise Transient("another desk uses the journal's database")
        if self._epoch is not None and _epoch(db) != self._epoch:
            raise Broken("another desk has used the journal's database meanwhile: start this one anew")

    def begin(self, db: Session) -> None:
        db.transaction(lambda: db.execute("UPDATE journal SET epoch = epoch + 1"))
        self._epoch = _epoch(db)


def _epoch(db: Session) -> int:
    row = db.execute("SELECT epoch FROM journal").fetchone()
    assert row is not None
    return int(row["epoch"])


def _read_only(db: Session) -> None:
    db.execute("SET default_transaction_read_only = on")


def _prepare(db: Session, now: str, hold: Hold) -> DeskId:
    """Check, migrate, and draw the desk id where there is none yet."""
    check(db)
    migrate(db, known())
    hold.begin(db)
    row: Row = {"id": secrets.randbits(32), "now": now}
    db.transaction(
        lambda: db.execute("INSERT INTO desk (one, desk_id, made_at) VALUES (1, :id, :now) ON CONFLICT DO NOTHING", row)
    )
    desk = db.execute("SELECT desk_id FROM desk").fetchone()
    assert desk is not None
    return DeskId(desk["desk_id"])
