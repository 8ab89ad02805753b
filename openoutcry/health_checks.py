"""What the six health checks look at, and when each passes (behaviour.md 4.10).

It blocks: openoutcry/health_worker.py runs it in a process of its own, which reads what is on file and writes in a
scratch directory alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from statistics import mean

from core.ports.candles import CandleStore, Lesson
from core.rules.candles import MINUTES_SPARED, day_before, hours, last_ended, minutes_of, per_minute
from core.services.collecting import days_up_to
from core.services.health_checks import Check, Verdict
from core.values.candles import Columns, SymbolDay
from core.values.instrument import Instrument, InstrumentKind
from core.values.market import Candle, Session
from core.values.money import Price, Quantity
from simulator.kernel import simulate
from simulator.market import Bar, bars_of
from simulator.script import Plan
from simulator.trades import Outcome, trades_of
from storage.candles import open_candles
from strategies.cycle import CycleRules
from strategies.grades import Grade
from strategies.kinds import recycle
from strategies.models.day import days_in
from strategies.models.dips import DAILY, DIP45, TAKES, kept
from strategies.shelf import Shelf
from strategies.training import Training

Finding = tuple[bool, str]
"""Whether it is as it should be, and what it is."""

DIP_DAYS, DIP_SHARE, DIP_SUM = 120, 5, (Decimal(1), Decimal(5))
FED_DAYS = 30
DIP_MAX, REACH_MAX = Decimal(100), Decimal(1)
"""Percent; share of the price: what lies beyond is no figure of a market."""
LOAD_S_MAX = 0.25
DATA_DAYS, DATA_SHARE, GAP_S = 40, Decimal("0.9"), 45
TIMED_DAYS, DAY_S_MAX = 5, 5.0


@dataclass(frozen=True, slots=True)
class Bench:
    """What there is to look at. calendars: by symbol. now: decides which market days are over, `after` their close.
    seconds: a stop watch. open_store: of the candle store that is checked in `scratch`, an empty directory."""

    store: CandleStore
    calendars: Mapping[str, str]
    now: datetime
    scratch: Path
    after: timedelta = timedelta(minutes=15)
    seconds: Callable[[], float] = time.perf_counter
    open_store: Callable[[Path, int], CandleStore] = open_candles

    def newest(self, symbol: str, count: int) -> list[date]:
        """Market days that are over, oldest first."""
        calendar = self.calendars[symbol]
        return days_up_to(calendar, last_ended(calendar, self.now, self.after), count)


def dip45(bench: Bench, symbol: str, _day: date | None = None) -> Iterator[Finding]:
    """A fifth of the days viable, and the sum of what is left of each day's dip, 0.8 of it a day later, in 1 to 5
    percent: five times what the model keeps, which is an average."""
    days = bench.newest(symbol, DIP_DAYS)
    valid = [day.date for day in bench.store.days(symbol, days[0], days[-1]) if day.valid]
    state: Mapping[str, str] = {}
    viable = 0
    for each in days_in(bench.calendars[symbol], bench.store.load(symbol, days[0], days[-1]), valid):
        state = DIP45.feed(state, each)
        viable += DIP45.grade(state) is not Grade.FAIL
    yield (
        viable * DIP_SHARE >= len(days),
        f"{viable} of {len(days)} days viable, at least {len(days) // DIP_SHARE} wanted",
    )
    total = kept(state) / TAKES
    yield DIP_SUM[0] <= total <= DIP_SUM[1], f"rolling sum {total:.3f}, wanted {DIP_SUM[0]} to {DIP_SUM[1]}"


def model_feeding(bench: Bench, symbol: str, _day: date | None = None) -> Iterator[Finding]:
    """The newest valid days are fed to models that know nothing yet, twice."""
    calendar = bench.calendars[symbol]
    days = bench.newest(symbol, FED_DAYS)
    valid = [day.date for day in bench.store.days(symbol, days[0], days[-1]) if day.valid]
    yield bool(valid), f"{len(valid)} of {len(days)} days on file are fit to learn from"
    if not valid:
        return
    shelf = Shelf(bench.scratch)
    lessons = [Lesson(day, day_before(calendar, day)) for day in valid]
    Training(bench.store, shelf).train(symbol, calendar, lessons)
    known = shelf.read(symbol)
    for model in DAILY:
        output = known.daily[model.name].newest
        total = Decimal(0) if output is None else kept(output.state)
        fed = output is not None and output.day == valid[-1]
        most = REACH_MAX if model.name == "volatility" else DIP_MAX
        yield fed and 0 < total < most, f"{model.name}: {total:.6f}, fed up to {output.day if output else 'nothing'}"
    wanting = [day for day in valid if not known.outcomes.get(day)]
    yield not wanting, f"profitability: {len(valid) - len(wanting)} of {len(valid)} days have outcomes"
    Training(bench.store, shelf).train(symbol, calendar, lessons)
    yield shelf.read(symbol) == known, "the same days again change nothing"


def candle_store(bench: Bench, _symbol: str = "", _day: date | None = None) -> Iterator[Finding]:
    """A store of its own: what is saved reads back, and only what is forgotten goes."""
    store, days = bench.open_store(bench.scratch / "candles", 60), [date(2026, 1, 28) + timedelta(n) for n in range(8)]
    made = {symbol: [_made_up(symbol, day) for day in days] for symbol in ("ONE", "TWO")}
    for symbol_days in made.values():
        store.save(*symbol_days)
    took = list[float]()
    for symbol, symbol_days in made.items():
        same = 0
        for each in symbol_days:
            began = bench.seconds()
            same += store.day(symbol, each.date) == each
            took.append(bench.seconds() - began)
        yield same == len(days), f"{symbol}: {same} of {len(days)} days read back as they were saved"
    yield mean(took) <= LOAD_S_MAX, f"a day loads in {1000 * mean(took):.0f} ms, at most {1000 * LOAD_S_MAX:.0f} wanted"
    left = list(days)
    for what, first, last in (
        ("before a day", date.min, days[1]),
        ("after a day", days[6], date.max),
        ("one day", days[3], days[3]),
        ("the symbol", date.min, date.max),
    ):
        store.forget("ONE", first, last)
        left = [day for day in left if not first <= day <= last]
        found = [day.date for day in store.days("ONE")]
        yield found == left, f"forgotten {what}: {len(found)} days are left, {len(left)} expected"
    found = [day.date for day in store.days("TWO")]
    yield found == days, f"the other symbol has {len(found)} of {len(days)} days"


def data(bench: Bench, symbol: str, _day: date | None = None) -> Iterator[Finding]:
    """Nine days of ten have bars enough (1140 of a day of 390 minutes, as core.rules.candles has it) and no stretch
    over 45 s without any."""
    days = bench.newest(symbol, DATA_DAYS)
    bars = bench.store.load(symbol, days[0], days[-1])
    faults = dict[date, str]()
    for day in days:
        windows = hours(bench.calendars[symbol], day)
        of_day = bars.between(windows[0].opens_at, windows[-1].closes_at)
        wanted = per_minute(bench.store.interval_s) * (minutes_of(windows) - MINUTES_SPARED)
        gap = max((_gap(of_day, window, bench.store.interval_s) for window in windows), default=0)
        if len(of_day) < wanted:
            faults[day] = f"{len(of_day)} bars, {wanted} wanted"
        elif gap > GAP_S:
            faults[day] = f"{gap} s without a bar"
    good = len(days) - len(faults)
    yield good >= DATA_SHARE * len(days), f"{symbol}: {good} of the last {len(days)} days are whole"
    for day, fault in faults.items():
        yield True, f"{day}: {fault}"


def simulation_timings(bench: Bench, symbol: str, _day: date | None = None) -> Iterator[Finding]:
    """The newest days on file, one by one."""
    days = [day.date for day in bench.store.days(symbol) if day.valid][-TIMED_DAYS:]
    yield len(days) == TIMED_DAYS, f"{len(days)} days on file to simulate, {TIMED_DAYS} wanted"
    if not days:
        return
    took = list[float]()
    for day in days:
        began = bench.seconds()
        _simulated(bench, symbol, day)
        took.append(bench.seconds() - began)
    yield mean(took) < DAY_S_MAX, f"a day takes {mean(took):.3f} s, less than {DAY_S_MAX:.0f} wanted"


def simulation_output(bench: Bench, symbol: str, asked: date | None = None) -> Iterator[Finding]:
    """A day, by default the last market day, is simulated, and what comes out can be."""
    day = asked or bench.newest(symbol, 1)[-1]
    calendar = bench.calendars[symbol]
    if not hours(calendar, day):
        yield False, f"{day} is no market day"
        return
    there = {known: bench.store.day(symbol, known) for known in (day_before(calendar, day), day)}
    for known, kept_day in there.items():
        yield kept_day is not None and kept_day.valid, f"{known} is {'' if kept_day else 'not '}on file"
    bars = bench.store.load(symbol, day, day)
    yield all(one < other for one, other in pairwise(bars.at)), f"{len(bars)} bars in the order of time"
    if not len(bars):
        return
    outcome = _simulated(bench, symbol, day)
    low, high = bars.price(min(bars.low)), bars.price(max(bars.high))
    moments = [each.at for each in outcome.executions]
    yield moments == sorted(moments), f"{len(moments)} executions in the order of time"
    inside = all(low <= each.price <= high for each in outcome.executions)
    yield inside, f"executions between {low} and {high}" if inside else f"executions beyond {low} and {high}"
    trades = trades_of(outcome.executions)
    possible = all(abs(trade.profit + trade.fees) <= trade.quantity * (high - low) for trade in trades)
    profit = sum((trade.profit for trade in trades), Decimal(0))
    yield possible, f"{outcome.bars} bars played, {len(outcome.runs)} runs, {len(trades)} trades, profit {profit:.2f}"


CHECKS: Mapping[Check, Callable[[Bench, str, date | None], Iterator[Finding]]] = {
    Check.DIP45: dip45,
    Check.MODEL_FEEDING: model_feeding,
    Check.MONGO: candle_store,
    Check.DATA: data,
    Check.SIMULATION_TIMINGS: simulation_timings,
    Check.SIMULATION_OUTPUT: simulation_output,
}


def verdict(findings: Iterable[Finding]) -> Verdict:
    """What is not as it should be is marked."""
    found = list(findings)
    return Verdict(all(well for well, _ in found), [text if well else f"FAILED: {text}" for well, text in found])


@dataclass(frozen=True, slots=True)
class _Filed:
    """One day as the simulator's past."""

    instrument: Instrument
    interval_s: int
    columns: Columns

    def bars(self, start: datetime, end: datetime) -> Iterator[Bar]:
        return bars_of(self.columns.between(start, end).candles(), self.instrument)


