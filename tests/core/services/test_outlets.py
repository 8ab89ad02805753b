"""One place a target: late, failing or dead, nobody else feels it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from core.clock import ManualClock
from core.services.outlets import Outlet
from core.values.errors import Rejected, Transient
from core.values.raw import RawAlert
from tests.desk import turns
from tests.targets.samples import raw

CLOCK = datetime(2024, 6, 1, tzinfo=UTC)


def nothing(_alert: RawAlert) -> None:
    """A target in good health."""


@dataclass
class Shelf:
    """A target that keeps what it gets. mood: raises what it is told to."""

    name: str = "shelf"
    mood: Callable[[RawAlert], None] = nothing
    got: list[int] = field(default_factory=list)
    opens: Callable[[], None] = lambda: None
    closed: bool = False

    async def start(self) -> None:
        self.opens()

    async def send(self, alert: RawAlert) -> None:
        self.mood(alert)
        self.got.append(alert.number)

    async def close(self) -> None:
        self.closed = True


@asynccontextmanager
async def running(outlet: Outlet) -> AsyncIterator[None]:
    task = asyncio.create_task(outlet.run())
    yield
    task.cancel()
    await asyncio.wait([task])
    await outlet.close()


async def test_tv_26_a_thousand_alerts_arrive_once_each_in_order() -> None:
    """As they were queued."""
    shelf = Shelf()
    outlet = Outlet(shelf, ManualClock(CLOCK))
    async with running(outlet):
        for number in range(1000):
            outlet.offer(raw(number=number))
        await outlet.flushed()
    assert shelf.got == list(range(1000))
    assert (outlet.sent, outlet.dropped, outlet.failures) == (1000, 0, 0)
    assert shelf.closed


async def test_a_target_that_is_away_gets_all_of_it_later() -> None:
    """The alert that met the failure goes first; what was away is seen meanwhile."""
    wire, down = ManualClock(CLOCK), [True]

    def mood(_alert: RawAlert) -> None:
        if down[0]:
            raise Transient("no carbon here")

    shelf = Shelf(mood=mood)
    outlet = Outlet(shelf, wire)
    async with running(outlet):
        for number in range(5):
            outlet.offer(raw(number=number))
        await turns()
        assert (outlet.away, outlet.failures, shelf.got) == ("no carbon here", 1, [])
        down[0] = False
        await wire.advance(5)
        await turns()
    assert (outlet.away, shelf.got) == ("", [0, 1, 2, 3, 4])


async def test_w_30_a_dead_target_keeps_the_newest_and_counts_the_rest() -> None:
    """Its memory is bounded."""

    def mood(_alert: RawAlert) -> None:
        raise Transient("dead")

    outlet = Outlet(Shelf(mood=mood), ManualClock(CLOCK), waiting_max=10)
    async with running(outlet):
        for number in range(100):
            outlet.offer(raw(number=number))
            await turns(2)
        assert (outlet.waiting, outlet.dropped) == (10, 89)  # and one in its hand
    assert outlet.dropped == 100


async def test_what_a_target_refuses_costs_that_alert_alone() -> None:
    """The next is sent."""

    def mood(alert: RawAlert) -> None:
        if alert.number == 1:
            raise Rejected("not_mine")

    shelf = Shelf(mood=mood)
    outlet = Outlet(shelf, ManualClock(CLOCK))
    async with running(outlet):
        for number in range(3):
            outlet.offer(raw(number=number))
        await outlet.flushed()
    assert (shelf.got, outlet.dropped, outlet.failures) == ([0, 2], 1, 1)


async def test_a_target_that_never_returns_is_asked_again() -> None:
    """After the time it has; the others behind it wait, and closing does not."""

    class Deaf(Shelf):
        async def send(self, alert: RawAlert) -> None:
            self.got.append(alert.number)
            raise TimeoutError

    wire, deaf = ManualClock(CLOCK), Deaf()
    outlet = Outlet(deaf, wire)
    async with running(outlet):
        outlet.offer(raw(number=1))
        await turns()
        await wire.advance(0.3)
        await turns()
        assert (deaf.got, outlet.away) == ([1, 1], "TimeoutError")
        await outlet.flushed()


async def test_what_a_target_lets_through_does_not_end_its_worker() -> None:
    """A broken pipe is tried again, a value it cannot write is dropped."""
    moods: list[Exception] = [BrokenPipeError("gone"), ValueError("odd")]

    def mood(_alert: RawAlert) -> None:
        if moods:
            raise moods.pop(0)

    wire, shelf = ManualClock(CLOCK), Shelf(mood=mood)
    outlet = Outlet(shelf, wire)
    async with running(outlet):
        outlet.offer(raw(number=1))
        outlet.offer(raw(number=2))
        await turns()
        await wire.advance(1)
        await turns()
    assert (shelf.got, outlet.dropped, outlet.failures) == ([2], 1, 2)


async def test_a_target_that_refuses_to_start_is_left_out() -> None:
    """What is offered to it counts as dropped, and nothing waits for it."""

    def opens() -> None:
        raise Rejected("no_credentials")

    outlet = Outlet(Shelf(opens=opens), ManualClock(CLOCK))
    outlet.offer(raw())
    async with running(outlet):
        await outlet.flushed()
        outlet.offer(raw())
        assert (outlet.waiting, outlet.dropped) == (0, 2)
