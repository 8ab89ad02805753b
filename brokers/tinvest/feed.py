"""Prices of T-Invest: the best of the book by stream, REST where nothing streams."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from brokers.reading import readable
from brokers.tinvest.client import Client
from brokers.tinvest.listing import Catalogue
from brokers.tinvest.shelves import LINK_TICKERS, LINKS, Shelf
from brokers.tinvest.translate import Row, number, pieces, stamp, time
from core.ports import World
from core.values.errors import Rejected
from core.values.instrument import Instrument
from core.values.market import Candle, Quote
from core.values.money import NO_QUANTITY, Price, Quantity

log = logging.getLogger(__name__)

_INTERVALS: Mapping[int, tuple[str, timedelta]] = MappingProxyType(
    {
        5: ("5_SEC", timedelta(minutes=200)),
        10: ("10_SEC", timedelta(minutes=200)),
        30: ("30_SEC", timedelta(hours=20)),
        60: ("1_MIN", timedelta(days=1)),
        120: ("2_MIN", timedelta(days=1)),
        180: ("3_MIN", timedelta(days=1)),
        300: ("5_MIN", timedelta(days=7)),
        600: ("10_MIN", timedelta(days=7)),
        900: ("15_MIN", timedelta(days=21)),
        1800: ("30_MIN", timedelta(days=21)),
        3600: ("HOUR", timedelta(days=90)),
        7200: ("2_HOUR", timedelta(days=90)),
        14400: ("4_HOUR", timedelta(days=90)),
        86400: ("DAY", timedelta(days=6 * 365)),
    }
)
"""Seconds of a bar -> its name and the longest span that one question may cover."""


class TInvestFeed:
    """Feed (core.ports)."""

    def __init__(self, client: Client, catalogue: Catalogue, world: World) -> None:
        self._client, self._catalogue, self._world = client, catalogue, world
        self._clock = world.clock
        self._quotes: dict[str, Quote] = {}
        self._watched: Counter[str] = Counter()
        self._listeners: list[Callable[[Quote], None]] = []
        self._shelves: list[Shelf] = []
        self._else_alive: Callable[[], bool] = lambda: False

    async def start(self, alive: Callable[[], bool]) -> None:
        """alive: what counts while nothing is watched."""
        self._else_alive = alive

    async def close(self) -> None:
        tasks = [task for shelf in self._shelves for task in shelf.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def instruments(self, currency: str) -> Sequence[Instrument]:
        """Everything that settles in it: what a paper account on these prices may trade."""
        return [i for i in self._catalogue.by_ticker.values() if i.currency == currency]

    def quote(self, ticker: str) -> Quote | None:
        return self._quotes.get(ticker)

    async def fresh_quote(self, ticker: str) -> Quote:
        instrument = self._instrument(ticker)
        with readable("quote"):
            row = await self._ask("GetOrderBook", {"instrumentId": instrument.broker_key, "depth": 1})
            known = self._quotes.get(instrument.ticker) if self._watched[instrument.ticker] else None
            status = (
                None
                if known and self.alive()
                else await self._ask("GetTradingStatus", {"instrumentId": instrument.broker_key})
            )
            trading = known.trading if status is None and known else _trading(status or {})
            self._told(replace(book(row, instrument, self._clock.now()), trading=trading))
        return self._quotes[instrument.ticker]

    def listen(self, listener: Callable[[Quote], None]) -> None:
        self._listeners.append(listener)

    async def watch(self, ticker: str) -> None:
        instrument = self._instrument(ticker)
        self._watched[instrument.ticker] += 1
        if self._watched[instrument.ticker] == 1:
            shelf = self._shelf()
            shelf.wanted[instrument.broker_key] = instrument
            shelf.change()

    async def unwatch(self, ticker: str) -> None:
        instrument = self._instrument(ticker)
        self._watched[instrument.ticker] -= 1
        if self._watched[instrument.ticker] <= 0:
            del self._watched[instrument.ticker]
            for shelf in self._shelves:
                if shelf.wanted.pop(instrument.broker_key, None):
                    shelf.change()

    def alive(self) -> bool:
        used = [shelf.link.alive for shelf in self._shelves if shelf.wanted]
        return all(used) if used else self._else_alive()

    async def last_prices(self, tickers: Collection[str]) -> Mapping[str, Price]:
        known = (self._catalogue.by_ticker.get(ticker.upper()) for ticker in tickers)
        keys = [instrument.broker_key for instrument in known if instrument]
        with readable("last prices"):
            rows = (await self._ask("GetLastPrices", {"instrumentId": keys}))["lastPrices"] if keys else ()
            named = ((self._catalogue.by_key.get(str(row.get("instrumentUid"))), row) for row in rows)
            prices = {found.ticker: Price(number(row.get("price"))) for found, row in named if found}
        return {ticker: price for ticker, price in prices.items() if price}

    async def candles(self, ticker: str, start: datetime, end: datetime, interval_s: int) -> Sequence[Candle]:
        """Raises Rejected bad_interval for a length of bar that the venue does not make."""
        instrument = self._instrument(ticker)
        if interval_s not in _INTERVALS:
            raise Rejected("bad_interval", f"{interval_s} s")
        name, span = _INTERVALS[interval_s]
        bars, first = list[Candle](), start
        while first < end:
            until = min(end, first + span)
            body = {
                "instrumentId": instrument.broker_key,
                "interval": f"CANDLE_INTERVAL_{name}",
                "from": stamp(first),
                "to": stamp(until),
            }
            with readable("candles"):
                row = await self._ask("GetCandles", body)
                read = [candle(bar, instrument) for bar in row["candles"]]
                bars += [bar for bar in read if start <= bar.at < end]
            first = until
        found = {bar.at: bar for bar in bars}
        return [found[at] for at in sorted(found)]

    # inside

    def _instrument(self, ticker: str) -> Instrument:
        instrument = self._catalogue.by_ticker.get(ticker.upper())
        if instrument is None:
            raise Rejected("unknown_ticker", ticker)
        return instrument

    def _shelf(self) -> Shelf:
        for shelf in self._shelves:
            if len(shelf.wanted) < LINK_TICKERS:
                return shelf
        if len(self._shelves) == LINKS:
            raise Rejected("too_many_watched", f"{LINKS * LINK_TICKERS} instruments are the most")
        self._shelves.append(Shelf(self._client, self._world, self._take))
        return self._shelves[-1]

    async def _ask(self, method: str, body: Mapping[str, object]) -> Any:
        return await self._client.ask(f"MarketDataService/{method}", body)

    def _take(self, row: Row) -> None:
        """A message of a shelf: a book, a trade's price, or whether there is trading."""
        for name in ("orderbook", "lastPrice", "tradingStatus"):
            what = row.get(name)
            instrument = self._catalogue.by_key.get(str(what.get("instrumentUid"))) if what else None
            if what and instrument:
                self._merge(name, what, instrument)
                return
        for name, answer in row.items():
            if name.startswith("subscribe"):
                _complain(answer)

    def _merge(self, name: str, what: Row, instrument: Instrument) -> None:
        now = self._clock.now()
        before = self._quotes.get(instrument.ticker) or Quote(instrument.ticker, now, None, None)
        if name == "tradingStatus":
            self._told(replace(before, at=now, trading=_trading(what)))
        elif name == "lastPrice":
            self._told(replace(before, at=now, last=Price(number(what.get("price")))))
        elif what.get("isConsistent") is not False:
            self._told(replace(book(what, instrument, now), trading=before.trading))

    def _told(self, quote: Quote) -> None:
        before = self._quotes.get(quote.ticker)
        if quote.last is None and before is not None:
            quote = replace(quote, last=before.last)
        self._quotes[quote.ticker] = quote
        for listener in self._listeners:
            listener(quote)


