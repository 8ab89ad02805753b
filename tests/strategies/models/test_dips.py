"""Models of a day at a time: how deep dips are, how far a day reaches."""

from __future__ import annotations

from decimal import Decimal

import pytest

from strategies.grades import Grade
from strategies.models.dips import DIP10, DIP45, VOLATILITY, Dip, State
from tests.strategies.days import MONDAY, at, bar, day, lows

FALLS = {"0.3": "99.7", "0.2": "99.8", "0": "100.5", "0.4": "99.6"}


@pytest.mark.parametrize(("model", "minute"), [(DIP10, "10:39:59"), (DIP45, "11:14:59")])
def test_tc_18_tc_19_dips_of_four_days_roll_into_one_sum(model: Dip, minute: str) -> None:
    """0.3, 0.2, 0, 0.4 % -> 0.06, 0.088, 0.088, 0.1504."""
    state: State = {}
    sums = []
    for low in FALLS.values():
        state = model.feed(state, lows({"10:30": "100", minute: low}))
        sums.append(Decimal(state["sum"]))
    assert sums == [Decimal("0.06"), Decimal("0.088"), Decimal("0.088"), Decimal("0.1504")]


@pytest.mark.parametrize(("model", "edge", "inside"), [(DIP10, "10:40", "10:39:59"), (DIP45, "11:15", "11:14:59")])
def test_tc_18_tc_19_the_window_is_open_at_both_ends(model: Dip, edge: str, inside: str) -> None:
    """The bar of 10:30 is where it begins, the one that begins when it is over does not count."""
    assert model.percent(lows({"10:29": "90", "10:30": "100", "10:31": "99", edge: "50"})) == 1
    assert model.percent(lows({"10:30": "100", inside: "50"})) == 50


@pytest.mark.parametrize("moment", ["10:29:59", "10:30:01"])
def test_tc_18_the_bar_is_looked_up_within_a_second(moment: str) -> None:
    """W-38: the nearest one, not the first that is late enough."""
    assert DIP10.percent(lows({"10:29:58": "10", moment: "100", "10:35": "99"})) == 1


def test_tc_18_without_a_bar_at_10_30_nothing_is_added() -> None:
    """Nobody knows where the dip would have begun."""
    gap = lows({"10:29:58": "100", "10:30:02": "100", "10:35": "50"})
    assert DIP10.percent(gap) is None
    assert Decimal(DIP10.feed({"sum": "0.2"}, gap)["sum"]) == Decimal("0.2")


@pytest.mark.parametrize(
    ("total", "grade"),
    [
        ("0.0249", Grade.FAIL),
        ("0.025", Grade.RISKY),
        ("0.05", Grade.UNPROMISING),
        ("0.075", Grade.GOOD),
        ("0.125", Grade.GREAT),
        ("0.15", Grade.EXCELLENT),
        ("0.3", Grade.EXCELLENT),
        ("0.35", Grade.GREAT),
        ("0.4", Grade.GOOD),
        ("0.45", Grade.UNPROMISING),
        ("0.5", Grade.RISKY),
        ("0.5001", Grade.FAIL),
    ],
)
def test_tc_18_grades_of_dip10(total: str, grade: Grade) -> None:
    """An edge belongs to the better side."""
    assert DIP10.grade({"sum": total}) is grade


@pytest.mark.parametrize(
    ("total", "grade"),
    [
        ("0.0499", Grade.FAIL),
        ("0.05", Grade.RISKY),
        ("0.075", Grade.UNPROMISING),
        ("0.1", Grade.GOOD),
        ("0.15", Grade.GREAT),
        ("0.2", Grade.EXCELLENT),
        ("0.6", Grade.EXCELLENT),
        ("0.65", Grade.GREAT),
        ("0.7", Grade.GOOD),
        ("0.75", Grade.UNPROMISING),
        ("0.8", Grade.UNPROMISING),
        ("0.9", Grade.RISKY),
        ("0.91", Grade.FAIL),
    ],
)
def test_tc_19_grades_of_dip45(total: str, grade: Grade) -> None:
    """W-38: a sum of 0.5 is excellent; the seed's 0.75 in place of 0.075 made it risky."""
    assert DIP45.grade({"sum": total}) is grade
    assert DIP45.grade({"sum": "0.5"}) is Grade.EXCELLENT


@pytest.mark.parametrize("model", [DIP10, DIP45, VOLATILITY])
def test_a_model_that_has_learned_nothing_fails(model: Dip) -> None:
    """No output is no pass."""
    assert model.grade({}) is Grade.FAIL


def test_tc_20_volatility_is_the_reach_of_days_against_1_5_percent() -> None:
    """W-33: the very highest and lowest of the day over its first open. Rolling from 0: 3.6 % a day pass after three
    days, 1.4 % never do."""

    def grades(high: str, days: int) -> list[Grade]:
        one = day([bar(at("09:30"), "100"), bar(at("11:00"), "99", high), bar(at("12:00"), "99.5")], MONDAY)
        state: State = {}
        found = []
        for _ in range(days):
            state = VOLATILITY.feed(state, one)
            found.append(VOLATILITY.grade(state))
        return found

    assert grades("102.6", 3) == [Grade.FAIL, Grade.FAIL, Grade.PASS]
    assert set(grades("100.4", 60)) == {Grade.FAIL}


def test_tc_20_exactly_1_5_percent_passes() -> None:
    """The edge belongs to those that pass."""
    assert VOLATILITY.grade({"sum": "0.015"}) is Grade.PASS
    assert VOLATILITY.grade({"sum": "0.01499"}) is Grade.FAIL
