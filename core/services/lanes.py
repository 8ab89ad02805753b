"""Serial work per key: two alerts on one instrument never interleave, two instruments never wait for each other."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from typing import Any, TypeVar

log = logging.getLogger(__name__)

Work = Callable[[], Awaitable[None]]
T = TypeVar("T")


class Lanes:
    """Each key has one task while it has work. `failed` is told of work that raised; the lane goes on."""

    def __init__(self, failed: Callable[[Hashable, Exception], None] | None = None) -> None:
        self._queues: dict[Hashable, deque[Work]] = {}
        self._tasks: dict[Hashable, asyncio.Task[None]] = {}
        self._failed = failed
        self._idle = asyncio.Event()
        self._idle.set()

    def add(self, key: Hashable, work: Work, *, once: Hashable = None) -> None:
        """Queue `work` behind what its key has. once: skip it when the last waiting work has the same mark."""
        queue = self._queues.setdefault(key, deque())
        if once is not None and any(getattr(waiting, "mark", None) == once for waiting in queue):
            return
        queue.append(_Marked(work, once) if once is not None else work)
        if key not in self._tasks:
            self._idle.clear()
            self._tasks[key] = asyncio.create_task(self._run(key), name=f"lane {key}")

    async def do(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Queue `work`, and wait for what comes of it; what it raises is the caller's."""
        begun: asyncio.Future[asyncio.Task[T]] = asyncio.get_running_loop().create_future()

        async def run() -> None:
            task = asyncio.create_task(work())
            begun.set_result(task)
            await asyncio.wait({task})

        self.add(key, run)
        return await (await begun)

    async def _run(self, key: Hashable) -> None:
        queue = self._queues[key]
        try:
            while queue:
                await self._one(key, queue.popleft())
        finally:
            del self._queues[key], self._tasks[key]
            if not self._tasks:
                self._idle.set()

    async def _one(self, key: Hashable, work: Work) -> None:
        try:
            await work()
        except Exception as error:  # the edge where work is owned: one failure must not stop the lane
            log.exception("work failed", extra={"lane": str(key)})
            if self._failed is not None:
                self._failed(key, error)

    async def idle(self) -> None:
        """Return once no key has work."""
        await self._idle.wait()

    @property
    def busy(self) -> bool:
        return bool(self._tasks)

    async def close(self) -> None:
        """Stop everything where it stands; what was not finished is found again at the next start."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Marked:
    def __init__(self, work: Work, mark: Hashable) -> None:
        self.work = work
        self.mark = mark

    async def __call__(self) -> None:
        await self.work()
