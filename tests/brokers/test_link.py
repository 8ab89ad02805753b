"""What every kept-up WebSocket of a venue does alike."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from brokers.link import fresh, kept_up
from core.clock import ManualClock
from core.values.errors import DeskError, Transient

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
SILENCE = timedelta(seconds=15)


@pytest.mark.parametrize(
    ("ago_s", "alive"), [(0, True), (14.9, True), (15, False), (-0.5, True), (-2, False), (-3600, False)]
)
def test_what_lies_ahead_of_a_clock_that_was_set_back_is_stale(ago_s: float, *, alive: bool) -> None:
    """A dead link would count as alive for an hour, and with it the stops that the desk watches by its prices."""
    assert fresh(NOON - timedelta(seconds=ago_s), NOON, SILENCE) is alive


@pytest.mark.parametrize("error", [Transient("broken"), KeyError("x"), IndexError(), ValueError(), RecursionError()])
async def test_whatever_a_message_breaks_the_link_with_it_is_made_again(error: Exception) -> None:
    """One that cannot be read is told as an error of ours; what is no fault of a message is not hidden."""
    clock, made, told = ManualClock(NOON), list[int](), list[DeskError]()

    async def once() -> None:
        made.append(1)
        raise error

    task = asyncio.create_task(kept_up("prices", clock, once, told.append))
    for _ in range(10):
        await asyncio.sleep(0)
        await clock.advance(30)
    if isinstance(error, RecursionError):
        assert isinstance(task.exception(), RecursionError)
        return
    assert len(made) > 5
    assert {type(each) for each in told} == {Transient}
    task.cancel()
