"""The journal in PostgreSQL (the extra `postgres`). Only `open_store`, `open_inbox`, `open_reader` and `lease` are for
other rooms.

lease       which of several processes owns the desk
connection  made, lost and made again; what became of a commit whose answer never came
session     PostgreSQL's own ways of what the shared statements (storage.sql) ask for
migrations  schema/NNNN_name.sql, each once, in step with SQLite's
"""

from __future__ import annotations

import secrets
from functools import partial

from core.clock import SystemClock
from core.ports import Clock
from core.values.errors import Transient
from core.values.ids import DeskId
from storage.postgres.connection import Connection
from storage.postgres.lease import Lease, taken
from storage.postgres.migrations import check, known, migrate, schema_of
from storage.postgres.session import Session
from storage.sql.columns import Row, time_text
from storage.sql.reader import Reader
from storage.sql.store import SqlInbox, SqlStore
from storage.sql.writer import Writer

READERS = 3


async def open_store(address: str, clock: Clock, wire: Clock | None = None, lease: Lease | None = None) -> SqlStore:
    """Open the journal in the database at `address` (postgresql://...), made where it is empty. wire: real time.
    lease: in whose epoch it is written; without one it is taken here, and let go when the store is closed.

    Raises Broken for a database that is of another program or of a newer version of the desk; Transient where it cannot
    be reached, or another desk holds it.
    """
    wire = wire or SystemClock()
    db = await writing(address, wire, lease)
    try:
        desk_id = await db.run(partial(_prepare, now=time_text(clock.now())))
    except BaseException:
        await db.finish()
        await db.close()
        raise
    return SqlStore(desk_id, Connection(address, wire, READERS, _read_only, db.name), Writer(db, 0))


async def open_inbox(address: str, wire: Clock, name: str) -> SqlInbox:
    """What a process that stands by needs of a desk's journal: it puts alerts into it, and reads. name: of its
    connections. Raises Transient where there is no desk yet, or of another schema than this version's."""
    db = Connection(address, wire, 1, _unfenced, name)
    try:
        desk_id = await db.run(_known_desk)
    except BaseException:
        await db.close()
        raise
    return SqlInbox(desk_id, Connection(address, wire, 1, _read_only, name), Writer(db, 0))


async def writing(address: str, wire: Clock, lease: Lease | None) -> Connection:
    """The connection that writes, fenced by the lease's epoch. Raises Transient where another has the lease."""
    if lease is not None:
        return Connection(address, wire, 1, partial(_fence, lease.epoch), lease.name)
    own = Lease(address)
    try:
        await taken(own, wire)
    except BaseException:
        own.close()
        raise

    def let_go() -> None:
        own.release()
        own.close()

    return Connection(address, wire, 1, partial(_fence, own.epoch), own.name, let_go)


def open_reader(address: str, wire: Clock | None = None) -> Reader:
    """For a look into a journal that a desk may be using."""
    return Reader(Connection(address, wire or SystemClock(), 1, _read_only))


def _fence(epoch: int, db: Session) -> None:
    db.epoch = epoch


def _unfenced(_db: Session) -> None:
    """Alerts are taken in under any owner."""


def _read_only(db: Session) -> None:
    db.execute("SET default_transaction_read_only = on")


def _known_desk(db: Session) -> DeskId:
    desk = db.execute("SELECT desk_id FROM desk").fetchone() if schema_of(db) == known()[-1].number else None
    if desk is None:
        raise Transient("the journal waits for an owner of this version")
    return DeskId(desk["desk_id"])


def _prepare(db: Session, now: str) -> DeskId:
    """Check, migrate, and draw the desk id where there is none yet."""
    check(db)
    migrate(db, known())
    row: Row = {"id": secrets.randbits(32), "now": now}
    db.transaction(
        lambda: db.execute("INSERT INTO desk (one, desk_id, made_at) VALUES (1, :id, :now) ON CONFLICT DO NOTHING", row)
    )
    desk = db.execute("SELECT desk_id FROM desk").fetchone()
    assert desk is not None
    return DeskId(desk["desk_id"])
