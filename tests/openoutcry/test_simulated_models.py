"""Models asked about the past: real candles on file, real lessons."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.rules.candles import market_days
from core.values.candles import SymbolDay
from core.values.market import Candle
from core.values.money import Price
from openoutcry.pasts import FiledPast
from openoutcry.simulated_models import Adviser, advised
from simulator.kernel import simulate
from simulator.script import Plan
from storage.candles import open_candles
from strategies.kinds import cycle
from strategies.wants import Wants
from tests.simulator.pasts import SHARE
from tests.strategies.days import MONDAY, at, minutes

WANTS = Wants(frozenset({"dip10"}))
DAYS = market_days("NYSE", MONDAY - timedelta(days=60), MONDAY + timedelta(days=4))
"""Until the Friday of that week."""
NOON = "12:00"


def bars(day: date, *, dips: bool) -> list[Candle]:
    """A flat day; one that dips falls by 1 % at 10:35 and comes back."""
    flat, dip = minutes(day, swing=0), at("10:35", day)
    low = Price(flat[0].low * Decimal("0.99"))
    return [replace(bar, low=low) if dips and bar.at == dip else bar for bar in flat]


def past(tmp_path: Path, *dipping: date) -> FiledPast:
    """Bars of sixty days, of which these dip."""
    store = open_candles(tmp_path / "candles", 60)
    store.save(*(SymbolDay("TXN", day, bars(day, dips=day in dipping)) for day in DAYS))
    return FiledPast(store, replace(SHARE, calendar="NYSE"), 60, store.load("TXN"), tuple(DAYS))


def likes(adviser: Adviser, *days: date) -> list[bool]:
    return [adviser.viable(at(NOON, day)) for day in days]


def test_a_day_is_judged_by_those_before_it_alone(tmp_path: Path) -> None:
    """The first that dips is not liked for that; the day after it is, by what was learned of it."""
    week = DAYS[-5:]
    with advised(past(tmp_path, week[2]), WANTS) as adviser:
        assert likes(adviser, *week) == [False, False, False, True, True]


def test_a_walk_that_goes_back_has_not_seen_the_days_after(tmp_path: Path) -> None:
    """Asked again about an earlier day, and about one that was left out, it says what it would have said first."""
    week = DAYS[-5:]
    with advised(past(tmp_path, week[2]), WANTS) as adviser:
        assert likes(adviser, week[4], week[2], week[3], week[1]) == [True, False, True, False]


def test_thirty_days_are_learned_of(tmp_path: Path) -> None:
    """A dip of thirty days ago counts, one of the day before that does not."""
    for number, liked in ((-31, True), (-32, False)):
        with advised(past(tmp_path / str(number), DAYS[number]), WANTS) as adviser:
            assert likes(adviser, DAYS[-1]) == [liked]


@pytest.mark.parametrize("dipping", [True, False])
def test_runs_begin_only_where_models_like_it(tmp_path: Path, dipping: bool) -> None:  # noqa: FBT001 - a parameter
    """The same bars with and without a day to like it for."""
    found = past(tmp_path, *(DAYS[-2:-1] if dipping else ()))
    with advised(found, WANTS) as adviser:
        outcome = simulate(Plan(cycle(), found, (DAYS[-1],), viable=adviser.viable))
    assert bool(outcome.runs) is dipping
