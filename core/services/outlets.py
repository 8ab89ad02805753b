"""A place in front of each target of the hub: its own bounded queue and its own worker, felt by nobody else."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence

from core.ports import Clock, Target
from core.values.errors import Broken, Rejected, Transient
from core.values.raw import RawAlert

log = logging.getLogger(__name__)

WAITING_MAX = 10_000
"""Alerts that may wait for one target, about 4 MB if nobody else holds them; beyond it the oldest is dropped."""
CALL_S = 10.0
FLUSH_S = 5.0
PAUSE_S, PAUSE_S_MAX = 0.25, 5.0


class Outlet:
    """sent, dropped, failures: counted since start. away: why the target cannot be reached now; empty while it can."""

    def __init__(self, target: Target, wire: Clock, waiting_max: int = WAITING_MAX) -> None:
        self.target = target
        self.sent = 0
        self.dropped = 0
        self.failures = 0
        self.away = ""
        self._wire = wire
        self._max = waiting_max
        self._waiting: deque[RawAlert] = deque()
        self._woken = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._off = False
        self._in_hand: RawAlert | None = None

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def offer(self, alert: RawAlert) -> None:
        """Queue an alert; never waits. The newest are kept: they are what a screen or a metric store shows."""
        if self._off:
            self.dropped += 1
            return
        if len(self._waiting) >= self._max:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(alert)
        self._idle.clear()
        self._woken.set()

    async def run(self) -> None:
        """Hand over until cancelled. Returns only where the target refused to start."""
        if not await self._insist(self.target.start):
            self._off = True
            self.dropped += len(self._waiting)
            self._waiting.clear()
            self._idle.set()
            return
        while True:
            while self._waiting:
                alert = self._in_hand = self._waiting.popleft()
                if await self._insist(lambda alert=alert: self.target.send(alert)):  # type: ignore[misc] # bound now
                    self.sent += 1
                else:
                    self.dropped += 1
                self._in_hand = None
            self._idle.set()
            self._woken.clear()
            await self._woken.wait()

    async def flushed(self) -> None:
        """Return when nothing waits any more, or cannot be sent in time."""
        if not self.away:
            try:
                async with asyncio.timeout(FLUSH_S):
                    await self._idle.wait()
            except TimeoutError:
                log.warning("target did not take all in time", extra={"target": self.target.name})

    async def close(self) -> None:
        """Let go of the target. `run` is to be cancelled first."""
        self.dropped += len(self._waiting) + (self._in_hand is not None)
        self._waiting.clear()
        try:
            async with asyncio.timeout(FLUSH_S):
                await self.target.close()
        except (TimeoutError, Transient, Rejected) as error:
            log.warning("target did not close", extra={"target": self.target.name, "reason": str(error)})

    async def _insist(self, call: Callable[[], Awaitable[None]]) -> bool:
        """Call until it is done (True) or refused (False)."""
        pause_s = PAUSE_S
        while True:
            try:
                async with asyncio.timeout(CALL_S):
                    await call()
            except (Transient, OSError) as error:  # OSError: a time-out among others
                self._failed(str(error) or type(error).__name__)
                await self._wire.sleep(max(pause_s, getattr(error, "retry_after_s", 0.0)))
                pause_s = min(pause_s * 2, PAUSE_S_MAX)
            except (Rejected, Broken, ValueError) as error:
                self.failures += 1
                log.warning("target refused", extra={"target": self.target.name, "reason": str(error)})
                return False
            else:
                if self.away:
                    log.info("target is back", extra={"target": self.target.name})
                self.away = ""
                return True

    def _failed(self, reason: str) -> None:
        self.failures += 1
        if not self.away:
            log.warning("target is away", extra={"target": self.target.name, "reason": reason})
        self.away = reason


class Outlets:
    """Targets side by side, each behind its outlet."""

    def __init__(self, targets: Sequence[Target], wire: Clock) -> None:
        self._outlets = [Outlet(target, wire) for target in targets]
        self._workers: list[asyncio.Task[None]] = []

    def __iter__(self) -> Iterator[Outlet]:
        return iter(self._outlets)

    def start(self) -> None:
        self._workers = [asyncio.create_task(each.run(), name=f"target {each.target.name}") for each in self]

    def offer(self, alert: RawAlert) -> None:
        for outlet in self._outlets:
            outlet.offer(alert)

    async def close(self) -> None:
        """Send what waits where it can be sent in time, then let go of everybody."""
        await asyncio.gather(*(outlet.flushed() for outlet in self))
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        await asyncio.gather(*(outlet.close() for outlet in self))
