"""`openoutcry move`: a desk goes from SQLite into PostgreSQL with everything it knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.process import run_program, start
from tests.servers.postgres import PASSWORD, Postgres

TOKEN = "a token of the desk"


def settings_of(tmp_path: Path, address: str = "") -> Path:
    path = tmp_path / ("moved.toml" if address else "settings.toml")
    path.write_text(
        f'[desk]\ndata_dir = "{tmp_path / "data"}"\ndatabase_url = "{address}"\n'
        f'[server]\nport = 0\napi_token = "{TOKEN}"\n[market]\nstill = true\n'
        '[[accounts]]\nname = "Testing"\nbroker = "paper"\n',
        encoding="utf-8",
    )
    return path


def moved(settings: Path, address: str) -> Any:
    return run_program("move", "--to", address, "--settings", settings)


@pytest.mark.real
def test_a_desk_goes_on_in_postgresql(postgres: Postgres, tmp_path: Path) -> None:
    """What it knew is there, its audit trail whole; it goes on counting; a second desk does not come on top of it."""
    address, settings = postgres.database(), settings_of(tmp_path)
    wanted = {"ticker": "SBER", "amount": 10, "sell": False}
    with start("run", "--settings", settings) as desk:
        desk.ready()
        _, first = desk.ask("POST", "/api/v1/sellbuy", wanted, token=TOKEN)
        while_it_runs = moved(settings, address)
        assert desk.stop() == 0
    assert (while_it_runs.returncode, "another desk runs" in while_it_runs.stderr) == (75, True)
    done = moved(settings, address)
    assert done.returncode == 0, done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    with start("run", "--settings", settings_of(tmp_path, address)) as desk:
        desk.ready()
        _, second = desk.ask("POST", "/api/v1/sellbuy", {**wanted, "amount": 20}, token=TOKEN)
        _, rows = desk.ask("GET", "/api/v1/sellbuy", token=TOKEN)
        assert {row["id"] for row in rows["items"]} == {first["id"], second["id"]}
    verified = run_program("audit", "verify", "--settings", settings_of(tmp_path, address))
    assert verified.stdout == "the audit trail is whole\n"
    again = moved(settings, address)
    assert (again.returncode, "holds a desk already" in again.stderr) == (1, True)


@pytest.mark.real
def test_what_postgresql_cannot_hold_leaves_nothing_behind(postgres: Postgres, tmp_path: Path) -> None:
    """A text with a NUL ends the move with the table's name; the database is as if nothing had been."""
    import sqlite3  # noqa: PLC0415 - spoils a journal by hand

    address, settings = postgres.database(), settings_of(tmp_path)
    with start("run", "--settings", settings) as desk:
        desk.ready()
        assert desk.stop() == 0
    db = sqlite3.connect(tmp_path / "data" / "desk.sqlite3")
    db.execute("INSERT INTO flags (key, value) VALUES ('spoilt', 'a' || char(0) || 'b')")
    db.commit()
    db.close()
    told = moved(settings, address)
    assert (told.returncode, "flags: PostgreSQL cannot hold a row" in told.stderr) == (1, True)
    with psycopg.connect(address) as there:
        assert there.execute("SELECT count(*) FROM desk").fetchone() == (0,)


@pytest.mark.parametrize(
    ("address", "words"),
    [("mysql://of-the-desk", "--to: must be postgresql://"), ("postgresql://127.0.0.1:1/none", "no journal yet")],
)
def test_what_cannot_be_moved_is_said(tmp_path: Path, address: str, words: str) -> None:
    """A wrong address, and a place without a journal."""
    told = moved(settings_of(tmp_path), address)
    assert told.returncode in {1, 2}
    assert words in told.stderr
    assert "of-the-desk" not in told.stderr
