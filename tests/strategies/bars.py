"""Bars to replay: a short series that can be followed by hand, and a long one that walks."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from core.values.market import Candle
from core.values.money import NO_QUANTITY, Price
from strategies.mean_reversion import Rules
from strategies.mean_reversion_trades import MeanReversion, OrderFill

MINUTE = timedelta(minutes=1)
START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
TICK = Decimal("0.01")

SHORT_RULES = Rules(ema_length=3, rsi_length=2, atr_length=1)
"""An ATR of length 1 is the bar's own true range."""

LONG_AT_99 = ("180 181 179 180", "110 111 99 100", "98 99 95 96", "96 99 96 99")
"""By SHORT_RULES the fourth bar says long. Its true range is 3, so stop 99 - 9 = 90, target 99 + 15 = 114, TP1 at
99 + 0.75 * 9 = 105.75, TP2 at 99 + 1.5 * 9 = 112.5, breakeven 99 * 1.002 = 99.198, on the tick 99.20. The closes
180, 100, 96 begin the average at 125.33, which is then 112.17; RSI before it is 0: nothing has risen."""

SHORT_AT_201 = ("120 121 119 120", "190 201 189 200", "202 205 201 204", "204 204 201 201")
"""The same, upside down about 150: stop 210, target 186, TP1 194.25, TP2 187.50, breakeven 201 * 0.998 = 200.60."""


def bars(*rows: str, start: datetime = START) -> list[Candle]:
    """Each `open high low close`, a minute apart."""
    return [_bar(start + number * MINUTE, *map(Decimal, row.split())) for number, row in enumerate(rows)]


def walk(count: int, seed: int) -> list[Candle]:
    """A walk in hundredths that drifts for a while, turns, and engulfs the bar before every seventh time."""
    chance, made = random.Random(seed), list[Candle]()
    close, drift = 40_000, 0
    for number in range(count):
        if number % 40 == 0:
            drift = chance.randint(-60, 60)
        opened, close = close, close + drift + chance.randint(-120, 120)
        if number % 7 == 6:
            before = made[-1]
            against = 1 if before.open > before.close else -1
            close = int(before.open * 100) + against * chance.randint(1, 40)
        close = max(close, 5_000)
        high, low = max(opened, close) + chance.randint(0, 50), min(opened, close) - chance.randint(0, 50)
        made.append(_bar(START + number * MINUTE, *(Decimal(value) / 100 for value in (opened, high, low, close))))
    return made


def _bar(at: datetime, opened: Decimal, high: Decimal, low: Decimal, close: Decimal) -> Candle:
    return Candle(at, Price(opened), Price(high), Price(low), Price(close), NO_QUANTITY)


def replay(candles: list[Candle], rules: Rules = SHORT_RULES, tick: Decimal = TICK) -> list[OrderFill]:
    strategy = MeanReversion(rules, tick)
    return [fill for bar in candles for fill in strategy.take(bar)]


def told(fills: list[OrderFill]) -> list[tuple[Any, ...]]:
    """`(minute of the bar, order, message, price, percent)` of each."""
    return [
        ((fill.bar.at - START) // MINUTE, fill.order, fill.message, float(fill.price), float(fill.percent))
        for fill in fills
    ]
