"""A built-in market whose history can be spoiled, and a collector with models on top of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from brokers.paper.market import BuiltInMarket
from core.clock import ManualClock
from core.jobs.collecting import Collecting, Plan
from core.ports.candles import CandleStore, Lesson
from core.rules.candles import hours
from core.services.collecting import Collector, Subject
from core.services.streaming import StreamBars
from core.values.errors import Rejected, Transient
from core.values.market import Candle
from storage.candles import open_candles
from strategies.shelf import Shelf
from strategies.training import Training

NEW_YORK = ZoneInfo("America/New_York")
TUESDAY = date(2026, 6, 16)


class Told(BuiltInMarket):
    """Tells what it is given for a day, else its own history. asked: the days, in New York, in order. fails: so many
    times it is away."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(1, True, clock, clock)
        self.given: dict[date, Sequence[Candle]] = {}
        self.asked: list[date] = []
        self.fails = 0
        self.refuses: Rejected | None = None

    async def candles(self, ticker: str, start: datetime, end: datetime, interval_s: int) -> Sequence[Candle]:
        self.asked.append(start.astimezone(NEW_YORK).date())
        if self.fails:
            self.fails -= 1
            raise Transient("away", 2)
        if self.refuses is not None:
            raise self.refuses
        day = self.asked[-1]
        return self.given[day] if day in self.given else await super().candles(ticker, start, end, interval_s)

    async def history(self, day: date) -> Sequence[Candle]:
        """What it would tell of a day by itself."""
        window = hours("NYSE", day)[0]
        return await super().candles("SBER", window.opens_at, window.closes_at, 60)


@dataclass
class HereTrainer:
    """The models themselves, in this process. lessons: every one that was given."""

    training: Training
    lessons: list[tuple[Lesson, bool]] = field(default_factory=list)

    async def train(
        self, symbol: str, calendar: str, lessons: Sequence[Lesson], *, anew: bool = False
    ) -> Mapping[str, str]:
        self.lessons += [(lesson, anew) for lesson in lessons]
        return self.training.train(symbol, calendar, lessons, anew=anew)

    async def rest(self) -> None:
        """Nothing is held."""


@dataclass
class Bench:
    """SBER kept by New York's hours."""

    clock: ManualClock
    market: Told
    store: CandleStore
    shelf: Shelf
    trainer: HereTrainer
    stream: StreamBars
    collector: Collector
    subject: Subject
    job: Collecting


def bench(tmp_path: Path, now: datetime, days: int = 5) -> Bench:
    clock = ManualClock(now)
    market, store, shelf = Told(clock), open_candles(tmp_path / "candles", 60), Shelf(tmp_path / "models")
    trainer, stream = HereTrainer(Training(store, shelf)), StreamBars(["SBER"], 60)
    collector = Collector(store, clock, trainer, stream)
    subject = Subject("SBER", "NYSE", market)
    job = Collecting([subject], collector, stream, clock, Plan(days, timedelta(minutes=15)))
    return Bench(clock, market, store, shelf, trainer, stream, collector, subject, job)


async def asleep(clock: ManualClock) -> None:
    """Until somebody waits for this clock to move on; threads may be at work meanwhile."""
    while not clock._sleepers:  # noqa: ASYNC110 - the clock tells nobody who sleeps on it
        await asyncio.sleep(0)


def new_york(day: date, text: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(text), NEW_YORK).astimezone(UTC)
