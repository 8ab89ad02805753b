"""A limit on what we ask of others, under a clock that stands still."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from core.clock import ManualClock
from kit.rates import Rates


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 1, 5, tzinfo=UTC))


def rates(clock: ManualClock, calls: int = 10, kept: float = 0.4) -> Rates:
    return Rates(calls, 60, kept, clock.now, clock.sleep)


async def many(limit: Rates, clock: ManualClock, urgency: int, count: int, made: list[tuple[float, int]]) -> None:
    start = clock.now()

    async def one() -> None:
        await limit.take(urgency)
        made.append(((clock.now() - start).total_seconds(), urgency))

    await asyncio.gather(*(one() for _ in range(count)))


async def let(clock: ManualClock, seconds: int) -> None:
    for _ in range(seconds):
        await asyncio.sleep(0)
        await clock.advance(1)
        await asyncio.sleep(0)


@pytest.mark.parametrize("urgency", [0, 3])
async def test_no_window_ever_holds_more_than_the_limit(clock: ManualClock, urgency: int) -> None:
    """45 calls at once against 10 a minute: whichever minute is looked at, 10 at most are in it."""
    made: list[tuple[float, int]] = []
    asking = asyncio.create_task(many(rates(clock), clock, urgency, 45, made))
    await let(clock, 600)
    await asking
    moments = sorted(at for at, _ in made)
    assert len(moments) == 45
    assert all(later - earlier > 60 for earlier, later in zip(moments, moments[10:], strict=False))


async def test_a_share_is_kept_for_the_most_urgent(clock: ManualClock) -> None:
    """Others use six of ten; four exits go out at once all the same."""
    limit, made = rates(clock), list[tuple[float, int]]()
    others = asyncio.create_task(many(limit, clock, 3, 20, made))
    await let(clock, 5)
    assert len(made) == 6
    await many(limit, clock, 0, 4, made)
    assert [urgency for _, urgency in made[6:]] == [0, 0, 0, 0]
    others.cancel()


async def test_what_the_urgent_used_is_no_longer_kept(clock: ManualClock) -> None:
    """Four exits were made: all six that are left go to whoever comes."""
    limit, made = rates(clock), list[tuple[float, int]]()
    await many(limit, clock, 0, 4, made)
    await many(limit, clock, 2, 6, made)
    assert len(made) == 10


async def test_the_more_urgent_goes_first(clock: ManualClock) -> None:
    """Polling comes later than a queue of traps and does not stand behind it."""
    limit, made = rates(clock, kept=0), list[tuple[float, int]]()
    for _ in range(10):
        await many(limit, clock, 2, 1, made)
        await let(clock, 1)
    waiting = [asyncio.create_task(many(limit, clock, 3, 10, made)), asyncio.create_task(let(clock, 1))]
    await waiting[1]
    waiting.append(asyncio.create_task(many(limit, clock, 1, 1, made)))
    await let(clock, 60)
    assert [urgency for _, urgency in made[10:12]] == [1, 3]
    for task in waiting:
        task.cancel()


async def test_a_pause_holds_everybody(clock: ManualClock) -> None:
    """The other side said when it will listen again."""
    limit, made = rates(clock), list[tuple[float, int]]()
    limit.pause(30)
    asking = asyncio.create_task(many(limit, clock, 0, 1, made))
    await let(clock, 29)
    assert made == []
    await let(clock, 2)
    await asking
    assert [at for at, _ in made] == [30.0]


async def test_one_that_gives_up_frees_its_place(clock: ManualClock) -> None:
    """A cancelled caller takes nothing."""
    limit, made = rates(clock, calls=1, kept=0), list[tuple[float, int]]()
    await limit.take(0)
    gone = asyncio.create_task(limit.take(0))
    await let(clock, 1)
    gone.cancel()
    asking = asyncio.create_task(many(limit, clock, 0, 1, made))
    await let(clock, 62)
    await asking
    assert len(made) == 1


@pytest.mark.parametrize(("calls", "kept"), [(0, 0.0), (1, 1.0)])
def test_a_limit_that_is_none_is_refused(clock: ManualClock, calls: int, kept: float) -> None:
    """No calls, or all of them kept."""
    with pytest.raises(ValueError, match="positive"):
        Rates(calls, 60, kept, clock.now, clock.sleep)
