"""Workers on several machines share one search in a real PostgreSQL."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.process import PROGRAM, environment
from tests.servers.postgres import PASSWORD, Postgres

pytestmark = pytest.mark.real

WORDS = ("--strategy", "recycle", "--symbol", "SBER", "--days", "30", "--seed", "7", "--dead-after-s", "3", "--json")
GRID = ("--grid", "k=0.1:0.3:0.1", "--grid", "stop=0.4:0.8:0.2")
RUNNING = """
SELECT count(*) FROM trials JOIN trial_user_attributes USING (trial_id) WHERE state = 'RUNNING' AND key = 'started'
"""
FINISHED = """
SELECT value_json FROM trials JOIN trial_user_attributes USING (trial_id) WHERE state = 'COMPLETE' AND key = 'values'
"""
STATES = "SELECT state FROM trials"


@contextmanager
def machine(url: str, where: Path) -> Iterator[subprocess.Popen[str]]:
    """One command line with one worker; where: its own data directory, as on a machine of its own."""
    words = (*PROGRAM, "optimise", *WORDS, *GRID, "--workers", "1", "--storage", url, "--data-dir", str(where))
    with subprocess.Popen(
        words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def asked(url: str, question: str) -> list[Any]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute(question)]


def worker_of(process: subprocess.Popen[str]) -> int | None:
    """Its one child, once there is one."""
    told = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return int(told[0]) if told else None


def stopped_at_work(url: str, process: subprocess.Popen[str]) -> int:
    """The worker, stopped in the middle of a trial."""
    while True:
        while asked(url, "SELECT to_regclass('trials')") == [None] or asked(url, RUNNING) != [1]:
            assert process.poll() is None
        worker = worker_of(process)
        assert worker is not None
        os.kill(worker, signal.SIGSTOP)
        if asked(url, RUNNING) == [1]:
            return worker
        os.kill(worker, signal.SIGCONT)


def answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def test_a_machine_is_killed_in_the_middle_of_a_trial_and_the_other_finishes(
    postgres: Postgres, tmp_path: Path
) -> None:
    """Nine points: every one is finished, none twice; what the dead one had begun is failed and tried again."""
    url = postgres.database()
    with machine(url, tmp_path / "dead") as dead:
        worker = stopped_at_work(url, dead)
        dead.kill()
        os.kill(worker, signal.SIGKILL)
    with machine(url, tmp_path / "alive") as alive:
        found = answer(alive)
    assert (found["points"], len(found["list"]), found["failed"]) == (9, 9, [])
    finished = Counter(asked(url, FINISHED))
    assert (len(finished), set(finished.values())) == (9, {1})
    assert Counter(asked(url, STATES))["FAIL"] >= 1


def test_two_machines_at_once_share_the_points(postgres: Postgres, tmp_path: Path) -> None:
    """Begun together, on a database without a table: both say the same, and no point was tried twice."""
    url = postgres.database()
    with machine(url, tmp_path / "one") as one, machine(url, tmp_path / "other") as other:
        assert answer(one) == answer(other)
    finished = Counter(asked(url, FINISHED))
    assert (len(finished), set(finished.values())) == (9, {1})


def test_a_database_that_goes_away_is_waited_for(postgres: Postgres, tmp_path: Path) -> None:
    """It crashes in the middle of a trial and comes back; the search ends as if nothing had been."""
    url = postgres.database()
    with machine(url, tmp_path) as process:
        worker = stopped_at_work(url, process)
        with postgres.away():
            os.kill(worker, signal.SIGCONT)
        found = answer(process)
    assert (found["points"], len(found["list"]), found["failed"]) == (9, 9, [])
    finished = Counter(asked(url, FINISHED))
    assert (len(finished), set(finished.values())) == (9, {1})


def test_a_password_of_the_environment_reaches_the_workers(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are given no environment: it goes with their work."""
    url = postgres.database()
    user, at, rest = url.rpartition("@")
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    with machine(f"{user.rpartition(':')[0]}{at}{rest}", tmp_path) as process:
        assert answer(process)["points"] == 9


def test_a_login_that_is_refused_is_told_at_once(postgres: Postgres, tmp_path: Path) -> None:
    """Not waited for, as a database that is away is; and without a word of the address."""
    user, at, rest = postgres.database().rpartition("@")
    with machine(f"{user.rpartition(':')[0]}:no-secret{at}{rest}", tmp_path) as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the database refuses this login" in said
    assert not any(word in said for word in ("secret", "127.0.0.1", "FATAL"))
