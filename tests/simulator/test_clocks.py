"""Time of a desk that is replayed, and rest as its event loop sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from core.services.later import woken
from simulator.clocks import LeapingClock, RestingLoop

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def played(scene: Callable[[RestingLoop, LeapingClock], Awaitable[None]]) -> None:
    async def play() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, RestingLoop)
        await scene(loop, LeapingClock(NOON))

    with asyncio.Runner(loop_factory=RestingLoop) as runner:
        runner.run(play())


def test_rest_comes_when_everything_waits_for_a_clock() -> None:
    """However many turns of the loop that takes; and it comes at once where nothing can go on."""

    async def scene(loop: RestingLoop, clock: LeapingClock) -> None:
        done: list[int] = []

        async def work() -> None:
            for turn in range(20):
                await asyncio.sleep(0)
                done.append(turn)
            await clock.sleep(1)
            done.append(20)

        working = asyncio.ensure_future(work())
        await loop.rest()
        assert len(done) == 20
        await loop.rest()
        clock.leap(NOON + timedelta(seconds=1))
        await loop.rest()
        assert working.done()

    played(scene)


def test_whoever_waits_for_an_event_is_woken_by_it_or_by_the_clock() -> None:
    """By whichever comes first, once; a wait that was given up wakes nobody later."""

    async def scene(loop: RestingLoop, clock: LeapingClock) -> None:
        event = asyncio.Event()
        for wake in (event.set, lambda: clock.leap(clock.now() + timedelta(seconds=5))):
            event.clear()
            waiting = asyncio.ensure_future(woken(event, clock, 5))
            await loop.rest()
            assert not waiting.done()
            wake()
            await loop.rest()
            assert waiting.done()
        event.clear()
        given_up = asyncio.ensure_future(woken(event, clock, 5))
        await loop.rest()
        given_up.cancel()
        await loop.rest()
        clock.leap(clock.now() + timedelta(seconds=10))
        await loop.rest()
        assert not event.is_set()

    played(scene)
