"""What a bar is played as."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.values.market import Candle
from core.values.money import Price, Quantity
from simulator.market import Bar, Conditions, bars_of, beats
from tests.simulator.pasts import OPENS, SHARE, D

BAR = Bar(60, 100, 110, 90, 105, 800)


@pytest.mark.parametrize(
    ("held", "path"), [("0.001", [100, 90, 110, 105]), ("0", [100, 110, 90, 105]), ("-5", [100, 110, 90, 105])]
)
def test_the_worse_end_comes_first(held: str, path: list[int]) -> None:
    """Held: the low, so that a stop is met before an offer; else the high, so that no dip is followed by its rise."""
    assert [beat.price for beat in beats(BAR, 60, D(held), Conditions())] == path


def test_prices_are_spread_over_the_bar() -> None:
    """Its first second, its last, and two in between."""
    assert [beat.at for beat in beats(BAR, 60, D(0), Conditions())] == [60, 80, 100, 119]


def test_w_41_half_of_the_volume_may_be_taken() -> None:
    """A quarter of that at each price, in whole steps."""
    assert [beat.size for beat in beats(BAR, 60, D(0), Conditions())] == [100] * 4
    assert {beat.size for beat in beats(BAR._replace(volume=7), 60, D(0), Conditions())} == {0}


def test_slippage_parts_the_sides_of_the_book() -> None:
    """Ticks and percent add up; a part of a tick is a whole one."""
    first = beats(BAR, 60, D(0), Conditions(slippage_ticks=2, slippage_percent=D("0.5")))[0]
    assert (first.bid, first.price, first.ask) == (97, 100, 103)


def test_a_halt_ends_before_its_last_moment() -> None:
    """From the first second on, up to the second at which it ends."""
    halts = Conditions(halts=((OPENS, OPENS + timedelta(minutes=1)),))
    second = int(OPENS.timestamp())
    assert [halts.halted(second + after) for after in (-1, 0, 59, 60)] == [False, True, True, False]


def test_candles_become_ticks_and_steps() -> None:
    """Exactly, where they stand on them."""
    first, high, low, last = (Price(D(text)) for text in ("1.00", "1.20", "0.90", "1.10"))
    candle = Candle(OPENS, first, high, low, last, Quantity(D(30)))
    assert list(bars_of([candle], SHARE)) == [Bar(int(OPENS.timestamp()), 100, 120, 90, 110, 30)]
