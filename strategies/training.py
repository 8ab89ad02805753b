"""Models learn of the days on file, one symbol at a time. It blocks: openoutcry runs it in processes of their own."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from core.ports.candles import CandleStore, Lesson
from core.values.candles import Source
from strategies.models import profitability, rally
from strategies.models.day import Day, day_of, days_in
from strategies.models.dips import DAILY
from strategies.models.memory import Learned, Memory, learn
from strategies.shelf import Knowledge, Shelf

log = logging.getLogger(__name__)


class Training:
    def __init__(self, store: CandleStore, shelf: Shelf) -> None:
        self._store = store
        self._shelf = shelf

    def train(self, symbol: str, calendar: str, lessons: Sequence[Lesson], *, anew: bool = False) -> Mapping[str, str]:
        """As `core.ports.candles.Trainer.train`. Days that are not on file, or not valid, are left out: what follows
        begins anew. Raises Broken, Transient."""
        before = self._shelf.read(symbol)
        knowledge, said = (before.forgotten if anew else before), dict[str, str]()
        for lesson in lessons:
            if _knows(knowledge, lesson):
                said |= {model.name: Learned.KNOWN for model in DAILY}
                continue
            day = self._day(symbol, calendar, lesson.day)
            if day is None:
                said["skipped"] = f"{lesson.day} is not on file, or not valid"
                log.warning("a day is not learned of", extra={"symbol": symbol, "day": str(lesson.day)})
                continue
            knowledge = _fed(knowledge, day, lesson, said)
        if lessons:
            knowledge = self._looked_back(knowledge, symbol, calendar, lessons[-1].day, said)
        if knowledge != before:
            self._shelf.write(symbol, knowledge)
        return said

    def _day(self, symbol: str, calendar: str, when: date) -> Day | None:
        told = self._store.days(symbol, when, when)
        if not told or not told[0].valid:
            return None
        return day_of(calendar, when, self._store.load(symbol, when, when))

    def _looked_back(
        self, knowledge: Knowledge, symbol: str, calendar: str, last: date, said: dict[str, str]
    ) -> Knowledge:
        """What is learned of all the days up to `last`, in whatever order: outcomes that are not known yet, and once
        a week the network."""
        first = last - profitability.WINDOW
        known = [day for day in self._store.days(symbol, first, last) if day.valid]
        valid, told = [day.date for day in known], [day.date for day in known if day.source is Source.HISTORY]
        outcomes = {day: letters for day, letters in knowledge.outcomes.items() if day in set(valid)}
        unknown = [day for day in valid if day not in outcomes]
        for day in self._days(symbol, calendar, unknown):
            outcomes[day.date] = profitability.outcomes(day) or ""
        if _due(knowledge, last, len(told)):  # what was streamed has volumes of another kind
            network = rally.train(self._days(symbol, calendar, told))
            said["rally"] = _quality(network, len(told))
            knowledge = replace(knowledge, rally=network or knowledge.rally, rally_tried=last)
        return replace(knowledge, outcomes=outcomes)

    def _days(self, symbol: str, calendar: str, days: Sequence[date]) -> list[Day]:
        """These days, oldest first, and no bars of others than those between them."""
        return days_in(calendar, self._store.load(symbol, days[0], days[-1]), days) if days else []


def _knows(knowledge: Knowledge, lesson: Lesson) -> bool:
    """Whether every daily model has learned of this day, or a later one, for good."""
    settled = [known.settled for model in DAILY if (known := knowledge.daily.get(model.name)) is not None]
    return len(settled) == len(DAILY) and all(output and lesson.day <= output.day for output in settled)


def _due(knowledge: Knowledge, last: date, days: int) -> bool:
    """Whether it is time to train the network: once a week, or as soon as there are days enough for the first."""
    tried = knowledge.rally_tried
    return tried is None or last - tried >= rally.WEEK or (knowledge.rally is None and days >= rally.DAYS_MIN)


def _fed(knowledge: Knowledge, day: Day, lesson: Lesson, said: dict[str, str]) -> Knowledge:
    """With this day in every daily model and, for a final one, its outcomes as its bars now are."""
    daily = dict(knowledge.daily)
    for model in DAILY:
        daily[model.name], word = learn(model, daily.get(model.name, Memory()), day, lesson.before, final=lesson.final)
        said[model.name] = word
        if word not in {Learned.FED, Learned.BEGUN}:
            log.warning("%s: %s", model.name, word, extra={"day": str(lesson.day)})
    outcomes = {when: letters for when, letters in knowledge.outcomes.items() if when != day.date}
    return replace(knowledge, daily=daily, outcomes=outcomes)


def _quality(network: rally.Network | None, days: int) -> str:
    if network is None:
        return f"not trained: {days} days are too few or too alike"
    return f"right {network.right:.0%}, the naive guess {network.naive:.0%}, of {network.days} days"
