"""kill -9 at any point of a chasing /buy ends, after the restart, with exactly what was asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError

import pytest

from tests.process import Desk, start

TOKEN = {"OPENOUTCRY_SERVER__API_TOKEN": "test-token", "OPENOUTCRY_JOBS__PAUSE_S": "0.05"}
POINTS = (
    "task.post_commit",
    "task.claimed",
    "intent.pre_commit",
    "intent.post_commit",
    "intent.post_commit:2",
    "send.marked",
    "send.marked:2",
    "send.resp_in",
    "fill.pre_commit",
    "fill.post_commit",
    "cancel.mid",
)


@contextmanager
def still(data_dir: Path, point: str = "") -> Iterator[Desk]:
    env = {**TOKEN, **({"OPENOUTCRY_CRASHPOINT": point} if point else {})}
    with start("demo", "--port", 0, "--data-dir", data_dir, "--still", env=env) as desk:
        desk.token = "test-token"
        yield desk.ready()


def chase(desk: Desk) -> None:
    """Twenty of fifty fill, the market moves up, the order follows, the rest fills."""
    desk.ask("POST", "/api/v1/demo/market", {"ticker": "SBER", "bid": "98", "ask": "99", "ask_size": "20"})
    if desk.items("tasks")[0]["state"] != "DONE":
        desk.book("SBER", "100", "101")
        desk.wait_for("orders", lambda rows: any(r["price"] == "100" and r["state"] == "OPEN" for r in rows))
    desk.book("SBER", "99", "100")


@pytest.mark.parametrize("point", POINTS)
def test_w_02_a_kill_at_any_point_of_a_chase_ends_with_what_was_asked(tmp_path: Path, point: str) -> None:
    """Fifty pieces, not one more or less, however many orders it took; the task is done once."""
    with still(tmp_path / "d", point) as desk, suppress(URLError, ConnectionError, AssertionError):
        desk.book("SBER", "99", "101")
        desk.say("/buy 50 SBER")
        chase(desk)
        desk.process.wait(1)
    with still(tmp_path / "d") as desk:
        desk.book("SBER", "99", "101")
        if not desk.items("tasks"):
            desk.say("/buy 50 SBER")
        chase(desk)
        desk.wait_for("tasks", lambda rows: rows and all(row["state"] == "DONE" for row in rows))
        assert [row["done"] for row in desk.items("tasks")] == ["50"]
        assert [(row["ticker"], row["quantity"]) for row in desk.items("positions")] == [("SBER", "50")]
        assert not [row for row in desk.items("orders") if row["state"] in {"OPEN", "PART_FILLED", "SENT", "INTENDED"}]
