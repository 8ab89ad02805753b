"""People on the command line, while the desk is down and while it runs."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.process import HOUSE, PROGRAM, Desk, environment, start

PASSWORD = "a password nobody may read"
BROKER_SECRETS = {
    "api_key": "key nobody may read",
    "password": "a pin nobody may read",
    "totp_secret": "JBSWY3DPEHPK3PXP",
}


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text(
        f'[desk]\ndata_dir = "{tmp_path / "data"}"\n[server]\nport = 0\n[market]\nstill = true\n'
        '[[accounts]]\nname = "Testing"\nbroker = "paper"\n[[people]]\nname = "Ann"\nrole = "viewer"\n',
        encoding="utf-8",
    )
    return path


def say(settings: Path, *arguments: str, given: str = PASSWORD) -> Any:
    return subprocess.run(
        [*PROGRAM, *arguments, "--settings", str(settings)],
        env=environment(),
        cwd=HOUSE,
        input=f"{given}\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def add(settings: Path, name: str, role: str = "trader", given: str = PASSWORD) -> Any:
    return say(settings, "user", "add", name, "--role", role, "--password-stdin", given=given)


def token_of(settings: Path, name: str) -> str:
    made = say(settings, "token", "new", "--user", name)
    assert made.returncode == 0, made.stderr
    return str(made.stdout).strip()


def seen_by(desk: Desk, token: str, name: str = "users") -> Any:
    return desk.ask("GET", f"/api/v1/{name}", token=token)


def test_ao_01_a_person_added_while_the_desk_is_down_is_known_when_it_runs(settings: Path, tmp_path: Path) -> None:
    """By a token that was printed once; no file holds it or the password."""
    assert add(settings, "Bob").returncode == 0
    token = token_of(settings, "bob")
    with start("run", "--settings", settings) as desk:
        desk.ready()
        status, answer = seen_by(desk, token)
        assert (status, [(row["username"], row["role"]) for row in answer["items"]]) == (200, [("Bob", "trader")])
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert token.encode() not in kept
    assert PASSWORD.encode() not in kept


def test_ao_01_a_running_desk_learns_of_people_at_once(settings: Path, tmp_path: Path) -> None:
    """The token works when it has been printed; nothing of the errand is left."""
    with start("run", "--settings", settings) as desk:
        desk.ready()
        assert add(settings, "Bob", "admin").returncode == 0
        assert seen_by(desk, token_of(settings, "Bob"), "log")[0] == 200
    assert list((tmp_path / "data" / "errands").iterdir()) == []
    assert stat.S_IMODE((tmp_path / "data" / "errands").stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["bob", "ann", "owner", "b b", "x/y", "-"])
def test_a_name_that_is_taken_or_none_is_refused(settings: Path, name: str) -> None:
    """1 with the reason, of people of the settings as well, in any case."""
    add(settings, "Bob")
    said = add(settings, name) if name != "-" else say(settings, "token", "new", "--user", "nobody")
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr.startswith("openoutcry: ")
    assert PASSWORD not in said.stderr


def test_a_new_person_is_spoken_to_in_the_language_asked_for(settings: Path) -> None:
    """Else in the desk's own."""
    assert (
        say(settings, "user", "add", "Ivan", "--role", "viewer", "--language", "ru", "--password-stdin").returncode == 0
    )
    assert add(settings, "Bob").returncode == 0
    with start("run", "--settings", settings) as desk:
        desk.ready()
        spoken = [seen_by(desk, token_of(settings, name))[1]["items"][0]["language"] for name in ("Ivan", "Bob")]
    assert spoken == ["ru", "en"]


def test_a_running_desk_says_why_not(settings: Path) -> None:
    """The reason comes back to who asked."""
    with start("run", "--settings", settings) as desk:
        desk.ready()
        said = add(settings, "ann")
        assert (said.returncode, said.stderr) == (1, "openoutcry: The name ann is taken.\n")


@pytest.mark.parametrize("given", ["", "short", "x" * 201])
def test_a_password_has_a_length(settings: Path, given: str) -> None:
    """Bad usage."""
    assert add(settings, "Bob", given=given).returncode == 2


def test_ao_03_added_credentials_are_in_no_file(settings: Path, tmp_path: Path) -> None:
    """Write-only, sealed in the journal, and readable after a restart and a rotated key."""
    add(settings, "Bob")
    token = token_of(settings, "Bob")
    account = {"name": "Bobs", "broker": "angelone", "client_id": "B1", "credentials": BROKER_SECRETS}
    with start("run", "--settings", settings) as desk:
        desk.ready()
        status, row = desk.ask("POST", "/api/v1/accounts", account, token)
        assert (status, row["broker"], row["mode"]) == (201, "angelone", "paper")
        told = [seen_by(desk, token, name) for name in ("accounts", "notices")]
        assert say(settings, "vault", "rotate").returncode == 75
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in BROKER_SECRETS.values():
        assert secret.encode() not in kept
        assert secret not in str(told)
    assert say(settings, "vault", "rotate").stdout == "sealed anew: 1\n"
    with start("run", "--settings", settings) as desk:
        desk.ready()
        assert [row["name"] for row in seen_by(desk, token, "accounts")[1]["items"]] == ["Bobs"]
