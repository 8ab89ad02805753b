"""The bell: APScheduler in memory. It wakes others at their times and knows nothing; the task table is the truth."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler

Work = Callable[[], Awaitable[None]]


class Bell:
    """Real time: on a still market whatever goes by the market's clock is not its business."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(timezone=UTC)

    def daily(self, hour: int, minute: int, work: Work) -> None:
        """At this time of the day, UTC; once, however late: what it wakes can be done at any time."""
        self._scheduler.add_job(work, "cron", hour=hour, minute=minute, coalesce=True, misfire_grace_time=None)

    def next_rings(self) -> list[datetime]:
        """When it will ring next, soonest first."""
        return sorted(job.next_run_time for job in self._scheduler.get_jobs())

    @asynccontextmanager
    async def hung(self) -> AsyncIterator[None]:
        """Rings until left."""
        self._scheduler.start()
        try:
            yield
        finally:
            self._scheduler.shutdown(wait=False)
