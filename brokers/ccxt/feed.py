"""Prices of a venue: its streams of book and trades, REST where nothing streams."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from brokers.ccxt import translate
from brokers.ccxt.client import Client, said, trouble
from brokers.ccxt.links import alive
from brokers.ccxt.listing import Catalogue
from brokers.ccxt.translate import stamp
from brokers.reading import readable
from core.ports import World
from core.values.errors import Rejected
from core.values.instrument import Instrument
from core.values.market import Candle, Funding, Quote
from core.values.money import Price

log = logging.getLogger(__name__)

BARS = 1000
"""In one answer."""
BACK_S = 1.0
FRAMES: Mapping[int, str] = {
    60: "1m",
    180: "3m",
    300: "5m",
    900: "15m",
    1800: "30m",
    3600: "1h",
    7200: "2h",
    14400: "4h",
    86400: "1d",
}


class CcxtFeed:
    """Feed (core.ports)."""

    def __init__(self, client: Client, catalogue: Catalogue, world: World) -> None:
        self._client, self._catalogue, self._world = client, catalogue, world
        self._quotes: dict[str, Quote] = {}
        self._watched: Counter[str] = Counter()
        self._listeners: list[Callable[[Quote], None]] = []
        self._tasks: dict[str, list[asyncio.Task[None]]] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        tasks = [*(task for tasks in self._tasks.values() for task in tasks), *self._leaving]
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def instruments(self, currency: str) -> Sequence[Instrument]:
        """Everything that settles in it: what a paper account on these prices may trade."""
        return [i for i in self._catalogue.by_ticker.values() if i.currency == currency]

    def quote(self, ticker: str) -> Quote | None:
        return self._quotes.get(ticker)

    async def fresh_quote(self, ticker: str) -> Quote:
        listed = self._catalogue.get(ticker)
        exchange = self._client.exchange
        with readable("quote"):
            book = await self._client.ask(exchange.fetch_order_book, listed.broker_key, self._client.dialect.depth)
            last = await self._client.ask(exchange.fetch_ticker, listed.broker_key)
            best = {side: (book[f"{side}s"] or [[None, None]])[0] for side in ("bid", "ask")}
            row = {"last": last.get("last"), "bid": best["bid"][0], "ask": best["ask"][0]}
            row |= {f"{side}Volume": best[side][1] for side in best}
            self._take(row, listed, told=True)
        return self._quotes[listed.ticker]

    def listen(self, listener: Callable[[Quote], None]) -> None:
        self._listeners.append(listener)

    async def watch(self, ticker: str) -> None:
        listed = self._catalogue.get(ticker)
        self._watched[listed.ticker] += 1
        if self._watched[listed.ticker] == 1:
            quotes = self._client.dialect.quotes
            self._tasks[listed.ticker] = [asyncio.create_task(self._follow(*one, listed)) for one in quotes]

    async def unwatch(self, ticker: str) -> None:
        name = ticker.upper()
        self._watched[name] -= 1
        if self._watched[name] <= 0:
            del self._watched[name]
            tasks = self._tasks.pop(name, [])
            for task in tasks:
                task.cancel()
            leaving = asyncio.create_task(self._leave(name))
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    def alive(self) -> bool:
        """What carries the prices was heard lately; where nothing is watched, anything that is open."""
        return alive(self._client.exchange, self._world.wire.now(), private=None if not self._watched else False)

    async def last_prices(self, tickers: Collection[str]) -> Mapping[str, Price]:
        known = {i.broker_key: i.ticker for t in tickers if (i := self._catalogue.by_ticker.get(t.upper()))}
        if not known:
            return {}
        with readable("last prices"):
            rows = await self._client.ask(self._client.exchange.fetch_tickers, list(known))
            named = {known[key]: translate.price(row.get("last")) for key, row in rows.items() if key in known}
        return {ticker: price for ticker, price in named.items() if price}

    async def funding(self) -> Sequence[Funding]:
        """Coins pay none."""
        if self._client.dialect.spot:
            return []
        found = []
        with readable("funding"):
            for row in await self._client.dialect.funding(self._client):
                listed = self._catalogue.by_symbol.get(str(row.get("symbol")))
                if listed is not None and listed.ticker in self._catalogue.by_ticker:
                    found.append(translate.funding(row, listed))
        return [one for one in found if one is not None]

    async def candles(self, ticker: str, start: datetime, end: datetime, interval_s: int) -> Sequence[Candle]:
        """Raises Rejected bad_interval for a length of bar that venues do not share."""
        listed = self._catalogue.get(ticker)
        if interval_s not in FRAMES:
            raise Rejected("bad_interval", f"{interval_s} s")
        found: dict[datetime, Candle] = {}
        first = start
        while first < end:
            with readable("candles"):
                rows = await self._client.ask(
                    self._client.exchange.fetch_ohlcv, listed.broker_key, FRAMES[interval_s], stamp(first), BARS
                )
                bars = [translate.candle(row, listed) for row in rows]
                new = {bar.at: bar for bar in bars if first <= bar.at < end}
            if not new:
                break
            found |= new
            first = max(new) + timedelta(seconds=interval_s)
        return [found[at] for at in sorted(found)]

    # inside

    async def _follow(self, name: str, told: bool, listed: Instrument) -> None:  # noqa: FBT001 - of a table
        """One stream of one instrument, made again when it breaks. told: whether it tells the book."""
        broken = trouble()
        while True:
            try:
                row = await self._call(name, listed)
                self._take(row if "bid" in row else row[listed.broker_key], listed, told=told)
            except broken as error:
                log.warning("prices broken off", extra={"ticker": listed.ticker, "reason": said(error)})
                await self._world.wire.sleep(BACK_S)

    async def _leave(self, ticker: str) -> None:
        """Best effort: what goes on coming is read by nobody."""
        broken = trouble()
        listed = self._catalogue.get(ticker)
        for name, _ in self._client.dialect.quotes:
            if hasattr(self._client.exchange, f"un_{name}"):
                try:
                    await self._call(f"un_{name}", listed)
                except broken as error:
                    log.info("still subscribed", extra={"ticker": ticker, "reason": said(error)})

    async def _call(self, name: str, listed: Instrument) -> Any:
        """The library's plural methods take a list."""
        method = getattr(self._client.exchange, name)
        return await (method([listed.broker_key]) if name.endswith("s") else method(listed.broker_key))

    def _take(self, row: Mapping[str, Any], listed: Instrument, *, told: bool) -> None:
        """told: whether this is the book's own stream; elsewhere only the last price is taken."""
        seen = row if told else {"last": row.get("last")}
        before = self._quotes.get(listed.ticker)
        quote = translate.quote(seen, listed.ticker, before, self._world.clock.now(), listed.lot)
        if not told and before is None:
            return  # a price without a book is no quote yet
        self._quotes[listed.ticker] = replace(quote, trading=listed.ticker in self._catalogue.by_ticker)
        for listener in self._listeners:
            listener(self._quotes[listed.ticker])
