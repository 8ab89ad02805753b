"""Links that open the dashboard once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.clock import ManualClock
from core.services.passes import ENTRY_LIVES, PASSES_MAX, SETUP_LIVES, Passes
from core.values.ids import UserId
from core.values.people import Person, Role, owner_person

OWNER, ANN = owner_person("telegram"), Person(UserId("ann"), "ann", Role.TRADER)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 1, 5, tzinfo=UTC))


@pytest.fixture
def passes(clock: ManualClock) -> Passes:
    return Passes(clock)


def test_a_pass_opens_once(passes: Passes) -> None:
    """For the person whom it was drawn for."""
    token = passes.draw(ANN)
    assert passes.enter(token) == ANN
    assert passes.enter(token) is None


async def test_a_pass_is_good_for_two_minutes(passes: Passes, clock: ManualClock) -> None:
    """And not a second more."""
    token = passes.draw(ANN)
    await clock.advance(ENTRY_LIVES.total_seconds())
    assert passes.enter(token) is None


def test_a_newer_pass_ends_the_older_one(passes: Passes) -> None:
    """Of the same person; others keep theirs."""
    older, others, newer = passes.draw(ANN), passes.draw(OWNER), passes.draw(ANN)
    assert passes.enter(older) is None
    assert (passes.enter(newer), passes.enter(others)) == (ANN, OWNER)


async def test_the_set_up_is_open_for_a_day_until_it_is_done(passes: Passes, clock: ManualClock) -> None:
    """It is nobody's way in, and a way in is no set-up."""
    token, entry = passes.draw(), passes.draw(ANN)
    assert passes.sets_up(token)
    assert not passes.sets_up(entry)
    assert passes.enter(token) is None
    await clock.advance(SETUP_LIVES.total_seconds() - 1)
    assert passes.sets_up(token)
    passes.done(token)
    assert not passes.sets_up(token)


def test_passes_are_bounded(passes: Passes) -> None:
    """The oldest goes."""
    first = passes.draw(ANN)
    for number in range(PASSES_MAX):
        passes.draw(Person(UserId(str(number)), "x", Role.VIEWER))
    assert passes.enter(first) is None
