"""How fast a job may ask its broker, so that it never waits inside a call where nobody could stop it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta

from core.ports import Clock
from core.values.capabilities import Capabilities, RateBudget
from core.values.orders import OrderType

LATE = 1.02
"""A window is taken a little longer than it is: what is sent evenly arrives unevenly."""


class Pace:
    """At most `calls` in any `per_s` seconds of the wire's clock; 0 calls: as fast as it goes."""

    def __init__(self, clock: Clock, calls: int = 0, per_s: float = 0.0) -> None:
        self._clock = clock
        self._calls = calls
        self._window = timedelta(seconds=per_s * LATE)
        self._taken: deque[datetime] = deque(maxlen=calls)

    async def turn(self) -> None:
        """Return when one more may be asked, and count it."""
        while self._calls and len(self._taken) == self._calls:
            left_s = (self._taken[0] + self._window - self._clock.now()).total_seconds()
            if left_s <= 0:
                break
            await self._clock.sleep(left_s)
        self._taken.append(self._clock.now())


def trap_budget(able: Capabilities) -> RateBudget | None:
    """What placing stop orders is counted in."""
    return able.budget("stops", "trading", "place")


def even(able: Capabilities, clock: Clock) -> Pace:
    """For traps: evenly, over what exits and polling leave. So a turn comes free every other second, and a protective
    order, which goes first, never waits long behind hundreds of them."""
    budget = trap_budget(able)
    return Pace(clock) if budget is None else Pace(clock, 1, budget.trap_every_s)


def seconds_to_place(able: Capabilities, count: int) -> float:
    budget = trap_budget(able)
    return 0.0 if budget is None else max(0, count - 1) * budget.trap_every_s


def cancel_budget(able: Capabilities, *, stop: bool) -> RateBudget | None:
    return able.budget("stops", "trading", "cancel") if stop else able.budget("cancel", "trading", "place")


def seconds_to_cancel(able: Capabilities, types: Sequence[OrderType]) -> float:
    """Cancels go before everything else, so the whole budget is theirs."""
    stops = sum(1 for kind in types if kind.triggered)
    found = 0.0
    for stop, count in ((True, stops), (False, len(types) - stops)):
        budget = cancel_budget(able, stop=stop)
        found += budget.seconds_for(count) if budget is not None else 0.0
    return found
