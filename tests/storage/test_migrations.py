"""Schemas move forward, each step whole or not at all, with a copy of what was there."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.values.errors import Broken
from storage.sql.migration import Migration
from storage.sqlite.migrations import known, migrate

ONE = Migration(1, "CREATE TABLE a (x); INSERT INTO a VALUES (1);")
TWO = Migration(2, "ALTER TABLE a ADD COLUMN y; UPDATE a SET y = 2;")
BAD = Migration(3, "CREATE TABLE b (x); INSERT INTO nowhere VALUES (1);")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def db(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def test_each_migration_runs_once(db: sqlite3.Connection, path: Path) -> None:
    """What ran is not run again; what is new is."""
    migrate(db, path, [ONE])
    migrate(db, path, [ONE, TWO])
    migrate(db, path, [ONE, TWO])
    assert db.execute("SELECT * FROM a").fetchall() == [(1, 2)]
    assert version(db) == 2


def test_new_file_needs_no_backup(db: sqlite3.Connection, path: Path) -> None:
    """A journal that was just made has nothing to lose."""
    migrate(db, path, [ONE, TWO])
    assert list(path.parent.iterdir()) == [path]


def test_backup_holds_what_was_there(db: sqlite3.Connection, path: Path) -> None:
    """Before a step the whole file is copied, for its owner's eyes only."""
    migrate(db, path, [ONE])
    migrate(db, path, [ONE, TWO])
    copy = path.with_name("journal.db.before-0002")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(copy)) as old:
        assert old.execute("SELECT * FROM a").fetchall() == [(1,)]
        assert version(old) == 1


def test_failed_migration_leaves_the_last_whole_one(db: sqlite3.Connection, path: Path) -> None:
    """Half a step is no step."""
    with pytest.raises(sqlite3.OperationalError):
        migrate(db, path, [ONE, TWO, BAD])
    assert version(db) == 2
    assert not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'b'").fetchall()
    assert not db.in_transaction


def test_newer_schema_is_refused(db: sqlite3.Connection, path: Path) -> None:
    """There is no way back."""
    migrate(db, path, [ONE, TWO])
    with pytest.raises(Broken, match="newer"):
        migrate(db, path, [ONE])


def test_migrations_count_up_without_gaps() -> None:
    """Two branches cannot both bring number N, and none can come in below one that ran."""
    numbers = [migration.number for migration in known()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_table_has_an_owner_and_types(db: sqlite3.Connection, path: Path) -> None:
    """Each row belongs to somebody from the first schema on, and columns hold what they say."""
    migrate(db, path, known())
    tables = db.execute(
        "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
    ).fetchall()
    ours = {name: strict for name, strict in tables if not name.startswith("sqlite_")}
    assert len(ours) >= 14
    assert set(ours.values()) == {1}
    for table in ours:
        owner = db.execute("SELECT \"notnull\", dflt_value FROM pragma_table_info(?) WHERE name = 'owner'", (table,))
        assert owner.fetchone() == (1, "'owner'"), table
