"""The rule on NautilusTrader: bracket orders on bars."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pandas as pd
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, StrategyConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide, OrderType
from nautilus_trader.model.events import PositionClosed
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.model.orders import OrderList
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.trading.strategy import Strategy

from benchmarks.peers.rule import WAIT, Figures, Trade, asked, limit_of, measure, pieces_of, stop_of, target_of

BARS, _ = asked()
VENUE = Venue("XNAS")
SHARE = Equity(
    instrument_id=InstrumentId(Symbol("TXN"), VENUE),
    raw_symbol=Symbol("TXN"),
    currency=USD,
    price_precision=2,
    price_increment=Price.from_str("0.01"),
    lot_size=Quantity.from_int(1),
    ts_event=0,
    ts_init=0,
)
MINUTES = BarType.from_str("TXN.XNAS-1-MINUTE-LAST-EXTERNAL")
START = pd.Timestamp("2025-01-01", tz="UTC")
FRAME = pd.DataFrame(
    BARS / 100,
    columns=["open", "high", "low", "close"],
    index=pd.date_range(START, periods=len(BARS), freq="min", name="timestamp"),
)
READY = BarDataWrangler(MINUTES, SHARE).process(FRAME.assign(volume=1e9))


def price(ticks: int) -> Price:
    return SHARE.make_price(Decimal(ticks) / 100)


def bar_of(moment_ns: int) -> int:
    return int((moment_ns - START.value) // 60_000_000_000)


class Dip(Strategy):  # type: ignore[misc]
    def __init__(self, figures: Figures) -> None:
        super().__init__(StrategyConfig())
        self.figures, self.waited = figures, WAIT - 2  # the first bid is made on the second bar
        self.closed: list[Trade] = []
        self.bracket: OrderList | None = None

    def on_start(self) -> None:
        self.subscribe_bars(MINUTES)

    def on_bar(self, bar: Bar) -> None:
        if not self.portfolio.is_flat(SHARE.id):
            self.waited = WAIT
            return
        self.waited += 1
        if self.waited < WAIT:
            return
        self.waited = 0
        if self.bracket is not None and not self.bracket.first.is_closed:
            self.cancel_order(self.bracket.first)
        limit = limit_of(round(float(bar.close) * 100), self.figures)
        self.bracket = self.order_factory.bracket(
            instrument_id=SHARE.id,
            order_side=OrderSide.BUY,
            quantity=SHARE.make_qty(pieces_of(limit)),
            entry_order_type=OrderType.LIMIT,
            entry_price=price(limit),
            sl_trigger_price=price(stop_of(limit, self.figures)),
            tp_price=price(target_of(limit, self.figures)),
            tp_post_only=False,
            entry_post_only=False,
        )
        self.submit_order_list(self.bracket)

    def on_position_closed(self, event: PositionClosed) -> None:
        won = event.avg_px_close > event.avg_px_open
        self.closed.append((bar_of(event.ts_opened), round(event.avg_px_open * 100), bar_of(event.ts_closed), won))


def one(figures: Figures) -> Sequence[Trade]:
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    engine.add_venue(VENUE, OmsType.NETTING, AccountType.MARGIN, [Money(10**9, USD)], base_currency=USD)
    engine.add_instrument(SHARE)
    engine.add_data(READY)
    strategy = Dip(figures)
    engine.add_strategy(strategy)
    engine.run()
    engine.dispose()
    found: Sequence[Trade] = strategy.closed
    return found


if __name__ == "__main__":
    measure(one)
