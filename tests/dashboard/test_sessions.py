"""How long a page's session is good."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.clock import ManualClock
from core.values.ids import UserId
from core.values.people import Person, Role, owner_person
from dashboard.sessions import IDLE, LIVES, SESSIONS_MAX, Sessions

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
OWNER, ANN = owner_person("dashboard"), Person(UserId("ann"), "ann", Role.TRADER)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def sessions(clock: ManualClock) -> Sessions:
    return Sessions(clock.now)


async def test_a_session_that_is_used_stays(sessions: Sessions, clock: ManualClock) -> None:
    """Up to its last hour."""
    key, session = sessions.open(OWNER)
    while clock.now() - START < LIVES - timedelta(minutes=20):
        await clock.advance(60 * 20)
        assert sessions.find(key) is session
    await clock.advance(60 * 20)
    assert sessions.find(key) is None


async def test_a_session_that_nobody_uses_ends(sessions: Sessions, clock: ManualClock) -> None:
    """Half an hour after the last use; an open page that only listens is no use."""
    key, session = sessions.open(OWNER)
    await clock.advance(IDLE.total_seconds() - 1)
    assert sessions.find(key, use=False) is session
    await clock.advance(1)
    assert sessions.find(key) is None


def test_all_of_a_person_end_together(sessions: Sessions) -> None:
    """And nobody else's."""
    mine = [sessions.open(OWNER)[0] for _ in range(3)]
    other, _ = sessions.open(ANN)
    assert sessions.close_all(OWNER.id) == 3
    assert [sessions.find(key) for key in mine] == [None] * 3
    assert sessions.find(other) is not None


def test_sessions_are_bounded(sessions: Sessions) -> None:
    """The oldest makes room."""
    first, _ = sessions.open(OWNER)
    keys = [sessions.open(OWNER)[0] for _ in range(SESSIONS_MAX)]
    assert sessions.find(first) is None
    assert all(sessions.find(key) for key in keys)


def test_no_two_sessions_share_a_secret(sessions: Sessions) -> None:
    """Neither their keys nor what their pages show."""
    opened = [sessions.open(OWNER) for _ in range(50)]
    assert len({key for key, _ in opened} | {session.csrf for _, session in opened}) == 100
