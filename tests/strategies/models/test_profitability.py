"""What eleven profit targets would have earned."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from strategies.grades import Grade
from strategies.models.profitability import TARGETS, Earned, earned, grade, outcomes
from tests.strategies.days import at, bar, day

LAST = date(2026, 6, 15)
BUY = bar(at("10:45"), "100", "100", start="100")


def rows(letters: str, count: int) -> dict[date, str]:
    return {LAST - timedelta(days=number): letters for number in range(count)}


def test_tc_22_each_target_is_simulated_by_itself() -> None:
    """W-38: the high reaches 0.36 %, then the stop is hit: the targets up to 0.36 earn, the others lose."""
    bars = [BUY, bar(at("11:00"), "99.9", "100.36"), bar(at("11:30"), "99.15")]
    assert outcomes(day(bars)) == "++++-------"


def test_tc_22_neither_target_nor_stop_is_never_sold() -> None:
    """A hundredth short of each."""
    assert outcomes(day([BUY, bar(at("12:00"), "99.16", "100.24")])) == "0" * len(TARGETS)


def test_tc_22_a_bar_that_reaches_both_is_a_loss() -> None:
    """Nobody knows which came first."""
    assert outcomes(day([BUY, bar(at("12:00"), "99", "101")])) == "-" * len(TARGETS)


def test_tc_22_it_buys_at_10_45_and_not_before() -> None:
    """W-34: what happened earlier does not count; without a bar then there is no outcome."""
    assert outcomes(day([bar(at("10:15"), "50", "150"), BUY, bar(at("12:00"), "100", "101")])) == "+" * len(TARGETS)
    assert outcomes(day([bar(at("10:44"), "100"), bar(at("10:46"), "100")])) is None


def test_tc_22_a_losing_stop_counts_negative() -> None:
    """W-34: 0.85 % are lost, not won."""
    output = earned(rows("-" * 11, 200), LAST)
    assert output is not None
    assert output.means == pytest.approx([-0.85] * 11)
    assert grade(output) is Grade.FAIL


def test_tc_22_less_than_100_days_fail() -> None:
    """As many as there are days that could be simulated: one without a bar at 10:45 is none."""
    assert earned(rows("+" * 11, 99), LAST) is None
    assert grade(earned(rows("+" * 11, 99), LAST)) is Grade.FAIL
    assert earned(rows("+" * 11, 100) | {LAST: ""}, LAST) is None
    assert earned(rows("+" * 11, 100), LAST) is not None


def test_tc_22_days_older_than_300_do_not_count() -> None:
    """Calendar days."""
    old = {LAST - timedelta(days=301 + number): "+" * 11 for number in range(200)}
    assert earned(old, LAST) is None


def test_tc_22_recent_days_weigh_up_to_1_5_times() -> None:
    """The older half lost, the newer half won: 0.5 rising to 1.5 by the day."""
    mixed = {day: ("+" if (LAST - day).days < 50 else "-") * 11 for day in rows("", 100)}
    output = earned(mixed, LAST)
    assert output is not None
    step = 1 / 99
    weights = [0.5 + step * number for number in range(100)]
    by_hand = (0.25 * sum(weights[50:]) - 0.85 * sum(weights[:50])) / 100
    assert output.means[0] == pytest.approx(by_hand)


@pytest.mark.parametrize(
    ("mean", "median", "expected"),
    [
        (0.3, 0.049, Grade.FAIL),
        (0.049, 0.3, Grade.FAIL),
        (0.05, 0.05, Grade.RISKY),
        (0.07, 0.1, Grade.UNPROMISING),
        (0.09, 0.1, Grade.SATISFACTORY),
        (0.12, 0.1, Grade.GOOD),
        (0.15, 0.1, Grade.GREAT),
        (0.2, 0.1, Grade.EXCELLENT),
    ],
)
def test_tc_22_grades(mean: float, median: float, expected: Grade) -> None:
    """By the median over targets of the means, and of the medians below a twentieth of a percent."""
    assert grade(Earned((mean,) * 11, (median,) * 11)) is expected
