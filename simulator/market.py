"""Bars of whole ticks, and the prices that are made of one: open, the worse end, the better end, close.

Which end is worse depends on what is held: with a long position the low comes first, so that a stop is met before an
offer; with none the high does, so that a bid never gets its dip and its rise out of one bar.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from typing import NamedTuple

from core.values.instrument import Instrument
from core.values.market import Candle

PRICES = 4
"""Of a bar; each offers its share of what the bar lets anybody trade."""


class Bar(NamedTuple):
    """at: whole seconds since 1970, its first. Prices in ticks, volume in steps of the instrument."""

    at: int
    open: int
    high: int
    low: int
    close: int
    volume: int


class Beat(NamedTuple):
    """One price. at: whole seconds since 1970. price, bid, ask: ticks. size: steps, on each side."""

    at: int
    price: int
    bid: int
    ask: int
    size: int


@dataclass(frozen=True, slots=True)
class Conditions:
    """What trading costs. fee_percent: of each fill's value. slippage_ticks, slippage_percent: how far from the price
    each side of the book stands; the ticks above are added to the percentage. volume_percent: of a bar's volume, that
    orders of one side may take at most. halts: from, and before; no price comes in them.
    """

    fee_percent: Decimal = Decimal(0)
    slippage_ticks: int = 0
    slippage_percent: Decimal = Decimal(0)
    volume_percent: Decimal = Decimal(50)
    halts: tuple[tuple[datetime, datetime], ...] = ()

    def slip(self, price: int) -> int:
        if not self.slippage_percent:
            return self.slippage_ticks
        return self.slippage_ticks + int((price * self.slippage_percent / 100).to_integral_value(ROUND_CEILING))

    def halted(self, second: int) -> bool:
        return any(start.timestamp() <= second < end.timestamp() for start, end in self.halts)


def bars_of(candles: Iterable[Candle], instrument: Instrument) -> Iterator[Bar]:
    """On the nearest tick and the step below."""
    for candle in candles:
        prices = (candle.open, candle.high, candle.low, candle.close)
        first, high, low, last = (int(instrument.price_nearest(price) / instrument.tick) for price in prices)
        yield Bar(int(candle.at.timestamp()), first, high, low, last, int(candle.volume / instrument.step))


def beats(bar: Bar, interval_s: int, held: Decimal, conditions: Conditions) -> tuple[Beat, ...]:
    """What a bar is played as. held: signed pieces before the first of them."""
    ends = (bar.low, bar.high) if held > 0 else (bar.high, bar.low)
    size = int(bar.volume * conditions.volume_percent / 100) // PRICES
    seconds = (0, interval_s // 3, 2 * interval_s // 3, interval_s - 1)
    path = zip(seconds, (bar.open, *ends, bar.close), strict=True)
    return tuple(_beat(bar.at + after, price, size, conditions) for after, price in path)


def _beat(at: int, price: int, size: int, conditions: Conditions) -> Beat:
    slip = conditions.slip(price)
    return Beat(at, price, max(1, price - slip), price + slip, size)
