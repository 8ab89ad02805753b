"""The two doors through which time comes in. Nothing else in the house may ask the wall clock or sleep.

A desk holds two clocks: the market's (`clock`: sessions, ages, expiries, what is written down) and the wire's
(`wire`: back-off, polling, rate limits, sockets). They are the same object unless the market stands still.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta


class SystemClock:
    """Real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """Stands still until `advance` moves it; sleepers wake in the order of their times."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("start must be an aware datetime")
        self._now = start.astimezone(UTC)
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + timedelta(seconds=seconds), next(self._order), future))
        await future

    async def advance(self, seconds: float, settled: Callable[[], Awaitable[None]] | None = None) -> None:
        """Move on; every sleeper due by then is woken at its own moment and gets a turn of the loop.

        settled: waited for after each of them and at the end, where what they do must not see a later time.
        """
        if seconds < 0:
            raise ValueError("time does not go back")
        end = self._now + timedelta(seconds=seconds)
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, future = heapq.heappop(self._sleepers)
            self._now = max(self._now, due)
            if not future.done():
                future.set_result(None)
                await asyncio.sleep(0)
                if settled is not None:
                    await settled()
        self._now = end
        if settled is not None:
            await settled()
