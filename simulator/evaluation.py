"""How much of a result is luck: its trades drawn anew, and choices made on earlier days judged on later ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from random import Random

from core.ports.strategies import StrategyKind
from core.values.money import ZERO
from simulator.script import Plan
from simulator.trades import Evaluation, Outcome, Trade, drawdown, evaluate

Engine = Callable[[Plan], Outcome]


@dataclass(frozen=True, slots=True)
class Spread:
    """Of many draws: the value below which 5, 50 and 95 percent of them lie."""

    low: Decimal
    middle: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class Luck:
    """drawdown: of the same trades in another order, where the sum of profits does not change. profit: of as many
    trades drawn with replacement. lost: the share of those draws that lose money."""

    drawdown: Spread
    profit: Spread
    lost: Decimal


def monte_carlo(trades: Sequence[Trade], draws: int = 1000, seed: int = 1) -> Luck:
    """Equal seeds give equal answers. Without trades everything is 0. Raises ValueError for less than one draw."""
    if draws < 1:
        raise ValueError("at least one draw")
    random = Random(seed)  # noqa: S311 - chance to reckon with, not a secret
    profits = [trade.profit for trade in trades]
    falls, sums = [], []
    for _ in range(draws):
        falls.append(drawdown(random.sample(profits, len(profits))))
        sums.append(sum(random.choices(profits, k=len(profits)), ZERO) if profits else ZERO)
    lost = Decimal(sum(one < 0 for one in sums)) / draws
    return Luck(_spread(falls), _spread(sums), lost)


def _spread(values: Sequence[Decimal]) -> Spread:
    ordered = sorted(values)
    low, middle, high = (ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] for percent in (5, 50, 95))
    return Spread(low, middle, high)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a walk forward. chosen: by the net profit of the days before. learned, judged: on those, and on the
    days after them, which the choice knew nothing of."""

    days: tuple[date, ...]
    chosen: str
    learned: Evaluation
    judged: Evaluation


def walk_forward(
    plan: Plan, choices: Mapping[str, StrategyKind], learn: int, judge: int, engine: Engine
) -> tuple[Step, ...]:
    """Choose on `learn` days, judge on the next `judge`, go on by as many; oldest first. What is left at the end and is
    no whole step is left out. Among equals the first choice is taken. Raises ValueError where there is not one step."""
    if learn < 1 or judge < 1 or len(plan.days) < learn + judge or not choices:
        raise ValueError(f"{len(plan.days)} days are less than {learn} to learn from and {judge} to judge by")
    point, steps = plan.history.instrument.point_value, []
    for start in range(0, len(plan.days) - learn - judge + 1, judge):
        past, future = plan.days[start : start + learn], plan.days[start + learn : start + learn + judge]
        learned = {name: evaluate(engine(replace(plan, kind=kind, days=past)), point) for name, kind in choices.items()}
        chosen = max(learned, key=lambda name: learned[name].net_profit)
        judged = evaluate(engine(replace(plan, kind=choices[chosen], days=future)), point)
        steps.append(Step(future, chosen, learned[chosen], judged))
    return tuple(steps)
