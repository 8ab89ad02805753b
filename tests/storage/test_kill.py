"""A desk that is killed without warning."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.values.ids import AlertId
from storage.sqlite import open_store
from storage.sqlite.migrations import known, migrate
from tests.contracts.samples import NOON, alert

ROOT = Path(__file__).parents[2]


def acknowledged_by_a_killed_desk(path: Path, enough: int) -> set[str]:
    """kill -9 after `enough` receipts; every whole line it printed is a promise."""
    command = [sys.executable, "-m", "tests.storage.burst", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as desk:
        assert desk.stdout is not None
        lines = [desk.stdout.readline() for _ in range(enough)]
        desk.kill()
        lines += desk.stdout.readlines()
    return {line.decode().strip() for line in lines if line.endswith(b"\n")}


def test_killed_in_a_migration_is_whole_again_at_the_next_start(tmp_path: Path) -> None:
    """The file stands at the last migration that was whole, and the next start makes the rest."""
    path = tmp_path / "journal.db"
    before = 0
    for count, (number, _) in enumerate(known(), 1):
        code = (
            "import sqlite3, sys; from pathlib import Path; from core.crashpoints import arm;"
            "from storage.sqlite.migrations import known, migrate;"
            f"arm('migrate.mid'); migrate(sqlite3.connect(sys.argv[1]), Path(sys.argv[1]), known()[:{count}])"
        )
        killed = subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, check=False)
        assert killed.returncode == -signal.SIGKILL
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            assert db.execute("PRAGMA user_version").fetchone() == (before,)
            migrate(db, path, known()[:count])
            assert db.execute("PRAGMA user_version").fetchone() == (number,)
        before = number


@pytest.mark.parametrize("enough", [1, 500])
async def test_killed_in_a_burst_loses_no_acknowledged_alert(tmp_path: Path, enough: int) -> None:
    """Each id that was told before the kill is in the file, and the next start takes up from there."""
    path = tmp_path / "journal.db"
    told = acknowledged_by_a_killed_desk(path, enough)
    assert len(told) >= enough
    store = await open_store(path, ManualClock(NOON))
    waiting = {record.id for record in await store.waiting_alerts()}
    resent = await store.accept_alert(alert(), AlertId("again"), next(iter(told)))
    await store.close()
    assert told <= waiting
    assert resent.alert_id in told
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
