"""What buying at 10:45 every day would have earned, for eleven profit targets and one stop (behaviour.md 4.4).

A day's outcomes are kept as a letter a target: + sold at the target, - at the stop, 0 neither. A bar that reaches
both counts as a loss: nobody knows which came first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta

import numpy as np
from numpy.typing import NDArray

from strategies.grades import Grade, rising
from strategies.models.day import Day, array

BUYS_AT = time(10, 45)
TARGETS = (25, 31, 34, 36, 39, 42, 45, 49, 52, 57, 61)
STOP = 85
NEVER_SOLD = -10
"""All in hundredths of a percent."""
WINDOW = timedelta(days=300)
DAYS_MIN = 100
WORTH_MIN = 0.05
_WHOLE = 10_000

_EDGES = (WORTH_MIN, 0.07, 0.09, 0.12, 0.15, 0.2)
_GRADES = (
    Grade.FAIL,
    Grade.RISKY,
    Grade.UNPROMISING,
    Grade.SATISFACTORY,
    Grade.GOOD,
    Grade.GREAT,
    Grade.EXCELLENT,
)


@dataclass(frozen=True, slots=True)
class Earned:
    """Percent a day for each of TARGETS, recent days weighing more."""

    means: tuple[float, ...]
    medians: tuple[float, ...]


def outcomes(day: Day) -> str | None:
    """None where there is no bar at 10:45."""
    first = day.index(day.second(BUYS_AT))
    if first is None:
        return None
    bought = day.bars.open[first]
    high, low = array(day.bars.high[first:]), array(day.bars.low[first:])
    lost = _first(low <= bought * (_WHOLE - STOP) // _WHOLE)
    sold = (_first(high >= -(-bought * (_WHOLE + target) // _WHOLE)) for target in TARGETS)
    return "".join("+" if at < lost else "0" if lost == len(low) else "-" for at in sold)


def earned(rows: Mapping[date, str], as_of: date) -> Earned | None:
    """Of the days within WINDOW up to `as_of` that have outcomes; None where there are fewer than DAYS_MIN."""
    days = sorted(day for day, letters in rows.items() if letters and as_of - WINDOW <= day <= as_of)
    if len(days) < DAYS_MIN:
        return None
    results = np.array([[_result(*pair) for pair in zip(rows[day], TARGETS, strict=True)] for day in days])
    weighted = results * np.linspace(0.5, 1.5, len(days))[:, None] / 100
    return Earned(tuple(weighted.mean(axis=0).tolist()), tuple(np.median(weighted, axis=0).tolist()))


def grade(output: Earned | None) -> Grade:
    if output is None or float(np.median(output.medians)) < WORTH_MIN:
        return Grade.FAIL
    return rising(float(np.median(output.means)), _EDGES, _GRADES)


def _first(hits: NDArray[np.bool_]) -> int:
    """Where it first happens; behind the end where it never does."""
    return int(np.argmax(hits)) if hits.any() else len(hits)


def _result(outcome: str, target: int) -> int:
    return {"+": target, "0": NEVER_SOLD, "-": -STOP}[outcome]
