"""How fast a job may ask its broker, and how long that will take."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.ports import Clock
from core.values.capabilities import Capabilities, RateBudget
from core.values.orders import OrderType


class Pace:
    """One turn every `every_s` of the wire's clock. A job that waits here can be stopped at once, which it cannot
    while an order of its waits inside a broker's limiter."""

    def __init__(self, clock: Clock, every_s: float) -> None:
        self._clock = clock
        self._every = timedelta(seconds=every_s)
        self._next: datetime | None = None

    async def turn(self) -> None:
        while self._next is not None and (left_s := (self._next - self._clock.now()).total_seconds()) > 0:
            await self._clock.sleep(left_s)
        now = self._clock.now()
        due = now if self._next is None else max(self._next, now - self._every)  # a little late is made up for
        self._next = due + self._every


def even(able: Capabilities, clock: Clock) -> Pace:
    """For traps: evenly, over what exits and polling leave. So a turn comes free every other second, and a protective
    order, which goes first, never waits long behind hundreds of them."""
    return Pace(clock, seconds_to_place(able, 2))


def seconds_to_place(able: Capabilities, count: int) -> float:
    """So many traps, the first of them at once."""
    budget = able.budget("stops", "trading", "place")
    return 0.0 if budget is None else max(0, count - 1) * budget.trap_every_s


def seconds_to_cancel(able: Capabilities, types: Sequence[OrderType]) -> float:
    """Cancels go before everything else, so the whole budget is theirs; what polling took of it before is not back."""
    stops = sum(1 for kind in types if kind.triggered)
    return _taking(able.budget("stops", "trading", "cancel"), stops) + _taking(
        able.budget("cancel", "trading", "place"), len(types) - stops
    )


def _taking(budget: RateBudget | None, calls: int) -> float:
    if budget is None or calls <= budget.calls * (1 - budget.polling):
        return 0.0
    return calls / budget.calls * budget.per_s
