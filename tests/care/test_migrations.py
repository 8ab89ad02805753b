"""A journal of every earlier schema comes to the newest with all that it held, and with a copy from before."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.clock import ManualClock
from storage.sqlite import open_store
from storage.sqlite.connection import connect_writer
from storage.sqlite.copies import examine, newest_schema
from storage.sqlite.migrations import known, migrate
from tests.contracts.samples import NOON

OWN = {"desk", "audit"}
"""Filled by the way they are filled in life, not by samples."""


def tables(db: sqlite3.Connection) -> Iterator[str]:
    sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    return (name for (name,) in db.execute(sql).fetchall())


def sample(kind: str, check: str) -> object:
    """A value that a column of this type takes."""
    return 1 if kind == "INTEGER" else 1.5 if kind == "REAL" else check


def fill(db: sqlite3.Connection) -> dict[str, int]:
    """A row in every table of whatever schema this is; how many rows each has."""
    db.execute("INSERT INTO desk (one, desk_id, made_at) VALUES (1, 7, 'then')")
    db.execute(
        "INSERT INTO audit (seq, at, actor, surface, action, about, data, hash) "
        "VALUES (1, 'then', 'a', 's', 'x', 'y', '{}', "
        "chain_hash('', 1, json_array('then', 'a', 's', 'x', 'y', '{}', 'owner')))"
    )
    for table in set(tables(db)) - OWN:
        columns = db.execute("SELECT name, type FROM pragma_table_info(?)", (table,)).fetchall()
        names = ", ".join(name for name, _ in columns)
        marks = ", ".join("?" for _ in columns)
        values = [sample(kind, f"{table}.{name}") for name, kind in columns]
        db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)
    return {table: rows(db, table) for table in tables(db)}


def rows(db: sqlite3.Connection, table: str) -> int:
    return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


@pytest.mark.parametrize("schema", range(1, newest_schema()), ids=lambda n: f"from-{n:04}")
async def test_every_earlier_schema_is_brought_forward(tmp_path: Path, schema: int) -> None:
    """By the opening of a start: every row is there, the file is whole, its audit trail holds, the desk is the same."""
    path = tmp_path / "desk.sqlite3"
    with closing(connect_writer(path)) as db:
        migrate(db, path, known()[:schema])
        held = fill(db)
    store = await open_store(path, ManualClock(NOON))
    assert (store.desk_id, await store.verify_audit()) == (7, None)
    await store.close()
    facts = examine(path)
    assert (facts.schema, facts.desk, facts.audit_rows) == (newest_schema(), "00000007", 1)
    with closing(sqlite3.connect(path)) as db:
        assert {table: rows(db, table) for table in held} == held
    before = path.with_name(f"desk.sqlite3.before-{schema + 1:04}")
    assert examine(before).schema == schema
