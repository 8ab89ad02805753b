"""The conditions and levels of one bar: the study."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest

from core.values.alerts import Levels
from core.values.money import Price
from core.values.orders import Side
from strategies.mean_reversion import Look, Rules, Signals, bearish, bullish, size, to_tick
from tests.strategies.bars import LONG_AT_99, SHORT_AT_201, SHORT_RULES, TICK, bars, walk


def look(*rows: str, rules: Rules = SHORT_RULES) -> Look:
    """What the last of these bars shows."""
    signals = Signals(rules, TICK)
    return [signals.take(bar) for bar in bars(*rows)][-1]


def levels(stop: str, target: str) -> Levels:
    return Levels(Price(Decimal(stop)), Price(Decimal(target)))


def test_le_38_a_long_signal_with_its_levels() -> None:
    """Every condition holds on the fourth bar, and on none before."""
    seen = look(*LONG_AT_99)
    assert (seen.side, seen.long, seen.short) == (Side.BUY, levels("90", "114"), levels("108", "84"))
    assert all(look(*LONG_AT_99[:count]).side is None for count in (1, 2, 3))


def test_le_38_a_short_signal_is_its_mirror() -> None:
    """Bearish, above the average, RSI over 70."""
    seen = look(*SHORT_AT_201)
    assert (seen.side, seen.levels(Side.SELL)) == (Side.SELL, levels("210", "186"))


@pytest.mark.parametrize(
    "rows",
    [
        (*LONG_AT_99[:3], "96.01 99 96 99"),  # opens above the close before
        (*LONG_AT_99[:3], "96 99 96 98"),  # closes at the open before, not beyond
        (*LONG_AT_99[:2], "96 99 95 96", "96 99 96 99"),  # the bar before did not fall
        ("99 101 98 100", *LONG_AT_99[1:]),  # closes above the average
        ("101 102 100 101", *LONG_AT_99[1:]),  # closes on the average: 99, and 99 it stays
        ("98 99 96 97", "97 101 96 100", "98 99 95 96", "96 99 96 99"),  # RSI before: 3 of 7
    ],
)
def test_le_38_one_condition_short_is_no_signal(rows: tuple[str, ...]) -> None:
    """Each row breaks one condition of the long signal."""
    assert look(*rows).side is None


def test_le_38_the_rsi_of_the_bar_before_decides() -> None:
    """It is 0 before and 6.67 on the bar of the signal; equal to the threshold is not under it."""
    assert look(*LONG_AT_99, rules=replace(SHORT_RULES, rsi_low=Decimal(5))).side is Side.BUY
    assert look(*LONG_AT_99, rules=replace(SHORT_RULES, rsi_low=Decimal(0))).side is None


def test_le_38_levels_are_rounded_to_the_nearest_tick_ties_up() -> None:
    """As the script's math.round_to_mintick does."""
    rounded = [str(to_tick(Decimal(text), Decimal("0.5"))) for text in ("1.24", "1.25", "1.74", "1.75")]
    assert rounded == ["1.0", "1.5", "1.5", "2.0"]


def test_le_38_no_signal_without_a_distance_to_the_stop() -> None:
    """A stop that rounds to the close gives nothing to size by."""
    signals = Signals(SHORT_RULES, Decimal(33))  # 99 is on this tick, and so is 90 once it is rounded
    seen = [signals.take(bar) for bar in bars(*LONG_AT_99)]
    assert seen[-1].long.stop == 99
    assert seen[-1].side is None


def test_le_38_the_chart_sizes_by_what_the_stop_would_lose() -> None:
    """1 % of 10,000 over a distance of 9."""
    assert round(size(Decimal(10_000), Decimal(99), Decimal(90), Rules().risk_percent), 4) == Decimal("11.1111")


def test_le_38_over_a_long_walk_signals_keep_their_conditions() -> None:
    """With the real constants: both sides come, each after its pattern and on its side of the average."""
    signals, candles = Signals(Rules(), TICK), walk(4000, 7)
    looks = [signals.take(bar) for bar in candles]
    assert all(seen.ema is None for seen in looks[:199])
    found = [(before.bar, now) for before, now in pairwise(looks) if now.side is not None]
    assert {now.side for _, now in found} == {Side.BUY, Side.SELL}
    for before, now in found:
        assert now.ema is not None
        pattern = bullish if now.side is Side.BUY else bearish
        assert pattern(before, now.bar)
        assert (now.bar.close < now.ema) == (now.side is Side.BUY)
