"""Candles of the accounts' brokers, day by day, judged before they are kept; and lessons for whoever learns from them.

What the broker tells of a day that is over takes the place of what was streamed; where it is not fit, what was
streamed stays (behaviour.md 4.3). A day is never guessed: one that cannot be had is missing, and told.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from core.ports import Clock, Feed
from core.ports.candles import CandleStore, Lesson, Trainer
from core.rules.candles import day_before, hours, market_days, tidied
from core.services.streaming import StreamBars
from core.values.candles import Columns, DayOnFile, Fault, Source, SymbolDay, columns
from core.values.errors import DeskError, Transient
from core.values.market import Candle

log = logging.getLogger(__name__)

TRIES = 5
LEARNED = 30
"""Market days from which models learn anew at least, where so many are on file."""
PAUSE_S = 1.0
"""Before the second try; twice as long before each further one."""

Progress = Callable[[str, int, int], None]
"""Symbol, days done, days to do."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A symbol whose candles are kept. calendar: of core.rules.sessions."""

    symbol: str
    calendar: str
    feed: Feed


@dataclass(frozen=True, slots=True)
class Collected:
    """What came of some days of a symbol. fetched: days that are new or better now. faulty: days without bars that
    can be learned from, and why. damaged: files that were set aside. lessons: what the models said.
    failed: why nothing could be done."""

    symbol: str
    fetched: Sequence[date] = ()
    faulty: Mapping[date, frozenset[Fault]] = field(default_factory=dict)
    damaged: Sequence[str] = ()
    lessons: Mapping[str, str] = field(default_factory=dict)
    failed: str = ""


