"""Brings a file to the newest schema: each migration once, in a transaction, after a backup."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from importlib.resources import files
from pathlib import Path

from core.crashpoints import crashpoint
from core.values.errors import Broken, Damaged
from storage.sql.migration import Migration, scripts


def known() -> list[Migration]:
    """The files of schema/, in order."""
    return scripts(files("storage.sqlite.schema"))


def check(db: sqlite3.Connection, path: Path) -> None:
    """Raises Damaged for a file that is damaged or no database, Broken for somebody else's."""
    try:
        (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        (tables,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        raise Damaged(f"{path} is damaged or no database: {error}") from error
    if verdict != "ok":
        raise Damaged(f"{path} is damaged: {verdict}")
    if version == 0 and tables:
        raise Broken(f"{path} is a database of another program")


def migrate(db: sqlite3.Connection, path: Path, migrations: Sequence[Migration]) -> None:
    """Raises Broken for a schema newer than the newest of `migrations`.

    A file that holds something is copied to NAME.before-NNNN first, NNNN being the first migration it lacks. A kill
    in the middle leaves the file at the last migration that was whole.
    """
    (version,) = db.execute("PRAGMA user_version").fetchone()
    newest = migrations[-1].number
    if version > newest:
        raise Broken(f"{path} has schema {version}, newer than the {newest} this version knows")
    missing = [migration for migration in migrations if migration.number > version]
    if version and missing:
        back_up(db, path.with_name(f"{path.name}.before-{missing[0].number:04}"))
    for number, sql in missing:
        try:
            db.executescript(f"BEGIN IMMEDIATE;\n{sql}\n;PRAGMA user_version = {number};")
            crashpoint("migrate.mid")
            db.execute("COMMIT")
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")


def back_up(db: sqlite3.Connection, target: Path) -> None:
    """A consistent copy, readable by its owner alone. An older copy of the same name is replaced."""
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(sqlite3.connect(part)) as copy:
        db.backup(copy)
    part.replace(target)
