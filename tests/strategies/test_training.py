"""Models learn of days on file, one symbol at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from core.ports.candles import CandleStore, Lesson
from core.rules.candles import day_before, market_days
from core.values.candles import Fault, Source
from core.values.market import Candle
from core.values.money import Price
from storage.candles import open_candles
from strategies.analyses import stored
from strategies.grades import Grade
from strategies.shelf import Knowledge, Shelf
from strategies.training import Training
from tests.strategies.days import symbol_day

DAYS = market_days("NYSE", date(2026, 5, 1), date(2026, 6, 12))
LAST = DAYS[-1]


@pytest.fixture
def store(tmp_path: Path) -> CandleStore:
    return open_candles(tmp_path / "candles", 60)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "models")


@pytest.fixture
def training(store: CandleStore, shelf: Shelf) -> Training:
    """With every day of May and June on file."""
    store.save(*(symbol_day(day) for day in DAYS))
    return Training(store, shelf)


def lessons(days: Sequence[date] = DAYS, *, final: bool = True) -> list[Lesson]:
    return [Lesson(day, day_before("NYSE", day), final) for day in days]


def sums(knowledge: Knowledge) -> dict[str, str]:
    found = {name: memory.newest for name, memory in knowledge.daily.items()}
    return {name: str(output.state["sum"]) for name, output in found.items() if output is not None}


def test_every_model_learns_of_every_day(training: Training, shelf: Shelf) -> None:
    """The daily ones up to the last day, the outcomes of each, and what is said of the network."""
    said = training.train("X", "NYSE", lessons())
    knowledge = shelf.read("X")
    assert set(knowledge.daily) == {"dip10", "dip45", "volatility"}
    assert {memory.newest.day for memory in knowledge.daily.values() if memory.newest} == {LAST}
    assert list(knowledge.outcomes) == DAYS
    assert said["dip10"] == "fed"
    assert said["rally"] == f"not trained: {len(DAYS)} days are too few or too alike"


def test_tc_17_the_same_days_twice_change_nothing(training: Training, shelf: Shelf) -> None:
    """One by one or together: what was learned is the same, to the last digit."""
    training.train("X", "NYSE", lessons())
    once = shelf.read("X")
    assert training.train("X", "NYSE", lessons())["dip10"] == "known"
    assert shelf.read("X") == once
    for lesson in lessons()[-3:]:
        training.train("X", "NYSE", [lesson])
    assert shelf.read("X") == once


def test_tc_17_one_by_one_is_as_good_as_together(training: Training, shelf: Shelf, tmp_path: Path) -> None:
    """A desk that runs every day knows what one knows that has caught up."""
    training.train("X", "NYSE", lessons())
    beside = Shelf(tmp_path / "beside")
    daily = Training(open_candles(tmp_path / "candles", 60), beside)
    for lesson in lessons():
        daily.train("X", "NYSE", [lesson])
    assert sums(beside.read("X")) == sums(shelf.read("X"))
    assert beside.read("X").outcomes == shelf.read("X").outcomes


def test_tc_16_better_bars_of_yesterday_take_the_place_of_the_stream(
    training: Training, store: CandleStore, shelf: Shelf, tmp_path: Path
) -> None:
    """Yesterday's outcome and sums are those of the broker's bars, as if the stream had never been learned of."""
    streamed = replace(symbol_day(LAST, seed=2, swing=0), source=Source.STREAM)
    better = symbol_day(LAST)
    store.save(streamed)
    training.train("X", "NYSE", lessons(DAYS[:-1]))
    training.train("X", "NYSE", lessons([LAST], final=False))
    spoiled = shelf.read("X")
    store.save(better)
    training.train("X", "NYSE", lessons([LAST]))
    plain = Shelf(tmp_path / "plain")
    Training(store, plain).train("X", "NYSE", lessons())
    assert sums(shelf.read("X")) == sums(plain.read("X")) != sums(spoiled)
    assert shelf.read("X").outcomes == plain.read("X").outcomes != spoiled.outcomes


def test_tc_16_a_day_that_is_missing_restarts(
    training: Training, store: CandleStore, shelf: Shelf, tmp_path: Path
) -> None:
    """It is told; what is known afterwards is known of the days behind it alone."""
    store.forget("X", DAYS[10], DAYS[10])
    said = training.train("X", "NYSE", lessons())
    assert said["skipped"] == f"{DAYS[10]} is not on file, or not valid"
    whole = sums(shelf.read("X"))
    behind = Shelf(tmp_path / "behind")
    Training(store, behind).train("X", "NYSE", lessons(DAYS[11:]))
    assert whole == sums(behind.read("X"))


def test_a_day_that_is_not_valid_is_not_learned_of(training: Training, store: CandleStore, shelf: Shelf) -> None:
    """Whatever its figures are: no outcome, no sum."""
    store.save(replace(symbol_day(LAST), faults=frozenset({Fault.GAPS})))
    training.train("X", "NYSE", lessons())
    knowledge = shelf.read("X")
    assert LAST not in knowledge.outcomes
    assert {memory.newest.day for memory in knowledge.daily.values() if memory.newest} == {DAYS[-2]}


def test_anew_forgets_what_is_learned_in_order(training: Training, store: CandleStore, shelf: Shelf) -> None:
    """TC-07's ground: an old day that was healed is in the sums afterwards."""
    healed = DAYS[5]
    store.save(symbol_day(healed, swing=40))
    training.train("X", "NYSE", lessons())
    before = sums(shelf.read("X"))
    store.save(symbol_day(healed))
    training.train("X", "NYSE", lessons(), anew=True)
    assert sums(shelf.read("X")) != before


