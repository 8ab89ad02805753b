"""Copies of a journal, also of one that is in use, and what can be said of a journal without writing to it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from core.values.errors import Broken
from storage.sql.audit import first_misfit
from storage.sqlite.connection import connect_reader, translated
from storage.sqlite.migrations import back_up, check, known
from storage.sqlite.session import Session


@dataclass(frozen=True, slots=True)
class JournalFacts:
    """desk: its id, 8 hexadecimal digits. audit_broken_at: the first row that does not fit the chain, or None."""

    desk: str
    schema: int
    alerts: int
    orders: int
    audit_rows: int
    audit_broken_at: int | None


def copy_journal(journal: Path, target: Path) -> None:
    """A copy of one moment, in one step: whoever writes meanwhile neither waits nor makes it begin anew.

    Raises Broken or Transient.
    """
    if not journal.exists():
        raise Broken(f"{journal}: there is no journal yet")
    try:
        with closing(connect_reader(journal)) as db:
            back_up(db, target)
    except sqlite3.Error as error:
        raise translated(error) from error


def schema_of(journal: Path) -> int:
    """The number of its last migration; 0 where there is no journal. Raises Broken or Transient."""
    if not journal.exists():
        return 0
    try:
        with closing(connect_reader(journal)) as db:
            return int(db.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.Error as error:
        raise translated(error) from error


def newest_schema() -> int:
    """What this version of the desk brings a journal to."""
    return known()[-1].number


def examine(copy: Path) -> JournalFacts:
    """Read all of a journal that nobody uses. Raises Broken for one that is damaged, or newer than this version."""
    options = "mode=ro&immutable=1"  # immutable: no log and no index appear beside it
    try:
        with closing(connect_reader(copy, options)) as db:
            check(db, copy)
            (verdict,) = db.execute("PRAGMA integrity_check(1)").fetchone()
            (schema,) = db.execute("PRAGMA user_version").fetchone()
            if verdict != "ok" or schema == 0:
                raise Broken(f"{copy.name} is damaged: {verdict if schema else 'it is empty'}")
            if schema > newest_schema():
                raise Broken(f"{copy.name} has schema {schema}, newer than the {newest_schema()} this version knows")
            return _facts(db, schema)
    except sqlite3.Error as error:
        raise translated(error) from error


def _facts(db: Session, schema: int) -> JournalFacts:
    counts = "SELECT (SELECT count(*) FROM alerts), (SELECT count(*) FROM orders), (SELECT count(*) FROM audit)"
    alerts, orders, audit_rows = db.execute(counts).fetchone()
    (desk,) = db.execute("SELECT desk_id FROM desk").fetchone()
    return JournalFacts(f"{desk:08x}", schema, alerts, orders, audit_rows, first_misfit(db))
