"""What a worker of a search is told, and how it plays a point."""

from __future__ import annotations

import base64
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from core.values.instrument import Instrument
from core.values.money import plain
from openoutcry.pasts import FiledPast, MadeUpPast
from openoutcry.simulate_cli import engine
from simulator.market import Conditions
from simulator.script import Plan
from simulator.search import Quest, Tried, by_day
from simulator.trades import evaluate, trades_of
from strategies.figures import figures_with
from strategies.kinds import Figures, kinds

if TYPE_CHECKING:
    from simulator.search_study import Report

FIRST_DAYS = 4
"""A point that is to be pruned is judged by so manieth part of the days."""


@dataclass(frozen=True, slots=True)
class OnFile:
    """Candles to be read where they lie."""

    directory: Path
    interval_s: int
    instrument: Instrument


@dataclass(frozen=True, slots=True)
class Assignment:
    """Everything a worker is told. base: the figures that are not searched."""

    url: str
    quest: Quest
    strategy: str
    base: Figures
    past: MadeUpPast | OnFile
    days: tuple[date, ...]
    cash: Decimal
    conditions: Conditions
    engine: str

    def line(self) -> str:
        return base64.b64encode(pickle.dumps(self)).decode()

    @staticmethod
    def read(line: str) -> Assignment:
        """Of a line that our own parent has written."""
        found = pickle.loads(base64.b64decode(line))  # noqa: S301 - over a pipe of ours
        assert isinstance(found, Assignment)
        return found


class Bench:
    """Plays points of one assignment. `measure` is a `simulator.search_study.Measure`."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._history = _history(assignment.past)
        self._play = engine(assignment.engine)

    def measure(self, figures: Mapping[str, Decimal], report: Report) -> Tried:
        """The same as `openoutcry simulate` with these figures."""
        assignment = self._assignment
        kind = kinds(figures_with(assignment.strategy, figures, assignment.base))[assignment.strategy]
        plan = Plan(kind, self._history, assignment.days, assignment.cash, assignment.conditions)
        point = self._history.instrument.point_value
        first = len(plan.days) // FIRST_DAYS
        if assignment.quest.prune and first:
            report(evaluate(self._play(replace(plan, days=plan.days[:first])), point).net_profit, first)
        outcome = self._play(plan)
        found = evaluate(outcome, point)
        told = {name: getattr(found, name) for name in ("trades", "wins", "losses", "attempts")}
        money = {
            name: plain(round(getattr(found, name), 6)) for name in ("win_ratio", "median_profit", "drawdown", "fees")
        }
        days = by_day(trades_of(outcome.executions, point), kind.window.zone)
        return Tried((), found.net_profit, days, figures={name: str(value) for name, value in told.items()} | money)


def _history(past: MadeUpPast | OnFile) -> MadeUpPast | FiledPast:
    if isinstance(past, MadeUpPast):
        return past
    from storage.candles import open_candles  # noqa: PLC0415 - as above

    store = open_candles(past.directory, past.interval_s)
    return FiledPast(store, past.instrument, past.interval_s, store.load(past.instrument.ticker), ())
