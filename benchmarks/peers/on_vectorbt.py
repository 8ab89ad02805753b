"""The rule on vectorbt: an order function of its own, compiled by numba, a column a point of the grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import vectorbt as vbt
from numba import njit
from vectorbt.portfolio import nb
from vectorbt.portfolio.enums import Direction, NoOrder, SizeType

from benchmarks.peers.rule import MONEY, WAIT, WHOLE, Figures, Trade, asked, measure

BARS, GRID = asked()
CLOSE = pd.Series(BARS[:, 3].astype(float), index=pd.date_range("2025-01-01", periods=len(BARS), freq="min"))
LIMIT, STOP, TARGET, SINCE = range(4)


@njit
def ordered(c: Any, bars: Any, figures: Any, state: Any) -> Any:
    """One order a bar at most. state: the bid's limit, stop, target, and the bar at whose close it was made."""
    row, column = c.i, c.col
    if row < 2:
        return NoOrder
    mine = state[column]
    if c.position_now > 0:
        if bars[row, 2] <= mine[STOP]:
            return leave(c, mine, mine[STOP])
        if bars[row, 1] >= mine[TARGET]:
            return leave(c, mine, mine[TARGET])
        return NoOrder
    if mine[LIMIT] == 0 or row - mine[SINCE] > WAIT:
        close, (dip, stop, target) = bars[row - 1, 3], figures[column]
        mine[LIMIT] = close - -(-close * dip // WHOLE)
        mine[STOP] = -(-mine[LIMIT] * (WHOLE - stop) // WHOLE)
        mine[TARGET] = -(-mine[LIMIT] * (WHOLE + target) // WHOLE)
        mine[SINCE] = row - 1
    if bars[row, 2] <= mine[LIMIT]:
        return nb.order_nb(size=MONEY // mine[LIMIT], price=mine[LIMIT], direction=Direction.LongOnly)
    return NoOrder


@njit
def leave(c: Any, mine: Any, price: Any) -> Any:
    mine[LIMIT] = 0
    return nb.order_nb(size=-c.position_now, price=price, size_type=SizeType.Amount, direction=Direction.LongOnly)


def played(points: Sequence[Figures]) -> Any:
    figures, state = np.array(points, np.int64), np.zeros((len(points), 4), np.int64)
    close = CLOSE.vbt.tile(len(points)) if len(points) > 1 else CLOSE
    return vbt.Portfolio.from_order_func(close, ordered, BARS, figures, state, init_cash=1e9, freq="1min")


def one(figures: Figures) -> Sequence[Trade]:
    found = played([figures]).trades.records
    found = found[found.status == 1]
    return [
        (int(row.entry_idx), round(row.entry_price), int(row.exit_idx), row.exit_price > row.entry_price)
        for row in found.itertuples()
    ]


def many(points: Sequence[Figures]) -> None:
    trades = played(points).trades
    trades.count(), trades.pnl.sum()


if __name__ == "__main__":
    measure(one, many if GRID else None)
