"""Visuals of research: what is on file of a symbol, and how the last runs went (behaviour.md 4.9).

One is made at a time, beside everything else; the newest of each is kept until the next one takes its place.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import partial

from core.ports import Painter
from core.ports.candles import CandleStore
from core.rules.candles import last_ended, market_days, minutes_filled
from core.rules.research_charts import of_prices, of_runs
from core.services.desk import Desk
from core.services.run_records import RunRecord, RunRecords
from core.services.single import Single
from core.values.candles import DayOnFile
from core.values.charts import Chart, Theme
from core.values.errors import POISON
from core.values.ids import UserId
from core.values.money import ZERO, Price
from core.values.orders import Refused

log = logging.getLogger(__name__)

FIRST_DAY = date(2017, 1, 1)
RUNS = 30
EVERY_S = 3600.0
"""How long what is shown may be old."""


class VisualType(StrEnum):
    PRICE_GRAPH = "PRICE_GRAPH"
    RUN_HISTORY = "RUN_HISTORY"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a visual is of. symbol: of PRICE_GRAPH. paper, owner: of RUN_HISTORY; owner None: everybody's runs."""

    type: VisualType
    symbol: str = ""
    paper: bool = True
    owner: UserId | None = None

    @property
    def name(self) -> str:
        return self.symbol or ("paper" if self.paper else "live")


@dataclass(frozen=True, slots=True)
class PricePoint:
    """A market day. open: its first price; minutes: those with enough bars. Both 0 where the day is not on file."""

    date: date
    open: Price
    minutes: int


@dataclass(frozen=True, slots=True)
class Visual:
    """One of `prices` and `runs` is filled, oldest first. picture: a PNG; None where there is nothing to draw."""

    subject: Subject
    at: datetime
    prices: Sequence[PricePoint] = ()
    runs: Sequence[RunRecord] = ()
    valid_days: int = 0
    picture: bytes | None = None


class Visuals:
    """calendars: by symbol, of everything that is collected. painter: None draws no pictures."""

    def __init__(
        self, desk: Desk, candles: CandleStore, calendars: Mapping[str, str], painter: Painter | None, theme: Theme
    ) -> None:
        self._desk, self._candles, self._painter, self._theme = desk, candles, painter, theme
        self.calendars = calendars
        self._made: dict[Subject, Visual] = {}
        self._minutes: dict[str, Mapping[DayOnFile, int]] = {}
        self._single = Single("visual")

    async def run(self) -> None:
        """Make all of them again and again, until cancelled."""
        try:
            while True:
                await self.refresh()
                await self._desk.wire.sleep(EVERY_S)
        finally:
            await self.close()

    async def close(self) -> None:
        await self._single.close()

    async def refresh(self) -> None:
        """All symbols and both kinds of runs, and whatever else was once asked for."""
        usual = [Subject(VisualType.PRICE_GRAPH, symbol) for symbol in self.calendars]
        usual += [Subject(VisualType.RUN_HISTORY, paper=paper) for paper in (True, False)]
        for subject in dict.fromkeys([*usual, *self._made]):
            await self._single.do(partial(self._make, subject))

    def generate(self, subject: Subject) -> Refused | None:
        """Begin to make it; done some time later. Refused: not_collected, one_at_a_time."""
        if subject.symbol and subject.symbol not in self.calendars:
            return Refused("not_collected", {"ticker": subject.symbol[:100]})
        return self._single.begin(partial(self._make, subject))

    @property
    def busy(self) -> bool:
        return self._single.busy

    def get(self, subject: Subject) -> Visual | None:
        """None before the first."""
        return self._made.get(subject)

    async def _make(self, subject: Subject) -> None:
        """What cannot be made is logged; what was there before stays."""
        try:
            self._made[subject] = await self._prices(subject) if subject.symbol else await self._runs(subject)
        except POISON as error:
            log.warning("no visual", extra={"type": subject.type, "of": subject.name, "reason": str(error)})
        else:
            log.info("made", extra={"type": subject.type, "of": subject.name})

    async def _prices(self, subject: Subject) -> Visual:
        calendar, now = self.calendars[subject.symbol], self._desk.clock.now()
        kept, minutes = await asyncio.to_thread(self._on_file, subject.symbol)
        days = await asyncio.to_thread(market_days, calendar, FIRST_DAY, last_ended(calendar, now))
        opens = {day.date: day.daily.open for day in kept}
        points = [PricePoint(day, opens.get(day, Price(ZERO)), minutes.get(day, 0)) for day in days]
        valid = sum(day.valid for day in kept)
        picture = await self._painted(of_prices(subject.symbol, kept, valid, len(days), self._theme))
        return Visual(subject, now, prices=points, valid_days=valid, picture=picture)

    def _on_file(self, symbol: str) -> tuple[Sequence[DayOnFile], Mapping[date, int]]:
        """Days that are as they were are not counted again; the others a month at a time, so that memory does not go
        by the years."""
        kept, before = self._candles.days(symbol), self._minutes.get(symbol, {})
        minutes = {day.date: before[day] for day in kept if day in before}
        for first, last in _months([day for day in kept if day not in before]):
            some = [day for day in kept if first <= day.date <= last]
            minutes |= minutes_filled(some, self._candles.load(symbol, first, last), self._candles.interval_s)
        self._minutes[symbol] = {day: minutes[day.date] for day in kept}
        return kept, minutes

    async def _runs(self, subject: Subject) -> Visual:
        found = await RunRecords(self._desk).newest(RUNS, subject.owner, paper=subject.paper)
        runs = sorted(found, key=lambda run: run.at)
        picture = await self._painted(of_runs([(run.at, run.profit) for run in runs], subject.name, self._theme))
        return Visual(subject, self._desk.clock.now(), runs=runs, picture=picture)

    async def _painted(self, chart: Chart) -> bytes | None:
        return await self._painter.paint(chart) if self._painter is not None and chart.bars else None


def _months(days: Sequence[DayOnFile]) -> list[tuple[date, date]]:
    """First and last day on file of each month."""
    found: dict[tuple[int, int], tuple[date, date]] = {}
    for day in days:
        month = (day.date.year, day.date.month)
        found[month] = (found[month][0] if month in found else day.date, day.date)
    return list(found.values())
