"""Prices of Alpaca: quotes and trades by stream, REST for what the stream does not bring."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from brokers.alpaca import listing
from brokers.alpaca.client import Client
from brokers.alpaca.hours import Calendar
from brokers.alpaca.link import SILENCE, Link
from brokers.alpaca.translate import Row, price, stamp
from brokers.link import fresh
from brokers.reading import readable
from core.ports import World
from core.values.errors import Rejected, Transient
from core.values.instrument import Instrument
from core.values.market import Candle, Quote
from core.values.money import Price

log = logging.getLogger(__name__)

POLL_S = 2.0
"""How often what the stream does not bring is asked for, all of it in one call."""
QUIET = timedelta(seconds=15)
MANY = 200
"""Symbols in one question."""
FEW = 10
"""Symbols in one subscription."""
BARS_PAGE = 10_000
_CHANNELS = ("quotes", "trades", "statuses")


class AlpacaFeed:
    """Feed (core.ports). One connection, as the venue allows no second; a free plan's carries 30 symbols."""

    def __init__(self, client: Client, calendar: Calendar, listed: Mapping[str, Instrument], world: World) -> None:
        self._client, self._calendar, self._listed = client, calendar, listed
        self._clock, self._wire = world.clock, world.wire
        self._quotes: dict[str, Quote] = {}
        self._halted: set[str] = set()
        self._open: bool | None = None
        self._watched: Counter[str] = Counter()
        self._streamed: set[str] = set()
        self._listeners: list[Callable[[Quote], None]] = []
        self._polled_at = datetime.min.replace(tzinfo=UTC)
        self._tasks: list[asyncio.Task[None]] = []
        self._else_alive: Callable[[], bool] = lambda: False
        self._link: Link | None = None

    async def start(self, alive: Callable[[], bool]) -> None:
        """alive: what counts while nothing is watched."""
        self._else_alive = alive
        link = Link("prices", self._client.price_stream, self._wire, self._login, self._take)
        self._link = link
        self._tasks = [asyncio.create_task(link.run()), asyncio.create_task(self._poll())]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    def instruments(self, currency: str) -> Sequence[Instrument]:
        """Everything that settles in it: what a paper account on these prices may trade."""
        return [instrument for instrument in self._listed.values() if instrument.currency == currency]

    def quote(self, ticker: str) -> Quote | None:
        return self._quotes.get(ticker)

    async def fresh_quote(self, ticker: str) -> Quote:
        symbol = self._symbol(ticker)
        await self._calendar.regular()
        await self._refresh([symbol])
        if symbol not in self._quotes:
            raise Transient(f"no price of {symbol}")
        return self._quotes[symbol]

    def listen(self, listener: Callable[[Quote], None]) -> None:
        self._listeners.append(listener)

    async def watch(self, ticker: str) -> None:
        symbol = self._symbol(ticker)
        self._watched[symbol] += 1
        if self._watched[symbol] == 1:
            await self._ask("subscribe", [symbol])

    async def unwatch(self, ticker: str) -> None:
        symbol = ticker.upper()
        self._watched[symbol] -= 1
        if self._watched[symbol] <= 0:
            del self._watched[symbol]
            self._quotes.pop(symbol, None)  # it ages from now on
            await self._ask("unsubscribe", [symbol])

    def alive(self) -> bool:
        """What is watched comes in, be it by question."""
        if not self._watched:
            return self._else_alive()
        polled = fresh(self._polled_at, self._wire.now(), SILENCE)
        return polled or (not self._unstreamed() and self._link is not None and self._link.alive)

    async def last_prices(self, tickers: Collection[str]) -> Mapping[str, Price]:
        known = sorted({ticker.upper() for ticker in tickers} & self._listed.keys())
        found: dict[str, Price] = {}
        for at in range(0, len(known), MANY):
            query = {"symbols": ",".join(known[at : at + MANY]), "feed": self._client.access.feed}
            with readable("last prices"):
                rows = await self._client.ask("/v2/stocks/trades/latest", query)
                told = {symbol: price(row.get("p")) for symbol, row in rows["trades"].items()}
            found |= {symbol: last for symbol, last in told.items() if last is not None}
        return found

    async def candles(self, ticker: str, start: datetime, end: datetime, interval_s: int) -> Sequence[Candle]:
        """Bars as they were traded, unadjusted. Raises Rejected bad_interval for a length that the venue does not
        make: whole minutes below an hour, whole hours below a day, a day, a week."""
        symbol, frame = self._symbol(ticker), listing.timeframe(interval_s)
        if frame is None:
            raise Rejected("bad_interval", f"{interval_s} s")
        query = {"timeframe": frame, "start": stamp(start), "end": stamp(end), "limit": str(BARS_PAGE)}
        query |= {"feed": self._client.access.feed, "adjustment": "raw", "sort": "asc"}
        found: dict[datetime, Candle] = {}
        while True:
            with readable("bars"):
                answer = await self._client.ask(f"/v2/stocks/{symbol}/bars", query)
                bars = [listing.bar(row) for row in answer.get("bars") or ()]
                found |= {bar.at: bar for bar in bars if start <= bar.at < end}
                token = answer.get("next_page_token")
            if not token:
                return [found[at] for at in sorted(found)]
            query["page_token"] = str(token)

    # inside

    def _symbol(self, ticker: str) -> str:
        if ticker.upper() not in self._listed:
            raise Rejected("unknown_ticker", ticker)
        return ticker.upper()

    def _unstreamed(self) -> list[str]:
        alive = self._link is not None and self._link.alive
        return sorted(self._watched.keys() - self._streamed) if alive else sorted(self._watched)

    def _quiet(self) -> list[str]:
        """Names of which nothing was heard for a while: nothing may have happened, or the stream may be deaf."""
        now = self._clock.now()
        return [n for n in self._watched if n not in self._quotes or now - self._quotes[n].at > QUIET]

    async def _refresh(self, symbols: Sequence[str]) -> None:
        """Raises Transient or Rejected."""
        for at in range(0, len(symbols), MANY):
            query = {"symbols": ",".join(symbols[at : at + MANY]), "feed": self._client.access.feed}
            with readable("snapshots"):
                rows = await self._client.ask("/v2/stocks/snapshots", query)
                now = self._clock.now()
                known = [(name, row) for name, row in rows.items() if row]
                told = [listing.snapshot(name, row, now, trading=self._trades(name)) for name, row in known]
            for quote in told:
                self._tell(quote)

    async def _poll(self) -> None:
        while True:
            await self._wire.sleep(POLL_S)
            symbols = sorted({*self._unstreamed(), *self._quiet()})
            try:
                await self._look_at_the_clock()
                if symbols:
                    await self._refresh(symbols)
                    self._polled_at = self._wire.now()
            except (Transient, Rejected) as error:
                log.warning("prices not seen", extra={"symbols": len(symbols), "reason": str(error)})

    async def _look_at_the_clock(self) -> None:
        """A session begins and ends without a word in the stream. Raises Transient or Rejected."""
        await self._calendar.regular()
        if self._calendar.open() is not self._open:
            self._open = self._calendar.open()
            for symbol in [name for name in self._watched if name in self._quotes]:
                self._tell(replace(self._quotes[symbol], trading=self._trades(symbol)))

    def _trades(self, symbol: str) -> bool:
        return symbol not in self._halted and self._calendar.open()

    # the stream

    def _login(self) -> Mapping[str, str]:
        self._streamed.clear()
        access = self._client.access
        return {"action": "auth", "key": access.key_id, "secret": access.secret_key}

    async def _ask(self, action: str, symbols: Sequence[str]) -> None:
        """What the next connection will subscribe to anyway need not be asked for now."""
        if self._link is None or not self._link.alive or not symbols:
            return
        try:
            await self._link.send({"action": action, **{channel: list(symbols) for channel in _CHANNELS}})
        except Transient as error:
            log.warning("not asked", extra={"action": action, "reason": str(error)})

    async def _take(self, row: Row) -> None:
        """A message: `T` says of what kind."""
        match row.get("T"):
            case "success" if row.get("msg") == "authenticated" and self._link is not None:
                self._link.settle()
                names = sorted(self._watched)
                for at in range(0, len(names), FEW):  # what is too much is refused whole
                    await self._ask("subscribe", names[at : at + FEW])
            case "subscription":
                self._streamed = set(row.get("quotes") or ())
            case "error":
                self._complain(row)
            case "q" | "t" | "s":
                self._merge(row)

    def _complain(self, row: Row) -> None:
        """A login that is refused, or a connection beside another one's, is made again; the rest is asked for."""
        said = f"{row.get('code')} {row.get('msg')}"
        if row.get("code") in {401, 402, 404, 406, 409}:
            raise Transient(f"prices: {said}")
        log.warning("not subscribed", extra={"reason": said})

    def _merge(self, row: Row) -> None:
        symbol, now = str(row["S"]), self._clock.now()
        if symbol not in self._watched:
            return
        before = self._quotes.get(symbol) or Quote(symbol, now, None, None)
        if row["T"] == "s":
            halted = listing.halted(row)
            if halted is not None:
                (self._halted.add if halted else self._halted.discard)(symbol)
            quote = before
        elif row["T"] == "t":
            quote = replace(before, last=price(row.get("p")) or before.last)
        else:
            bid, bid_size, ask, ask_size = listing.best(row)
            quote = replace(before, bid=bid, bid_size=bid_size, ask=ask, ask_size=ask_size)
        self._tell(replace(quote, at=now, trading=self._trades(symbol)))

    def _tell(self, quote: Quote) -> None:
        before = self._quotes.get(quote.ticker)
        if quote.last is None and before is not None:
            quote = replace(quote, last=before.last)
        self._quotes[quote.ticker] = quote
        for listener in self._listeners:
            listener(quote)
