"""A desk that collects, from outside: its processes, visuals that come by themselves, checks in their own process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.process import Desk, demo

COLLECTS = {
    "OPENOUTCRY_COLLECT__SYMBOLS": '["SBER"]',
    "OPENOUTCRY_COLLECT__DAYS": "3",
    "OPENOUTCRY_DAY_TRADING__STRATEGIES": '["recycle"]',
    "OPENOUTCRY_DAY_TRADING__SYMBOLS": '["SBER"]',
}
WAIT_S = 60.0


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One for all tests: they ask it different things."""
    with demo(tmp_path_factory.mktemp("research") / "d", env=COLLECTS) as desk:
        yield desk


def told(desk: Desk, path: str) -> Any:
    """What a route answers once it has something to tell."""
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        status, answer = desk.ask("GET", path)
        if status == 200:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"nothing came of {path}")


def test_tc_05_processes_that_run_are_told(desk: Desk) -> None:
    """The day trader waits until the collector has loaded; the others are off."""
    told(desk, "/api/v1/visuals/get?visual_type=RUN_HISTORY&paper=true")  # they begin once data are loaded
    states = {each["name"]: each["state"] for each in told(desk, "/api/v1/research")["processes"]}
    assert states["collector"] == states["day_trader"] == "running"
    assert states["swing_trader"] == "off"


def test_tc_51_visuals_come_by_themselves(desk: Desk) -> None:
    """Nobody asked for them; the picture is one."""
    said = told(desk, "/api/v1/visuals/get?visual_type=PRICE_GRAPH&symbol=SBER")
    assert said["valid_days"] == 3
    assert [point["minutes"] for point in said["points"][-3:]] == [1440] * 3
    asked = Request(desk.url + said["picture"], headers={"Authorization": f"Bearer {desk.token}"})
    with urlopen(asked, timeout=30) as answer:
        assert answer.read().startswith(b"\x89PNG")


def test_tc_50_a_check_is_done_beside_the_desk(desk: Desk) -> None:
    """Of the candle store, on the desk's own disk; and its log has a feed of its own."""
    until = time.monotonic() + WAIT_S
    while desk.ask("POST", "/api/v1/health_checks/perform", {"check_type": "MONGO"})[0] == 503:
        assert time.monotonic() < until
        time.sleep(0.05)
    said = told(desk, "/api/v1/health_checks/get?check_type=MONGO")
    assert said["status"] == "PASSED", said
    assert any("MONGO: PASSED" in line for line in told(desk, "/api/v1/logs/health"))
