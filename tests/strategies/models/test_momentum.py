"""Momentum of the last 45 minutes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.values.candles import Columns, columns
from strategies.grades import Grade
from strategies.models.momentum import grade, momentum
from tests.strategies.days import MINUTE, at, bar


def recent(price: Callable[[int], float], count: int = 45, volume: Callable[[int], int] = lambda n: 100) -> Columns:
    """`count` minutes from 09:45 on."""
    return columns([bar(at("09:45") + n * MINUTE, f"{price(n):.4f}", volume=volume(n)) for n in range(count)])


def test_tc_21_falling_prices_fail() -> None:
    """A hundredth of a percent a minute, downwards."""
    assert grade(momentum(recent(lambda n: 100 - 0.01 * n))) is Grade.FAIL


def test_tc_21_flat_prices_are_satisfactory() -> None:
    """Nothing moves, whatever is traded."""
    assert momentum(recent(lambda _: 100, volume=lambda n: 100 + n % 7)) == 0
    assert grade(momentum(recent(lambda _: 100))) is Grade.SATISFACTORY


def test_tc_21_steep_prices_are_unpromising() -> None:
    """What rises like this will not dip."""
    assert grade(momentum(recent(lambda n: 100 + 0.02 * n))) is Grade.UNPROMISING


def test_tc_21_the_sum_by_hand() -> None:
    """All flat but the newest minute, which falls by 0.001 %, at an even volume: weight 1.8, exp(-3/44), halved."""
    output = momentum(recent(lambda n: 99.999 if n == 44 else 100))
    assert output == pytest.approx(100 * -0.00001 * 100 * 1.8 * 0.93408 / 2, rel=1e-4)


def test_tc_21_the_newest_weigh_most() -> None:
    """The same fall counts for more the later it comes."""
    early = momentum(recent(lambda n: 100 - 0.0004 * (n >= 5)))
    late = momentum(recent(lambda n: 100 - 0.0004 * (n >= 40)))
    assert early is not None
    assert late is not None
    assert late < 5 * early < 0


def test_tc_21_unusual_volume_weighs_more() -> None:
    """A fall on a burst of trading counts for more than on a usual minute, one on a lull for nothing."""

    def fall(volume: int) -> float:
        output = momentum(
            recent(lambda n: 100 - 0.0004 * (n >= 30), volume=lambda n: volume if n == 30 else 100 + n % 3)
        )
        assert output is not None
        return output

    assert fall(900) < 1.5 * fall(102) < 0
    assert fall(1) == 0


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (-0.51, Grade.FAIL),
        (-0.5, Grade.RISKY),
        (-0.2, Grade.UNPROMISING),
        (-0.09, Grade.SATISFACTORY),
        (0.09, Grade.GOOD),
        (0.15, Grade.GREAT),
        (0.5, Grade.UNPROMISING),
        (None, Grade.FAIL),
        (float("nan"), Grade.FAIL),
    ],
)
def test_tc_21_grades(output: float | None, expected: Grade) -> None:
    """An edge belongs to what is above it; no output fails."""
    assert grade(output) is expected


@pytest.mark.parametrize("count", [0, 1, 39])
def test_too_few_minutes_have_no_output(count: int) -> None:
    """Forty of the 45 must have traded."""
    assert momentum(recent(lambda _: 100, count)) is None


def test_older_bars_do_not_count() -> None:
    """Two hours are given, 45 minutes are looked at."""
    whole = recent(lambda n: 100 - 0.01 * n if n < 60 else 99.4, 120)
    assert momentum(whole) == 0
