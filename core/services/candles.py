"""Bars for charts that people look at: asked of a feed once, however many look."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from core.rules.charting import BARS_MAX, with_now
from core.services.desk import Desk
from core.values.ids import AccountName
from core.values.market import Candle, Quote

BARS = 300
FEW = 60
FARTHER = 5
"""Where closed hours leave few bars of the last stretch, one so many times longer is asked for."""
FRESH, OLD = timedelta(seconds=10), timedelta(seconds=60)
"""Brokers count calls: bars are asked for anew once they are OLD, or FRESH no more and prices tell of another bar."""
KEPT_MAX = 32
_Key = tuple[AccountName, str, int]


class Candles:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._known: dict[_Key, tuple[datetime, Sequence[Candle]]] = {}
        self._locks: dict[_Key, asyncio.Lock] = {}

    async def newest(self, account: AccountName, ticker: str, interval_s: int) -> Sequence[Candle]:
        """At most BARS bars, oldest first, the last one up to the price of now. Raises Transient, and Rejected for an
        interval that the venue does not make."""
        feed, key = self._desk.venues[account].feed, (account, ticker, interval_s)
        async with self._locks.setdefault(key, asyncio.Lock()):
            at, found = self._known.get(key, (None, ()))
            if at is None or self._due(at, found, interval_s, feed.quote(ticker)):
                found = await self._ask(key)
                self._keep(key, found)
        return [*found[:-BARS_MAX], *with_now(found, interval_s, feed.quote(ticker))]

    def _due(self, at: datetime, found: Sequence[Candle], interval_s: int, quote: Quote | None) -> bool:
        age = self._desk.wire.now() - at
        ends = found[-1].at + timedelta(seconds=interval_s) if found else None
        another = quote is not None and (ends is None or quote.at >= ends)
        return age >= OLD or (another and age >= FRESH)

    async def _ask(self, key: _Key) -> Sequence[Candle]:
        account, ticker, interval_s = key
        feed, now = self._desk.venues[account].feed, self._desk.clock.now()
        span = timedelta(seconds=BARS * interval_s)
        found = await feed.candles(ticker, now - span, now, interval_s)
        if len(found) < FEW:
            found = await feed.candles(ticker, now - FARTHER * span, now, interval_s)
        return found[-BARS:]

    def _keep(self, key: _Key, found: Sequence[Candle]) -> None:
        if len(self._known) >= KEPT_MAX and key not in self._known:
            gone = next(iter(self._known))
            del self._known[gone]
            self._locks.pop(gone, None)
        self._known[key] = (self._desk.wire.now(), found)
