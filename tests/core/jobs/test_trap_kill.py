"""kill -9 in the middle of placing, stashing, restoring and cancelling: exactly what was asked, and nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest

from tests.process import Desk, start

TOKEN = {"OPENOUTCRY_SERVER__API_TOKEN": "test-token", "OPENOUTCRY_JOBS__NUKE_LEVELS": "[1,2,3,4,5,6,7,8,9,10]"}
TEN = [f"{200 - 2 * level}" for level in range(10, 0, -1)]


@contextmanager
def still(data_dir: Path, point: str = "") -> Iterator[Desk]:
    env = {**TOKEN, **({"OPENOUTCRY_CRASHPOINT": point} if point else {})}
    with start("demo", "--port", 0, "--data-dir", data_dir, "--still", env=env) as desk:
        desk.token = "test-token"
        yield desk.ready()


def standing(desk: Desk) -> list[str]:
    """Prices of what works at the broker."""
    return sorted(row["stop_price"] for row in desk.items("orders") if row["state"] == "OPEN")


def ten(desk: Desk) -> None:
    desk.book("SBER", "200", "200")
    desk.say("/nuke SBER 100000")
    assert standing(desk) == TEN


def until_killed(desk: Desk, method: str, path: str, body: Any) -> None:
    with suppress(URLError, ConnectionError, OSError):
        desk.ask(method, path, body)
    assert desk.process.wait(30) == -9


@pytest.mark.parametrize("point", ["traps.mid:3", "task.post_commit", "intent.post_commit:4", "send.marked:5"])
def test_tm_44_a_kill_in_the_middle_of_placing(tmp_path: Path, point: str) -> None:
    """Ten were asked for: after the restart ten stand, each once."""
    with still(tmp_path / "d", point) as desk:
        desk.book("SBER", "200", "200")
        until_killed(desk, "POST", "/api/v1/commands", {"text": "/nuke SBER 100000"})
    with still(tmp_path / "d") as desk:
        desk.wait_for("tasks", lambda rows: rows and all(row["state"] == "DONE" for row in rows))
        assert standing(desk) == TEN


@pytest.mark.parametrize("point", ["restore.mid:3", "restore.mid:8"])
def test_tm_54_a_kill_in_the_middle_of_a_restore(tmp_path: Path, point: str) -> None:
    """Five that are not in the stash go, ten come back; the second run ends with exactly those ten."""
    with still(tmp_path / "d") as desk:
        ten(desk)
        desk.say("/stash")
        desk.say("/cancel")
        assert desk.ask("PUT", "/api/v1/tunables", {"nuke_levels": [15, 16, 17, 18, 19]})[0] == 200
        desk.say("/nuke SBER 100000")
        assert len(standing(desk)) == 5
        desk.kill()
    with still(tmp_path / "d", point) as desk:
        desk.book("SBER", "200", "200")
        until_killed(desk, "POST", "/api/v1/stop_orders", {})
    with still(tmp_path / "d") as desk:
        desk.wait_for("tasks", lambda rows: all(row["state"] == "DONE" for row in rows))
        assert standing(desk) == TEN
        kept = {row["name"]: len(row["orders"]) for row in desk.items("stashes")}
        assert kept == {"usual": 10, "undo": 5}


def test_w_15_a_kill_in_the_middle_of_a_stash(tmp_path: Path) -> None:
    """The old one stays whole, and so does what stands."""
    with still(tmp_path / "d", "stash.mid:2") as desk:
        ten(desk)
        desk.say("/stash")
        [row] = [r for r in desk.items("orders") if r["stop_price"] == "198"]
        assert row["state"] == "OPEN"
        until_killed(desk, "POST", "/api/v1/stop_orders/stash", {})
    with still(tmp_path / "d") as desk:
        assert [len(row["orders"]) for row in desk.items("stashes")] == [10]
        assert standing(desk) == TEN


def test_tm_60_a_kill_in_the_middle_of_a_cancel(tmp_path: Path) -> None:
    """What is left is found, and the next one takes it."""
    with still(tmp_path / "d", "cancel.mid:4") as desk:
        ten(desk)
        until_killed(desk, "POST", "/api/v1/commands", {"text": "/cancel"})
    with still(tmp_path / "d") as desk:
        desk.say("/cancel")
        assert standing(desk) == []
