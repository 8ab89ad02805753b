"""The built-in market: a feed that needs nothing but a seed. It moves by itself, or stands still and is scripted."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Literal

from brokers.paper.contracts import Listing, fair_price, listings
from brokers.paper.walk import Walk, bars
from core.ports import Clock
from core.rules.sessions import is_open
from core.values.errors import Rejected
from core.values.instrument import Instrument
from core.values.market import Candle, Quote
from core.values.money import Price, Quantity, plain

PACE_S = 0.5
STILL_DEPTH = Quantity(Decimal(1000))
"""Pieces on each side of a scripted book without sizes."""
_BREATH = 50

Hours = Literal["always", "exchange"]


class BuiltInMarket:
    """A Feed (core.ports) over `contracts.listings`. It quotes everything always; watching is only counted.

    Moving: each instrument gets a quote every PACE_S while started; futures follow their share. Still: prices change
    by `set_book` alone. hours "exchange": MOEX instruments trade by their calendar, else round the clock. Raises
    ValueError for start prices it cannot use.
    """

    def __init__(
        self,
        seed: int,
        still: bool,  # noqa: FBT001  -- a setting by that name, passed on as it is
        clock: Clock,
        wire: Clock,  # noqa: ARG002  -- feeds are built with both clocks; this one has no sockets
        prices: Mapping[str, Decimal] | None = None,
        hours: Hours = "always",
    ) -> None:
        self.still = still
        self._seed, self._clock, self._began = seed, clock, clock.now()
        rows = listings(self._began, prices or {}, exchange_hours=hours == "exchange")
        self._listed: dict[str, Listing] = {row.instrument.ticker: row for row in rows}
        self._walks = {ticker: self._walk(row) for ticker, row in self._listed.items()}
        self._quotes = {ticker: self._first_quote(row) for ticker, row in self._listed.items()}
        self._listeners: list[Callable[[Quote], None]] = []
        self._watched: Counter[str] = Counter()
        self._mover: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to move. A still market has nothing to start."""
        if not self.still and self._mover is None:
            self._mover = asyncio.create_task(self._move(), name="built-in market")

    async def close(self) -> None:
        """Stop moving."""
        if self._mover is not None:
            self._mover.cancel()
            with suppress(asyncio.CancelledError):
                await self._mover
            self._mover = None

    def instruments(self, currency: str) -> Sequence[Instrument]:
        """Everything listed, priced and settled in `currency`."""
        return [replace(row.instrument, currency=currency) for row in self._listed.values()]

    def set_book(
        self,
        ticker: str,
        bid: Decimal | None,
        ask: Decimal | None,
        bid_size: Decimal | None = None,
        ask_size: Decimal | None = None,
    ) -> Quote:
        """Script a still market's book; every listener has had it when this returns. None: that side is empty.

        The last price becomes the middle, to the tick, or the only side there is. Raises Rejected: `unknown_ticker`,
        `crossed_book`, `bad_price`, `bad_quantity`, or `market_moves` where the market is not still.
        """
        listing = self._listing(ticker)
        if not self.still:
            raise Rejected("market_moves", "only a still market is scripted")
        prices = [price for price in (bid, ask) if price is not None]
        if any(not price.is_finite() or price <= 0 for price in prices):
            raise Rejected("bad_price", "prices are positive")
        if any(size is not None and (not size.is_finite() or size < 0) for size in (bid_size, ask_size)):
            raise Rejected("bad_quantity", "sizes are not negative")
        if bid is not None and ask is not None and bid > ask:
            raise Rejected("crossed_book", f"bid {plain(bid)} is above ask {plain(ask)}")
        instrument, before = listing.instrument, self._quotes[listing.instrument.ticker]
        middle = instrument.price_nearest(sum(prices, Decimal(0)) / len(prices)) if prices else before.last
        quote = Quote(
            ticker=instrument.ticker,
            at=self._clock.now(),
            bid=None if bid is None else Price(bid),
            ask=None if ask is None else Price(ask),
            bid_size=STILL_DEPTH if bid_size is None else Quantity(bid_size),
            ask_size=STILL_DEPTH if ask_size is None else Quantity(ask_size),
            last=middle,
            trading=self._trades(instrument),
        )
        self._tell(quote)
        return quote

    # ------------------------------------------------------------------------------------------------ the Feed port

    def quote(self, ticker: str) -> Quote | None:
        quote = self._quotes.get(ticker)
        if quote is None:
            return None
        trading = self._trades(self._listed[ticker].instrument)
        return quote if quote.trading is trading else replace(quote, trading=trading)

    async def fresh_quote(self, ticker: str) -> Quote:
        instrument = self._listing(ticker).instrument
        return replace(self._quotes[instrument.ticker], at=self._clock.now(), trading=self._trades(instrument))

    def listen(self, listener: Callable[[Quote], None]) -> None:
        self._listeners.append(listener)

    async def watch(self, ticker: str) -> None:
        self._watched[self._listing(ticker).instrument.ticker] += 1

    async def unwatch(self, ticker: str) -> None:
        self._watched[ticker] -= 1

    def alive(self) -> bool:
        return self.still or (self._mover is not None and not self._mover.done())

    async def last_prices(self, tickers: Collection[str]) -> Mapping[str, Price]:
        quotes = (self._quotes.get(ticker) for ticker in tickers)
        return {quote.ticker: quote.last for quote in quotes if quote is not None and quote.last is not None}

    async def candles(self, ticker: str, start: datetime, end: datetime, interval_s: int) -> Sequence[Candle]:
        """A made-up past that leads to the start price, equal for equal seeds and starts; nothing of the future, or of
        closed hours."""
        listing = self._listing(ticker)
        end = min(end, self._clock.now())
        found: list[Candle] = []
        past = bars(self._seed, listing.instrument, listing.start, self._began, start, end, interval_s)
        for number, bar in enumerate(past, 1):
            if is_open(listing.instrument.calendar, bar.at):
                found.append(bar)
            if number % _BREATH == 0:
                await self._clock.sleep(0)  # a year of minutes must not hold up the desk
        return found

    # -------------------------------------------------------------------------------------------------- how it moves

    async def _move(self) -> None:
        while True:
            await self._clock.sleep(PACE_S)
            for listing in self._listed.values():
                self._step(listing)

    def _step(self, listing: Listing) -> None:
        instrument, walk = listing.instrument, self._walks[listing.instrument.ticker]
        before = self._quotes[instrument.ticker]
        if not self._trades(instrument):
            if before.trading:
                self._tell(replace(before, at=self._clock.now(), trading=False))
            return
        ticks, spread, sold = walk.step() + self._carried(listing), walk.draw(1, 2), walk.draw(0, 1)
        bid = Price((ticks - 1) * instrument.tick)
        ask = Price((ticks - 1 + spread) * instrument.tick)
        bid_size, ask_size = (
            Quantity(walk.draw(listing.depth // 10, 2 * listing.depth) * instrument.step) for _ in range(2)
        )
        last = bid if sold else ask
        self._tell(Quote(instrument.ticker, self._clock.now(), bid, ask, bid_size, ask_size, last))

    def _carried(self, listing: Listing) -> int:
        """Ticks by which a future's fair price has moved with its share since the start; 0 for everything else."""
        instrument = listing.instrument
        if instrument.basic_asset is None or instrument.expires_at is None:
            return 0
        share = self._listed[instrument.basic_asset]
        now = Price(self._walks[instrument.basic_asset].ticks * share.instrument.tick)
        moment = self._clock.now()
        moved = fair_price(now, instrument.expires_at, moment) - fair_price(share.start, instrument.expires_at, moment)
        return int(moved / instrument.tick)

    def _walk(self, row: Listing) -> Walk:
        follows = row.instrument.basic_asset is not None
        return Walk(self._seed, row.instrument.ticker, int(row.start / row.instrument.tick), follows=follows)

    def _first_quote(self, row: Listing) -> Quote:
        instrument, size = row.instrument, Quantity(row.depth * row.instrument.step)
        return Quote(
            ticker=instrument.ticker,
            at=self._clock.now(),
            bid=Price(row.start - instrument.tick),
            ask=Price(row.start + instrument.tick),
            bid_size=STILL_DEPTH if self.still else size,
            ask_size=STILL_DEPTH if self.still else size,
            last=row.start,
            trading=self._trades(instrument),
        )

    def _trades(self, instrument: Instrument) -> bool:
        now = self._clock.now()
        return is_open(instrument.calendar, now) and (instrument.expires_at is None or now < instrument.expires_at)

    def _tell(self, quote: Quote) -> None:
        self._quotes[quote.ticker] = quote
        for listener in self._listeners:
            listener(quote)

    def _listing(self, ticker: str) -> Listing:
        listing = self._listed.get(ticker.upper())
        if listing is None:
            raise Rejected("unknown_ticker", ticker)
        return listing
