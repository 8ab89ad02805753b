"""Brings a database to the newest schema: each migration once, in a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from core.values.errors import Broken
from storage.postgres.session import Session
from storage.sql.migration import Migration, scripts

# What the database must know of the journal beside the journal's tables: who owns it (lease.py). Made by whoever comes
# first of several. epoch is a key for the sake of its locks: who writes holds it, who takes over changes it.
_JOURNAL = """
SELECT pg_advisory_xact_lock(1870984291);
CREATE TABLE IF NOT EXISTS journal (
    one    BIGINT PRIMARY KEY DEFAULT 1 CHECK (one = 1),
    schema BIGINT NOT NULL DEFAULT 0,
    epoch  BIGINT NOT NULL DEFAULT 0 UNIQUE,
    beat   BIGINT NOT NULL DEFAULT 0,
    owner  TEXT NOT NULL DEFAULT '',
    halt   TEXT NOT NULL DEFAULT ''
);
INSERT INTO journal DEFAULT VALUES ON CONFLICT DO NOTHING;
"""


def known() -> list[Migration]:
    """The files of schema/, in order."""
    return scripts(files("storage.postgres.schema"))


def prepare(db: Session) -> None:
    """Make the table of who owns the journal. Raises as `check`."""
    check(db)
    db.transaction(lambda: db.script(_JOURNAL))


def check(db: Session) -> None:
    """Raises Broken for a database of somebody else, or one that cannot hold a journal."""
    row = db.execute(
        "SELECT count(*) AS tables, count(*) FILTER (WHERE tablename = 'journal') AS ours, "
        "current_setting('server_encoding') AS encoding "
        "FROM pg_tables WHERE schemaname = current_schema()"
    ).fetchone()
    assert row is not None
    if row["tables"] and not row["ours"]:
        raise Broken("the database holds tables of another program: give the desk one of its own")
    if row["encoding"] != "UTF8":
        raise Broken(f"the database's encoding is {row['encoding']}: make it anew with ENCODING 'UTF8'")


def migrate(db: Session, migrations: Sequence[Migration]) -> None:
    """Raises Broken for a schema newer than the newest of `migrations`."""
    version, newest = schema_of(db), migrations[-1].number
    if version > newest:
        raise Broken(f"the database has schema {version}, newer than the {newest} this version knows")
    for migration in migrations:
        if migration.number > version:
            db.transaction(lambda step=migration: _take(db, step))  # type: ignore[misc]  # bound in the loop


def _take(db: Session, migration: Migration) -> None:
    db.script(migration.sql)
    db.execute("UPDATE journal SET schema = :number", {"number": migration.number})


def schema_of(db: Session) -> int:
    row = db.execute("SELECT schema FROM journal").fetchone()
    assert row is not None
    return int(row["schema"])
