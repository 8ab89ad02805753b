"""Averages, RSI and ATR against sums done by hand, and what must hold of any of them."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as some

from strategies.indicators import Atr, Rsi, ema, wilder
from tests.strategies.bars import bars

PRICES = some.lists(some.decimals("1", "1000", places=2), min_size=8, max_size=30)


def rounded(values: list[Decimal | None]) -> list[str | None]:
    return [None if value is None else f"{value:.4f}" for value in values]


def test_le_38_ema_begins_with_the_mean_and_then_follows() -> None:
    """Length 3: (1 + 2 + 3) / 3 = 2, then halfway to each price: 2 -> 4 -> 3."""
    line = ema(3)
    assert rounded([line.take(Decimal(n)) for n in (1, 2, 3, 6, 2)]) == [None, None, "2.0000", "4.0000", "3.0000"]


def test_le_38_wilder_takes_one_part_in_its_length() -> None:
    """Length 4: the mean of 4, 8, 6, 2 is 5; then a quarter of the way to 9 is 6."""
    line = wilder(4)
    assert rounded([line.take(Decimal(n)) for n in (4, 8, 6, 2, 9)])[3:] == ["5.0000", "6.0000"]


def test_le_38_rsi_by_hand() -> None:
    """Length 2 over 10, 12, 11, 14: rises (2 + 0) / 2 = 1, falls 0.5 -> 66.67; then rises 2, falls 0.25 -> 88.89."""
    line = Rsi(2)
    assert rounded([line.take(Decimal(n)) for n in (10, 12, 11, 14)]) == [None, None, "66.6667", "88.8889"]


def test_le_38_atr_by_hand() -> None:
    """Length 2: ranges of 2 and (from the close before) 12 - 8 give 3; then a gap from 9 to 20: 3 + (11 - 3) / 2."""
    line = Atr(2)
    candles = bars("10 11 9 8", "11 12 9 9", "19 20 18 19")
    assert rounded([line.take(bar) for bar in candles]) == [None, "3.0000", "7.0000"]


@settings(max_examples=60, deadline=None)
@given(prices=PRICES, add=some.decimals("0", "500", places=2), length=some.integers(1, 7))
def test_le_38_averages_stay_within_their_prices_and_move_with_them(
    prices: list[Decimal], add: Decimal, length: int
) -> None:
    """Between the lowest and the highest price so far; all prices higher by a sum, the average higher by it."""
    line, higher = ema(length), ema(length)
    for number, price in enumerate(prices, 1):
        value, moved = line.take(price), higher.take(price + add)
        assert (value is None) == (number < length)
        if value is not None and moved is not None:
            slack = Decimal("1e-20")
            assert min(prices[:number]) - slack <= value <= max(prices[:number]) + slack
            assert abs(moved - value - add) < slack


@settings(max_examples=60, deadline=None)
@given(prices=PRICES, length=some.integers(1, 7))
def test_le_38_rsi_is_a_share_and_falls_mirror_rises(prices: list[Decimal], length: int) -> None:
    """0..100; of the prices turned upside down it is what is left to 100."""
    line, mirror = Rsi(length), Rsi(length)
    for number, price in enumerate(prices, 1):
        value, turned = line.take(price), mirror.take(1000 - price)
        assert (value is None) == (number <= length)
        if value is not None and turned is not None:
            assert 0 <= value <= 100
            flat = value == turned == 100
            assert flat or abs(value + turned - 100) < Decimal("1e-18")
