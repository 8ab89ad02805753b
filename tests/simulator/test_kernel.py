"""The kernel by itself: what it skips, what it does not know, the fees it takes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from core.ports.strategies import Bid, Environment
from core.values.orders import ExitRule
from simulator.kernel import simulate
from simulator.market import Conditions
from simulator.script import Plan
from simulator.trades import trades_of
from strategies.api import AbstractStrategy
from strategies.cycle import CycleStrategy
from strategies.kinds import recycle
from tests.simulator.pasts import DAY, SHARE, D, Past, bars

CALM = "100 100.02 99.9 100"


class Asked(CycleStrategy):
    """Counts how often it is asked."""

    def __init__(self, env: Environment, asked: list[Decimal]) -> None:
        super().__init__(env)
        self.seen = asked

    def buy_logic(self) -> None:
        self.seen.append(self.env.last.price)
        super().buy_logic()


def test_nobody_is_asked_while_a_bid_waits_far_from_prices() -> None:
    """Ten calm minutes: the first is played, for the bid is made in it; the rest are counted and skipped."""
    asked: list[Decimal] = []
    kind = replace(recycle(), make=lambda env: Asked(env, asked))
    outcome = simulate(Plan(kind, Past(bars(*[CALM] * 10)), (DAY,)))
    assert (outcome.bars, len(outcome.runs)) == (10, 1)
    assert len(asked) < 10


def test_the_last_price_before_a_fill_is_that_of_a_skipped_bar() -> None:
    """A strategy that hears of its fill sees the close before it."""
    seen: list[Decimal] = []
    kind = replace(recycle(), make=lambda env: Asked(env, seen))
    simulate(Plan(kind, Past(bars(CALM, CALM, "100 100.02 99.8 100.01", "99.6 99.6 99.6 99.6")), (DAY,)))
    assert seen[-1] == D("100.01")


def test_fees_are_of_each_fills_value() -> None:
    """A tenth of a percent, both ways."""
    past = Past(bars("100 100 99.5 99.6", "99.7 99.9 99.7 99.8"))
    [trade] = trades_of(simulate(Plan(recycle(), past, (DAY,), conditions=Conditions(D("0.1")))).executions)
    assert trade.fees == 60 * (D("99.70") + D("99.76")) / 1000
    assert trade.profit == 60 * D("0.06") - trade.fees


def test_fees_and_losses_make_the_next_bid_smaller() -> None:
    """A fifth of what is left is bid."""
    past = Past(bars("100 100 99.5 99.6", "99.7 99.9 99.7 99.8", "100 100 99.5 99.6"))
    executions = simulate(Plan(recycle(), past, (DAY,), cash=D(10_000), conditions=Conditions(D(5)))).executions
    assert [each.quantity for each in executions] == [20, 20, 19]


class Trailing(AbstractStrategy):
    """Asks for an exit that the kernel does not know."""

    name = "trailing"

    def buy_logic(self) -> None:
        self.env.bid = Bid(SHARE.price_down(D(99)), SHARE.lot, ExitRule(stop=D(1), trailing=D(1)))

    def sell_logic(self) -> None:
        """Nothing: the stop trails."""


def test_an_exit_it_does_not_know_is_refused_by_name() -> None:
    """Better no answer than a wrong one: the desk replay knows them all."""
    kind = replace(recycle(), make=Trailing)
    with pytest.raises(ValueError, match="desk replay"):
        simulate(Plan(kind, Past(bars(CALM)), (DAY,)))
