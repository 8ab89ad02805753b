"""What pictures of research show, a bar a day: a symbol's days on file, and the money that runs made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal

from core.values.candles import DayOnFile
from core.values.charts import DAY_S, Chart, Level, LevelRole, Theme
from core.values.market import Candle
from core.values.money import NO_QUANTITY, ZERO, Price
from core.values.notices import Line

DAYS_MAX = 300


def of_prices(symbol: str, kept: Sequence[DayOnFile], valid: int, days: int, theme: Theme) -> Chart:
    """The newest days on file; valid of so many market days are told in its title."""
    bars = tuple(replace(day.daily, at=_midnight(day.date)) for day in kept[-DAYS_MAX:])
    levels = (Level(LevelRole.LAST, bars[-1].close),) if bars else ()
    title = Line("visual.price_graph", {"ticker": symbol, "valid": str(valid), "count": str(days)})
    return Chart(title, bars, DAY_S, levels, theme=theme)


def of_runs(runs: Iterable[tuple[datetime, Decimal]], mode: str, theme: Theme) -> Chart:
    """runs: when each ended and what it earned, oldest first. Their sum, from day to day."""
    days: dict[date, Candle] = {}
    total = Price(ZERO)
    for at, profit in runs:
        day = at.astimezone(UTC).date()
        bar = days.get(day) or Candle(_midnight(day), total, total, total, total, NO_QUANTITY)
        total = Price(total + profit)
        days[day] = replace(bar, high=max(bar.high, total), low=min(bar.low, total), close=total)
    title = Line("visual.run_history", {"mode": mode, "profit": f"{total:+.2f}"})
    bars = tuple(days.values())
    return Chart(title, bars, DAY_S, (Level(LevelRole.LAST, total),) if bars else (), theme=theme)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
