"""A restored desk is the old one, halted, and notices when the old one still lives."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.values.errors import Broken
from openoutcry.backup import make
from openoutcry.latch import FileLatch
from openoutcry.lock import Locked, only_desk
from openoutcry.restore import restore
from storage.vault import BACKUP, KeyFile, key_file
from tests.care.desks import ROWS, ask, make_journal
from tests.contracts.samples import NOON
from tests.process import run_program, start


async def backed_up(data_dir: Path) -> tuple[Path, KeyFile]:
    await make_journal(data_dir)
    return make(data_dir, data_dir, NOON).path, key_file(data_dir, BACKUP)


async def test_a_desk_comes_back_on_another_machine(tmp_path: Path) -> None:
    """Its id and rows; halted; the key that was brought along opens its next backups too; the trail tells of it."""
    backup, keys = await backed_up(tmp_path / "old")
    key_file(tmp_path / "old").read()
    new = tmp_path / "new"
    done = await restore(backup, new, keys, force=False)
    desk = ask(new / "desk.sqlite3", "SELECT desk_id FROM desk")
    assert desk == ask(tmp_path / "old" / "desk.sqlite3", "SELECT desk_id FROM desk") == int(done.facts.desk, 16)
    assert ask(new / "desk.sqlite3", "SELECT action FROM audit ORDER BY seq DESC") == "backup.restored"
    halt = FileLatch(new).read()
    assert halt is not None
    assert f"restored from the backup of {NOON.isoformat()}" in halt.reason
    assert (new / "backup.key").read_bytes() == (tmp_path / "old" / "backup.key").read_bytes()


async def test_a_journal_that_stands_there_is_not_lost(tmp_path: Path) -> None:
    """Without --force nothing changes; with it the old one is kept aside."""
    backup, keys = await backed_up(tmp_path / "old")
    other = await make_journal(tmp_path / "new")
    with pytest.raises(Broken, match="--force"):
        await restore(backup, tmp_path / "new", keys, force=False)
    assert ask(tmp_path / "new" / "desk.sqlite3", "SELECT desk_id FROM desk") == other
    assert FileLatch(tmp_path / "new").read() is None
    done = await restore(backup, tmp_path / "new", keys, force=True)
    [aside] = done.aside
    assert ask(aside, "SELECT desk_id FROM desk") == other


async def test_a_log_goes_aside_with_its_journal(tmp_path: Path) -> None:
    """What a killed desk had committed is in its log alone: neither lost nor mixed into the restored journal."""
    backup, keys = await backed_up(tmp_path / "old")
    new = tmp_path / "new"
    await make_journal(new)
    with closing(sqlite3.connect(new / "desk.sqlite3")) as db:
        db.execute("INSERT INTO flags (key, value) VALUES ('late', 'x')")
        db.commit()
        for name in ("desk.sqlite3", "desk.sqlite3-wal"):  # as a kill leaves them: nobody copied the log
            shutil.copy(new / name, tmp_path / name)
    for name in ("desk.sqlite3", "desk.sqlite3-wal"):
        shutil.move(tmp_path / name, new / name)
    done = await restore(backup, new, keys, force=True)
    late = "SELECT count(*) FROM flags WHERE key = 'late'"
    assert ask(done.aside[0], late) == 1
    assert ask(new / "desk.sqlite3", late) == 0


async def test_a_restored_desk_survives_a_power_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Journal and vault's key are on the disk before they take their names, and then these."""
    (tmp_path / "old").mkdir()
    key_file(tmp_path / "old").read()
    backup, keys = await backed_up(tmp_path / "old")
    new, fsync = tmp_path / "new", os.fsync
    synced: list[tuple[Path, bool]] = []

    def noting(handle: int) -> None:
        synced.append((Path(f"/proc/self/fd/{handle}").readlink(), (new / "desk.sqlite3").exists()))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", noting)
    await restore(backup, new, keys, force=False)
    before = {path.name for path, in_place in synced if not in_place}
    assert {"desk.sqlite3", "vault.key"} <= before
    assert (new, True) in synced


async def test_no_restore_under_a_running_desk(tmp_path: Path) -> None:
    """Not even with --force."""
    backup, keys = await backed_up(tmp_path / "old")
    with only_desk(tmp_path / "old"), pytest.raises(Locked):
        await restore(backup, tmp_path / "old", keys, force=True)


async def test_a_damaged_backup_touches_nothing(tmp_path: Path) -> None:
    """It is read to its end before the first file is moved."""
    backup, keys = await backed_up(tmp_path / "old")
    text = bytearray(backup.read_bytes())
    text[-1] ^= 1
    backup.write_bytes(text)
    other = await make_journal(tmp_path / "new")
    with pytest.raises(Broken):
        await restore(backup, tmp_path / "new", keys, force=True)
    assert ask(tmp_path / "new" / "desk.sqlite3", "SELECT desk_id FROM desk") == other


def settings_of(data_dir: Path) -> Path:
    path = data_dir.parent / f"{data_dir.name}.toml"
    account = '[[accounts]]\nname = "Testing"\nbroker = "paper"\n'
    text = f'[desk]\ndata_dir = "{data_dir}"\n[server]\nport = 0\napi_token = "test-token"\n{account}'
    path.write_text(text, encoding="utf-8")
    return path


def test_orders_and_positions_are_there_again(tmp_path: Path) -> None:
    """The whole way by command line: exit 75 while the desk runs, then a desk that is halted until it is armed."""
    old, new = settings_of(tmp_path / "old"), settings_of(tmp_path / "new")
    with start("run", "--settings", old) as desk:
        desk.ready().token = "test-token"
        desk.say("/buy 10 SBER")
        [order] = desk.items("orders")
        backup = run_program("backup", "--settings", old).stdout.split()[0]
        assert run_program("restore", backup, "--settings", old, "--force").returncode == 75
        desk.kill()
    assert "name it by --key" in run_program("restore", backup, "--settings", new).stderr
    key = tmp_path / "old" / "backup.key"
    done = run_program("restore", backup, "--settings", new, "--key", key)
    assert (done.returncode, "HALTED" in done.stdout) == (0, True), done.stderr
    with start("run", "--settings", new) as desk:
        desk.ready().token = "test-token"
        assert order["id"] in {row["id"] for row in desk.items("orders")}
        assert [row["risk_state"] for row in desk.items("accounts")] == ["HALTED"]
        assert "restored" in json.dumps(desk.items("log"))
    assert run_program("audit", "verify", "--settings", new).returncode == 0


async def test_the_audit_trail_goes_on_where_it_was(tmp_path: Path) -> None:
    """Old rows keep their hashes, and the restore is one more row."""
    backup, keys = await backed_up(tmp_path / "old")
    await restore(backup, tmp_path / "new", keys, force=False)
    assert ask(tmp_path / "new" / "desk.sqlite3", "SELECT count(*) FROM audit") == ROWS + 1
