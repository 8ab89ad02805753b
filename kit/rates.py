"""How often we may ask somebody else: a limit that is never exceeded, and who goes first of those who wait."""

from __future__ import annotations

import bisect
import itertools
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

MOST_URGENT = 0
LATE = 1.02
"""A window is taken a little longer than it is: what is sent evenly arrives unevenly."""


class Rates:
    """At most `calls` in any `per_s` seconds. The most urgent (0) goes first, and for it alone a share is kept free.

    kept: share of `calls`, of 1. What of it was used by urgent calls within the window is no longer kept.
    """

    def __init__(
        self,
        calls: int,
        per_s: float,
        kept: float,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        if calls < 1 or per_s <= 0 or not 0 <= kept < 1:
            raise ValueError("calls and per_s must be positive, kept a share below 1")
        self._calls, self._kept = calls, int(calls * kept)
        self._window = timedelta(seconds=per_s * LATE)
        self._now, self._sleep = now, sleep
        self._taken: deque[tuple[datetime, int]] = deque()
        self._waiting: list[tuple[int, int]] = []
        self._numbers = itertools.count()
        self._not_before: datetime | None = None

    async def take(self, urgency: int) -> None:
        """Return when a call may be made, and count it."""
        me = (urgency, next(self._numbers))
        bisect.insort(self._waiting, me)
        try:
            while (wait_s := self._wait_s(urgency, self._waiting.index(me))) > 0:
                await self._sleep(wait_s)
            self._taken.append((self._now(), urgency))
        finally:
            self._waiting.remove(me)

    def pause(self, seconds: float) -> None:
        """The other side asks for silence."""
        self._not_before = self._now() + timedelta(seconds=seconds)

    @property
    def left(self) -> int:
        """Calls that the most urgent could make at once."""
        now = self._now()
        return self._calls - sum(1 for moment, _ in self._taken if moment + self._window > now)

    def _wait_s(self, urgency: int, ahead: int) -> float:
        """Seconds until one more is free with `ahead` others before it; 0 when it is now."""
        now = self._now()
        self._set_back(now)
        while self._taken and self._taken[0][0] + self._window <= now:
            self._taken.popleft()
        silence = 0.0 if self._not_before is None else (self._not_before - now).total_seconds()
        urgent = sum(1 for _, level in self._taken if level == MOST_URGENT)
        room = self._calls if urgency == MOST_URGENT else self._calls - max(0, self._kept - urgent)
        over = len(self._taken) + ahead + 1 - room
        if over <= 0:
            return max(0.0, silence)
        oldest = self._taken[min(over, len(self._taken)) - 1][0] if self._taken else now
        return max(silence, (oldest + self._window - now).total_seconds(), 0.001)

    def _set_back(self, now: datetime) -> None:
        """Nobody waits until a clock that was set back is where it was: the last call counts as made now."""
        if self._taken and (ahead := self._taken[-1][0] - now) > timedelta(0):
            self._taken = deque((moment - ahead, urgency) for moment, urgency in self._taken)
            if self._not_before is not None:
                self._not_before -= ahead
