"""What lies in examples/ works, and names nothing that is not there."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.process import HOUSE, demo

EXAMPLES = HOUSE / "examples"


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_tv_41_a_strategy_outside_reads_prices_and_posts_an_alert(tmp_path: Path) -> None:
    """Prices fall, then jump: the averages cross, the script says buy, and the desk has the alert."""
    env = {"OPENOUTCRY_PRICES__EVERY_S": "0.01", "OPENOUTCRY_HUB__TOKEN": "a token for a strategy"}
    with demo(tmp_path / "d", env=env) as desk:
        for count, price in enumerate([300 - n for n in range(9)] + [400], 2):
            desk.book("SBER", f"{price}", f"{price}.02")
            _until_kept(desk, count)
        words = ["--desk", desk.url, f"--token={desk.token}", "--hub-token", "a token for a strategy", "--every", "0"]
        done = subprocess.run(
            [sys.executable, EXAMPLES / "crossing.py", *words, "SBER"], capture_output=True, text=True, check=True
        )
        assert done.stdout == "buy SBER at 400.01 OK\n"
        (row,) = desk.items("alerts")
        assert (row["source"], row["action"], row["order_ids"]) == ("hub", "BUY", [])


def _until_kept(desk: Any, count: int) -> None:
    for _ in range(2000):
        _, page = desk.ask("GET", "/api/v1/prices/SBER?limit=1000")
        if len(page["items"]) >= count:
            return
    raise AssertionError("the price was not kept")


def test_the_strategy_waits_for_a_crossing() -> None:
    """No word while the averages keep their order, nor before there are enough prices."""
    direction = load(EXAMPLES / "crossing.py").direction
    rising = [Decimal(n) for n in range(20, 0, -1)]
    assert direction(rising) is None
    assert direction(rising[:9]) is None
    assert direction([Decimal(1), *rising]) == "sell"


def steps(panel: dict[str, Any]) -> list[tuple[float | None, str]]:
    return [(step["value"], step["color"]) for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]]


@pytest.mark.parametrize(("value", "colour"), [(15, "red"), (50, "orange"), (85, "green")])
def test_tv_40_tiles_have_the_colours_of_alerts(value: int, colour: str) -> None:
    """Thresholds 16 and 84; sell red, outdated orange, buy green."""
    board = json.loads((EXAMPLES / "grafana" / "alerts.json").read_text(encoding="utf-8"))
    (panel,) = board["panels"]
    assert steps(panel) == [(None, "red"), (16, "orange"), (84, "green")]
    assert [c for least, c in steps(panel) if least is None or value >= least][-1] == colour
    assert (board["refresh"], board["time"]["from"], board["weekStart"]) == ("5s", "now-5m", "monday")
    assert (panel["gridPos"]["w"], panel["gridPos"]["h"], panel["maxDataPoints"]) == (24, 9, 5)


def test_rules_and_dashboards_name_only_what_is_measured(tmp_path: Path) -> None:
    """Every metric they ask for is in /metrics."""
    asked = set()
    for path in (EXAMPLES / "prometheus" / "rules.yml", EXAMPLES / "grafana" / "desk.json"):
        asked |= set(re.findall(r"\b(?:openoutcry|process)_\w+", path.read_text(encoding="utf-8")))
    with demo(tmp_path / "d", env={"OPENOUTCRY_TARGETS__CONSOLE__ON": "true"}) as desk:
        _, text = desk.ask("GET", "/metrics")
    told = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    named = {name for name in asked if name.removesuffix("_bucket") not in told}
    assert named == set()
    assert len(asked) > 15
