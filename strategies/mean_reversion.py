"""Mean reversion: fade an overdone move when a bar engulfs the one before it (behaviour.md 2.11).

The Python twin of examples/pine/: the same constants and the same conditions, so that what a chart would send can be
replayed on bars. `Signals` is the study, which looks at each bar by itself; mean_reversion_trades.py is the strategy.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from core.values.alerts import NO_LEVELS, Levels
from core.values.market import Candle
from core.values.money import Price
from core.values.orders import Side
from strategies.indicators import Atr, Rsi, ema


@dataclass(frozen=True, slots=True)
class Rules:
    """The inputs of both scripts; each has its name there in camelCase.

    Distances in ATR (stop, target) or in distances to the stop (tp1, tp2). tp_close: percent of the position that each
    of TP1 and TP2 closes. partials False: one entry, one exit. fee_percent: of one side.
    """

    ema_length: int = 200
    rsi_length: int = 14
    rsi_low: Decimal = Decimal(30)
    rsi_high: Decimal = Decimal(70)
    atr_length: int = 14
    stop_atr: Decimal = Decimal(3)
    target_atr: Decimal = Decimal(5)
    risk_percent: Decimal = Decimal(1)
    partials: bool = True
    tp1_mult: Decimal = Decimal("0.75")
    tp2_mult: Decimal = Decimal("1.5")
    tp_close: Decimal = Decimal(15)
    fee_percent: Decimal = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Look:
    """What one closed bar shows. side: the signal, where there is one. long, short: levels of an entry at its close."""

    bar: Candle
    ema: Decimal | None = None
    side: Side | None = None
    long: Levels = NO_LEVELS
    short: Levels = NO_LEVELS

    def levels(self, side: Side) -> Levels:
        return self.long if side is Side.BUY else self.short


class Signals:
    """Fed with closed bars, oldest first. tick: the instrument's; levels are rounded to it as Pine rounds."""

    def __init__(self, rules: Rules, tick: Decimal) -> None:
        self.rules, self.tick = rules, tick
        self._ema, self._rsi, self._atr = ema(rules.ema_length), Rsi(rules.rsi_length), Atr(rules.atr_length)
        self._before: Candle | None = None

    def take(self, bar: Candle) -> Look:
        before, self._before = self._before, bar
        rsi_before = self._rsi.value
        self._rsi.take(bar.close)
        mean, atr = self._ema.take(bar.close), self._atr.take(bar)
        if atr is None:
            return Look(bar, mean)
        long, short = self._levels(Side.BUY, bar.close, atr), self._levels(Side.SELL, bar.close, atr)
        side = None
        if before is not None and rsi_before is not None and mean is not None:
            side = self._side(before, bar, mean, rsi_before)
        if side is not None and (long if side is Side.BUY else short).stop == bar.close:
            side = None  # a market that does not move: nothing to size by
        return Look(bar, mean, side, long, short)

    def _side(self, before: Candle, bar: Candle, mean: Decimal, rsi_before: Decimal) -> Side | None:
        if bullish(before, bar) and bar.close < mean and rsi_before < self.rules.rsi_low:
            return Side.BUY
        if bearish(before, bar) and bar.close > mean and rsi_before > self.rules.rsi_high:
            return Side.SELL
        return None

    def _levels(self, side: Side, close: Decimal, atr: Decimal) -> Levels:
        stop = close - side.sign * self.rules.stop_atr * atr
        target = close + side.sign * self.rules.target_atr * atr
        return Levels(to_tick(stop, self.tick), to_tick(target, self.tick))


def bullish(before: Candle, bar: Candle) -> bool:
    """The bar opens at or under the close of a falling one and closes above its open."""
    return bar.open <= before.close and bar.close > before.open and before.open > before.close


def bearish(before: Candle, bar: Candle) -> bool:
    """The mirror: at or above the close of a rising one, and below its open."""
    return bar.open >= before.close and bar.close < before.open and before.open < before.close


def to_tick(value: Decimal, tick: Decimal) -> Price:
    """The nearest tick, ties up, as math.round_to_mintick does."""
    return Price((value / tick).to_integral_value(ROUND_HALF_UP) * tick)


def size(equity: Decimal, entry: Decimal, stop: Decimal, risk_percent: Decimal) -> Decimal:
    """Pieces that lose `risk_percent` of `equity` between entry and stop: what the chart reckons with. The desk sizes
    by its own account's money."""
    return equity * risk_percent / 100 / abs(entry - stop)
