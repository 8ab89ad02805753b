"""The strategies there are: when each may begin, and what models must say of a symbol before it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import time
from decimal import Decimal
from zoneinfo import ZoneInfo

from core.ports.strategies import Environment, Strategy, Window
from core.values.rule import Rule
from strategies.cycle import CycleRules, CycleStrategy, ReCycleStrategy
from strategies.dip import USUAL, DipStrategy
from strategies.wants import NOTHING, Wants

NEW_YORK = ZoneInfo("America/New_York")
CYCLE_WANTS = Wants(
    must=frozenset({"dip10", "dip45", "volatility"}),
    weights={"momentum": Decimal("0.4"), "profitability": Decimal("0.4"), "rally": Decimal("0.2")},
)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of every strategy that is offered. cycle: recycle's, too."""

    cycle: CycleRules = field(default_factory=CycleRules)
    dip: Rule = USUAL


@dataclass(frozen=True, slots=True)
class Kind:
    """The `core.ports.strategies.StrategyKind` of one strategy. wants: what it asks of models."""

    name: str
    window: Window
    make: Callable[[Environment], Strategy]
    wants: Wants = NOTHING
    experimental: bool = False

    def begin(self, env: Environment) -> Strategy:
        return self.make(env)


def cycle(rules: CycleRules | None = None) -> Kind:
    """Half an hour in the morning, on symbols that the models like."""
    rules = rules or CycleRules()
    return Kind("cycle", Window(time(10, 30), time(11), NEW_YORK), lambda env: CycleStrategy(env, rules), CYCLE_WANTS)


def recycle(rules: CycleRules | None = None) -> Kind:
    """The same from an hour after the open to an hour before the close, on any symbol."""
    rules = rules or CycleRules()
    return Kind("recycle", Window(time(10, 30), time(15), NEW_YORK), lambda env: ReCycleStrategy(env, rules))


def dip(rule: Rule) -> Kind:
    """In the hours of recycle, on any symbol."""
    return Kind("dip", Window(time(10, 30), time(15), NEW_YORK), lambda env: DipStrategy(env, rule))


def kinds(figures: Figures) -> dict[str, Kind]:
    """Every strategy that the desk offers, by name."""
    return {kind.name: kind for kind in (cycle(figures.cycle), recycle(figures.cycle), dip(figures.dip))}
