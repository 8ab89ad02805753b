"""Bars as columns of whole numbers: exactly, whatever the decimals."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.values.candles import Fault, SymbolDay, columns, daily
from core.values.market import Candle
from core.values.money import Price, Quantity

START = datetime(2026, 6, 15, 13, 30, tzinfo=UTC)
PRICES = st.decimals(min_value=Decimal("0.000001"), max_value=Decimal(10_000_000), places=6).map(Price)
VOLUMES = st.decimals(min_value=Decimal("0.001"), max_value=Decimal(10**9), places=3).map(Quantity)


def bar(number: int, *texts: str) -> Candle:
    opened, high, low, close = (Price(Decimal(text)) for text in texts)
    return Candle(START + timedelta(minutes=number), opened, high, low, close, Quantity(Decimal(number + 1)))


@given(st.lists(st.tuples(PRICES, PRICES, PRICES, PRICES, VOLUMES), max_size=8))
def test_bars_come_back_as_they_went_in(rows: list[tuple[Price, Price, Price, Price, Quantity]]) -> None:
    """No digit is lost and none is made up."""
    bars = [Candle(START + timedelta(minutes=number), *row) for number, row in enumerate(rows)]
    assert columns(bars).candles() == bars


def test_numbers_share_one_scale() -> None:
    """The finest price decides; a price of its own numbers is the price again."""
    made = columns([bar(0, "10", "10.5", "9.25", "10"), bar(1, "10", "11", "10", "11")])
    assert (list(made.low), made.scale, made.volume_scale) == ([925, 1000], 2, 0)
    assert made.price(925) == Decimal("9.25")


def test_between_takes_bars_by_their_beginnings() -> None:
    """The first moment counts, the last does not; nothing is copied."""
    made = columns([bar(number, "1", "1", "1", "1") for number in range(5)])
    part = made.between(START + timedelta(minutes=1), START + timedelta(minutes=3))
    assert [candle.at.minute for candle in part.candles()] == [31, 32]
    assert part.low.obj is made.low.obj
    assert len(made.between(START + timedelta(hours=1), START + timedelta(hours=2))) == 0


@pytest.mark.parametrize("price", ["NaN", "-Infinity", "0.0000000000001", "99999999999999999999"])
def test_what_does_not_fit_is_refused(price: str) -> None:
    """Rather than rounded."""
    with pytest.raises(ValueError, match=r"."):
        columns([bar(0, price, price, price, price)])


def test_zeros_behind_the_point_are_no_digits() -> None:
    """Thirteen decimals that are zeros are none too many."""
    assert columns([bar(0, *["1.5000000000000"] * 4)]).candles()[0].open == Decimal("1.5")


def test_a_moment_between_seconds_is_refused() -> None:
    """A bar begins on a second."""
    made = bar(0, "1", "1", "1", "1")
    with pytest.raises(ValueError, match="whole seconds"):
        columns([Candle(made.at + timedelta(microseconds=1), made.open, made.high, made.low, made.close, made.volume)])


def test_a_day_as_one_bar() -> None:
    """First open, highest high, lowest low, last close, all volume."""
    one = daily([bar(0, "10", "12", "9", "11"), bar(1, "11", "11.5", "8.5", "9")])
    assert [one.open, one.high, one.low, one.close, one.volume] == [10, 12, Decimal("8.5"), 9, 3]
    assert one.at == START


def test_a_day_that_was_healed_is_valid_and_an_empty_one_is_not() -> None:
    """Disorder is put right; a lack is not."""
    bars, day = [bar(0, "1", "1", "1", "1")], date(2026, 6, 15)
    assert SymbolDay("X", day, bars, faults=frozenset({Fault.UNSORTED, Fault.TWICE, Fault.OUTSIDE})).valid
    assert not SymbolDay("X", day, bars, faults=frozenset({Fault.TWICE, Fault.GAPS})).valid
    assert not SymbolDay("X", day, []).valid
