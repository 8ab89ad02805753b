"""Work of which there is never more than one at once: that which goes on anyway, and that which somebody asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from core.values.orders import Refused

T = TypeVar("T")


class Single:
    """name: of the task that somebody's work runs in."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._turn = asyncio.Lock()
        self.begun: asyncio.Task[object] | None = None
        """What was begun last, also when it is done."""

    @property
    def busy(self) -> bool:
        return self._turn.locked() or (self.begun is not None and not self.begun.done())

    async def do(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Wait for one's turn, then for the work."""
        async with self._turn:
            return await work()

    def begin(self, work: Callable[[], Coroutine[Any, Any, object]]) -> Refused | None:
        """Begin what nobody waits for. Refused: one_at_a_time."""
        if self.busy:
            return Refused("one_at_a_time", {})
        self.begun = asyncio.create_task(self.do(work), name=self._name)
        return None

    async def close(self) -> None:
        """Give up what was begun."""
        if self.begun is not None:
            self.begun.cancel()
            await asyncio.gather(self.begun, return_exceptions=True)
