"""Two rounds of viability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.values.candles import Columns, columns
from strategies.analyses import Analyses
from strategies.grades import Grade
from strategies.models.memory import Memory, Output
from strategies.shelf import Knowledge, Shelf
from strategies.wants import Wants
from tests.strategies.days import MONDAY, at, minutes

FRIDAY = date(2026, 6, 12)
NOW = at("10:30")
GOOD = {"dip10": "0.1", "dip45": "0.3", "volatility": "0.02"}
FILTERS = frozenset(GOOD)
WEIGHTS = {"momentum": Decimal("0.4"), "profitability": Decimal("0.6")}


@dataclass
class Asked:
    """Answers with Monday's first hour and keeps what was asked."""

    ranges: list[tuple[str, datetime, datetime]] = field(default_factory=list)

    async def __call__(self, symbol: str, start: datetime, end: datetime) -> Columns:
        self.ranges.append((symbol, start, end))
        return columns([bar for bar in minutes(MONDAY) if start <= bar.at < end])


def knowing(shelf: Shelf, sums: Mapping[str, str], day: date = FRIDAY, outcomes: str = "+" * 11) -> None:
    daily = {}
    for name, total in sums.items():
        output = Output(day, {"sum": total}, True)
        daily[name] = Memory(output, output)
    shelf.write("X", Knowledge(daily, {day - timedelta(days=n): outcomes for n in range(120)}))


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def analyses(shelf: Shelf, asked: Asked) -> Analyses:
    return Analyses(shelf, asked)


def test_tc_25_the_first_round_asks_for_no_candles(analyses: Analyses, shelf: Shelf, asked: Asked) -> None:
    """Stored analyses alone: grades of the models that are known by now, and their score."""
    knowing(shelf, GOOD)
    view = analyses.first_round("X", "NYSE", NOW, Wants(FILTERS, WEIGHTS))
    assert asked.ranges == []
    assert view.viable
    assert set(view.grades) == {"dip10", "dip45", "volatility", "profitability"}
    assert view.score == Decimal(10) * WEIGHTS["profitability"]


def test_tc_25_one_model_that_fails_ends_it(analyses: Analyses, shelf: Shelf) -> None:
    """A dip that is too deep."""
    knowing(shelf, GOOD | {"dip10": "0.6"})
    view = analyses.first_round("X", "NYSE", NOW, Wants(FILTERS, WEIGHTS))
    assert (view.viable, view.score, view.grades["dip10"]) == (False, None, Grade.FAIL)


def test_a_model_that_is_not_asked_for_does_not_matter(analyses: Analyses, shelf: Shelf) -> None:
    """A strategy without filters trades whatever the models say."""
    knowing(shelf, GOOD | {"dip10": "0.6"})
    assert analyses.first_round("X", "NYSE", NOW, Wants(frozenset({"volatility"}))).viable
    view = analyses.first_round("X", "NYSE", NOW, Wants())
    assert (view.viable, view.score, dict(view.grades)) == (True, None, {})


@pytest.mark.parametrize("model", ["dip10", "dip45", "volatility", "profitability"])
def test_what_was_learned_too_long_ago_fails(analyses: Analyses, shelf: Shelf, model: str) -> None:
    """By Monday it must know of Friday; of Thursday is a day too old."""
    knowing(shelf, GOOD, FRIDAY - timedelta(days=1))
    wants = Wants(frozenset({model}))
    assert not analyses.first_round("X", "NYSE", NOW, wants).viable
    assert analyses.first_round("X", "NYSE", NOW - timedelta(days=3), wants).viable


def test_a_symbol_that_nobody_has_learned_of_fails(analyses: Analyses) -> None:
    """No output is no pass."""
    assert not analyses.first_round("Y", "NYSE", NOW, Wants(frozenset({"volatility"}))).viable


async def test_tc_26_the_second_round_asks_for_the_last_two_hours(
    analyses: Analyses, shelf: Shelf, asked: Asked
) -> None:
    """Once, for that symbol; momentum is graded by it."""
    knowing(shelf, GOOD)
    view = await analyses.second_round("X", "NYSE", NOW, Wants(FILTERS, WEIGHTS))
    assert asked.ranges == [("X", NOW - timedelta(hours=2), NOW)]
    assert set(view.grades) == FILTERS | set(WEIGHTS)


async def test_tc_26_it_is_not_asked_where_the_first_round_failed(
    analyses: Analyses, shelf: Shelf, asked: Asked
) -> None:
    """Bars are for those that are left."""
    knowing(shelf, GOOD | {"volatility": "0.01"})
    assert not (await analyses.second_round("X", "NYSE", NOW, Wants(FILTERS, WEIGHTS))).viable
    assert asked.ranges == []


async def test_tc_26_rally_without_a_network_fails(analyses: Analyses, shelf: Shelf) -> None:
    """TC-23: where a strategy asks for it."""
    knowing(shelf, GOOD)
    view = await analyses.second_round("X", "NYSE", NOW, Wants(FILTERS | {"rally"}))
    assert (view.viable, view.grades["rally"]) == (False, Grade.FAIL)
