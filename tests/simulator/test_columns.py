"""Rules played on columns: the same executions as the strategy itself gives, in the kernel and in the whole desk."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.rules.sessions import ALWAYS
from core.values.money import Quantity
from core.values.rule import Rule
from openoutcry.simulation import replayed
from simulator import brackets, compiling
from simulator.columns import Columns, bids_at, bids_of, columns_from, columns_of
from simulator.grid import run, run_columns
from simulator.kernel import simulate
from simulator.market import Conditions
from simulator.script import Plan
from simulator.trades import Execution, evaluate, trades_of
from strategies.kinds import NEW_YORK, Kind, dip
from tests.simulator.pasts import DAY, OPENS, SHARE, D, Past, bars
from tests.simulator.test_engines import halts, wild

LOOPS = ("simulator.compiling", "simulator.loops", "simulator.brackets")
RULE = Rule(dip=D("0.3"), stop=D("0.6"), target=D("0.2"))
BOUGHT = "100 100 99.5 99.6"


def without_numba() -> ModuleType:
    """The loops as they are where the extra `fast` is not installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "numba", None)
        for name in LOOPS:
            patch.delitem(sys.modules, name)
        return import_module("simulator.brackets")


PLAIN = without_numba()


def planned(rule: Rule, past: Past) -> Plan:
    return Plan(dip(rule), past, (DAY,))


def within(kind: Kind, start: time, end: time) -> Kind:
    return replace(kind, window=replace(kind.window, start=start, end=end))


def on_columns(plan: Plan, rule: Rule, module: ModuleType = brackets) -> tuple[Execution, ...]:
    columns = columns_of(plan)
    told: tuple[Execution, ...] = module.executions(columns, module.played(columns, rule, bids_of(columns, rule)))
    return told


def percents(*values: str) -> st.SearchStrategy[Decimal]:
    return st.sampled_from([Decimal(value) for value in values])


RULES = st.builds(
    Rule,
    dip=percents("0.05", "0.2", "0.5"),
    stop=percents("0.1", "0.3", "1"),
    target=st.none() | percents("0.1", "0.3", "1"),
    trailing=st.none() | percents("0.2", "0.7"),
    money=percents("3000", "20000"),
    wait_s=st.sampled_from([1, 59, 60, 300, 900]),
    hold_s=st.none() | st.sampled_from([20, 59, 600]),
)
CASES = given(
    rule=RULES,
    seed=st.integers(0, 10**6),
    swing=st.sampled_from([20, 60, 150]),
    cash=percents("3001", "30000"),
    costs=st.tuples(percents("0", "0.05", "1"), st.sampled_from([0, 1, 5, 60, 300]), percents("0", "0.01", "0.3")),
    stops=st.lists(st.integers(0, 60), max_size=2),
)


