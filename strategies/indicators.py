"""Averages, RSI and ATR as charts draw them: one value in, one value out, None until there are enough.

All of it is Decimal: what comes out is compared with prices and becomes stops, so nothing has to be turned back from a
float, and a sum done by hand gives the very number. Formulas: J. Welles Wilder, New Concepts in Technical Trading
Systems (1978); ta.ema, ta.rma, ta.rsi and ta.atr of TradingView's Pine Script reference.
"""

from __future__ import annotations

from decimal import Decimal

from core.values.market import Candle
from core.values.money import ZERO

_HUNDRED = Decimal(100)


class Smoothed:
    """An exponential average: alpha * value + (1 - alpha) * before, begun with the mean of the first `length`."""

    __slots__ = ("_alpha", "_length", "_seed", "value")

    def __init__(self, length: int, alpha: Decimal) -> None:
        if length < 1:
            raise ValueError("an average needs a length of at least 1")
        self._length, self._alpha = length, alpha
        self._seed: list[Decimal] = []
        self.value: Decimal | None = None

    def take(self, value: Decimal) -> Decimal | None:
        if self.value is not None:
            self.value += self._alpha * (value - self.value)
            return self.value
        self._seed.append(value)
        if len(self._seed) == self._length:
            self.value = sum(self._seed, ZERO) / self._length
            self._seed.clear()
        return self.value


def ema(length: int) -> Smoothed:
    """alpha = 2 / (length + 1)."""
    return Smoothed(length, Decimal(2) / (length + 1))


def wilder(length: int) -> Smoothed:
    """alpha = 1 / length."""
    return Smoothed(length, Decimal(1) / length)


class Rsi:
    """100 - 100 / (1 + rises / falls), both by Wilder's average of the changes; 0..100.

    100 where nothing fell. The first value comes with price number `length` + 1.
    """

    __slots__ = ("_before", "_falls", "_rises", "value")

    def __init__(self, length: int) -> None:
        self._rises, self._falls = wilder(length), wilder(length)
        self._before: Decimal | None = None
        self.value: Decimal | None = None

    def take(self, price: Decimal) -> Decimal | None:
        before, self._before = self._before, price
        if before is None:
            return None
        rises = self._rises.take(max(price - before, ZERO))
        falls = self._falls.take(max(before - price, ZERO))
        if rises is not None and falls is not None:
            self.value = _HUNDRED - _HUNDRED / (1 + rises / falls) if falls else _HUNDRED
        return self.value


class Atr:
    """Wilder's average of the true range: the bar's own, stretched to the close before it. In units of the price."""

    __slots__ = ("_average", "_close")

    def __init__(self, length: int) -> None:
        self._average = wilder(length)
        self._close: Decimal | None = None

    @property
    def value(self) -> Decimal | None:
        return self._average.value

    def take(self, bar: Candle) -> Decimal | None:
        before, self._close = self._close, bar.close
        high, low = (bar.high, bar.low) if before is None else (max(bar.high, before), min(bar.low, before))
        return self._average.take(high - low)
