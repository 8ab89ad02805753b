"""Many rules over the same bars at once: what an optimiser asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.values.rule import Rule
from simulator.script import Plan


@dataclass(frozen=True, slots=True)
class Score:
    """What a rule earned, as `simulator.trades.Evaluation` counts it. Profits are money after fees; drawdown: the
    deepest fall of their sum below its highest, positive."""

    trades: int
    wins: int
    losses: int
    net_profit: Decimal
    fees: Decimal
    drawdown: Decimal


def run(plan: Plan, rules: Sequence[Rule], workers: int = 1) -> tuple[Score, ...]:
    """One score a rule, in their order. The plan says which bars, window, money and conditions; its strategy is not
    asked. workers: how many cores to use. Raises ValueError for a rule that cannot be."""
    raise NotImplementedError
