"""Both journals keep the same: tables, columns, what may be nothing, what stands where nothing was said."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import psycopg
import pytest

from core.clock import ManualClock
from storage.postgres.migrations import known as of_postgres
from storage.sqlite.migrations import known as of_sqlite
from tests.contracts.samples import NOON
from tests.servers.postgres import Postgres

TYPES = {"bigint": "INTEGER", "text": "TEXT", "double precision": "REAL"}
Column = tuple[str, str, str, bool, str]
"""Table, name, type, whether it may be nothing, default."""


def test_each_step_is_there_twice() -> None:
    """Who writes a migration for one writes it for the other; PostgreSQL's first is SQLite's eleventh."""
    numbers = [migration.number for migration in of_postgres()]
    assert numbers == list(range(11, of_sqlite()[-1].number + 1))


def in_sqlite() -> set[Column]:
    with closing(sqlite3.connect(":memory:")) as db:
        for migration in of_sqlite():
            db.executescript(migration.sql)
        found = db.execute(
            'SELECT tables.name, columns.name, columns.type, columns."notnull" OR columns.pk, '
            "coalesce(columns.dflt_value, '') FROM pragma_table_list AS tables, "
            "pragma_table_info(tables.name) AS columns WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%'"
        )
        return {(table, name, kind, not required, default) for table, name, kind, required, default in found}


@pytest.mark.real
async def test_tables_and_columns_are_the_same(postgres: Postgres) -> None:
    """Apart from the one table in which PostgreSQL's journal keeps its number and epoch."""
    from storage.postgres import open_store  # noqa: PLC0415 - the rest needs no extra

    address = postgres.database()
    await (await open_store(address, ManualClock(NOON))).close()
    with psycopg.connect(address) as db:
        found = db.execute(
            "SELECT table_name, column_name, data_type, is_nullable = 'YES', coalesce(column_default, '') "
            "FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'journal'"
        ).fetchall()
    there = {
        (table, name, TYPES[kind], optional, default.partition("::")[0])
        for table, name, kind, optional, default in found
    }
    assert there == in_sqlite()
