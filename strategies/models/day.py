"""One day of a symbol as models see it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo

import numpy as np
from numpy.typing import NDArray

from core.rules.candles import hours, zone
from core.values.candles import Columns

LOOK_UP_S = 1
"""How far from a moment the bar may begin that is meant by it."""


@dataclass(frozen=True, slots=True)
class Day:
    """opens_s: its first session's beginning, in seconds since 1970."""

    date: date
    bars: Columns
    opens_s: int
    zone: tzinfo

    def second(self, at: time) -> int:
        """A local time of this day in seconds since 1970."""
        return int(datetime.combine(self.date, at, self.zone).timestamp())

    def index(self, second: int) -> int | None:
        """The bar nearest to it, not more than LOOK_UP_S away."""
        moments = self.bars.at
        after = bisect_left(moments, second)
        near = [index for index in (after - 1, after) if 0 <= index < len(moments)]
        found = min(near, key=lambda index: abs(moments[index] - second), default=None)
        return None if found is None or abs(moments[found] - second) > LOOK_UP_S else found


def day_of(calendar: str, day: date, bars: Columns) -> Day:
    """Raises ValueError for a day on which the market does not trade."""
    windows = hours(calendar, day)
    if not windows:
        raise ValueError(f"{calendar} does not trade on {day}")
    return Day(day, bars, int(windows[0].opens_at.timestamp()), zone(calendar))


def days_in(calendar: str, bars: Columns, days: Sequence[date]) -> list[Day]:
    """Bars of many days, cut at each day's own hours; days without bars are left out."""
    found = []
    for day in days:
        windows = hours(calendar, day)
        if windows and len(part := bars.between(windows[0].opens_at, windows[-1].closes_at)):
            found.append(Day(day, part, int(windows[0].opens_at.timestamp()), zone(calendar)))
    return found


def array(column: memoryview[int]) -> NDArray[np.int64]:
    """Not copied."""
    return np.frombuffer(column, np.int64)
