"""The strategies there are: when each may begin, and which symbols it wants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from zoneinfo import ZoneInfo

from core.ports.strategies import Environment, Strategy, Window
from core.values.market import Candle
from strategies.cycle import CycleRules, CycleStrategy, ReCycleStrategy

NEW_YORK = ZoneInfo("America/New_York")
Judge = Callable[[Mapping[str, object]], float | None]
JudgeNow = Callable[[Sequence[Candle]], float | None]


@dataclass(frozen=True, slots=True)
class Kind:
    """The `core.ports.strategies.StrategyKind` of one strategy. judge, judge_now: the two rounds; a score or None."""

    name: str
    window: Window
    make: Callable[[Environment], Strategy]
    judge: Judge = lambda _analyses: 1.0
    judge_now: JudgeNow = lambda _candles: 1.0
    experimental: bool = False

    def viable(self, analyses: Mapping[str, object]) -> float | None:
        return self.judge(analyses)

    def viable_now(self, candles: Sequence[Candle]) -> float | None:
        return self.judge_now(candles)

    def begin(self, env: Environment) -> Strategy:
        return self.make(env)


def cycle(rules: CycleRules | None = None) -> Kind:
    """Half an hour in the morning, on symbols that the models like."""
    rules = rules or CycleRules()
    return Kind("cycle", Window(time(10, 30), time(11), NEW_YORK), lambda env: CycleStrategy(env, rules))


def recycle(rules: CycleRules | None = None) -> Kind:
    """The same from an hour after the open to an hour before the close, on any symbol."""
    rules = rules or CycleRules()
    return Kind("recycle", Window(time(10, 30), time(15), NEW_YORK), lambda env: ReCycleStrategy(env, rules))
