"""The six health checks: each passes on the built-in market's days, and fails where something is wrong."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest

from core.rules.candles import hours
from core.services.collecting import Collector, days_up_to
from core.services.health_checks import Check, Verdict
from core.values.candles import Columns, SymbolDay
from core.values.market import Candle
from core.values.money import Price
from kit.workers import Workers
from openoutcry.health_checks import CHECKS, LOAD_S_MAX, Bench, verdict
from storage.candles import open_candles
from storage.candles.store import ParquetCandles
from tests.collecting import TUESDAY, bench, new_york

MONDAY, FRIDAY = date(2026, 6, 15), date(2026, 6, 12)
DAYS = days_up_to("NYSE", MONDAY, 125)
NOW = new_york(TUESDAY, "08:00")


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of half a year of SBER by New York's hours."""
    path = tmp_path_factory.mktemp("half-a-year")
    it = bench(path, NOW)
    asyncio.run(Collector(it.store, it.clock).catch_up(it.subject, DAYS))
    return path / "candles"


@pytest.fixture
def it(collected: Path, tmp_path: Path) -> Bench:
    """A copy of it that a test may spoil."""
    shutil.copytree(collected, tmp_path / "candles")
    (tmp_path / "scratch").mkdir()
    return Bench(open_candles(tmp_path / "candles", 60), {"SBER": "NYSE"}, NOW, tmp_path / "scratch")


def done(check: Check, it: Bench, day: date | None = None) -> Verdict:
    return verdict(CHECKS[check](it, "SBER", day))


def failures(found: Verdict) -> list[str]:
    return [text for text in found.said if text.startswith("FAILED")]


def spoiled(it: Bench, days: Sequence[date], change: Callable[[list[Candle]], Sequence[Candle]]) -> None:
    """Put other bars in the place of those days'."""
    for day in days:
        kept = it.store.day("SBER", day)
        assert kept is not None
        it.store.save(replace(kept, bars=tuple(change(list(kept.bars)))))


def flat(bars: list[Candle]) -> Sequence[Candle]:
    """A market that stands still."""
    first = bars[0].open
    return [replace(bar, open=first, high=first, low=first, close=first) for bar in bars]


@pytest.mark.parametrize("check", list(Check))
def test_tc_50_each_passes_on_good_data(it: Bench, check: Check) -> None:
    """And says what it looked at."""
    found = done(check, it)
    assert found.passed, found.said
    assert found.said


def test_tc_50_dip45_fails_where_few_days_are_viable(it: Bench) -> None:
    """A fifth of 120 is wanted; what is not on file is not viable, however good the others are."""
    it.store.forget("SBER", last=DAYS[-24])
    [said] = failures(done(Check.DIP45, it))
    assert said.endswith("of 120 days viable, at least 24 wanted")


def test_tc_50_dip45_fails_beyond_its_sum(it: Bench) -> None:
    """Days that fall by a twentieth after 10:30 sum up to more than 5."""

    def falling(bars: list[Candle]) -> Sequence[Candle]:
        low = Price(round(bars[75].low * Decimal("0.95"), 2))
        return [*bars[:75], replace(bars[75], low=low), *bars[76:]]

    spoiled(it, DAYS[-10:], falling)
    [said] = failures(done(Check.DIP45, it))
    assert "rolling sum" in said


def test_tc_50_dip45_fails_below_its_sum(it: Bench) -> None:
    """Nothing was ever fed, so there is none."""
    it.store.forget("SBER")
    assert failures(done(Check.DIP45, it))[1] == "FAILED: rolling sum 0.000, wanted 1 to 5"


def test_tc_50_model_feeding_fails_where_a_model_learns_nothing(it: Bench) -> None:
    """Days that stand still have neither dips nor reach."""
    spoiled(it, DAYS[-30:], flat)
    said = failures(done(Check.MODEL_FEEDING, it))
    assert [text.split(":")[1].strip() for text in said] == ["dip10", "dip45", "volatility"]


def test_tc_50_model_feeding_fails_without_days(it: Bench) -> None:
    """There is nothing to feed."""
    it.store.forget("SBER")
    assert failures(done(Check.MODEL_FEEDING, it)) == ["FAILED: 0 of 30 days on file are fit to learn from"]


class Forgetful(ParquetCandles):
    """Takes the last day away with the others, and of another symbol, too."""

    def forget(self, symbol: str, first: date = date.min, last: date = date.max) -> int:
        super().forget("TWO", first, min(last, first))
        return super().forget(symbol, first, last)


class Rounding(ParquetCandles):
    """Keeps no cents."""

    def save(self, *days: SymbolDay) -> None:
        bars = [[replace(bar, low=Price(Decimal(int(bar.low)))) for bar in day.bars] for day in days]
        super().save(*(replace(day, bars=made) for day, made in zip(days, bars, strict=True)))


