"""Where things stand on a picture: prices to rows, bars to columns, round numbers for the axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.values.charts import Chart
from core.values.money import Price

FAR = 8
"""Prices farther from the bars than so many times the bars' own span are named at the edge: else bars become a line."""
AIR = Decimal("0.06")
"""Empty share above and below."""
_HOUR = 3600
_WEEK = 168 * _HOUR
_TIME_STEPS = (
    *(300, 900, 1800, _HOUR, 2 * _HOUR, 4 * _HOUR, 6 * _HOUR, 12 * _HOUR, 24 * _HOUR, 48 * _HOUR),
    *(_WEEK, 2 * _WEEK, 4 * _WEEK, 8 * _WEEK),
)


@dataclass(frozen=True, slots=True)
class Scale:
    """The plot's pixels, edges included, and the prices at its top and bottom edge."""

    left: int
    top: int
    right: int
    bottom: int
    high: Decimal
    low: Decimal
    bars: int

    def row(self, price: Decimal) -> int:
        """May lie outside."""
        return self.top + round((self.high - price) * (self.bottom - self.top) / (self.high - self.low))

    def shows(self, price: Decimal) -> bool:
        return self.low <= price <= self.high

    def column(self, number: int) -> int:
        """The middle of bar `number`, from 0."""
        return self.left + round((number + 0.5) * (self.right - self.left) / self.bars)

    @property
    def half(self) -> int:
        """Half the width of a candle's body."""
        return max(1, min(9, int((self.right - self.left) / self.bars * 0.35)))


def price_range(chart: Chart) -> tuple[Decimal, Decimal]:
    """Lowest and highest price to be shown, with air around them."""
    low: Decimal = min(bar.low for bar in chart.bars)
    high: Decimal = max(bar.high for bar in chart.bars)
    span = max(high - low, abs(high) / 500)
    told = [level.price for level in chart.levels] + [mark.price for mark in chart.marks]
    near = [price for price in told if low - FAR * span <= price <= high + FAR * span]
    low, high = min([low, *near]), max([high, *near])
    air = max(high - low, span) * AIR
    return low - air, high + air


def price_ticks(low: Decimal, high: Decimal, at_most: int) -> list[Price]:
    """Round prices inside (low, high), their digits alike: multiples of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / at_most
    power = Decimal(1).scaleb(rough.adjusted())
    step = next(power * digit for digit in (1, 2, 5, 10) if power * digit >= rough)
    step = Decimal(format(step.normalize(), "f"))  # without exponent: it gives its digits to every multiple
    first = int(low // step) + 1
    return [Price(step * number) for number in range(first, int(high // step) + 1)]


def time_ticks(chart: Chart, at_most: int) -> list[int]:
    """Numbers of the bars that begin at round times, far enough apart."""
    moments = [int(bar.at.timestamp()) for bar in chart.bars]
    for step in _TIME_STEPS:
        found = [number for number, moment in enumerate(moments) if moment % step == 0]
        if len(found) <= at_most:
            return found
    return []


def spread(rows: Sequence[int], height: int, top: int, bottom: int) -> list[int]:
    """Middles for labels of `height` that want to stand at `rows`: in the same order, apart, within [top, bottom]."""
    order = sorted(range(len(rows)), key=lambda number: rows[number])
    placed = list(rows)
    edge = top
    for number in order:
        placed[number] = max(placed[number], edge + height // 2)
        edge = placed[number] + (height + 1) // 2
    edge = bottom
    for number in reversed(order):
        placed[number] = min(placed[number], edge - (height + 1) // 2)
        edge = placed[number] - height // 2
    return placed
