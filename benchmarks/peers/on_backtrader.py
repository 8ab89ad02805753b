"""The rule on backtrader."""

from __future__ import annotations

from collections.abc import Sequence

import backtrader as bt
import pandas as pd

from benchmarks.peers.rule import WAIT, Figures, Trade, asked, limit_of, measure, pieces_of, stop_of, target_of

BARS, _ = asked()
FRAME = pd.DataFrame(
    BARS.astype(float),
    columns=["open", "high", "low", "close"],
    index=pd.date_range("2025-01-01", periods=len(BARS), freq="min"),
)


class Dip(bt.Strategy):  # type: ignore[misc]
    params = (("figures", Figures()),)

    def __init__(self) -> None:
        self.waited, self.entry = WAIT - 2, (0, 0)
        self.bracket: list[bt.Order] = []
        self.found: list[Trade] = []

    def notify_order(self, order: bt.Order) -> None:
        if order.status != order.Completed:
            return
        bar = len(self) - 1
        if order.isbuy():
            self.entry = bar, round(order.executed.price)
        else:
            self.found.append((*self.entry, bar, order.exectype == bt.Order.Limit))

    def next(self) -> None:
        if self.position:
            self.waited = WAIT
            return
        self.waited += 1
        if self.waited < WAIT:
            return
        self.waited = 0
        if self.bracket and self.bracket[0].alive():
            self.cancel(self.bracket[0])
        limit = limit_of(int(self.data.close[0]), self.p.figures)
        self.bracket = self.buy_bracket(
            size=pieces_of(limit),
            price=limit,
            stopprice=stop_of(limit, self.p.figures),
            limitprice=target_of(limit, self.p.figures),
        )


def one(figures: Figures) -> Sequence[Trade]:
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker.setcash(10**9)
    cerebro.adddata(bt.feeds.PandasData(dataname=FRAME))
    cerebro.addstrategy(Dip, figures=figures)
    found: Sequence[Trade] = cerebro.run()[0].found
    return found


if __name__ == "__main__":
    measure(one)
