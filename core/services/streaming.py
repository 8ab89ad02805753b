"""Bars made of prices as they come: what there is of today until the broker's own bars can be had."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from core.values.market import Candle, Quote
from core.values.money import Price, Quantity


@dataclass(slots=True)
class _Bar:
    open: Price
    high: Price
    low: Price
    close: Price
    heard: int = 1


class StreamBars:
    """A listener of feeds. Its volumes count the prices that were heard: quotes tell no traded pieces."""

    def __init__(self, symbols: Iterable[str], interval_s: int) -> None:
        self._interval_s = interval_s
        self._bars: dict[str, dict[int, _Bar]] = {symbol: {} for symbol in symbols}

    def hear(self, quote: Quote) -> None:
        """Takes last prices of the symbols it is for while they trade; microseconds."""
        bars = self._bars.get(quote.ticker)
        if bars is None or quote.last is None or not quote.trading:
            return
        price = quote.last
        begins = int(quote.at.timestamp()) // self._interval_s * self._interval_s
        bar = bars.get(begins)
        if bar is None:
            bars[begins] = _Bar(price, price, price, price)
            return
        bar.high, bar.low, bar.close = max(bar.high, price), min(bar.low, price), price
        bar.heard += 1

    def bars(self, symbol: str, start: datetime, end: datetime) -> list[Candle]:
        """Those that begin in [start, end), oldest first."""
        first, last = start.timestamp(), end.timestamp()
        kept = self._bars[symbol]
        return [_candle(begins, kept[begins]) for begins in sorted(kept) if first <= begins < last]

    def resume(self, symbol: str, bars: Sequence[Candle]) -> None:
        """Go on from bars that were kept before a restart; what was heard since stays."""
        for bar in bars:
            told = _Bar(bar.open, bar.high, bar.low, bar.close, int(bar.volume))
            self._bars[symbol].setdefault(int(bar.at.timestamp()), told)

    def forget(self, symbol: str, before: datetime) -> None:
        end = before.timestamp()
        self._bars[symbol] = {begins: bar for begins, bar in self._bars[symbol].items() if begins >= end}


def _candle(begins: int, bar: _Bar) -> Candle:
    at, heard = datetime.fromtimestamp(begins, UTC), Quantity(Decimal(bar.heard))
    return Candle(at, bar.open, bar.high, bar.low, bar.close, heard)
