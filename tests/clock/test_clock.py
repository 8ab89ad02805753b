"""Clocks that are set, and days that are not 24 hours long."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest

from core.rules.closing import EndRule, closing
from core.rules.sessions import CALENDARS, sessions
from core.values.market import Session
from kit.rates import Rates
from openoutcry.bell import Bell
from tests.simulation.story import bell_time
from tests.simulation.timeline import VirtualLoop, World

ZONES = ("Europe/Moscow", "Asia/Kolkata", "America/New_York", "Europe/Berlin", "Australia/Sydney")
"""Two without summer time, three that change on different days and in both directions."""
FIRST, DAYS = date(2025, 1, 1), 3 * 365
HOUR = timedelta(hours=1)


def session(day: date, zone: ZoneInfo, hours: tuple[int, int]) -> Session:
    opens, closes = (datetime.combine(day, time(hour), zone).astimezone(UTC) for hour in hours)
    return Session(opens, closes)


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize(("at", "hours"), [(time(2, 30), (1, 23)), (time(15, 29), (1, 23)), (None, (9, 17))])
def test_i25_a_day_ends_once_over_three_years(name: str, at: time | None, hours: tuple[int, int]) -> None:
    """Looked at each half hour: one due moment a local day, at its local time, whether the day has 23, 24 or 25 hours;
    02:30, which two days a year lack or have twice, too."""
    zone = ZoneInfo(name)
    days = [session(FIRST + timedelta(days=n), zone, hours) for n in range(DAYS)]
    rule = EndRule(at=at, zone=zone, lead=timedelta(minutes=1))
    due = Counter[date]()
    found: set[datetime] = set()
    for number in range(2, DAYS - 2):
        now = days[number].opens_at
        while now < days[number].closes_at:
            end = closing(days[number - 2 : number + 3], now, now + timedelta(days=5), rule)
            assert end is not None
            found.add(end.due.astimezone(UTC))
            now += HOUR / 2
    for moment in found:
        due[moment.astimezone(zone).date()] += 1
    assert set(due) == {FIRST + timedelta(days=n) for n in range(2, DAYS - 2)}
    assert set(due.values()) == {1}


@pytest.mark.parametrize("calendar", sorted(CALENDARS))
def test_i25_no_two_sessions_of_an_exchange_overlap(calendar: str) -> None:
    """Over three years, in the exchange's own time: a night of 23 or 25 hours moves no bell into another day."""
    start = datetime.combine(FIRST, time(), UTC)
    found = sessions(calendar, start, start + timedelta(days=DAYS))
    assert len(found) > 500
    assert all(a.closes_at <= b.opens_at for a, b in pairwise(found))


@pytest.mark.parametrize(
    ("step", "days"), [(timedelta(0), 9), (HOUR, 10), (-HOUR, 9), (timedelta(days=365), 9)], ids=str
)
def test_i25_the_bell_rings_once_a_day_though_the_clock_is_set(step: timedelta, days: int) -> None:
    """More than nine days in virtual time, the clock set half an hour before a ring: one ring for each day that there
    was, and one that was leapt over comes late instead of never."""
    world = World(datetime(2026, 3, 27, 12, tzinfo=UTC))
    loop = VirtualLoop(world, Random(1))
    rings: list[datetime] = []

    async def ring() -> None:
        rings.append(world.now())

    async def ten_days() -> None:
        bell = Bell()
        bell.daily(3, 0, ring)
        async with bell.hung():
            await asyncio.sleep(timedelta(days=4, hours=14, minutes=30).total_seconds())
            world.shift_s += step.total_seconds()
            await asyncio.sleep(timedelta(days=5).total_seconds())

    with bell_time(world):
        loop.run_until_complete(ten_days())
    loop.close()
    assert len({moment.date() for moment in rings}) == len(rings)
    assert len(rings) == days


async def test_calls_go_on_when_the_clock_is_set_back() -> None:
    """An hour back: nobody waits for longer than a window, and the limit holds."""
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    waited = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal now, waited
        waited += seconds
        now += timedelta(seconds=seconds)

    rates = Rates(2, 10.0, 0.0, lambda: now, sleep)
    await rates.take(0)
    await rates.take(0)
    now -= HOUR
    await rates.take(0)
    assert 0 < waited <= 10.3