def book(row: Row, instrument: Instrument, at: datetime) -> Quote:
    """Of GetOrderBook and the stream. at: when it came, since it is true then however long nothing has changed."""
    bid, bid_size = _best(row.get("bids") or (), instrument)
    ask, ask_size = _best(row.get("asks") or (), instrument)
    last = number(row.get("lastPrice"))
    return Quote(instrument.ticker, at, bid, ask, bid_size, ask_size, Price(last) if last else None)


def _best(levels: Sequence[Row], instrument: Instrument) -> tuple[Price | None, Quantity]:
    if not levels:
        return None, NO_QUANTITY
    return Price(number(levels[0]["price"])), pieces(levels[0].get("quantity"), instrument)


def _trading(row: Row) -> bool:
    return bool(row.get("limitOrderAvailableFlag") or row.get("marketOrderAvailableFlag"))


def candle(row: Row, instrument: Instrument) -> Candle:
    at = time(row["time"])
    if at is None:
        raise ValueError("a bar without a time")
    first, high, low, last = (Price(number(row[name])) for name in ("open", "high", "low", "close"))
    return Candle(at, first, high, low, last, pieces(row.get("volume"), instrument))


def _complain(answer: Row) -> None:
    for rows in answer.values():
        for row in rows if isinstance(rows, list) else ():
            status = str(row.get("subscriptionStatus", "SUBSCRIPTION_STATUS_SUCCESS"))
            if not status.endswith("_SUCCESS"):
                log.warning("not subscribed", extra={"instrument": row.get("instrumentUid"), "status": status})
