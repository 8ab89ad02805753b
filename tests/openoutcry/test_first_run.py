"""A desk that nobody can log in to says how the first admin gets in; the whole program, in its own process."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.process import PROGRAM, Desk, environment

ACCOUNT = '[[accounts]]\nname = "Testing"\nbroker = "paper"\n'
SAYS = "Make the first admin"


@contextmanager
def running(tmp_path: Path, more: str = "") -> Iterator[tuple[Desk, Path]]:
    """A desk that is ready, and what it says on standard error."""
    settings, said = tmp_path / "settings.toml", tmp_path / "said"
    settings.write_text(f'[desk]\ndata_dir = "{tmp_path}/d"\n[server]\nport = 0\n{more}\n{ACCOUNT}', encoding="utf-8")
    with (
        said.open("w", encoding="utf-8") as errors,
        subprocess.Popen(
            [*PROGRAM, "run", "--settings", str(settings)],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            yield Desk(process).ready(), said
        finally:
            process.terminate()
            process.wait(30)


def links(said: Path) -> list[str]:
    return [line.split()[-1] for line in said.read_text(encoding="utf-8").splitlines() if SAYS in line]


def test_the_first_run_prints_a_set_up_link(tmp_path: Path) -> None:
    """On standard error, not in the log; it makes the first admin, and the next run prints none."""
    ada = {"username": "ada", "password": "correct horse"}
    with running(tmp_path) as (desk, said):
        assert desk.ask("GET", "/livez")[0] == 200
        [url] = links(said)
        assert url.startswith(f"{desk.url}/setup#")
        key = url.partition("#")[2]
        assert desk.ask("POST", "/setup", {"key": key, **ada}, headers={"Origin": desk.url})[0] == 200
        assert desk.ask("POST", "/api/token", ada)[0] == 200
    logs = b"".join(each.read_bytes() for each in (tmp_path / "d" / "logs").rglob("*.*"))
    assert key.encode() not in logs
    with running(tmp_path) as (desk, said):
        assert desk.ask("POST", "/api/token", ada)[0] == 200
        assert links(said) == []


@pytest.mark.parametrize(
    "more",
    ['api_token = "a token of the owner"', '[[people]]\nname = "ann"\nrole = "trader"\ntoken = "hers, and long"'],
)
def test_who_can_log_in_needs_no_set_up(tmp_path: Path, more: str) -> None:
    """A token of the settings is a way in."""
    with running(tmp_path, more) as (desk, said):
        assert desk.ask("GET", "/livez")[0] == 200
        assert links(said) == []
