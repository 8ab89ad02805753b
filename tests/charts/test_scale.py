"""Round numbers on the axes, and labels that keep apart."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts.lettering import spelt
from charts.scale import price_ticks, spread, time_ticks
from tests.charts.pictures import a_chart, steady

D = Decimal


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        ("93.1", "107.2", ["95", "100", "105"]),
        ("0.0312", "0.0327", ["0.0315", "0.0320", "0.0325"]),
        ("39100", "41500", ["39500", "40000", "40500", "41000", "41500"]),
    ],
)
def test_prices_on_the_axis_are_round(low: str, high: str, ticks: list[str]) -> None:
    """Multiples of 1, 2 or 5 times a power of ten, with equal digits and without exponents."""
    assert [f"{tick:f}" for tick in price_ticks(D(low), D(high), 5)] == ticks


def test_times_on_the_axis_are_round_and_few() -> None:
    """40 bars of five minutes from 09:00, five labels at most: the whole hours."""
    chart = a_chart(bars=steady(40))
    assert [f"{chart.bars[number].at:%H:%M}" for number in time_ticks(chart, 5)] == ["09:00", "10:00", "11:00", "12:00"]


@given(st.lists(st.integers(-500, 1000), max_size=12))
def test_labels_never_touch_and_never_leave(rows: list[int]) -> None:
    """As long as there is room, all stand within it, in the order of their prices, a height apart."""
    placed = spread(rows, 26, 50, 550)
    ordered = [placed[number] for number in sorted(range(len(rows)), key=lambda number: rows[number])]
    assert all(one + 26 <= other for one, other in pairwise(ordered))
    assert all(50 + 13 <= row <= 550 - 13 for row in placed)


def test_a_label_with_room_stays_at_its_price() -> None:
    """Only what would touch is moved."""
    assert spread([100, 300, 310], 26, 0, 500)[0] == 100


def test_letters_that_the_font_lacks_are_spelt() -> None:
    """Russian in Latin letters, accents left out, others a question mark; digits and ASCII as they are."""
    assert spelt("Щукин №7 é 5% 株") == "Shchukin N7 e 5% ?"
