"""Bars by the day, as they are kept, and bars as columns of whole numbers, as they are reckoned with."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum

from core.values.market import Candle
from core.values.money import Price, Quantity

SCALE_MAX = 12
_LARGEST = 2**63 - 1


class Source(StrEnum):
    HISTORY = "history"
    """Asked of the broker when the day was over."""
    STREAM = "stream"
    """Made of prices as they came; its volumes count prices that were heard, not pieces."""


class Fault(StrEnum):
    """What is wrong with the bars of a day. Those of `HEALED` were put right."""

    MISSING = "missing"
    FEW = "few"
    THIN = "thin"
    GAPS = "gaps"
    REPEATED = "repeated"
    """The very bars of the day before."""
    ZERO = "zero"
    IMPOSSIBLE = "impossible"
    """A high below the low, or an end outside of both."""
    UNSORTED = "unsorted"
    TWICE = "twice"
    OUTSIDE = "outside"
    """Bars that are not of this day's hours."""


HEALED = frozenset({Fault.UNSORTED, Fault.TWICE, Fault.OUTSIDE})


@dataclass(frozen=True, slots=True)
class SymbolDay:
    """One trading day of one symbol, bars oldest first. date: the exchange's own."""

    symbol: str
    date: date
    bars: Sequence[Candle]
    source: Source = Source.HISTORY
    faults: frozenset[Fault] = frozenset()

    @property
    def valid(self) -> bool:
        return bool(self.bars) and self.faults <= HEALED


@dataclass(frozen=True, slots=True)
class DayOnFile:
    """What is known of a kept day without reading its bars. daily: all of them as one."""

    date: date
    bars: int
    source: Source
    faults: frozenset[Fault]
    daily: Candle

    @property
    def valid(self) -> bool:
        return self.faults <= HEALED


@dataclass(frozen=True, slots=True)
class Columns:
    """Bars as columns of 64-bit whole numbers, oldest first; no Decimal is made until one is asked for.

    at: seconds since 1970, UTC. A price is the number / 10**scale, a volume the number / 10**volume_scale.
    """

    at: memoryview[int]
    open: memoryview[int]
    high: memoryview[int]
    low: memoryview[int]
    close: memoryview[int]
    volume: memoryview[int]
    scale: int = 0
    volume_scale: int = 0

    def __len__(self) -> int:
        return len(self.at)

    def part(self, first: int, end: int) -> Columns:
        """Bars first..end-1, not copied."""
        return Columns(
            self.at[first:end],
            self.open[first:end],
            self.high[first:end],
            self.low[first:end],
            self.close[first:end],
            self.volume[first:end],
            self.scale,
            self.volume_scale,
        )

    def between(self, start: datetime, end: datetime) -> Columns:
        """Bars that begin in [start, end), not copied."""
        return self.part(bisect_left(self.at, start.timestamp()), bisect_left(self.at, end.timestamp()))

    def candle(self, index: int) -> Candle:
        return Candle(
            at=datetime.fromtimestamp(self.at[index], UTC),
            open=self.price(self.open[index]),
            high=self.price(self.high[index]),
            low=self.price(self.low[index]),
            close=self.price(self.close[index]),
            volume=Quantity(Decimal(self.volume[index]).scaleb(-self.volume_scale)),
        )

    def candles(self) -> list[Candle]:
        return [self.candle(index) for index in range(len(self))]

    def price(self, number: int) -> Price:
        return Price(Decimal(number).scaleb(-self.scale))


def columns(bars: Sequence[Candle]) -> Columns:
    """Exactly. Raises ValueError for a price or volume that does not fit 64 bits and SCALE_MAX decimals, or a moment
    that is no whole second."""
    if any(bar.at.microsecond for bar in bars):
        raise ValueError("bars begin on whole seconds")
    scale = decimals(value for bar in bars for value in (bar.open, bar.high, bar.low, bar.close))
    volume_scale = decimals(bar.volume for bar in bars)
    return Columns(
        _view(int(bar.at.timestamp()) for bar in bars),
        _view(whole(bar.open, scale) for bar in bars),
        _view(whole(bar.high, scale) for bar in bars),
        _view(whole(bar.low, scale) for bar in bars),
        _view(whole(bar.close, scale) for bar in bars),
        _view(whole(bar.volume, volume_scale) for bar in bars),
        scale,
        volume_scale,
    )


def decimals(values: Iterable[Decimal]) -> int:
    """The most digits behind the point that any of them needs. Raises ValueError for more than SCALE_MAX."""
    found = 0
    for value in values:
        if not value.is_finite():
            raise ValueError(f"{value} is no price or volume")
        exponent = int(value.as_tuple().exponent)
        if -exponent > SCALE_MAX:
            exponent = int(value.normalize().as_tuple().exponent)
        found = max(found, -exponent)
    if found > SCALE_MAX:
        raise ValueError(f"more than {SCALE_MAX} digits behind the point")
    return found


def whole(value: Decimal, scale: int) -> int:
    """value * 10**scale. Raises ValueError where that is not whole or too large."""
    number = value.scaleb(scale)
    if number != (found := int(number)) or abs(found) > _LARGEST:
        raise ValueError(f"{value} does not fit")
    return found


def daily(bars: Sequence[Candle]) -> Candle:
    """All as one: first open, highest high, lowest low, last close, all volume. At least one is needed."""
    return Candle(
        at=bars[0].at,
        open=bars[0].open,
        high=max(bar.high for bar in bars),
        low=min(bar.low for bar in bars),
        close=bars[-1].close,
        volume=Quantity(sum((bar.volume for bar in bars), Decimal(0))),
    )


def _view(numbers: Iterable[int]) -> memoryview[int]:
    return memoryview(array("q", numbers))
