"""What models say of a symbol, in two rounds: first by what was learned, then by the last two hours' bars as well.

The first round asks for no bars at all, so that it can be asked of every symbol; the second is for those that are left
(behaviour.md 4.5).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from core.rules.candles import day_before, today
from core.values.candles import Columns
from strategies.grades import Grade, score
from strategies.models import momentum, profitability, rally
from strategies.models.day import day_of
from strategies.models.dips import DAILY
from strategies.shelf import Knowledge, Shelf
from strategies.wants import Wants

LOOKS_BACK = timedelta(hours=2)

CandleQuery = Callable[[str, datetime, datetime], Awaitable[Columns]]
"""Symbol, start, end -> its bars that begin in [start, end)."""


@dataclass(frozen=True, slots=True)
class View:
    """grades: of the models asked for. score: None where one of them failed, or none says anything."""

    grades: Mapping[str, Grade]
    score: Decimal | None

    @property
    def viable(self) -> bool:
        return Grade.FAIL not in self.grades.values()

    def satisfies(self, wants: Wants) -> bool:
        """Of the second round: nothing failed, and something that counts was said."""
        return self.viable and (self.score is not None or not wants.weights)


class Analyses:
    """candles: asked in the second round alone."""

    def __init__(self, shelf: Shelf, candles: CandleQuery) -> None:
        self._shelf = shelf
        self._candles = candles

    def first_round(self, symbol: str, calendar: str, now: datetime, wants: Wants) -> View:
        """By what was learned up to the last market day before `now`'s; what is older fails. Reads one file."""
        return by_lessons(self._shelf.read(symbol), calendar, now, wants)

    async def second_round(self, symbol: str, calendar: str, now: datetime, wants: Wants) -> View:
        """By that and the last two hours. Raises Transient or Rejected where the bars cannot be had."""
        knowledge = self._shelf.read(symbol)
        if not (first := by_lessons(knowledge, calendar, now, wants)).viable:
            return first
        bars = await self._candles(symbol, now - LOOKS_BACK, now)
        return by_bars(knowledge, calendar, bars, now, wants)


def by_lessons(knowledge: Knowledge, calendar: str, now: datetime, wants: Wants) -> View:
    """The first round."""
    return _view(stored(knowledge, day_before(calendar, today(calendar, now))), wants)


def by_bars(knowledge: Knowledge, calendar: str, bars: Columns, now: datetime, wants: Wants) -> View:
    """The second round. bars: of the two hours before `now`."""
    grades = stored(knowledge, day_before(calendar, today(calendar, now)))
    return _view(grades | on_the_spot(knowledge, calendar, bars, now), wants)


def stored(knowledge: Knowledge, fresh: date) -> dict[str, Grade]:
    """Grades that need no bars. fresh: the market day that must have been learned of, or a later one; else it fails."""
    grades = {}
    for model in DAILY:
        known = knowledge.daily.get(model.name)
        newest = None if known is None else known.newest
        grades[model.name] = Grade.FAIL if newest is None or newest.day < fresh else model.grade(newest.state)
    newest_day = max(knowledge.outcomes, default=date.min)
    output = profitability.earned(knowledge.outcomes, newest_day) if newest_day >= fresh else None
    return grades | {"profitability": profitability.grade(output)}


def on_the_spot(knowledge: Knowledge, calendar: str, bars: Columns, now: datetime) -> dict[str, Grade]:
    """Grades that need the day's own bars."""
    day = day_of(calendar, today(calendar, now), bars)
    return {
        "momentum": momentum.grade(momentum.momentum(bars)),
        "rally": rally.grade(rally.guess(knowledge.rally, day)),
    }


def _view(grades: Mapping[str, Grade], wants: Wants) -> View:
    """Of the models asked for, those that are known in this round."""
    asked = {name: grades[name] for name in sorted(wants.names & grades.keys())}
    return View(asked, score(asked, wants.weights))
