"""What models would have said at a moment of the past. Importing this wants the extra `research`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from core.ports.candles import Lesson
from core.rules.candles import day_before, today
from core.services.collecting import LEARNED, days_up_to
from openoutcry.pasts import FiledPast
from strategies.analyses import LOOKS_BACK, View, by_bars, by_lessons
from strategies.shelf import Knowledge, Shelf
from strategies.training import Training
from strategies.wants import Wants


@contextmanager
def advised(past: FiledPast, wants: Wants) -> Iterator[Adviser]:
    """On a shelf of its own: what is learned of the past is never seen by a desk."""
    with TemporaryDirectory(prefix="openoutcry-") as directory:
        yield Adviser(past, wants, Shelf(Path(directory)))


class Adviser:
    """Learns of the thirty market days before the first one it is asked about, then of each day before the next. Of the
    day itself it knows the last two hours, as the day trader does (behaviour.md 4.5)."""

    def __init__(self, past: FiledPast, wants: Wants, shelf: Shelf) -> None:
        self._past, self._wants, self._shelf = past, wants, shelf
        self._symbol, self._calendar = past.instrument.ticker, past.instrument.calendar
        self._training = Training(past.store, shelf)
        self._known: dict[date, Knowledge] = {}

    def viable(self, now: datetime) -> bool:
        """Whether a run may begin. Raises Broken for candles that cannot be read."""
        return self.view(now).satisfies(self._wants)

    def view(self, now: datetime) -> View:
        """What they would have said; of the first round alone where that says no. Raises Broken."""
        knowledge = self._knowledge(today(self._calendar, now))
        if not (first := by_lessons(knowledge, self._calendar, now, self._wants)).viable:
            return first
        bars = self._past.columns.between(now - LOOKS_BACK, now)
        return by_bars(knowledge, self._calendar, bars, now, self._wants)

    def _knowledge(self, day: date) -> Knowledge:
        """Of the days before `day`, and of none after it. Kept: a walk forward asks about the same days again."""
        if day not in self._known:
            before = day_before(self._calendar, day)
            known = self._known.get(before)
            days = days_up_to(self._calendar, before, LEARNED) if known is None else [before]
            self._shelf.write(self._symbol, known or Knowledge())
            lessons = [Lesson(each, day_before(self._calendar, each)) for each in days]
            self._training.train(self._symbol, self._calendar, lessons)
            self._known[day] = self._shelf.read(self._symbol)
        return self._known[day]
