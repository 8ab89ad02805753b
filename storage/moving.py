"""A whole SQLite journal, carried into an empty PostgreSQL database in one transaction: all of it or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

import psycopg

from core.clock import SystemClock
from core.values.errors import Broken
from storage.postgres import writing
from storage.postgres.migrations import check, known, migrate
from storage.postgres.session import Session, first_line
from storage.sql.audit import first_misfit
from storage.sqlite.connection import connect_reader
from storage.sqlite.session import Session as Source


async def move(journal: Path, address: str) -> Mapping[str, int]:
    """Rows by table. journal: of the newest schema, and used by nobody; it stays as it is.

    Raises Broken for a database that holds a desk or another program's tables, and where what arrived is not what was
    sent; Transient where it cannot be reached.
    """
    db = await writing(address, SystemClock(), None)
    try:
        return await db.run(partial(_moved, journal=journal))
    finally:
        await db.finish()
        await db.close()


def _moved(db: Session, journal: Path) -> Mapping[str, int]:
    check(db)
    migrate(db, known())
    if db.execute("SELECT 1 FROM desk").rowcount:
        raise Broken("the database holds a desk already: give this one a database of its own")
    with closing(connect_reader(journal)) as source, source.moment():
        misfit = first_misfit(source)
        if misfit is not None:
            raise Broken(f"the journal's audit trail is broken at row {misfit}: it is not carried on")
        return db.transaction(partial(_carried, db, source))


def _carried(db: Session, source: Source) -> Mapping[str, int]:
    db.script("ALTER TABLE audit DISABLE TRIGGER USER")  # the head comes with the row of `desk`
    counts = {table: _copied(db, source, table) for table in _tables(source)}
    db.script("ALTER TABLE audit ENABLE TRIGGER USER")
    for table, count in counts.items():
        arrived = db.execute(f"SELECT count(*) AS count FROM {table}").fetchone()  # noqa: S608 - our own table
        if arrived is None or arrived["count"] != count:
            raise Broken(f"{table}: not every row arrived")
    if first_misfit(db) is not None:
        raise Broken("the audit trail did not arrive as it was")
    return counts


def _tables(source: Source) -> list[str]:
    found = source.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return [row["name"] for row in found]


def _copied(db: Session, source: Source, table: str) -> int:
    """How many rows. Their numbers go on behind the last."""
    columns = [row["name"] for row in source.execute(f"PRAGMA table_info({table})")]
    names = ", ".join(f'"{name}"' for name in columns)
    count = 0
    try:
        with db.plain.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in source.execute(f"SELECT {names} FROM {table}"):  # noqa: S608 - our own table
                copy.write_row(tuple(row))
                count += 1
    except psycopg.DataError as error:
        raise Broken(f"{table}: PostgreSQL cannot hold a row: {first_line(error)}") from error
    if "seq" in columns and table != "audit":
        db.script(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'seq'), coalesce(max(seq), 0) + 1, false) FROM {table}"  # noqa: S608 - our own table
        )
    return count