def test_the_network_is_trained_once_a_week(store: CandleStore, shelf: Shelf) -> None:
    """TC-23: after seven days again; its quality is told each time."""
    days = market_days("NYSE", date(2026, 1, 20), date(2026, 6, 12))
    store.save(*(symbol_day(day, swing=2 + day.toordinal() % 17) for day in days))
    training = Training(store, shelf)
    first = training.train("X", "NYSE", lessons(days[:-6]))
    assert first["rally"].startswith("right ")
    assert "the naive guess" in first["rally"]
    said = [training.train("X", "NYSE", lessons([day])) for day in days[-6:]]
    assert ["rally" in each for each in said] == [False, False, False, False, True, False]
    assert shelf.read("X").rally_tried == days[-2]


def test_the_network_learns_of_the_brokers_bars_alone(store: CandleStore, shelf: Shelf) -> None:
    """Volumes of a stream are of another kind: 60 days of which one was streamed are 59."""
    days = market_days("NYSE", date(2026, 1, 20), date(2026, 6, 12))[:60]
    store.save(*(symbol_day(day, swing=2 + day.toordinal() % 17) for day in days))
    store.save(replace(symbol_day(days[30]), source=Source.STREAM))
    said = Training(store, shelf).train("X", "NYSE", lessons(days))
    assert said["rally"] == "not trained: 59 days are too few or too alike"


def test_profitability_of_a_year_is_known_by_its_outcomes(store: CandleStore, shelf: Shelf) -> None:
    """A hundred days that rise by a percent after 10:45: excellent."""
    days = market_days("NYSE", date(2026, 1, 10), date(2026, 6, 12))
    store.save(*(replace(day, bars=_rising(day.bars)) for day in map(symbol_day, days)))
    Training(store, shelf).train("X", "NYSE", lessons(days))
    assert len(shelf.read("X").outcomes) == len(days) >= 100
    assert stored(shelf.read("X"), days[-1])["profitability"] is Grade.EXCELLENT


def _rising(bars: Sequence[Candle]) -> list[Candle]:
    """The last hour stands one percent above everything before."""
    top = Price(max(bar.high for bar in bars) * Decimal("1.01"))
    return [*bars[:-60], *(replace(bar, open=top, high=top, low=top, close=top) for bar in bars[-60:])]


def test_a_damaged_file_is_learned_anew(training: Training, shelf: Shelf, tmp_path: Path) -> None:
    """What cannot be read is as if nothing had been learned."""
    training.train("X", "NYSE", lessons())
    whole = shelf.read("X")
    [path] = (tmp_path / "models").glob("*.json")
    path.write_bytes(path.read_bytes()[:200])
    assert shelf.read("X") == Knowledge()
    training.train("X", "NYSE", lessons())
    assert shelf.read("X") == whole
