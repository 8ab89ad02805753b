"""Luck by draws, and choices judged on days they have not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from core.values.orders import Side
from simulator.evaluation import Engine, monte_carlo, walk_forward
from simulator.script import Plan
from simulator.trades import Execution, Outcome, Trade
from strategies.kinds import recycle
from tests.simulator.pasts import DAY, OPENS, D, Past

DAYS = tuple(DAY + timedelta(days=number) for number in range(7))


def trades(*profits: int) -> list[Trade]:
    return [Trade(OPENS, OPENS, Side.BUY, D(1), D(1), D(1), D(0), D(profit)) for profit in profits]


def test_other_orders_of_the_same_trades_fall_deeper_or_less() -> None:
    """Ten up by 1 and two down by 5: at best the falls stand apart, at worst together. The sum stays what it is."""
    luck = monte_carlo(trades(*[1] * 10, -5, -5), draws=500)
    assert D(5) <= luck.drawdown.low <= luck.drawdown.middle <= luck.drawdown.high <= D(10)
    assert luck.drawdown.low < luck.drawdown.high
    assert D(0) < luck.lost < D(1)


def test_draws_are_the_same_for_the_same_seed() -> None:
    """And others for another."""
    some = trades(*range(-10, 20))
    assert monte_carlo(some, 100, seed=3) == monte_carlo(some, 100, seed=3) != monte_carlo(some, 100, seed=4)


def test_without_trades_there_is_no_luck() -> None:
    """Zeros, and no division by them; less than one draw is refused."""
    assert (monte_carlo([]).profit.high, monte_carlo([]).lost) == (D(0), D(0))
    with pytest.raises(ValueError, match="one draw"):
        monte_carlo([], 0)


def engine_of(profits: Mapping[str, Sequence[int]]) -> tuple[list[tuple[str, tuple[date, ...]]], Engine]:
    """An engine that earns what stands in a table, by strategy and day; and what it was asked."""
    asked: list[tuple[str, tuple[date, ...]]] = []

    def engine(plan: Plan) -> Outcome:
        asked.append((plan.kind.name, plan.days))
        earned = sum(profits[plan.kind.name][DAYS.index(day)] for day in plan.days)
        deals = (
            Execution(OPENS, Side.BUY, D(1), D(100), D(0)),
            Execution(OPENS, Side.SELL, D(1), D(100 + earned), D(0)),
        )
        return Outcome(deals, (OPENS,), 1, 2, 1, plan.days)

    return asked, engine


def test_what_was_best_before_is_judged_on_the_days_after() -> None:
    """Three days to learn from, two to judge by, twice; the seventh day is judged by the second step."""
    asked, engine = engine_of({"a": [5, 5, 5, -1, -1, 0, 0], "b": [0, 0, 0, 7, 7, 3, 3]})
    choices = {name: replace(recycle(), name=name) for name in ("a", "b")}
    plan = Plan(recycle(), Past([]), DAYS)
    steps = walk_forward(plan, choices, 3, 2, engine)
    assert [(step.chosen, step.days, step.judged.net_profit) for step in steps] == [
        ("a", DAYS[3:5], D(-2)),
        ("b", DAYS[5:7], D(6)),
    ]
    assert ("b", DAYS[3:5]) not in asked


@pytest.mark.parametrize(("learn", "judge"), [(6, 2), (0, 1), (1, 0)])
def test_too_few_days_are_refused(learn: int, judge: int) -> None:
    """Not one step fits."""
    _, engine = engine_of({})
    with pytest.raises(ValueError, match="days are less"):
        walk_forward(Plan(recycle(), Past([]), DAYS), {"a": recycle()}, learn, judge, engine)


def test_the_sum_of_drawn_trades_lies_around_their_own() -> None:
    """Half of the draws on either side of it, roughly."""
    luck = monte_carlo(trades(*[3, -1] * 50), draws=400)
    assert luck.profit.low < Decimal(100) < luck.profit.high
