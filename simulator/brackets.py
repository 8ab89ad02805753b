"""A rule played on columns: one bid at a time, and from its fill on a stop, an offer and an end. Whole ticks, exact.

What happens at a price, and in which order, is what the desk does; a test holds that the executions are equal. What is
held between two prices that can matter is not looked at: the next bar that fills or ends something is searched for.
Where numba is there the same loop is compiled and looks at every bar, which is faster still.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import NamedTuple

import numpy as np

from core.values.money import ZERO, Price, Quantity
from core.values.orders import Side
from core.values.rule import Rule
from simulator.columns import Bids, Columns, Ticks, bids_of, unit, worth
from simulator.compiling import COMPILED
from simulator.loops import HIGH, LOW, MOST, NEVER, OPEN, play
from simulator.trades import Execution, joined

BAR, TURN, PIECES, LEVEL = 0, 1, 2, 3
"""Of an execution: its bar, the how manieth of its prices, signed steps, ticks."""


@dataclass(frozen=True, slots=True)
class Score:
    """What a rule earned, as `simulator.trades.Evaluation` counts it. Profits are money after fees; drawdown: the
    deepest fall of their sum below its highest, positive. days: profit by the day on which a trade was closed."""

    trades: int
    wins: int
    losses: int
    net_profit: Decimal
    fees: Decimal
    drawdown: Decimal
    days: Mapping[date, Decimal] = field(default_factory=dict)

    @property
    def win_ratio(self) -> Decimal:
        """wins / losses, of which at least one is counted."""
        return Decimal(self.wins) / max(1, self.losses)


class Terms(NamedTuple):
    """A rule in whole numbers. Levels are a price times their numerator over `whole`; 0: there is none. What a bid is
    worth, in `columns.unit`, is worth / worth_of; what a fill costs is fee / fee_of of its value. spare: how much may
    be lost before there is too little cash for a bid, in units / fee_of."""

    wait_s: int
    hold_s: int
    stop: int
    target: int
    trailing: int
    whole: int
    worth: int
    worth_of: int
    fee: int
    fee_of: int
    spare: int


def scored(columns: Columns, rule: Rule) -> Score:
    """A rule with its own entry, from first bar to last. Raises ValueError as `played` does."""
    return score(columns, played(columns, rule, bids_of(columns, rule)))


def played(columns: Columns, rule: Rule, bids: Bids) -> Ticks:
    """Executions, oldest first, in rows of BAR, TURN, PIECES, LEVEL. What is held at the end is not sold. Raises
    ValueError for figures that cannot be reckoned with in 64 bits."""
    terms = terms_of(columns, rule)
    dearest = terms.worth // (bids.least * terms.worth_of) * columns.top
    if max(dearest * terms.fee_of * 16, terms.worth, columns.top * max(2 * terms.whole, terms.worth_of)) > MOST:
        raise ValueError("too much money, or too many digits of a percentage, to be reckoned with in 64 bits")
    after = () if COMPILED else _after(columns, bids, terms)
    rows = columns.at, columns.price, columns.bid, columns.ask, columns.size, bids.limit, bids.ends
    looked = rows if COMPILED else tuple(row.data for row in rows)  # a view hands out plain whole numbers, and faster
    search = columns.at, columns.dipped, columns.bid[LOW], columns.price[HIGH], after
    found: Ticks
    found, count, gained = play(looked, search, columns.seconds, terms)
    if abs(gained) > MOST:
        raise ValueError("too much is gained or lost, for so small a step, to be reckoned with in 64 bits")
    return found[:count]


def terms_of(columns: Columns, rule: Rule) -> Terms:
    shares = [Fraction(share) / 100 for share in (rule.stop, rule.target or 0, rule.trailing or 0)]
    whole = lcm(*(share.denominator for share in shares))
    stop, target, trailing = (int(share * whole) for share in shares)
    fee, value = Fraction(columns.conditions.fee_percent) / 100, worth(columns, rule)
    spare = (Fraction(columns.cash) - Fraction(rule.money)) * fee.denominator / Fraction(unit(columns.instrument))
    return Terms(
        rule.wait_s,
        rule.hold_s or NEVER,
        whole - stop,
        whole + target if target else 0,
        whole - trailing if trailing else 0,
        whole,
        value.numerator,
        value.denominator,
        fee.numerator,
        fee.denominator,
        max(-MOST, min(MOST, spare.numerator // spare.denominator)),
    )


def _after(columns: Columns, bids: Bids, terms: Terms) -> list[int]:
    """For each bar the next at which a run may begin, were one to begin with it and not be filled; the bar itself where
    it is filled. Without a compiler this is what makes waiting cheap: all windows' lowest prices at once."""
    last, rows = len(columns), np.arange(len(columns))
    until = np.minimum(columns.at + terms.wait_s, bids.ends)
    final = np.searchsorted(columns.at + (columns.interval_s - 1), until)
    final = np.clip(final, rows, last - 1)
    length = final - rows + 1
    lowest, level, width = columns.dipped.copy(), columns.dipped, 1
    while width < length.max(initial=0):
        level, width = np.minimum(level[: last - 2 * width + 1], level[width : last - width + 1]), 2 * width
        wide = np.flatnonzero(length >= width)
        lowest[wide] = np.minimum(level[wide], level[final[wide] - width + 1])
    lasts = (bids.limit > 0) & (columns.bid[OPEN] > -(-bids.limit * terms.stop // terms.whole))
    after = np.where(lasts, final + 1, rows + 1)
    filled: list[int] = np.where(lasts & (lowest <= bids.limit), rows, after).tolist()
    return filled


def executions(columns: Columns, found: Ticks) -> tuple[Execution, ...]:
    """As the other engines tell them."""
    instrument, percent, seconds = columns.instrument, columns.conditions.fee_percent, columns.seconds
    told = []
    for row, turn, signed, level in found.tolist():
        at = datetime.fromtimestamp(int(columns.at[row]) + seconds[turn], UTC)
        side = Side.BUY if signed > 0 else Side.SELL
        pieces, price = Quantity(abs(signed) * instrument.step), Price(level * instrument.tick)
        told.append(Execution(at, side, pieces, price, instrument.notional(price, pieces) * percent / 100))
    return joined(told)


def score(columns: Columns, found: Ticks) -> Score:
    """What the round trips among them earned; what is still held at the end is no trade yet. found: as `played` gives
    it, which holds that sums of profits fit 64 bits; those of fees only grow, and are Python's own."""
    fee = Fraction(columns.conditions.fee_percent) / 100
    starts = np.flatnonzero(found[:, PIECES] > 0)
    if len(starts) and found[starts[-1] :, PIECES].sum() != 0:
        found, starts = found[: starts[-1]], starts[:-1]
    value = found[:, PIECES] * found[:, LEVEL]
    if not len(starts):
        return Score(0, 0, 0, ZERO, ZERO, ZERO)
    fees = np.add.reduceat(np.abs(value) * fee.numerator, starts)
    profits = np.add.reduceat(-value * fee.denominator, starts) - fees
    sums = profits.cumsum()
    fall = int((np.maximum.accumulate(np.maximum(sums, 0)) - sums).max())
    money = unit(columns.instrument) / fee.denominator
    closed = columns.day[found[np.append(starts[1:], len(found)) - 1, BAR]]
    days, first = np.unique(closed, return_index=True)
    earned = np.add.reduceat(profits, first)
    return Score(
        trades=len(starts),
        wins=int((profits > 0).sum()),
        losses=int((profits < 0).sum()),
        net_profit=int(sums[-1]) * money,
        fees=sum(fees.tolist()) * money,
        drawdown=fall * money,
        days={date.fromordinal(day): each * money for day, each in zip(days.tolist(), earned.tolist(), strict=True)},
    )
