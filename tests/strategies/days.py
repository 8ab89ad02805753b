"""Days of bars, as the tests of models write them. New York's hours: the opening is at 09:30."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from core.rules.candles import hours
from core.values.candles import SymbolDay, columns
from core.values.market import Candle
from core.values.money import Price, Quantity
from strategies.models.day import Day, day_of

NEW_YORK = ZoneInfo("America/New_York")
MONDAY = date(2026, 6, 15)
MINUTE = timedelta(minutes=1)


def at(text: str, day: date = MONDAY) -> datetime:
    """`10:30` or `10:30:15` in New York."""
    return datetime.combine(day, time.fromisoformat(text), NEW_YORK)


def bar(moment: datetime, low: str, high: str | None = None, volume: int = 100, start: str | None = None) -> Candle:
    """Opens and closes at `start`, or at the low."""
    bottom, top, middle = (Price(Decimal(text)) for text in (low, high or low, start or low))
    return Candle(moment, middle, top, bottom, middle, Quantity(Decimal(volume)))


def day(bars: Sequence[Candle], when: date = MONDAY) -> Day:
    return day_of("NYSE", when, columns(bars))


def lows(told: Mapping[str, str], when: date = MONDAY) -> Day:
    """Bars at these times with these lows: {"10:30": "100", "10:31": "99.7"}."""
    return day([bar(at(moment, when), low) for moment, low in told.items()], when)


def minutes(when: date = MONDAY, start: int = 10_000, seed: int = 1, swing: int = 6) -> list[Candle]:
    """A whole day's minutes of a seeded walk, in hundredths, that begin at `start`."""
    draw, price, bars = random.Random(f"{seed}:{when}"), start, []
    [window] = hours("NYSE", when)
    for number in range(int(window.length / MINUTE)):
        price = max(100, price + draw.randint(-swing, swing))
        prices = [Price(Decimal(value).scaleb(-2)) for value in (price, price + 5, price - 5, price + 2)]
        volume = Quantity(Decimal(draw.randint(100, 900)))
        bars.append(Candle(window.opens_at + number * MINUTE, prices[0], prices[1], prices[2], prices[3], volume))
    return bars


def symbol_day(when: date = MONDAY, symbol: str = "X", seed: int = 1, swing: int = 6) -> SymbolDay:
    return SymbolDay(symbol, when, minutes(when, seed=seed, swing=swing))
