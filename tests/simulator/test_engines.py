"""Both engines on the same past: the desk replay and the kernel give the same executions."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.values.money import plain
from openoutcry.simulation import replayed
from simulator.kernel import simulate
from simulator.market import Bar, Conditions
from simulator.script import Plan
from simulator.trades import Outcome
from strategies.kinds import recycle
from tests.simulator.pasts import DAY, OPENS, Past, bars

BOUGHT = "100 100 99.5 99.6"
VOLUMES = (0, 8, 40, 200, 400, 100_000)


def wild(seed: int, minutes: int, swing: int) -> list[Bar]:
    """Bars that dip and rise enough for CycleStrategy, some with gaps between them and little volume."""
    random, price, rows = Random(seed), 30_000, []
    for minute in range(minutes):
        if random.random() < 0.03:
            continue
        path = [price := max(100, price + random.randint(-swing, swing)) for _ in range(4)]
        at = int((OPENS + timedelta(minutes=minute)).timestamp())
        rows.append(Bar(at, path[0], max(path), min(path), path[3], random.choice(VOLUMES)))
    return rows


def halts(minutes: list[int]) -> tuple[tuple[datetime, datetime], ...]:
    return tuple((OPENS + timedelta(minutes=one), OPENS + timedelta(minutes=one + 3)) for one in minutes)


def told(outcome: Outcome) -> tuple[object, ...]:
    return outcome.executions, outcome.runs, outcome.entered, outcome.bars, outcome.days


def shown(outcome: Outcome) -> list[str]:
    return [f"{each.side} {plain(each.quantity)} at {each.price}" for each in outcome.executions]


CASES = given(
    seed=st.integers(0, 10**6),
    swing=st.sampled_from([20, 60, 150]),
    fee=st.sampled_from(["0", "0.05"]),
    slippage=st.tuples(st.integers(0, 5), st.sampled_from(["0", "0.01"])),
    stops=st.lists(st.integers(0, 60), max_size=3),
)
FEW, MANY = (
    settings(max_examples=count, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
    for count in (8, 300)
)


def alike(seed: int, swing: int, fee: str, slippage: tuple[int, str], stops: list[int]) -> None:
    conditions = Conditions(Decimal(fee), slippage[0], Decimal(slippage[1]), halts=halts(stops))
    plan = Plan(recycle(), Past(wild(seed, 90, swing)), (DAY,), conditions=conditions)
    assert told(simulate(plan)) == told(replayed(plan))


@FEW
@CASES
@example(seed=26681, swing=150, fee="0", slippage=(3, "0"), stops=[46, 1, 33]).via("bought and stopped out at once")
def test_both_engines_give_the_same_trades(
    seed: int, swing: int, fee: str, slippage: tuple[int, str], stops: list[int]
) -> None:
    """Random bars with fees, slippage, little volume, gaps and halts."""
    alike(seed, swing, fee, slippage, stops)


@pytest.mark.proof
@MANY
@CASES
def test_both_engines_give_the_same_trades_again_and_again(
    seed: int, swing: int, fee: str, slippage: tuple[int, str], stops: list[int]
) -> None:
    """As above, more often."""
    alike(seed, swing, fee, slippage, stops)


def test_tc_38_a_dip_is_bought_offered_and_sold() -> None:
    """99.70 is touched, 99.82 is offered, and the whole is sold at it; both engines say so, to the second."""
    plan = Plan(recycle(), Past(bars(BOUGHT, "99.7 99.9 99.7 99.8")), (DAY,))
    outcome = simulate(plan)
    assert shown(outcome) == ["buy 60 at 99.70", "sell 60 at 99.76"]
    assert told(outcome) == told(replayed(plan))


def test_tc_38_a_stop_fills_where_the_market_is_then() -> None:
    """The stop of 99.11 is gapped over: sold at what is bid, not at the level."""
    plan = Plan(recycle(), Past(bars(BOUGHT, "98 98.1 97 98")), (DAY,))
    outcome = simulate(plan)
    assert [(str(e.side), e.price) for e in outcome.executions] == [
        ("buy", Decimal("99.70")),
        ("sell", Decimal("98.00")),
    ]
    assert told(outcome) == told(replayed(plan))


def test_w_41_an_order_takes_no_more_than_the_bar_lets_it() -> None:
    """A volume of 80 is ten at a price, 32 is four: the bid is taken back, what is held goes bit by bit."""
    plan = Plan(recycle(), Past(bars(f"{BOUGHT} @80", "99.7 99.9 99.7 99.8 @32", "99.8 99.9 99.7 99.8@32")), (DAY,))
    outcome = simulate(plan)
    assert shown(outcome) == ["buy 10 at 99.70", "sell 4 at 99.76", "sell 4 at 99.76"]
    assert told(outcome) == told(replayed(plan))


def test_the_desk_that_is_played_warns_nobody_and_leaves_the_log_as_it_was(caplog: pytest.LogCaptureFixture) -> None:
    """A refused exit of years ago is no alarm; the next desk's are."""
    before = logging.getLogger("core").level
    replayed(Plan(recycle(), Past(wild(3, 40, 150)), (DAY,)))
    assert [record for record in caplog.records if record.name.startswith("core")] == []
    assert logging.getLogger("core").level == before


def test_both_engines_begin_where_a_run_is_viable() -> None:
    """Asked at every bar while none runs, by either; a run that is under way goes on."""
    plan = Plan(recycle(), Past(wild(3, 60, 60)), (DAY,))
    fifth = replace(plan, viable=lambda moment: moment.minute % 5 == 0)
    outcome = simulate(fifth)
    assert outcome.runs
    assert all(run.minute % 5 == 0 for run in outcome.runs)
    assert told(outcome) == told(replayed(fifth)) != told(simulate(plan))


def test_the_same_plan_gives_the_same_answer_again() -> None:
    """Whatever the time of day: both engines know no other clock than the past's."""
    plan = Plan(recycle(), Past(wild(3, 60, 60)), (DAY,))
    assert replayed(plan) == replayed(plan)
    assert simulate(plan) == simulate(plan)