def often(count: int) -> Callable[..., object]:
    return settings(max_examples=count, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def drawn(
    rule: Rule, seed: int, swing: int, cash: Decimal, costs: tuple[Decimal, int, Decimal], stops: list[int]
) -> Plan:
    """Random bars with fees, slippage, little volume, gaps and halts; two of them begin before the window opens, and in
    every seventh minute no run may begin."""
    kind = within(dip(rule), time(10, 32), time(11, 15))
    plan = Plan(kind, Past(wild(seed, 60, swing)), (DAY,), cash, Conditions(*costs, halts=halts(stops)))
    return replace(plan, viable=lambda moment: moment.minute % 7 != 3)


@often(120)
@CASES
def test_columns_give_the_trades_of_the_strategy_itself(**case: object) -> None:
    """The kernel asks DipStrategy at every price; compiled and not, columns make the same executions."""
    plan = drawn(**case)  # type: ignore[arg-type]
    rule = case["rule"]
    assert isinstance(rule, Rule)
    told = simulate(plan).executions
    assert on_columns(plan, rule) == told
    assert on_columns(plan, rule, PLAIN) == told


@often(8)
@CASES
def test_columns_give_the_trades_of_the_whole_desk(**case: object) -> None:
    """The desk itself, its broker, its guardian and its job, on the same prices."""
    plan = drawn(**case)  # type: ignore[arg-type]
    assert isinstance(case["rule"], Rule)
    assert on_columns(plan, case["rule"]) == replayed(plan).executions


@pytest.mark.proof
@often(300)
@CASES
def test_columns_give_the_trades_of_the_whole_desk_again_and_again(**case: object) -> None:
    """As above, more often."""
    plan = drawn(**case)  # type: ignore[arg-type]
    assert isinstance(case["rule"], Rule)
    assert on_columns(plan, case["rule"]) == replayed(plan).executions


@often(60)
@CASES
def test_a_score_is_what_evaluating_the_trades_says(**case: object) -> None:
    """Trades, wins, losses, profit, fees and drawdown, to the last digit; what is still held is no trade."""
    plan = drawn(**case)  # type: ignore[arg-type]
    assert isinstance(case["rule"], Rule)
    [score] = run(plan, [case["rule"]])
    said = evaluate(simulate(plan))
    assert (score.trades, score.wins, score.losses) == (said.trades, said.wins, said.losses)
    assert (score.net_profit, score.drawdown) == (said.net_profit, said.drawdown)
    assert score.fees == sum((trade.fees for trade in trades_of(simulate(plan).executions)), D(0))


def test_whole_numbers_are_compiled_where_the_tests_run() -> None:
    """Or the tests above would hold the same loop against itself."""
    assert compiling.COMPILED
    assert not PLAIN.__dict__["COMPILED"]


def test_a_run_ends_before_the_bell_of_its_calendar() -> None:
    """Bought five minutes before New York closes, sold half a minute before it, as the strategy itself does."""
    share, start = replace(SHARE, calendar="NYSE"), OPENS + timedelta(hours=5, minutes=25)
    rule = replace(RULE, target=None, flat_s=90)
    for each in (RULE, rule):
        past = Past(bars("100 100 99.6 99.7", *["99.7 99.8 99.6 99.7"] * 8, start=start), share)
        plan = Plan(within(dip(each), time(10, 30), time(16)), past, (DAY,))
        assert on_columns(plan, each) == simulate(plan).executions
        assert on_columns(plan, each, PLAIN) == simulate(plan).executions
    assert simulate(plan).executions[-1].at == start + timedelta(minutes=3, seconds=40)


def test_what_lasts_over_the_night_is_sold_in_the_morning() -> None:
    """Before the window opens: bars out of it count where something is held, and a day that is not played does not."""
    days = (DAY, DAY + timedelta(days=2))
    evening, morning = OPENS + timedelta(hours=4, minutes=29), OPENS - timedelta(minutes=20)
    rows = bars("100 100 99.5 99.6", "99.6 99.6 99.6 99.6", start=evening)
    for after in (1, 2):
        rows += bars("99.6 100 99.6 99.9", "99.9 99.9 99.9 99.9", start=morning + timedelta(days=after))
    plan = Plan(dip(RULE), Past(rows), days)
    told = on_columns(plan, RULE)
    assert told == simulate(plan).executions
    assert told == on_columns(plan, RULE, PLAIN)
    assert told[-1].at == morning + timedelta(days=2, seconds=40)


@pytest.mark.parametrize("day", [date(2026, 3, 7), date(2026, 10, 31)])
def test_a_night_of_23_or_25_hours_is_played_once(day: date) -> None:
    """Half past four of UTC is the evening before one and the morning of the other: each sells what it can, once."""
    night = datetime.combine(day + timedelta(days=1), time(4, 30), UTC)
    rows = bars("100 100 99.5 99.6", start=datetime.combine(day, time(10, 30), NEW_YORK))
    rows += bars("99.6 102 99.6 99.6@40", start=night)
    rows += bars("99.6 102 99.6 99.6", start=night + timedelta(hours=1))
    past = Past(rows, replace(SHARE, calendar=ALWAYS))
    plan = Plan(within(dip(RULE), time(10, 30), time(10, 31)), past, (day, day + timedelta(days=1)))
    told = on_columns(plan, RULE)
    assert [each.at - night for each in told[1:]] == [timedelta(seconds=40), timedelta(hours=1, seconds=40)]
    assert told == on_columns(plan, RULE, PLAIN) == simulate(plan).executions == replayed(plan).executions


def test_an_entry_of_ones_own_is_a_column_of_limits() -> None:
    """Here a bid at the close before; a bar without one begins no run."""
    plan = planned(RULE, Past(bars("100 100 99.9 100", "100.1 100.2 99.9 100.1", "100.4 100.4 100.4 100.4")))
    columns = columns_of(plan)
    bids = bids_at(columns, RULE, np.array([0, columns.price[3, 0], 0]))
    [bought, sold] = brackets.executions(columns, brackets.played(columns, RULE, bids))
    assert (bought.price, sold.price) == (D("100.00"), D("100.20"))


def test_money_that_does_not_fit_is_refused() -> None:
    """Rather than to go on with what is left of it in 64 bits."""
    plan = planned(RULE, Past(bars(BOUGHT)))
    with pytest.raises(ValueError, match="64 bits"):
        run(plan, [replace(RULE, money=D(10) ** 17)])
    with pytest.raises(ValueError, match="64 bits"):
        run(plan, [replace(RULE, stop=D("0.60000000000000001"))])


def often_the_same(prices: tuple[int, int, int, int], count: int, fee: str) -> Columns:
    """So many minutes of UTC with one open, high, low and close, of something of which 10^8 steps are one."""
    rows = np.array([(60 * row, *prices, 10**16) for row in range(count)], np.int64)
    step = Quantity(D("0.00000001"))
    coin = replace(SHARE, lot=step, step=step, calendar=ALWAYS)
    return columns_from(rows, np.ones(count, np.bool_), coin, 60, D(10) ** 12, Conditions(D(fee)))


@pytest.mark.parametrize("module", [brackets, PLAIN], ids=["compiled", "plain"])
@pytest.mark.parametrize("close", [16_000, 4_000], ids=["gain", "loss"])
def test_trades_that_fit_and_their_sum_does_not_are_refused(module: ModuleType, close: int) -> None:
    """Twenty do; of four hundred the last would have turned the profit's sign."""
    rule = Rule(dip=D(1), stop=D(50), target=D(60), money=D(5_000_000))
    prices = 10_000, max(10_000, close), min(9_900, close), close
    assert module.scored(often_the_same(prices, 20, "0"), rule).trades == 20
    with pytest.raises(ValueError, match="64 bits"):
        module.scored(often_the_same(prices, 400, "0"), rule)


def test_fees_are_summed_without_an_end() -> None:
    """Each trade's profit goes for its fees to the cent: no profit grows, and what the fees come to fits no column."""
    rule = Rule(dip=D(1), stop=D(50), target=D(50), money=D(1_600_000))
    score = brackets.scored(often_the_same((10_000, 16_000, 9_900, 16_000), 800, "20"), rule)
    each = (rule.money * 10**8 // 99) / 10**8 * (99 + D("148.5")) / 5
    assert (score.trades, score.net_profit, score.fees) == (800, D(0), 800 * each)


@pytest.mark.parametrize("field", ["dip", "stop", "trailing", "target", "money", "wait_s", "hold_s", "flat_s"])
def test_a_rule_without_sense_is_refused_by_name(field: str) -> None:
    """Before anything is played."""
    with pytest.raises(ValueError, match=field):
        replace(RULE, **{field: -1})  # type: ignore[arg-type]


def test_a_plan_without_bars_has_no_trades() -> None:
    """Holidays happen."""
    assert run(planned(RULE, Past([])), [RULE])[0].trades == 0
    assert on_columns(planned(RULE, Past([])), RULE, PLAIN) == ()


def test_a_grid_says_the_same_with_threads_and_with_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of its rules, each as if it were alone."""
    plan = planned(RULE, Past(wild(5, 240, 60)))
    rules = [replace(RULE, dip=D(n) / 100, stop=D(m) / 10) for n in (5, 10, 20) for m in (2, 5)]
    columns = columns_of(plan)
    alone = tuple(run_columns(columns, [rule])[0] for rule in rules)
    assert len({score.net_profit for score in alone}) > 1
    assert run_columns(columns, rules, workers=2) == alone
    monkeypatch.setattr("simulator.grid.COMPILED", False)
    assert run_columns(columns, rules, workers=2) == alone


def test_a_process_that_cannot_reckon_with_a_rule_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a thread does; it does not die of it."""
    monkeypatch.setattr("simulator.grid.COMPILED", False)
    columns = columns_of(planned(RULE, Past(bars(BOUGHT))))
    with pytest.raises(ValueError, match="64 bits"):
        run_columns(columns, [RULE, replace(RULE, money=D(10) ** 17)], workers=2)


def test_what_is_compiled_is_kept_in_the_users_cache() -> None:
    """Not beside the code, where an installation may be somebody else's."""
    assert run(planned(RULE, Past(bars(BOUGHT))), [RULE])
    assert not list(Path(compiling.__file__).parent.rglob("*.nb[ci]"))
