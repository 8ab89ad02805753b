"""Time for a desk that is replayed: a clock that leaps, and an event loop that says when there is nothing to do."""

from __future__ import annotations

import asyncio
import heapq
import selectors
from collections.abc import Callable, Sized
from datetime import datetime, timedelta
from itertools import count


class LeapingClock:
    """Stands still until it leaps; whoever slept until then wakes at the end of the leap, once."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._order = count()

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if seconds <= 0:
            asyncio.get_running_loop().call_soon(lambda: None if future.done() else future.set_result(None))
        else:
            heapq.heappush(self._sleepers, (self._now + timedelta(seconds=seconds), next(self._order), future))
        await future

    def leap(self, moment: datetime) -> None:
        self._now = max(self._now, moment)
        while self._sleepers and self._sleepers[0][0] <= self._now:
            _, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                future.set_result(None)


class RestingSelector(selectors.DefaultSelector):
    """Tells `on_rest` when an event loop is about to wait: nothing in it can go on by itself. With somebody to tell, it
    looks at no file: a desk that is replayed has no sockets, and each look is a call of the system."""

    on_rest: Callable[[], None] | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.on_rest is None:
            return list(super().select(timeout))
        if timeout is None or timeout > 0:
            told, self.on_rest = self.on_rest, None
            told()
        return []


class RestingLoop(asyncio.SelectorEventLoop):
    """`await loop.rest()` returns when everything else waits for a clock."""

    _ready: Sized
    """What can go on: asyncio's own queue, by which it decides whether to wait."""

    def __init__(self) -> None:
        self._resting = RestingSelector()
        super().__init__(self._resting)

    async def rest(self) -> None:
        if not self._ready:
            return
        future = self.create_future()
        self._resting.on_rest = lambda: None if future.done() else future.set_result(None)
        await future
