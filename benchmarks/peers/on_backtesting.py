"""The rule on backtesting.py."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from multiprocessing import get_context

import pandas as pd
from backtesting import Backtest, Strategy

from benchmarks.peers.rule import (
    WAIT,
    Figures,
    Trade,
    asked,
    limit_of,
    measure,
    pieces_of,
    stop_of,
    target_of,
)

BARS, GRID = asked()
FRAME = pd.DataFrame(
    BARS.astype(float),
    columns=["Open", "High", "Low", "Close"],
    index=pd.date_range("2025-01-01", periods=len(BARS), freq="min"),
)


class Dip(Strategy):  # type: ignore[misc]
    figures = Figures()

    def init(self) -> None:
        self.waited = WAIT

    def next(self) -> None:
        if self.position:
            self.waited = WAIT
            return
        self.waited += 1
        if self.waited < WAIT:
            return
        self.waited = 0
        for order in self.orders:
            order.cancel()
        limit = limit_of(int(self.data.Close[-1]), self.figures)
        stop, target = stop_of(limit, self.figures), target_of(limit, self.figures)
        self.buy(size=pieces_of(limit), limit=limit, sl=stop, tp=target)


def one(figures: Figures) -> Sequence[Trade]:
    found = Backtest(FRAME, Dip, cash=10**9).run(figures=figures)["_trades"]
    return [
        (int(row.EntryBar), round(row.EntryPrice), int(row.ExitBar), row.ExitPrice > row.EntryPrice)
        for row in found.itertuples()
    ]


def many(points: Sequence[Figures]) -> None:
    with get_context("fork").Pool(2) as pool:
        pool.map(one, points)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    measure(one, many if GRID else None)
