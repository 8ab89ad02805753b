"""Which symbol is traded next."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from strategies.choosing import History, choose, points, tickets

GOOD = History(runs=30, entered=25, gains=(0.2,) * 20, losses=(0.1,) * 5)
BAD = History(runs=30, entered=25, gains=(0.1,) * 5, losses=(0.6,) * 20)
MIDDLING = History(runs=30, entered=15, gains=(0.1,) * 10, losses=(0.3,) * 5)


def test_tc_41_a_profitable_pair_is_picked_more_often() -> None:
    """And the others now and then."""
    draw = random.Random(7)
    picked = Counter(choose({"good": GOOD, "bad": BAD, "middling": MIDDLING}, draw) for _ in range(2000))
    assert picked["good"] > 2 * picked["middling"] > 2 * picked["bad"] > 0


def test_tc_41_the_same_draw_picks_the_same() -> None:
    """Whatever order the pairs come in."""
    one = [choose({"a": GOOD, "b": MIDDLING}, random.Random(seed)) for seed in range(20)]
    other = [choose({"b": MIDDLING, "a": GOOD}, random.Random(seed)) for seed in range(20)]
    assert one == other


@pytest.mark.parametrize(
    "worse",
    [
        History(runs=30, entered=25, gains=(0.1,) * 20, losses=(0.1,) * 5),
        History(runs=30, entered=25, gains=(0.2,) * 20, losses=(0.2,) * 5),
        History(runs=30, entered=8, gains=(0.2,) * 20, losses=(0.1,) * 5),
        History(runs=6, entered=5, gains=(0.2,) * 4, losses=(0.1,)),
    ],
    ids=["smaller gains", "larger losses", "fewer entries", "a thin history"],
)
def test_tc_41_each_part_of_a_history_counts(worse: History) -> None:
    """All else being equal."""
    assert points(worse) < points(GOOD)


def test_points_at_their_ends() -> None:
    """The figures of the docstring."""
    best = History(runs=40, entered=40, gains=(2.0,))
    assert points(best) == pytest.approx(4.602, abs=0.001)
    assert points(History(runs=40, entered=40, losses=(2.0,))) == pytest.approx(-9.204, abs=0.001)
    assert points(History(runs=40)) == pytest.approx(-36.046, abs=0.001)
    assert points(History()) == pytest.approx(-36.046 - 10.553, abs=0.001)


def test_tickets_run_from_one_to_a_hundred() -> None:
    """The worst has one, the best a hundred; all alike have the same."""
    found = tickets({"good": GOOD, "bad": BAD, "middling": MIDDLING})
    assert (found["bad"], found["good"]) == (1, 100)
    assert 1 < found["middling"] < 100
    assert tickets({"a": GOOD, "b": GOOD}) == {"a": 100, "b": 100}


def test_nothing_to_choose_from() -> None:
    """Nobody is picked."""
    assert choose({}, random.Random(1)) is None
