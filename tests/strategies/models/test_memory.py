"""When a daily model goes back to what it knew, begins anew, or leaves things as they are."""

from __future__ import annotations

from datetime import date

import pytest

from strategies.models.dips import DIP10
from strategies.models.memory import Learned, Memory, from_row, learn, to_row
from tests.strategies.days import lows

FRIDAY, MONDAY, TUESDAY, WEDNESDAY = date(2026, 6, 12), date(2026, 6, 15), date(2026, 6, 16), date(2026, 6, 17)
THURSDAY = date(2026, 6, 11)


def fed(memory: Memory, when: date, before: date, low: str, *, final: bool = True) -> tuple[Memory, Learned]:
    return learn(DIP10, memory, lows({"10:30": "100", "10:35": low}, when), before, final=final)


def total(memory: Memory) -> str:
    assert memory.newest is not None
    return str(memory.newest.state["sum"])


@pytest.fixture
def known() -> Memory:
    """Thursday 0.3 %, Friday 0.2 %: 0.088."""
    memory, word = fed(Memory(), THURSDAY, date(2026, 6, 10), "99.7")
    assert word is Learned.BEGUN
    memory, word = fed(memory, FRIDAY, THURSDAY, "99.8")
    assert word is Learned.FED
    return memory


def test_tc_15_today_is_learned_of_the_stream(known: Memory) -> None:
    """The newest output is of today; what is settled is still of the market day before."""
    memory, word = fed(known, MONDAY, FRIDAY, "99.6", final=False)
    assert word is Learned.FED
    assert memory.newest is not None
    assert (memory.newest.day, memory.newest.final) == (MONDAY, False)
    assert float(total(memory)) == pytest.approx(0.1504)
    assert memory.settled == known.settled


def test_tc_16_stable_bars_revert_to_the_snapshot_and_are_fed(known: Memory) -> None:
    """Monday of the stream said 0.4 %; the broker says 0.2 %: the sum is as if the stream had never been."""
    streamed, _ = fed(known, MONDAY, FRIDAY, "99.6", final=False)
    settled, word = fed(streamed, MONDAY, FRIDAY, "99.8")
    plain, _ = fed(known, MONDAY, FRIDAY, "99.8")
    assert (word, settled) == (Learned.FED, plain)


def test_tc_16_a_gap_restarts(known: Memory) -> None:
    """Tuesday without Monday: what was learned up to Friday is forgotten."""
    memory, word = fed(known, TUESDAY, MONDAY, "99.7")
    assert word is Learned.RESTARTED
    assert float(total(memory)) == pytest.approx(0.06)


def test_tc_16_a_day_that_is_not_final_does_not_restart(known: Memory) -> None:
    """After a gap today's stream teaches nothing: the output stays old, and the old fails by its date."""
    memory, word = fed(known, TUESDAY, MONDAY, "99.7", final=False)
    assert (memory, word) == (known, Learned.GAP)


def test_tc_17_the_same_day_twice_changes_nothing(known: Memory) -> None:
    """Final or not, and whatever its bars are now."""
    once, _ = fed(known, MONDAY, FRIDAY, "99.6", final=False)
    assert fed(once, MONDAY, FRIDAY, "99.1", final=False) == (once, Learned.KNOWN)
    settled, _ = fed(once, MONDAY, FRIDAY, "99.6")
    assert fed(settled, MONDAY, FRIDAY, "99.1") == (settled, Learned.KNOWN)
    assert fed(settled, MONDAY, FRIDAY, "99.1", final=False) == (settled, Learned.KNOWN)


def test_tc_17_an_earlier_day_changes_nothing(known: Memory) -> None:
    """It was learned before; whoever healed it asks for everything anew."""
    assert fed(known, THURSDAY, date(2026, 6, 10), "99.1") == (known, Learned.KNOWN)


def test_days_follow_each_other_over_a_weekend(known: Memory) -> None:
    """The market day before Monday is Friday."""
    memory, word = fed(known, MONDAY, FRIDAY, "99.6")
    assert word is Learned.FED
    assert fed(memory, TUESDAY, MONDAY, "99.6")[1] is Learned.FED


def test_it_comes_back_from_its_row_as_it_was(known: Memory) -> None:
    """Written, read, the same."""
    memory, _ = fed(known, MONDAY, FRIDAY, "99.6", final=False)
    assert from_row(to_row(memory)) == memory
    assert from_row(to_row(Memory())) == Memory()
