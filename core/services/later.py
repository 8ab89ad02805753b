"""What is to be done again after a while. What still waits when the desk closes is dropped: it is in the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from core.ports import Clock


class Later:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: set[asyncio.Task[None]] = set()

    def after(self, seconds: float, do: Callable[[], None]) -> None:
        async def wait() -> None:
            await self._clock.sleep(seconds)
            do()

        task = asyncio.create_task(wait(), name="later")
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def close(self) -> None:
        for task in self._waiting:
            task.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)


async def woken(event: asyncio.Event, clock: Clock, seconds: float) -> None:
    """Wait for an event, for so long at most; it is set afterwards, either way."""
    if event.is_set():
        return

    def over(done: asyncio.Future[None]) -> None:
        if not done.cancelled():
            event.set()

    due = asyncio.ensure_future(clock.sleep(seconds))
    due.add_done_callback(over)
    try:
        await event.wait()
    finally:
        due.cancel()
