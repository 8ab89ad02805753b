"""Models of a day at a time that keep a rolling sum of about 30 days: new = old * 0.8 + x * 0.2, from 0.

What goes up goes down at 10:30: a strategy that buys the dip wants to know how deep it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import Any, Protocol

from strategies.grades import Grade, nested
from strategies.models.day import Day

KEEPS, TAKES = Decimal("0.8"), Decimal("0.2")
FROM = time(10, 30)
VOLATILE = Decimal("0.015")

State = Mapping[str, Any]
"""Of a model, as JSON knows it; empty at the beginning."""


class DailyModel(Protocol):
    @property
    def name(self) -> str: ...

    def feed(self, state: State, day: Day) -> State:
        """What is known with this day as well."""

    def grade(self, state: State) -> Grade: ...


@dataclass(frozen=True, slots=True)
class Dip:
    """100 * (1 - the lowest low strictly within `minutes` after 10:30 / the low of 10:30), where that is positive."""

    name: str
    minutes: int
    bands: tuple[tuple[Decimal, Decimal, Grade], ...]

    def percent(self, day: Day) -> Decimal | None:
        """None where there is no bar at 10:30."""
        begins = day.second(FROM)
        first = day.index(begins)
        if first is None:
            return None
        end = begins + 60 * self.minutes
        low, lows = (
            day.bars.low[first],
            [low for at, low in zip(day.bars.at, day.bars.low, strict=True) if begins < at < end],
        )
        return Decimal(100 * max(0, low - min(lows, default=low))) / low

    def feed(self, state: State, day: Day) -> State:
        """A dip of 0 leaves the sum as it is."""
        percent = self.percent(day)
        return {"sum": str(rolled(state, percent) if percent else kept(state))}

    def grade(self, state: State) -> Grade:
        return nested(kept(state), self.bands) if state else Grade.FAIL


@dataclass(frozen=True, slots=True)
class Volatility:
    """(highest high - lowest low) / first open of a day; it passes where the rolling sum is 1.5 % or more."""

    name: str = "volatility"

    def feed(self, state: State, day: Day) -> State:
        bars = day.bars
        reach = Decimal(max(bars.high) - min(bars.low)) / bars.open[0]
        return {"sum": str(rolled(state, reach))}

    def grade(self, state: State) -> Grade:
        return Grade.PASS if kept(state) >= VOLATILE else Grade.FAIL


def kept(state: State) -> Decimal:
    return Decimal(state.get("sum", "0"))


def rolled(state: State, value: Decimal) -> Decimal:
    return kept(state) * KEEPS + value * TAKES


def _bands(*rows: tuple[str, str, Grade]) -> tuple[tuple[Decimal, Decimal, Grade], ...]:
    return tuple((Decimal(low), Decimal(high), grade) for low, high, grade in rows)


DIP10 = Dip(
    "dip10",
    10,
    _bands(
        ("0.025", "0.5", Grade.FAIL),
        ("0.05", "0.45", Grade.RISKY),
        ("0.075", "0.4", Grade.UNPROMISING),
        ("0.125", "0.35", Grade.GOOD),
        ("0.15", "0.3", Grade.GREAT),
    ),
)
DIP45 = Dip(
    "dip45",
    45,
    _bands(
        ("0.05", "0.9", Grade.FAIL),
        ("0.075", "0.8", Grade.RISKY),
        ("0.1", "0.7", Grade.UNPROMISING),
        ("0.15", "0.65", Grade.GOOD),
        ("0.2", "0.6", Grade.GREAT),
    ),
)
VOLATILITY = Volatility()
DAILY: tuple[DailyModel, ...] = (DIP10, DIP45, VOLATILITY)
