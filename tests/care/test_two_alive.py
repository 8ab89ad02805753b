"""Two desks alive from one backup: neither trades on for long without a word."""

from __future__ import annotations

import asyncio
import copy
from datetime import UTC, datetime
from pathlib import Path

from openoutcry.backup import make
from openoutcry.latch import FileLatch
from openoutcry.restore import restore
from storage.vault import BACKUP, key_file
from tests.crashes.rig import Rig, eventually


def twin_of(rig: Rig, folder: Path) -> Rig:
    """A second desk on the same broker, restored from the first one's backup, and armed by somebody in a hurry."""
    folder.mkdir()
    backup = make(rig.data_dir, folder, datetime.now(UTC)).path
    twin = copy.copy(rig)
    twin.data_dir, twin._desk = folder / "d", None
    asyncio.run(restore(backup, twin.data_dir, key_file(rig.data_dir, BACKUP), force=False))
    FileLatch(twin.data_dir).clear()
    twin.start()
    return twin


def halted(rig: Rig) -> bool:
    return [row["risk_state"] for row in rig.desk.items("accounts")] == ["HALTED"]


def test_b14_two_desks_of_one_backup_notice_each_other(tmp_path: Path) -> None:
    """The one hears of an order with its own id that its journal has not: it halts, and says whose order that is."""
    first = Rig(tmp_path / "one")
    try:
        first.start()
        second = twin_of(first, tmp_path / "two")
        try:
            assert not halted(second)
            first.send(first.entry("SBER"))
            eventually(lambda: halted(second), bool, 20)
            eventually(lambda: str(second.desk.items("log")), lambda log: "this desk, from after this journal" in log)
        finally:
            second.kill()
    finally:
        first.close()
