"""How prices of the built-in market move: a seeded random walk on whole ticks, and a made-up past.

Both are functions of seed and ticker alone: equal seeds give equal paths, and equal bars of every day before the one on
which the market began. On that day the past bends towards the price that the market begins with.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time
from functools import lru_cache
from hashlib import blake2b
from math import ceil

from core.values.instrument import Instrument
from core.values.market import Candle
from core.values.money import Price, Quantity

SWING, PULL = 10_000, 20_000
"""The largest step is 1/SWING of the price; each leans back by 1/PULL of the way to the start, so that the walk stays
within a few percent of it."""
BASIS_PULL = 500
"""The same for what a future wanders beside its share, a tick at a time: a dozen ticks or so."""

# The past: waves of (seconds, amplitude in millionths of the price), each linear between noise drawn per period.
_WAVES = (
    (2_592_000, 40_000),
    (432_000, 20_000),
    (86_400, 18_000),
    (14_400, 8_000),
    (3_600, 4_000),
    (600, 2_500),
    (60, 800),
)


class Walk:
    """One instrument's price in ticks. follows: its share makes the large moves."""

    def __init__(self, seed: int, ticker: str, start: int, *, follows: bool) -> None:
        self._random = random.Random(f"{seed}:{ticker}")  # noqa: S311  -- a market to play with, not a secret
        self._start = self.ticks = start
        self._swing = 1 if follows else max(1, start // SWING)
        self._pull = BASIS_PULL if follows else PULL

    def step(self) -> int:
        """Move on by one quote; the new price in ticks."""
        away = self._start - self.ticks
        lean = (abs(away) + self._random.randrange(self._pull)) // self._pull
        self.ticks += self._random.randint(-self._swing, self._swing) + (lean if away > 0 else -lean)
        self.ticks = max(2, self.ticks)
        return self.ticks

    def draw(self, low: int, high: int) -> int:
        """Low and high included: for spreads and sizes."""
        return self._random.randint(low, high)


def bars(
    seed: int, instrument: Instrument, anchor: Price, began: datetime, start: datetime, end: datetime, interval_s: int
) -> Iterator[Candle]:
    """Bars that begin in [start, end), on whole multiples of the interval; each opens where the last one closed.

    The past meets the price `anchor` at the moment `began`, where the walk starts.
    """
    first = ceil(start.timestamp() / interval_s) * interval_s
    quarter = max(1, interval_s // 4)
    price = _past(f"{seed}:{instrument.ticker}", int(anchor / instrument.tick), began)
    opening = price(first)
    for second in range(first, ceil(end.timestamp()), interval_s):
        inside = [price(second + quarter * part) for part in (1, 2, 3)]
        closing = price(second + interval_s)
        path = (opening, *inside, closing)
        traded = interval_s * (50 + _noise(f"{seed}:{instrument.ticker}", 1, second) // 25)
        yield Candle(
            at=datetime.fromtimestamp(second, UTC),
            open=Price(opening * instrument.tick),
            high=Price(max(path) * instrument.tick),
            low=Price(min(path) * instrument.tick),
            close=Price(closing * instrument.tick),
            volume=Quantity(traded * instrument.step),
        )
        opening = closing


def _past(key: str, anchor: int, began: datetime) -> Callable[[int], int]:
    """Ticks by the second. From midnight UTC to `began` it is led, more and more, to `anchor`."""
    end = int(began.timestamp())
    midnight = int(datetime.combine(began.date(), time.min, UTC).timestamp())
    off = anchor - _price(key, anchor, end)

    def ticks(second: int) -> int:
        led = off if second >= end else off * (second - midnight) // (end - midnight) if second > midnight else 0
        return max(2, _price(key, anchor, second) + led)

    return ticks


def _price(key: str, anchor: int, second: int) -> int:
    """Ticks at a second of the past."""
    millionths = 0
    for period, amplitude in _WAVES:
        index, inside = divmod(second, period)
        here, there = _noise(key, period, index), _noise(key, period, index + 1)
        millionths += amplitude * (here * (period - inside) + there * inside) // (period * 1000)
    return max(2, anchor + anchor * millionths // 1_000_000)


@lru_cache(maxsize=4096)
def _noise(key: str, period: int, index: int) -> int:
    """-1000..1000, drawn by digest so that any moment can be asked for without walking there."""
    digest = blake2b(f"{key}:{period}:{index}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") % 2001 - 1000
