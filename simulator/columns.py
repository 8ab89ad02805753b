"""A plan's bars as columns of whole ticks, and what a rule asks of each bar: everything that needs no run to be known.

numpy is imported here and in the modules that play columns (the extra `research`), nowhere else of the simulator.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from core.rules.closing import CLOSE_LEAD
from core.rules.sessions import ALWAYS
from core.values.instrument import Instrument
from core.values.rule import Rule
from simulator.kernel import day_closes_at
from simulator.loops import MOST, NEVER
from simulator.market import PRICES, Bar, Conditions
from simulator.script import Plan, span

Ticks = NDArray[np.int64]
_DAY_S, _UTC_BEGAN = 86_400, date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Columns:
    """at: whole seconds since 1970. price, bid, ask: ticks; a row each for open, high, low and close. size: steps that
    each price offers on each side. opens: whether a run may begin. closes: second at which trading of the day ends.
    day: the exchange's own, as `date.toordinal` has it. dipped: what the ask falls to in a bar that sells anything;
    NEVER in one that does not. low, top: no price is lower, no ask higher."""

    instrument: Instrument
    interval_s: int
    cash: Decimal
    conditions: Conditions
    at: Ticks
    price: Ticks
    bid: Ticks
    ask: Ticks
    size: Ticks
    opens: NDArray[np.bool_]
    closes: Ticks
    day: Ticks
    dipped: Ticks = field(init=False)
    low: int = field(init=False)
    top: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "dipped", np.where(self.size > 0, self.ask[2], NEVER))
        object.__setattr__(self, "low", int(self.price.min(initial=NEVER)))
        object.__setattr__(self, "top", int(self.ask.max(initial=1)))

    @property
    def seconds(self) -> tuple[int, int, int, int]:
        """When in a bar each of its prices comes, as `simulator.market.beats` has it."""
        return 0, self.interval_s // 3, 2 * self.interval_s // 3, self.interval_s - 1

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True, slots=True)
class Bids:
    """For each bar the limit of a run that begins with it, in ticks (0: there is none), and when it must be over.
    least: no limit is lower."""

    limit: Ticks
    ends: Ticks
    least: int


def columns_of(plan: Plan) -> Columns:
    """Every bar of the plan's days that is not in a halt."""
    rows: list[Bar] = []
    opens: list[NDArray[np.bool_]] = []
    dates: list[Ticks] = []
    for day in plan.days:
        begins, first, last, ends = span(plan.kind.window, day)
        fresh = rows[-1].at if rows else -NEVER
        today = [
            bar for bar in plan.history.bars(begins, ends) if bar.at > fresh and not plan.conditions.halted(bar.at)
        ]
        rows += today
        at = np.array([bar.at for bar in today], np.int64)
        opens.append((first.timestamp() <= at) & (at < last.timestamp()))
        dates.append(np.full(len(at), day.toordinal(), np.int64))
    table = np.array(rows, np.int64).reshape(-1, len(Bar._fields))
    may = np.concatenate([np.zeros(0, np.bool_), *opens])
    for row in np.flatnonzero(may):
        may[row] = plan.viable(datetime.fromtimestamp(int(table[row, 0]), UTC))
    history, which = plan.history, np.concatenate([np.zeros(0, np.int64), *dates])
    return columns_from(table, may, history.instrument, history.interval_s, plan.cash, plan.conditions, which)


def columns_from(
    table: Ticks,
    opens: NDArray[np.bool_],
    instrument: Instrument,
    interval_s: int,
    cash: Decimal,
    conditions: Conditions,
    day: Ticks | None = None,
) -> Columns:
    """table: a row a bar, oldest first: at, open, high, low, close, volume, as `simulator.market.Bar` has them. day: as
    `Columns` has it; None: UTC's."""
    price = np.ascontiguousarray(table[:, 1:5].T)
    slip = conditions.slippage_ticks + _part(price, conditions.slippage_percent, int(price.max(initial=1)))
    volume = table[:, 5]
    offered = -_part(-volume, conditions.volume_percent, int(volume.max(initial=0))) // PRICES
    return Columns(
        instrument,
        interval_s,
        cash,
        conditions,
        np.ascontiguousarray(table[:, 0]),
        price,
        np.maximum(1, price - slip),
        price + slip,
        offered,
        opens,
        _closes(table[:, 0], instrument.calendar),
        _UTC_BEGAN + table[:, 0] // _DAY_S if day is None else day,
    )


def unit(instrument: Instrument) -> Decimal:
    """Money of one step that moves by one tick."""
    return instrument.tick * instrument.step * instrument.point_value


def worth(columns: Columns, rule: Rule) -> Fraction:
    """The money of a bid, in units."""
    return Fraction(rule.money) / Fraction(unit(columns.instrument))


def bids_of(columns: Columns, rule: Rule) -> Bids:
    """The rule's own entry: `dip` percent below the open, at least a tick."""
    first, share = columns.price[0], Fraction(rule.dip) / 100
    least = columns.low - max(1, -(-columns.low * share.numerator // share.denominator))
    return bids_at(columns, rule, first - np.maximum(1, _part(first, rule.dip, columns.top)), least)


def bids_at(columns: Columns, rule: Rule, limit: Ticks, least: int = 1) -> Bids:
    """An entry of one's own, as the limit of each bar. Where none is to be made: 0 or less. None is made either where
    the money does not buy a step. least: no limit above 0 is lower."""
    lead = max(int(CLOSE_LEAD.total_seconds()), rule.flat_s)
    ends = columns.closes - lead
    dearest = min(MOST, int(worth(columns, rule)))
    made = columns.opens & (limit > 0) & (limit <= dearest) & (columns.at < ends)
    return Bids(limit * made, ends, max(1, least))


def _part(value: Ticks, percent: Decimal, top: int) -> Ticks:
    """So many percent of each, rounded up. top: none is larger. Raises ValueError where that does not fit 64 bits."""
    share = Fraction(percent) / 100
    if max(top * share.numerator, share.denominator) > MOST:
        raise ValueError(f"{percent} percent: too many digits to be reckoned with in 64 bits")
    return -(-value * share.numerator // share.denominator)


def _closes(at: Ticks, calendar: str) -> Ticks:
    """When the trading day ends that each bar is in or before; NEVER where none does."""
    found = np.full(len(at), NEVER, np.int64)
    if calendar == ALWAYS:
        return found
    row, last = 0, len(at)
    while row < last:
        moment = int(at[row])
        closes = day_closes_at(calendar, datetime.fromtimestamp(moment, UTC))
        until = moment + 1 if closes is None else int(closes.timestamp())
        after = int(np.searchsorted(at, until))
        if closes is not None:
            found[row:after] = until
        row = after
    return found
