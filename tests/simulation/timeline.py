"""Virtual time. It stands still while anything can go on, and then leaps to what comes next."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import selectors
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random
from typing import Any

NOBODY = 1e-9
"""A timer that lies no further ahead than this is due: sums of floats differ in their last digit."""


class Killed(SystemExit):
    """The desk is dead: as SIGKILL, but for the clean-up that Python does on the way out, which reaches nothing."""


class Deadlock(AssertionError):
    """Everything waits, and nothing will ever happen."""


class World:
    """The one time line, and what happens on it that no desk decides. Implements `core.ports.Clock`."""

    def __init__(self, start: datetime) -> None:
        self.seconds = 0.0
        self.shift_s = 0.0
        """How far somebody has set the wall clock off; timers do not notice."""
        self._start = start
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.seconds + self.shift_s)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def after(self, seconds: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.seconds + seconds, next(self._order), happen))

    def leap(self, seconds: float | None, awake: Callable[[], bool]) -> None:
        """Let time pass, for ever where there is no limit, until something that happened wakes somebody."""
        until = float("inf") if seconds is None else self.seconds + seconds
        while self._events and self._events[0][0] <= until:
            moment, _, happen = heapq.heappop(self._events)
            self.seconds = max(self.seconds, moment)
            happen()
            if awake():
                return
        if seconds is None:
            raise Deadlock("nothing will ever happen")
        self.seconds = until


class Timeline(selectors.DefaultSelector):
    """In place of waiting for sockets."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.loop.turn(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """One life of a desk. Of several tasks that could go on, `rng` says which goes first; callbacks keep their order,
    which asyncio promises. A kill ends it by `Killed`."""

    def __init__(self, world: World, rng: Random) -> None:
        timeline = Timeline()
        timeline.loop = self
        self._world, self._rng = world, rng
        self._dead = False
        self._fuse: int | None = None
        self.factory: Callable[[], asyncio.Protocol] | None = None
        """Makes the protocol of a connection, once the desk listens."""
        self.strange: list[str] = []
        super().__init__(timeline)
        self._clock_resolution = NOBODY
        self.set_exception_handler(self._note)

    def time(self) -> float:
        return self._world.seconds

    def turn(self, timeout: float | None) -> None:
        """Once an iteration, before what is ready runs."""
        if self._dead:
            if timeout != 0:
                raise Killed
            return
        if self._fuse is not None:
            self._fuse -= 1
            if self._fuse < 0:
                raise Killed
        if timeout != 0:
            ready: Any = self._ready  # type: ignore[attr-defined]  # the loop's own queue
            self._world.leap(timeout, lambda: bool(ready))
        self._shuffle()

    def kill(self, turns: int) -> None:
        """Die after so many more turns of the loop."""
        self._fuse = turns

    def _shuffle(self) -> None:
        ready: Any = self._ready  # type: ignore[attr-defined]  # the loop's own queue
        places = [n for n, handle in enumerate(ready) if isinstance(_owner(handle), asyncio.Task)]
        if len(places) > 1:
            handles = [ready[place] for place in places]
            self._rng.shuffle(handles)
            for place, handle in zip(places, handles, strict=True):
                ready[place] = handle

    def bury(self) -> None:
        """Take down what is left after a kill. The world outside sees nothing of it."""
        self._dead, self.factory = True, None
        for _ in range(1000):
            tasks = asyncio.all_tasks(self)
            for task in tasks:
                task.cancel()
            with suppress(Killed):
                self.run_until_complete(asyncio.sleep(0))
                if not tasks:
                    break
        with suppress(Killed):
            self.run_until_complete(self.shutdown_asyncgens())
        self.close()

    def _note(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not self._dead:
            self.strange.append(f"{context.get('message')}: {context.get('exception')!r}")

    # what would leave the loop

    def run_in_executor(self, _executor: Any, work: Any, *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]  # as above
        """Threads would race: the work is done at once."""
        future = self.create_future()
        try:
            future.set_result(work(*args))
        except Exception as error:  # noqa: BLE001  -- whatever it raises is for who waits
            future.set_exception(error)
        return future

    async def create_server(self, factory: Any, host: Any = None, port: Any = None, **_options: Any) -> Any:  # type: ignore[override]  # of asyncio's ways the one that is used
        self.factory = factory
        return _Server(str(host), int(port or 0) or 8089)


class _Server:
    """As much of asyncio's as is asked for."""

    def __init__(self, host: str, port: int) -> None:
        self.sockets = [self]
        self._name = (host, port)

    def getsockname(self) -> tuple[str, int]:
        return self._name

    def close(self) -> None:
        pass

    async def wait_closed(self) -> None:
        pass


def _owner(handle: Any) -> object:
    return getattr(handle._callback, "__self__", None)
