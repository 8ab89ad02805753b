"""When health checks are done, what is kept of them, and who hears of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.services.health_checks import LOOK_S, Check, HealthChecks, Verdict, night
from core.values.errors import Transient
from core.values.orders import Refused
from tests.collecting import new_york
from tests.core.services.test_visuals import TUESDAY
from tests.desk import TestDesk, opened

NEW_YORK = ZoneInfo("America/New_York")


class Examiner:
    """Says what it is told to say of each check, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Check, Mapping[str, str]]] = []
        self.fails: set[Check] = set()
        self.away = False
        self.let_go = asyncio.Event()
        self.let_go.set()

    async def perform(self, check: Check, asked: Mapping[str, str]) -> Verdict:
        self.asked.append((check, asked))
        await self.let_go.wait()
        if self.away:
            raise Transient("no process")
        return Verdict(check not in self.fails, [f"{check} was looked at"])


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[TestDesk]:
    """On a Tuesday, at 17:59 in New York."""
    async with opened(tmp_path, began=new_york(TUESDAY, "17:59")) as desk:
        yield desk


@pytest.fixture
def examiner() -> Examiner:
    return Examiner()


@pytest.fixture
async def checks(desk: TestDesk, examiner: Examiner) -> AsyncIterator[HealthChecks]:
    found = HealthChecks(desk.engine.desk, examiner.perform, ["SBER"], NEW_YORK)
    yield found
    await found.close()


@pytest.mark.parametrize(
    ("local", "began"),
    [
        ("2026-06-16T17:59:59", None),
        ("2026-06-16T18:00:00", "2026-06-16"),
        ("2026-06-17T00:30:00", "2026-06-16"),
        ("2026-06-17T05:59:59", "2026-06-16"),
        ("2026-06-17T06:00:00", None),
        ("2026-03-08T05:30:00", "2026-03-07"),  # an hour was left out in it
        ("2026-11-01T01:30:00", "2026-10-31"),
    ],
)
def test_tc_51_the_night_is_the_exchanges(local: str, began: str | None) -> None:
    """From 18:00 to 6:00 by its own clock, whichever of them is summer time."""
    now = datetime.fromisoformat(local).replace(tzinfo=NEW_YORK).astimezone(UTC)
    wanted = None if began is None else datetime.fromisoformat(f"{began}T18:00:00").replace(tzinfo=NEW_YORK)
    assert night(now, NEW_YORK) == wanted


async def test_tc_51_each_check_is_done_once_a_night(desk: TestDesk, checks: HealthChecks, examiner: Examiner) -> None:
    """Not by day; all six in the evening; again the next evening, with a newer time."""
    assert await checks.look() == []
    await desk.clock.advance(60)
    assert [result.check for result in await checks.look()] == list(Check)
    assert await checks.look() == []
    await desk.clock.advance(8 * 3600)
    assert await checks.look() == []
    first = checks.results()
    await desk.clock.advance(16 * 3600)
    assert len(await checks.look()) == len(Check)
    for before, after in zip(first, checks.results(), strict=True):
        assert after.at - before.at == timedelta(hours=24)
    assert all(asked == {} for _, asked in examiner.asked)


async def test_tc_51_a_desk_that_runs_looks_by_itself(desk: TestDesk, checks: HealthChecks, examiner: Examiner) -> None:
    """Every five minutes whether it is night."""
    running = asyncio.create_task(checks.run())
    await desk.breathe()
    assert examiner.asked == []
    await desk.clock.advance(LOOK_S)
    await desk.breathe()
    await desk.breathe()
    assert {check for check, _ in examiner.asked} == set(Check)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_tc_50_on_demand_one_at_a_time(checks: HealthChecks, examiner: Examiner) -> None:
    """Nothing before the first; while one is done others are refused, its result is there afterwards."""
    assert checks.result(Check.DATA) is None
    examiner.let_go.clear()
    assert checks.perform(Check.DATA, {"symbol": "SBER"}) is None
    assert checks.perform(Check.DIP45, {}) == Refused("one_at_a_time")
    examiner.let_go.set()
    assert checks._single.begun is not None
    await checks._single.begun
    result = checks.result(Check.DATA)
    assert result is not None
    assert (result.verdict.status, result.verdict.said) == ("PASSED", ["DATA was looked at"])
    assert checks.perform(Check.DIP45, {}) is None


async def test_tc_50_a_symbol_that_is_not_collected_is_refused(checks: HealthChecks) -> None:
    """By name."""
    assert checks.perform(Check.DATA, {"symbol": "TXN"}) == Refused("not_collected", {"ticker": "TXN"})


async def test_a_check_that_cannot_be_done_has_failed(desk: TestDesk, checks: HealthChecks, examiner: Examiner) -> None:
    """And says why; the others are done all the same."""
    await desk.clock.advance(60)
    examiner.away = True
    results = await checks.look()
    assert {result.verdict.status for result in results} == {"FAILED"}
    assert results[0].verdict.said == ["it could not be done: no process"]


async def test_a_failure_is_told_once(desk: TestDesk, checks: HealthChecks, examiner: Examiner) -> None:
    """Until it passes again: then the next one is news."""
    await desk.clock.advance(60)
    examiner.fails = {Check.DATA}
    for _ in range(2):
        await checks.look()
        await desk.clock.advance(24 * 3600)
    [notice] = await desk.notices("health_check.failed")
    assert notice.params == {"name": "DATA"}
    assert notice.lines[0].params == {"text": "DATA was looked at"}
    for fails in (set[Check](), {Check.DATA}):
        examiner.fails = fails
        await checks.look()
        await desk.clock.advance(24 * 3600)
    assert len(await desk.notices("health_check.failed")) == 2


async def test_a_check_by_hand_is_not_the_nights(desk: TestDesk, checks: HealthChecks, examiner: Examiner) -> None:
    """Of one symbol, in the night: it is shown and calls nobody; the night's is done all the same, and is news."""
    await desk.clock.advance(60)
    examiner.fails = {Check.DATA}
    assert checks.perform(Check.DATA, {"symbol": "SBER"}) is None
    assert checks._single.begun is not None
    await checks._single.begun
    result = checks.result(Check.DATA)
    assert result is not None
    assert result.verdict.status == "FAILED"
    assert await desk.notices("health_check.failed") == []
    assert len(await checks.look()) == len(Check)
    assert len(await desk.notices("health_check.failed")) == 1


async def test_results_outlive_a_restart(desk: TestDesk, checks: HealthChecks, examiner: Examiner) -> None:
    """And are not asked for again in the same night."""
    await desk.clock.advance(60)
    examiner.fails = {Check.DIP45}
    await checks.look()
    again = HealthChecks(desk.engine.desk, examiner.perform, ["SBER"], NEW_YORK)
    await again.load()
    assert again.results() == checks.results()
    assert await again.look() == []
