"""Ranges, points and what is chosen of what was tried."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.values.orders import Side
from simulator.search import Tried, best_of_pairs, by_day, count, drawn, parse_range, points, ranked, walk_forward
from simulator.trades import Trade

DIP, STOP = parse_range("dip=0.1:0.3:0.1"), parse_range("stop=0.5:0.6:0.05")
DAYS = [date(2025, 12, 1) + timedelta(days=number) for number in range(6)]


def tried(point: str, *earned: int, pruned: bool = False) -> Tried:
    """By day, from DAYS[0] on."""
    days = dict(zip(DAYS, map(Decimal, earned), strict=False))
    return Tried((Decimal(point),), sum(days.values(), Decimal(0)), days, pruned)


def test_both_ends_of_a_range_are_in_it() -> None:
    """In exact steps."""
    assert [str(value) for value in DIP.values] == ["0.1", "0.2", "0.3"]
    assert len(parse_range("dip=0.1:0.1:1").values) == 1


def test_points_are_every_combination_the_last_fastest() -> None:
    """Three dips, three stops."""
    found = points([DIP, STOP])
    assert len(found) == count([DIP, STOP]) == 9
    assert found[:2] == ((Decimal("0.1"), Decimal("0.5")), (Decimal("0.1"), Decimal("0.55")))


@given(st.integers(0, 500), st.integers(1, 100), st.integers(1, 60))
def test_a_float_means_the_value_it_was_made_of(low: int, step: int, steps: int) -> None:
    """Whatever a sampler or a database makes of it on the way."""
    text = f"x={Decimal(low) / 100}:{Decimal(low + step * steps) / 100}:{Decimal(step) / 100}"
    asked = parse_range(text)
    assert [asked.nearest(float(value) + 1e-9) for value in asked.values] == list(asked.values)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("dip=0.3:0.1:0.1", "empty: 0.1 is below 0.3"),
        ("dip=0.1:0.3:0.15", "steps of 0.15 from 0.1 do not meet 0.3"),
        ("dip=0.1:0.3:0", "step is 0; it must be above 0"),
        ("dip=-0.1:0.3:0.1", "must not be negative"),
        ("dip=a:b:c", "are numbers"),
        ("dip=0.1:NaN:0.1", "are numbers"),
        ("dip=0.1:0.3", "write it as name=low:high:step"),
        ("=0.1:0.3:0.1", "write it as name=low:high:step"),
    ],
)
def test_a_range_that_cannot_be_says_why(text: str, why: str) -> None:
    """In words that say what to change."""
    with pytest.raises(ValueError, match=why):
        parse_range(text)


def test_equal_seeds_draw_the_same_different_points() -> None:
    """No point twice, and no more than there are."""
    assert drawn([DIP, STOP], 5, 1) == drawn([DIP, STOP], 5, 1) != drawn([DIP, STOP], 5, 2)
    assert len(set(drawn([DIP, STOP], 5, 1))) == 5
    assert len(drawn([DIP, STOP], 50, 1)) == 9


def test_the_best_comes_first_and_what_was_given_up_last() -> None:
    """Among equals the smaller point, so that the order is the same from run to run."""
    order = ranked([tried("1", 5), tried("4", 9, pruned=True), tried("3", 7), tried("2", 7)])
    assert [str(each.point[0]) for each in order] == ["2", "3", "1", "4"]


def test_a_walk_forward_judges_on_days_that_the_choice_has_not_seen() -> None:
    """The early winner is chosen on the first days and loses on the next; then the other is chosen."""
    early, late = tried("1", 5, 5, -1, -1, 0, 0), tried("2", 0, 0, 4, 4, 3, 3)
    first, second = walk_forward([early, late, tried("3", 99, pruned=True)], DAYS, learn=2, judge=2)
    assert (first.chosen, first.learned, first.judged) == (early.point, Decimal(10), Decimal(-2))
    assert (second.chosen, second.learned, second.judged) == (late.point, Decimal(8), Decimal(6))
    assert (first.days, second.days) == (tuple(DAYS[2:4]), tuple(DAYS[4:6]))


def test_a_walk_forward_without_one_step_is_refused() -> None:
    """Six days are less than five and two."""
    with pytest.raises(ValueError, match="6 days are less than 5 to learn from and 2 to judge by"):
        walk_forward([tried("1", 1)], DAYS, learn=5, judge=2)


def test_profit_belongs_to_the_local_day_of_the_close() -> None:
    """Two trades of one evening in New York, the second one after midnight UTC."""
    evening = datetime(2025, 12, 1, 23, 30, tzinfo=UTC)
    one, ten = Decimal(1), Decimal(10)
    trades = [
        Trade(evening, evening + timedelta(hours=hours), Side.BUY, one, ten, ten, Decimal(0), profit)
        for hours, profit in ((0, Decimal(2)), (1, Decimal(3)), (24, Decimal(4)))
    ]
    assert by_day(trades, ZoneInfo("America/New_York")) == {date(2025, 12, 1): 5, date(2025, 12, 2): 4}


def test_a_cell_of_the_map_is_the_best_of_the_other_figures() -> None:
    """Of three figures, two are shown."""
    a, b, c = Decimal(1), Decimal(2), Decimal(3)
    found = best_of_pairs(
        [Tried((a, b, a), Decimal(5)), Tried((a, b, c), Decimal(7)), Tried((b, b, a), Decimal(1), pruned=True)], 0, 1
    )
    assert found == {(a, b): 7}
