"""Round trips and what they say, reckoned by hand."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from core.values.orders import Side
from simulator.trades import Execution, Outcome, drawdown, evaluate, joined, trades_of
from tests.simulator.pasts import DAY, OPENS, D


def deal(day: int, minute: int, text: str, fee: str = "0") -> Execution:
    """`"buy 10 at 99.5"`."""
    side, pieces, _, price = text.split()
    return Execution(OPENS + timedelta(days=day, minutes=minute), Side(side), D(pieces), D(price), D(fee))


EXECUTIONS = (
    deal(0, 0, "buy 10 at 100", "1"),
    deal(0, 5, "sell 4 at 101", "0.5"),
    deal(0, 6, "sell 6 at 102", "0.5"),  # 4 + 12 - 2 = 14
    deal(0, 9, "buy 10 at 100", "1"),
    deal(0, 10, "sell 10 at 99", "1"),  # -10 - 2 = -12
    deal(2, 0, "buy 5 at 100"),
    deal(2, 1, "sell 5 at 100.4"),  # 2
    deal(2, 2, "buy 5 at 100"),
    deal(2, 3, "sell 5 at 99"),  # -5
    deal(3, 0, "buy 5 at 100"),  # still held
)
RUNS = tuple(
    OPENS + timedelta(days=day, minutes=minute) for day, minute in ((0, 0), (0, 9), (1, 0), (2, 0), (2, 2), (3, 0))
)
OUTCOME = Outcome(EXECUTIONS, RUNS, 5, 12, 100, tuple(DAY + timedelta(days=number) for number in range(5)))


def test_a_round_trip_goes_from_flat_to_flat() -> None:
    """Average prices, fees of both ways, profit after them; what is held at the end is none."""
    trades = trades_of(EXECUTIONS)
    assert [trade.profit for trade in trades] == [14, -12, 2, -5]
    first = trades[0]
    assert (first.quantity, first.entry, first.exit, first.fees) == (D(10), D(100), D("101.6"), D(2))
    assert (first.opened_at, first.closed_at) == (OPENS, OPENS + timedelta(minutes=6))


def test_a_point_may_be_worth_more_than_one() -> None:
    """Of a future: the fees are money already."""
    assert trades_of(EXECUTIONS, Decimal(10))[0].profit == 158


def test_tc_39_what_trades_say_of_a_strategy() -> None:
    """Five days, begun on four, bought on three; six runs, five of them bought; two trades won and two lost."""
    found = evaluate(OUTCOME)
    assert (found.days, found.days_viable, found.days_entered) == (5, 4, 3)
    assert (found.attempts, found.entry_ratio) == (6, D(5) / D(6))
    assert (found.trades, found.trades_a_day) == (4, D("0.8"))
    assert (found.wins, found.losses, found.win_ratio) == (2, 2, D(1))
    assert (found.net_profit, found.mean_profit, found.median_profit) == (D(-1), D("-0.25"), D("-1.5"))
    assert (found.fees, found.drawdown) == (D(4), D(15))


def test_tc_39_without_a_loss_one_is_counted() -> None:
    """Two wins to none are 2; nothing at all is 0, and no division by it."""
    none = Outcome((), (), 0, 0, 0, ())
    winners = Outcome(EXECUTIONS[:3], RUNS[:1], 1, 3, 5, (DAY,))
    assert [evaluate(each).win_ratio for each in (winners, none)] == [1, 0]
    assert (evaluate(none).entry_ratio, evaluate(none).mean_profit, evaluate(none).trades_a_day) == (D(0), D(0), D(0))


def test_the_deepest_fall_counts_from_the_highest_sum() -> None:
    """Also where it begins below zero."""
    assert drawdown([D(5), D(-2), D(4), D(-6), D(1)]) == 6
    assert drawdown([D(-3), D(-1)]) == 4


def test_parts_of_one_moment_side_and_price_are_one() -> None:
    """Which order took how much is no matter; fees add up, and what differs stays apart."""
    parts = [deal(0, 0, "sell 4 at 100", "1"), deal(0, 0, "sell 6 at 100", "2"), deal(0, 0, "sell 1 at 99")]
    assert joined(parts) == (deal(0, 0, "sell 10 at 100", "3"), parts[2])
