"""Commands of the settings, given at every start."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from tests.process import demo

ENV = {"OPENOUTCRY_DESK__AT_START": '["/queue add SBER 10 buy", "/nonsense"]'}


def test_tc_08_a_configured_command_runs_once_a_start(tmp_path: Path) -> None:
    """By the owner, and its answer is told; what cannot be done says so and keeps nobody from trading."""
    for starts in (1, 2):
        with demo(tmp_path / "d", env=ENV) as desk:
            told = desk.wait_for("notices", partial(both_told, starts))
            assert len(desk.items("sellbuy")) == starts
            assert [row["kind"] for row in told if "nonsense" in row["text"]] == ["refused"] * starts


def both_told(starts: int, rows: list[dict[str, Any]]) -> bool:
    return all(sum(word in row["text"] for row in rows) == starts for word in ("/sellbuy", "nonsense"))
