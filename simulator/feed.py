"""A feed whose prices are told by hand, one listener after the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from core.ports import Clock
from core.values.errors import Rejected
from core.values.instrument import Instrument
from core.values.market import Candle, Quote
from core.values.money import Price, Quantity
from simulator.market import Beat


class HistoryFeed:
    """A Feed (core.ports) of one instrument. It quotes nothing before the first price is told, and knows no candles."""

    def __init__(self, instrument: Instrument, clock: Clock) -> None:
        self._instrument, self._clock = instrument, clock
        self._quote: Quote | None = None
        self._listeners: list[Callable[[Quote], None]] = []

    async def tell(self, beat: Beat, settled: Callable[[], Awaitable[None]]) -> None:
        """Every listener has come to rest before the next one hears it: the broker first, the strategy last."""
        tick, size = self._instrument.tick, Quantity(beat.size * self._instrument.step)
        bid, ask, last = (Price(ticks * tick) for ticks in (beat.bid, beat.ask, beat.price))
        self._quote = Quote(self._instrument.ticker, self._clock.now(), bid, ask, size, size, last)
        for listener in list(self._listeners):
            listener(self._quote)
            await settled()

    @property
    def last(self) -> Price | None:
        """The last price told; None before the first."""
        return None if self._quote is None else self._quote.last

    def instruments(self, currency: str) -> Sequence[Instrument]:
        return [replace(self._instrument, currency=currency)]

    def quote(self, ticker: str) -> Quote | None:
        return self._quote if ticker == self._instrument.ticker else None

    async def fresh_quote(self, ticker: str) -> Quote:
        if ticker != self._instrument.ticker:
            raise Rejected("unknown_ticker", ticker)
        if self._quote is None:
            return Quote(ticker, self._clock.now(), None, None)
        if self._quote.at != self._clock.now():
            self._quote = replace(self._quote, at=self._clock.now())
        return self._quote

    def listen(self, listener: Callable[[Quote], None]) -> None:
        self._listeners.append(listener)

    async def watch(self, ticker: str) -> None:
        if ticker != self._instrument.ticker:
            raise Rejected("unknown_ticker", ticker)

    async def unwatch(self, ticker: str) -> None:
        """Nothing is asked of anybody."""

    def alive(self) -> bool:
        return True

    async def last_prices(self, tickers: Collection[str]) -> Mapping[str, Price]:
        quote = self._quote
        return {} if quote is None or quote.last is None or quote.ticker not in tickers else {quote.ticker: quote.last}

    async def candles(self, ticker: str, start: datetime, end: datetime, interval_s: int) -> Sequence[Candle]:  # noqa: ARG002 - the port's
        return []