@pytest.mark.parametrize(
    ("store", "says"), [(Forgetful, "the other symbol has"), (Rounding, "days read back as they were saved")]
)
def test_tc_50_the_candle_stores_check_fails_on_a_bad_store(it: Bench, store: type[ParquetCandles], says: str) -> None:
    """One that takes too much away, and one that does not give back what it was given."""
    said = failures(done(Check.MONGO, replace(it, open_store=store)))
    assert said
    assert all(says in text for text in said)


def test_tc_50_the_candle_stores_check_fails_where_it_is_slow(it: Bench) -> None:
    """More than 250 ms a day."""
    clock = count()
    slow = replace(it, seconds=lambda: next(clock) * (LOAD_S_MAX + 0.05))
    assert failures(done(Check.MONGO, slow)) == ["FAILED: a day loads in 300 ms, at most 250 wanted"]


def test_tc_50_data_fails_where_more_than_a_tenth_is_short(it: Bench) -> None:
    """Four bad days of forty pass, five do not; each is named with what is wrong."""
    spoiled(it, DAYS[-4:-1], lambda bars: bars[:379])
    spoiled(it, DAYS[-5:-4], lambda bars: [*bars[:100], *bars[101:]])
    found = done(Check.DATA, it)
    assert found.passed
    assert f"{DAYS[-2]}: 379 bars, 380 wanted" in found.said
    assert f"{DAYS[-5]}: 60 s without a bar" in found.said
    it.store.forget("SBER", DAYS[-1], DAYS[-1])
    [said] = failures(done(Check.DATA, it))
    assert "35 of the last 40 days" in said


def test_tc_50_timings_fail_where_a_day_takes_long(it: Bench) -> None:
    """Five seconds or more, on average."""
    clock = count()
    slow = replace(it, seconds=lambda: float(next(clock) * 5))
    assert failures(done(Check.SIMULATION_TIMINGS, slow)) == ["FAILED: a day takes 5.000 s, less than 5 wanted"]


def test_tc_50_timings_fail_without_five_days(it: Bench) -> None:
    """There are four."""
    it.store.forget("SBER", last=DAYS[-5])
    assert failures(done(Check.SIMULATION_TIMINGS, it)) == ["FAILED: 4 days on file to simulate, 5 wanted"]


@pytest.mark.parametrize("gone", [MONDAY, FRIDAY])
def test_tc_50_output_fails_where_the_day_or_the_one_before_is_missing(it: Bench, gone: date) -> None:
    """By default the last market day."""
    it.store.forget("SBER", gone, gone)
    assert failures(done(Check.SIMULATION_OUTPUT, it))[0] == f"FAILED: {gone} is not on file"


def test_tc_50_output_is_of_the_day_that_is_asked_for(it: Bench) -> None:
    """A holiday is none."""
    assert done(Check.SIMULATION_OUTPUT, it, DAYS[50]).said[1] == f"{DAYS[50]} is on file"
    assert done(Check.SIMULATION_OUTPUT, it, date(2026, 6, 14)).said == ["FAILED: 2026-06-14 is no market day"]


def test_tc_50_output_fails_out_of_the_order_of_time(it: Bench) -> None:
    """A file whose bars were told twice."""

    class Twice(ParquetCandles):
        def load(self, symbol: str, first: date = date.min, last: date = date.max) -> Columns:
            bars = super().load(symbol, first, last)
            at = memoryview(bytes(bars.at.cast("B")[8:]) + bytes(bars.at.cast("B")[:8])).cast("q")
            return replace(bars, at=at)

    window = hours("NYSE", MONDAY)[0]
    twice = replace(it, store=Twice(it.scratch.parent / "candles", 60))
    assert twice.store.load("SBER", MONDAY, MONDAY).at[-1] == window.opens_at.timestamp()
    assert failures(done(Check.SIMULATION_OUTPUT, twice)) == ["FAILED: 390 bars in the order of time"]


async def test_a_process_of_its_own_does_them(it: Bench) -> None:
    """It answers in JSON, says what went wrong, and leaves nothing behind in the candles' directory."""
    candles = it.scratch.parent / "candles"
    workers = Workers("openoutcry.health_worker", (str(candles), "60"))
    before = sorted(candles.iterdir())
    asked = {"symbol": "SBER", "day": None, "calendars": {"SBER": "NYSE"}, "now": NOW.isoformat(), "after_s": 900}
    answer = json.loads(await workers.ask(json.dumps({**asked, "check": "MONGO"})))
    assert answer["passed"], answer
    broken = json.loads(await workers.ask(json.dumps({**asked, "check": "DATA", "symbol": "GAZP"})))
    assert broken == {"passed": False, "said": ["FAILED: KeyError: 'GAZP'"]}
    await workers.rest()
    assert sorted(candles.iterdir()) == before


def test_a_day_counts_once_it_should_have_been_collected(it: Bench) -> None:
    """A quarter of an hour after its close, not before."""
    close = hours("NYSE", MONDAY)[0].closes_at
    for minutes, last in ((14, FRIDAY), (15, MONDAY)):
        at: datetime = close + timedelta(minutes=minutes)
        assert replace(it, now=at).newest("SBER", 1) == [last]