class Collector:
    """trainer: None where nobody learns. stream: bars of today, where prices are heard. wire: real time, for pauses
    between tries."""

    def __init__(
        self,
        store: CandleStore,
        wire: Clock,
        trainer: Trainer | None = None,
        stream: StreamBars | None = None,
        progress: Progress = lambda _symbol, _done, _all: None,
    ) -> None:
        self._store = store
        self._wire = wire
        self._trainer = trainer
        self._stream = stream
        self._progress = progress

    async def catch_up(self, subject: Subject, days: Sequence[date], *, again: bool = False) -> Collected:
        """See that each of these market days, all over, is on file and fit; the models learn what is new of them.

        again: also those that are. Raises Broken for a disk that cannot be read, Transient for one that takes nothing,
        Rejected for a symbol or a length of bars that the broker does not know.
        """
        if not days:
            return Collected(subject.symbol)
        symbol = subject.symbol
        damaged = await asyncio.to_thread(self._store.mend, symbol)
        kept = {day.date: day for day in await asyncio.to_thread(self._store.days, symbol, days[0], days[-1])}
        wanted = [day for day in days if again or not _fit(kept.get(day))]
        fetched, faulty = list[date](), dict[date, frozenset[Fault]]()
        self._progress(symbol, 0, len(wanted))
        for number, day in enumerate(wanted, 1):
            faults = await self._settle(subject, day)
            if faults is None:
                fetched.append(day)
            elif not (day in kept and kept[day].valid):
                faulty[day] = faults
            self._progress(symbol, number, len(wanted))
        healed = again or any(day != days[-1] for day in fetched)
        learned = days_up_to(subject.calendar, days[-1], max(LEARNED, len(days)))
        fit = [day.date for day in await asyncio.to_thread(self._store.days, symbol, learned[0], days[-1]) if day.valid]
        lessons = await self._teach(subject, fit, anew=healed)
        return Collected(symbol, fetched, faulty, damaged, lessons)

    async def days_kept(self, subject: Subject, first: date, last: date) -> list[date]:
        """Market days of first..last from the oldest on file on, those between that are missing among them."""
        kept = await asyncio.to_thread(self._store.days, subject.symbol, first, last)
        return market_days(subject.calendar, kept[0].date, last) if kept else []

    async def end_day(self, subject: Subject, day: date) -> Collected:
        """A market day is over: keep what was streamed of it until tomorrow, and learn of it for now. Where too little
        was heard, the broker's bars are asked for at once."""
        told = await self.keep_stream(subject, day)
        if told.valid:
            lessons = await self._teach(subject, [day], final=False)
            return Collected(subject.symbol, [day], lessons=lessons)
        if (faults := await self._settle(subject, day)) is not None:
            return Collected(subject.symbol, faulty={day: faults})
        return Collected(subject.symbol, [day], lessons=await self._teach(subject, [day]))

    async def keep_stream(self, subject: Subject, day: date) -> SymbolDay:
        """Write down what was streamed of a day so far, unless the broker's own bars are on file."""
        symbol, windows = subject.symbol, hours(subject.calendar, day)
        heard = self._stream.bars(symbol, windows[0].opens_at, windows[-1].closes_at) if self._stream else []
        bars, faults = await asyncio.to_thread(tidied, heard, windows, self._store.interval_s)
        told = SymbolDay(symbol, day, bars, Source.STREAM, faults)
        kept = await asyncio.to_thread(self._store.days, symbol, day, day)
        if bars and not (kept and kept[0].source is Source.HISTORY):
            await asyncio.to_thread(self._store.save, told)
        return told

    async def resume_stream(self, subject: Subject, day: date) -> None:
        """After a restart: go on from what was written down."""
        kept = await asyncio.to_thread(self._store.day, subject.symbol, day)
        if kept is not None and kept.source is Source.STREAM and self._stream is not None:
            self._stream.resume(subject.symbol, kept.bars)

    async def recent(self, subject: Subject, start: datetime, end: datetime) -> Columns:
        """Bars that begin in [start, end): the broker's, or the stream's where that has more of them. They are not
        mixed: their volumes mean different things. Raises Rejected; Transient where neither can be had."""
        heard = self._stream.bars(subject.symbol, start, end) if self._stream else []
        try:
            told = await subject.feed.candles(subject.symbol, start, end, self._store.interval_s)
        except Transient:
            if not heard:
                raise
            told = []
        by_moment = {bar.at: bar for bar in told if start <= bar.at < end}
        return columns([by_moment[at] for at in sorted(by_moment)] if len(by_moment) >= len(heard) else heard)

    async def rest(self) -> None:
        if self._trainer is not None:
            await self._trainer.rest()

    async def _settle(self, subject: Subject, day: date) -> frozenset[Fault] | None:
        """Put the broker's bars of a day on file where they are fit, or where nothing better is; None: they were."""
        told = await self._told(subject, day)
        if told.valid:
            await asyncio.to_thread(self._store.save, told)
            return None
        known = {"symbol": subject.symbol, "day": str(day), "faults": ", ".join(sorted(told.faults))}
        kept = await asyncio.to_thread(self._store.days, subject.symbol, day, day)
        if kept and kept[0].valid:
            log.warning("the broker's bars are not fit: what was there stays", extra=known)
        else:
            log.warning("a day has no bars to learn from", extra=known)
            if told.bars and not kept:
                await asyncio.to_thread(self._store.save, told)
        return told.faults

    async def _told(self, subject: Subject, day: date) -> SymbolDay:
        """The broker's bars, tidied. None of them where it does not answer."""
        windows = hours(subject.calendar, day)
        try:
            bars = await self._asked(subject, windows[0].opens_at, windows[-1].closes_at)
        except Transient as error:
            log.warning("no bars", extra={"symbol": subject.symbol, "day": str(day), "reason": str(error)})
            bars = []
        before = await asyncio.to_thread(self._store.day, subject.symbol, day_before(subject.calendar, day))
        known = before.bars if before else ()
        fit, faults = await asyncio.to_thread(tidied, bars, windows, self._store.interval_s, known)
        return SymbolDay(subject.symbol, day, fit, Source.HISTORY, faults)

    async def _asked(self, subject: Subject, start: datetime, end: datetime) -> Sequence[Candle]:
        """Five tries, each pause twice the one before, or as long as the broker asks for."""
        pause_s = PAUSE_S
        for _ in range(TRIES - 1):
            try:
                return await subject.feed.candles(subject.symbol, start, end, self._store.interval_s)
            except Transient as error:
                await self._wire.sleep(max(pause_s, error.retry_after_s))
                pause_s *= 2
        return await subject.feed.candles(subject.symbol, start, end, self._store.interval_s)

    async def _teach(
        self, subject: Subject, days: Sequence[date], *, final: bool = True, anew: bool = False
    ) -> Mapping[str, str]:
        if self._trainer is None or not days:
            return {}
        lessons = [Lesson(day, day_before(subject.calendar, day), final) for day in days]
        try:
            said = await self._trainer.train(subject.symbol, subject.calendar, lessons, anew=anew)
        except DeskError as error:
            log.warning("nothing was learned", extra={"symbol": subject.symbol, "reason": str(error)})
            return {"failed": str(error)}
        log.info("models learned", extra={"symbol": subject.symbol, "said": str(dict(said))})
        return said


def _fit(day: DayOnFile | None) -> bool:
    """Whether nothing better can be hoped for."""
    return day is not None and day.valid and day.source is Source.HISTORY


def days_up_to(calendar: str, last: date, count: int) -> list[date]:
    """The newest `count` market days, `last` included where it is one."""
    found: list[date] = []
    for number in range(4 * count + 60):
        if len(found) < count and hours(calendar, day := last - timedelta(days=number)):
            found.append(day)
    return found[::-1]
