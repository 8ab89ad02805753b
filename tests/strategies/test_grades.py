"""Grades of models, and the score they come to."""

from __future__ import annotations

import logging
from decimal import Decimal

import pytest

from strategies.grades import Grade, score, weights_fit

WEIGHTS = {"momentum": Decimal("0.6"), "profitability": Decimal("0.4")}


def test_tc_24_one_fail_excludes_a_symbol() -> None:
    """Also of a model that has no weight."""
    grades = {"momentum": Grade.EXCELLENT, "profitability": Grade.EXCELLENT, "dip10": Grade.FAIL}
    assert score(grades, WEIGHTS) is None


def test_tc_24_the_score_is_the_mean_of_weighted_grades() -> None:
    """(10 * 0.6 + 6.5 * 0.4) / 2."""
    assert score({"momentum": Grade.EXCELLENT, "profitability": Grade.GOOD}, WEIGHTS) == Decimal("4.3")


def test_tc_24_a_pass_is_ignored() -> None:
    """It neither adds points nor counts in the mean."""
    grades = {"momentum": Grade.EXCELLENT, "profitability": Grade.PASS, "volatility": Grade.PASS}
    assert score(grades, WEIGHTS) == Decimal(6)


@pytest.mark.parametrize("grades", [{}, {"momentum": Grade.PASS}, {"dip10": Grade.GREAT}])
def test_tc_24_nothing_left_is_no_score(grades: dict[str, Grade]) -> None:
    """Which is not the same as 0."""
    assert score(grades, WEIGHTS) is None


@pytest.mark.parametrize(
    ("grade", "points"),
    [
        (Grade.RISKY, "1"),
        (Grade.UNPROMISING, "3"),
        (Grade.SATISFACTORY, "5"),
        (Grade.GOOD, "6.5"),
        (Grade.GREAT, "8"),
        (Grade.EXCELLENT, "10"),
    ],
)
def test_tc_24_points(grade: Grade, points: str) -> None:
    """What each grade is worth."""
    assert score({"momentum": grade}, {"momentum": Decimal(1)}) == Decimal(points)


def test_weights_that_do_not_come_to_1_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    """A hundredth more or less is forgiven; no weights at all are none."""
    with caplog.at_level(logging.WARNING):
        assert weights_fit(WEIGHTS | {"rally": Decimal("0.01")})
        assert weights_fit({})
        assert not caplog.records
        assert not weights_fit(WEIGHTS | {"rally": Decimal("0.02")})
    assert len(caplog.records) == 1
