"""What happens when: the one order of events that both engines keep.

A day is played from the strategy's window on, until nothing runs and the window is shut: before and after it nothing
can happen. A run begins with the first price of a bar where none is under way; one that is lasts over the night.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Protocol

from core.ports.strategies import StrategyKind, Window
from core.rules.sessions import sessions
from core.values.instrument import Instrument
from core.values.money import ZERO
from simulator.market import Bar, Beat, Conditions, beats


class History(Protocol):
    """Bars of one symbol. Of one length, oldest first, in [start, end); made or read only as far as asked for."""

    @property
    def instrument(self) -> Instrument: ...

    @property
    def interval_s(self) -> int: ...

    def bars(self, start: datetime, end: datetime) -> Iterator[Bar]: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """A simulation, whichever engine does it. days: the exchange's own, as the strategy's window counts them. viable:
    whether a run may begin at a moment; asked before each bar of the window while none is under way."""

    kind: StrategyKind
    history: History
    days: tuple[date, ...]
    cash: Decimal = Decimal(30_000)
    conditions: Conditions = field(default_factory=Conditions)
    progress: Callable[[int, int], None] = lambda _done, _of: None
    viable: Callable[[datetime], bool] = lambda _moment: True


@dataclass(slots=True)
class State:
    """What the script must know of the engine before it goes on. held: signed pieces. bars: how many were played, those
    that were skipped among them. quiet: nothing happens while prices stay between these ticks, both left out, before
    this second; the last bar that was skipped so is told in `skipped`."""

    running: bool = False
    held: Decimal = ZERO
    quiet: tuple[int, int, float] | None = None
    skipped: Bar | None = None
    bars: int = 0
    played: list[date] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Begin:
    """A run begins now, before the price that comes next."""

    at: int


def script(plan: Plan, state: State) -> Iterator[Begin | Beat]:
    """Every event, in order; the engine brings `state` up to date before it asks for the next."""
    for number, day in enumerate(plan.days):
        plan.progress(number, len(plan.days))
        yield from _day(plan, state, day)
        state.played.append(day)
    plan.progress(len(plan.days), len(plan.days))


def _day(plan: Plan, state: State, day: date) -> Iterator[Begin | Beat]:
    begins, opens, shuts, ends = span(plan.kind.window, day)
    for bar in plan.history.bars(begins if state.running else opens, ends):
        inside = opens.timestamp() <= bar.at < shuts.timestamp()
        if not state.running and not inside:
            if bar.at >= shuts.timestamp():
                return
            continue
        if plan.conditions.halted(bar.at):
            continue
        state.bars += 1
        if state.quiet is not None:
            low, high, until = state.quiet
            if low < bar.low and bar.high < high and bar.at + plan.history.interval_s <= until:
                state.skipped = bar
                continue
        if not state.running:
            if not plan.viable(datetime.fromtimestamp(bar.at, UTC)):
                continue
            yield Begin(bar.at)
        yield from beats(bar, plan.history.interval_s, state.held, plan.conditions)


def span(window: Window, day: date) -> tuple[datetime, datetime, datetime, datetime]:
    """When a day begins, its window opens and shuts, and the day ends, in UTC. Two days a year have 23 and 25 hours."""
    tomorrow = day + timedelta(days=1)
    begins, opens, shuts, ends = (
        datetime.combine(date_, moment, window.zone).astimezone(UTC)
        for date_, moment in ((day, time.min), (day, window.start), (day, window.end), (tomorrow, time.min))
    )
    return begins, opens, shuts, ends


def trading(history: History, window: Window, days: Iterable[date]) -> tuple[date, ...]:
    """Those of the days on which something trades while the window is open."""
    found = []
    for day in days:
        _, opens, shuts, _ = span(window, day)
        if sessions(history.instrument.calendar, opens, shuts):
            found.append(day)
    return tuple(found)
