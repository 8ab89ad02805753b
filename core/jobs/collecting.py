"""Collecting as long as the desk runs: 30 days at the start, each day 15 minutes after its close (behaviour.md 4.3).

Strategies wait for `loaded`: nothing is traded on models that have gaps nobody has looked at.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from core.ports import Clock
from core.rules.candles import hours, last_ended, next_end, today
from core.services.collecting import Collected, Collector, Subject, days_up_to
from core.services.streaming import StreamBars
from core.values.candles import Columns
from core.values.errors import POISON, Rejected, Transient
from core.values.ids import DeskId, NoticeId, derive_id
from core.values.notices import Line, Notice, NoticeKind
from core.values.orders import Refused

log = logging.getLogger(__name__)

KEEP_S = 900.0
"""So much of a stream may be lost by a power cut; the broker's bars fill it the day after."""


@dataclass(frozen=True, slots=True)
class Plan:
    """days: market days looked through at the start and every day. after: from the close to the collection."""

    days: int = 30
    after: timedelta = timedelta(minutes=15)


async def _nobody(_found: Collected) -> None:
    """Nobody wants to know."""


class Collecting:
    """subjects: each symbol once. tell: hears what came of every look at a symbol."""

    def __init__(
        self,
        subjects: Sequence[Subject],
        collector: Collector,
        stream: StreamBars,
        clock: Clock,
        plan: Plan,
        tell: Callable[[Collected], Awaitable[None]] = _nobody,
    ) -> None:
        self.loaded = asyncio.Event()
        """Set when the first look through the last days is over."""
        self._subjects = {subject.symbol: subject for subject in subjects}
        self._collector = collector
        self._stream = stream
        self._clock = clock
        self._plan = plan
        self._tell = tell
        self._due: dict[str, datetime] = {}
        self._turn = asyncio.Lock()
        self._again: asyncio.Task[None] | None = None
        for feed in {id(subject.feed): subject.feed for subject in subjects}.values():
            feed.listen(stream.hear)

    async def run(self) -> None:
        """Until cancelled."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._collector.rest)
            stack.push_async_callback(self._leave_off)
            await self._watch(stack)
            await self.load()
            while True:
                await self._clock.sleep(self._next_s())
                await self.look()

    async def load(self) -> list[Collected]:
        """Catch up on every symbol, then open the gate. One symbol that cannot be had leaves the others alone."""
        found = []
        async with self._turn:
            for subject in self._subjects.values():
                now = self._clock.now()
                self._due[subject.symbol] = next_end(subject.calendar, now, self._plan.after)
                days = self._newest(subject, last_ended(subject.calendar, now, self._plan.after))
                found.append(await self._caught_up(subject, days))
            await self._collector.rest()
        self.loaded.set()
        for each in found:
            await self._tell(each)
        return found

    async def look(self) -> list[Collected]:
        """Collect what is due; else write down what was streamed since the last look."""
        now, found = self._clock.now(), list[Collected]()
        async with self._turn:
            for subject in self._subjects.values():
                due = self._due[subject.symbol]
                if due <= now:
                    found += await self._end_day(subject, due)
                    self._due[subject.symbol] = next_end(subject.calendar, now, self._plan.after)
                else:
                    await self._keep(subject, now)
            if found:
                await self._collector.rest()
        for each in found:
            await self._tell(each)
        return found

    @property
    def calendars(self) -> Mapping[str, str]:
        """By symbol, of everything that is collected."""
        return {name: subject.calendar for name, subject in self._subjects.items()}

    def recollect(self, symbol: str | None, first: date | None) -> Refused | None:
        """Begin to ask again for every day on file: of all symbols or one, from the beginning or a day. What comes is
        put in the place of what is there where it is fit. Refused: not_collected, one_at_a_time."""
        if symbol is not None and symbol not in self._subjects:
            return Refused("not_collected", {"ticker": symbol[:100]})
        if self._again is not None and not self._again.done():
            return Refused("one_at_a_time", {})
        subjects = [subject for subject in self._subjects.values() if symbol in {None, subject.symbol}]
        self._again = asyncio.create_task(self._recollect(subjects, first), name="candles again")
        return None

    async def recent(self, symbol: str, start: datetime, end: datetime) -> Columns:
        """What models look at on the spot. Raises Transient; Rejected, also for a symbol that is not collected."""
        if symbol not in self._subjects:
            raise Rejected("not_collected", symbol)
        return await self._collector.recent(self._subjects[symbol], start, end)

    def next_s(self) -> float:
        """Seconds to the next collection."""
        return max(0.0, (min(self._due.values()) - self._clock.now()).total_seconds())

    def _next_s(self) -> float:
        return min(KEEP_S, self.next_s()) if self._due else KEEP_S

    async def _watch(self, stack: AsyncExitStack) -> None:
        for subject in self._subjects.values():
            try:
                await subject.feed.watch(subject.symbol)
                stack.push_async_callback(subject.feed.unwatch, subject.symbol)
            except (Transient, Rejected) as error:
                log.warning("not streamed", extra={"symbol": subject.symbol, "reason": str(error)})
            day = today(subject.calendar, self._clock.now())
            await self._collector.resume_stream(subject, day)

    async def _end_day(self, subject: Subject, due: datetime) -> list[Collected]:
        """Yesterday and what is still missing before it, by the broker's own bars; then the day that is over."""
        day = last_ended(subject.calendar, due, self._plan.after)
        days = days_up_to(subject.calendar, day, self._plan.days + 1)[:-1]
        settled = await self._caught_up(subject, self._newest(subject, days[-1]))
        try:
            ended = await self._collector.end_day(subject, day)
        except POISON as error:
            ended = _failed(subject, error)
        self._stream.forget(subject.symbol, hours(subject.calendar, day)[-1].closes_at)
        return [settled, ended]

    def _newest(self, subject: Subject, last: date) -> list[date]:
        return days_up_to(subject.calendar, last, self._plan.days)

    async def _caught_up(self, subject: Subject, days: Sequence[date], *, again: bool = False) -> Collected:
        try:
            return await self._collector.catch_up(subject, days, again=again)
        except POISON as error:
            return _failed(subject, error)

    async def _recollect(self, subjects: Sequence[Subject], first: date | None) -> None:
        async with self._turn:
            for subject in subjects:
                last = last_ended(subject.calendar, self._clock.now(), self._plan.after)
                days = await self._collector.days_kept(subject, first or date.min, last)
                found = await self._caught_up(subject, days, again=True)
                log.info("collected again", extra={"symbol": subject.symbol, "days": len(found.fetched)})
                await self._tell(found)
            await self._collector.rest()

    async def _leave_off(self) -> None:
        if self._again is not None:
            self._again.cancel()
            await asyncio.gather(self._again, return_exceptions=True)

    async def _keep(self, subject: Subject, now: datetime) -> None:
        day = today(subject.calendar, now)
        if hours(subject.calendar, day):
            try:
                await self._collector.keep_stream(subject, day)
            except POISON as error:
                log.warning("the stream was not kept", extra={"symbol": subject.symbol, "reason": str(error)})


def told(desk_id: DeskId, found: Collected, now: datetime) -> Notice | None:
    """Days that are missing, or why nothing was collected; None where all is well. The same gaps have the same id, so
    that they are told once, and not after every start."""
    if not found.faulty and not found.failed:
        return None
    days = {str(day): ", ".join(sorted(faults)) for day, faults in sorted(found.faulty.items())}
    params = {"ticker": found.symbol, "count": str(len(days)), "reason": found.failed}
    lines = tuple(Line("candles.day", {"day": day, "faults": faults}) for day, faults in days.items())
    return Notice(
        id=NoticeId(derive_id(desk_id, "notice", "candles", found.symbol, found.failed, *days, *days.values())),
        at=now,
        kind=NoticeKind.ERROR,
        key="candles.failed" if found.failed else "candles.missing",
        params=params,
        lines=lines,
    )


def _failed(subject: Subject, error: Exception) -> Collected:
    log.warning("not collected", extra={"symbol": subject.symbol, "reason": str(error)})
    return Collected(subject.symbol, failed=str(error))
