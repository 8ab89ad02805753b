"""The strategy on bars: what fills, on which bar, at what price. The series is explained in bars.py."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from core.values.orders import Side
from strategies.mean_reversion import Rules, Signals
from strategies.mean_reversion_trades import MeanReversion
from tests.strategies.bars import LONG_AT_99, SHORT_AT_201, SHORT_RULES, TICK, bars, replay, told, walk

ENTRY = (3, "Entry", "entry", 99, 100)
PARTS = (("TP1", 15), ("TP2", 15), ("TP", 70))
REACHES_TP1 = "99 106 98 105"
REACHES_TP2 = "105 113 104 106"


def after_entry(*rows: str, rules: Rules = SHORT_RULES) -> list[tuple[object, ...]]:
    """What follows the long entry at 99 (stop 90, TP1 105.75, TP2 112.50, target 114, breakeven 99.20)."""
    events = told(replay(bars(*LONG_AT_99, *rows), rules))
    assert events[0] == ENTRY
    return events[1:]


def test_le_38_entry_tp1_tp2_and_the_rest_at_breakeven() -> None:
    """15 % at each intermediate target; the stop, moved after the first, takes the other 70 %."""
    assert after_entry(REACHES_TP1, REACHES_TP2, "106 107 99 100") == [
        (4, "TP1", "tp1_breakeven", 105.75, 15),
        (5, "TP2", "tp2", 112.5, 15),
        (6, "TP", "exit", 99.2, 70),
    ]


def test_le_38_the_rest_goes_at_the_target() -> None:
    """A bar through 114."""
    assert after_entry(REACHES_TP1, REACHES_TP2, "106 115 105 107")[2:] == [(6, "TP", "exit", 114, 70)]


def test_le_38_all_levels_in_one_bar() -> None:
    """On the way up, nearest first."""
    assert [event[1] for event in after_entry("99 115 98 100")] == ["TP1", "TP2", "TP"]


def test_le_38_at_the_stop_every_part_says_exit() -> None:
    """Before TP1: three orders, one price."""
    assert after_entry("99 100 89 91") == [(4, name, "exit", 90, share) for name, share in PARTS]


def test_le_38_an_open_beyond_a_level_fills_at_the_open() -> None:
    """Under the stop all of it; above TP1 that part."""
    assert after_entry("88 89 87 88") == [(4, name, "exit", 88, share) for name, share in PARTS]
    assert after_entry("107 107.5 106 107") == [(4, "TP1", "tp1_breakeven", 107, 15)]


@pytest.mark.parametrize(
    ("row", "first"),
    [("98 106 89 95", ("TP1", "tp1_breakeven", 105.75)), ("99 109 89 95", ("TP1", "exit", 90))],
    ids=["the high is nearer to the open", "as near: the low first"],
)
def test_le_38_both_ways_in_one_bar_the_nearer_end_comes_first(row: str, first: tuple[object, ...]) -> None:
    """And the stop is still the first one: it moves at the close of a bar."""
    events = after_entry(row)
    assert events[0][1:4] == first
    assert [event[2:4] for event in events[1:]] == [("exit", 90), ("exit", 90)]


def test_le_38_breakeven_works_from_the_close_on() -> None:
    """A bar that reached TP1 and closes under 99.20 is left at its close."""
    assert after_entry("99 106 98 99.1")[1:] == [(4, "TP2", "exit", 99.1, 15), (4, "TP", "exit", 99.1, 70)]


def test_le_38_a_level_that_is_touched_fills() -> None:
    """Limit and stop alike."""
    assert after_entry("99 105.75 98 104") == [(4, "TP1", "tp1_breakeven", 105.75, 15)]
    assert len(after_entry("99 100 90 91")) == 3


def test_le_38_a_hair_short_of_tp1_moves_nothing() -> None:
    """The stop stays at 90: a fall to 91 leaves the position alone."""
    assert after_entry("99 105.74 98 104", "104 104 91 92") == []


def test_le_38_a_close_beyond_the_average_is_an_exit() -> None:
    """112.17 -> 108.58 -> 108.74: 108.90 is above; what is left goes in one order."""
    assert after_entry(REACHES_TP1, "105 109 104 108.9")[1:] == [(5, "Close", "exit", 108.9, 85)]
    assert after_entry(REACHES_TP1, "105 109 104 108.5")[1:] == []


def test_le_38_a_close_on_the_average_is_none() -> None:
    """The closes 182, 100, 96 begin the average at 126; it is 112.50 at the entry, and stays there with that close."""
    fills = replay(bars("182 183 181 182", *LONG_AT_99[1:], "99 112.5 98 112.5"))
    assert [fill.order for fill in fills] == ["Entry", "TP1", "TP2"]


def test_le_38_short_is_the_mirror() -> None:
    """Sold at 201; breakeven is 0.2 % under it."""
    fills = replay(bars(*SHORT_AT_201, "201 202 194 195", "195 196 187 194", "194 201 193 200"))
    assert told(fills) == [
        (3, "Entry", "entry", 201, 100),
        (4, "TP1", "tp1_breakeven", 194.25, 15),
        (5, "TP2", "tp2", 187.5, 15),
        (6, "TP", "exit", 200.6, 70),
    ]
    assert [fill.side for fill in fills] == [Side.SELL, Side.BUY, Side.BUY, Side.BUY]


def test_le_38_only_when_flat() -> None:
    """A second signal while a position is held is passed over; after the stop the next one counts."""
    again = ("98 99 95 96", "96 99 96 99")
    signals = Signals(SHORT_RULES, TICK)
    assert [signals.take(bar).side for bar in bars(*LONG_AT_99, *again)][3:] == [Side.BUY, None, Side.BUY]
    assert after_entry(*again) == []
    assert after_entry("96 97 89 92", "95 95 89.9 90", "90 95.5 90 95.5")[3:] == [(6, "Entry", "entry", 95.5, 100)]


def test_le_38_a_signal_on_the_bar_of_the_stop_counts() -> None:
    """The stop came within the bar, so at its close nothing is held."""
    events = after_entry("96 97 92 93", "92 97 89.5 96.5")
    assert [event[:3] for event in events[2:]] == [(5, "TP", "exit"), (5, "Entry", "entry")]


def test_le_40_with_tp1_and_tp2_off_there_is_one_exit() -> None:
    """At the target, or at the stop as it was at entry; highs through TP1 and TP2 move nothing."""
    single = replace(SHORT_RULES, partials=False)
    assert after_entry(REACHES_TP1, REACHES_TP2, "106 115 105 107", rules=single) == [(6, "TP", "exit", 114, 100)]
    assert after_entry(REACHES_TP1, "99 99 89 90", rules=single) == [(5, "TP", "exit", 90, 100)]
    assert after_entry(REACHES_TP1, "105 109 104 108.9", rules=single) == [(5, "Close", "exit", 108.9, 100)]


@pytest.mark.parametrize("partials", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_le_38_over_a_long_walk_every_position_is_left_whole(seed: int, *, partials: bool) -> None:
    """Entries only when flat, parts that make 100 %, prices inside their bars, stops that never worsen."""
    strategy, open_percent = MeanReversion(Rules(partials=partials), TICK), Decimal(0)
    entries = 0
    for bar in walk(2500, seed):
        before = strategy.position
        for fill in strategy.take(bar):
            assert bar.low <= fill.price <= bar.high
            assert (fill.message == "entry") == (open_percent == 0)
            entries += fill.message == "entry"
            open_percent += fill.percent if fill.message == "entry" else -fill.percent
        now = strategy.position
        assert (now is None) == (open_percent == 0)
        if before is not None and now is not None and before.entry == now.entry:
            assert now.side.sign * now.stop >= before.side.sign * before.stop
    assert entries > 5