def _simulated(bench: Bench, symbol: str, day: date) -> Outcome:
    """A strategy that asks no models, so that every day has something to show."""
    columns = bench.store.load(symbol, day, day)
    calendar, piece = bench.calendars[symbol], Quantity(Decimal(1))
    tick = Decimal(1).scaleb(-columns.scale)
    instrument = Instrument(symbol, "PAPER", InstrumentKind.SHARE, "", piece, tick, piece, calendar=calendar)
    return simulate(Plan(recycle(CycleRules()), _Filed(instrument, bench.store.interval_s, columns), (day,)))


def _gap(bars: Columns, window: Session, interval_s: int) -> int:
    """The longest stretch of a session without a bar, in seconds."""
    opens, closes = int(window.opens_at.timestamp()), int(window.closes_at.timestamp())
    begins = [at for at in bars.at if opens <= at < closes]
    edges = [opens - interval_s, *begins, closes]
    return max(later - earlier - interval_s for earlier, later in pairwise(edges))


def _made_up(symbol: str, day: date) -> SymbolDay:
    """An hour of minutes, different for each symbol and day."""
    start = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=15)
    first = Decimal(100 + day.day + len(symbol))
    prices = [Price(first + Decimal(minute) / 100) for minute in range(60)]
    bars = [
        Candle(start + timedelta(minutes=minute), price, price, price, price, Quantity(Decimal(minute + 1)))
        for minute, price in enumerate(prices)
    ]
    return SymbolDay(symbol, day, bars)
