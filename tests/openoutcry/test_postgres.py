"""A desk whose journal is in PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.process import run_program, start
from tests.servers.postgres import PASSWORD, Postgres

TOKEN = "a token of the desk"


def settings_of(tmp_path: Path, address: str) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text(
        f'[desk]\ndata_dir = "{tmp_path / "data"}"\ndatabase_url = "{address}"\n'
        f'[server]\nport = 0\napi_token = "{TOKEN}"\n[market]\nstill = true\n'
        '[[accounts]]\nname = "Testing"\nbroker = "paper"\n',
        encoding="utf-8",
    )
    return path


@pytest.mark.real
def test_a_killed_desk_finds_its_journal_again(postgres: Postgres, tmp_path: Path) -> None:
    """What it was told is in the database, not in the directory; the audit trail is whole; no log has the password."""
    settings = settings_of(tmp_path, postgres.database())
    with start("run", "--settings", settings) as desk:
        desk.ready()
        status, made = desk.ask("POST", "/api/v1/sellbuy", {"ticker": "SBER", "amount": 10, "sell": False}, token=TOKEN)
        assert status == 201, made
        desk.kill()
    with start("run", "--settings", settings) as desk:
        desk.ready()
        status, rows = desk.ask("GET", "/api/v1/sellbuy", token=TOKEN)
        assert [row["id"] for row in rows["items"]] == [made["id"]]
        assert desk.stop() == 0
    verified = run_program("audit", "verify", "--settings", settings)
    assert (verified.returncode, verified.stdout) == (0, "the audit trail is whole\n")
    assert not (tmp_path / "data" / "desk.sqlite3").exists()
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert PASSWORD.encode() not in kept


@pytest.mark.real
def test_backups_are_postgresqls(postgres: Postgres, tmp_path: Path) -> None:
    """Said, instead of a backup of nothing."""
    told = run_program("backup", "--settings", settings_of(tmp_path, postgres.database()))
    assert told.returncode == 1
    assert "pg_dump" in told.stderr


@pytest.mark.parametrize("wrong", ["mysql://desk:of-the-desk@host/desk", "of-the-desk"])
def test_another_address_is_refused_without_telling_it(tmp_path: Path, wrong: str) -> None:
    """Exit 2 with the setting's name; what was written may be a password."""
    told = run_program("check", "--settings", settings_of(tmp_path, wrong))
    assert told.returncode == 2
    assert "desk.database_url: must be postgresql://" in told.stderr
    assert "of-the-desk" not in told.stderr + told.stdout
