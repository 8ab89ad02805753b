"""Prices of Angel One: the best of the book by SmartStream, REST where nothing streams."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from brokers.angelone import ticks
from brokers.angelone.access import Tokens
from brokers.angelone.client import Client
from brokers.angelone.limits import CANDLES, QUOTES
from brokers.angelone.listing import Catalogue, Name
from brokers.angelone.session import INDIA
from brokers.angelone.stream import Link, Socket
from brokers.angelone.translate import Row
from brokers.reading import number, readable
from core.ports import World
from core.rules.sessions import is_open
from core.values.errors import Rejected, Transient
from core.values.instrument import Instrument
from core.values.market import Candle, Quote
from core.values.money import NO_QUANTITY, ZERO, Price, Quantity

log = logging.getLogger(__name__)

WATCHED_MAX = 1000
"""Instruments that one connection may carry."""
ASKED_AT_ONCE = 50
_INTERVALS: Mapping[int, tuple[str, timedelta]] = MappingProxyType(
    {
        60: ("ONE_MINUTE", timedelta(days=30)),
        180: ("THREE_MINUTE", timedelta(days=60)),
        300: ("FIVE_MINUTE", timedelta(days=100)),
        600: ("TEN_MINUTE", timedelta(days=100)),
        900: ("FIFTEEN_MINUTE", timedelta(days=200)),
        1800: ("THIRTY_MINUTE", timedelta(days=200)),
        3600: ("ONE_HOUR", timedelta(days=400)),
        86400: ("ONE_DAY", timedelta(days=2000)),
    }
)
"""Seconds of a bar -> its name and the longest span that one question may cover."""


class AngelOneFeed:
    """Feed (core.ports). Whether there is trading comes from the calendar: the venue's prices do not say.

    Indices that options are on are always listened to: which option a link means must be known when its alert comes.
    """

    def __init__(self, client: Client, catalogue: Catalogue, world: World) -> None:
        self._client, self._catalogue, self._clock = client, catalogue, world.clock
        self._quotes: dict[str, Quote] = {}
        self._watched: Counter[str] = Counter()
        self._always: Mapping[str, Instrument] = {}
        self._listeners: list[Callable[[Quote], None]] = []
        self.link = Link("prices", world.wire, client.session, self._dial, self._open, self._take)

    def instruments(self, currency: str) -> Sequence[Instrument]:
        """Everything that settles in it: what a paper account on these prices may trade."""
        return [i for i in self._catalogue.by_ticker.values() if i.currency == currency]

    def quote(self, ticker: str) -> Quote | None:
        return self._quotes.get(ticker)

    async def fresh_quote(self, ticker: str) -> Quote:
        instrument = self._instrument(ticker)
        with readable("quote"):
            rows = await self._fetched("FULL", [instrument])
            if not rows:
                raise Transient(f"no price of {ticker}")
            self._told(_quote(rows[0], instrument, self._clock.now()), instrument)
        return self._quotes[instrument.ticker]

    def listen(self, listener: Callable[[Quote], None]) -> None:
        self._listeners.append(listener)

    async def watch(self, ticker: str) -> None:
        instrument = self._instrument(ticker)
        if not self._watched[instrument.ticker] and len(+self._watched) >= WATCHED_MAX:
            raise Rejected("too_many_watched", f"{WATCHED_MAX} instruments are the most")
        self._watched[instrument.ticker] += 1
        if self._watched[instrument.ticker] == 1:
            await self._ask(1, [instrument])

    async def unwatch(self, ticker: str) -> None:
        """Of what is listed no longer, too."""
        bare = ticker.upper()
        self._watched[bare] -= 1
        if self._watched[bare] <= 0:
            del self._watched[bare]
            if not self._listens(bare):
                self._quotes.pop(bare, None)
                await self._ask(0, self._priced([bare]))

    def alive(self) -> bool:
        return self.link.alive

    async def last_prices(self, tickers: Collection[str]) -> Mapping[str, Price]:
        known = self._priced(tickers)
        prices: dict[str, Price] = {}
        for first in range(0, len(known), ASKED_AT_ONCE):
            with readable("last prices"):
                for row in await self._fetched("LTP", known[first : first + ASKED_AT_ONCE]):
                    found, price = self._of(row), Price(number(row.get("ltp")))
                    if found is not None and price:
                        prices[found.ticker] = price
        return prices

    async def candles(self, ticker: str, start: datetime, end: datetime, interval_s: int) -> Sequence[Candle]:
        """Raises Rejected bad_interval for a length of bar that the venue does not make."""
        instrument = self._instrument(ticker)
        if interval_s not in _INTERVALS:
            raise Rejected("bad_interval", f"{interval_s} s")
        name, span = _INTERVALS[interval_s]
        called, first, bars = Name.of(instrument), start, dict[datetime, Candle]()
        while first < end:
            until = min(end, first + span)
            body = {
                "exchange": called.exchange,
                "symboltoken": called.token,
                "interval": name,
                "fromdate": _minute(first),
                "todate": _minute(until),
            }
            with readable("candles"):
                read = [candle(row) for row in await self._client.ask(CANDLES, body) or ()]
                bars |= {bar.at: bar for bar in read if start <= bar.at < end}
            first = until
        return [bars[at] for at in sorted(bars)]

    # inside

    def _instrument(self, ticker: str) -> Instrument:
        instrument = self._catalogue.priced(ticker)
        if instrument is None:
            raise Rejected("unknown_ticker", ticker)
        return instrument

    def _priced(self, tickers: Iterable[str]) -> list[Instrument]:
        """Those that have prices: an option that expired may be watched still."""
        return [found for ticker in tickers if (found := self._catalogue.priced(ticker))]

    def _listens(self, ticker: str) -> bool:
        return ticker in self._watched or ticker in self._always

    def _of(self, row: Row) -> Instrument | None:
        return self._catalogue.by_token.get((str(row.get("exchange")), str(row.get("symbolToken"))))

    async def _fetched(self, mode: str, wanted: Iterable[Instrument]) -> Sequence[Row]:
        tokens: dict[str, list[str]] = defaultdict(list)
        for name in map(Name.of, wanted):
            tokens[name.exchange].append(name.token)
        answer = await self._client.ask(QUOTES, {"mode": mode, "exchangeTokens": tokens})
        with readable("quotes"):
            return list(answer["fetched"])

    def _dial(self, tokens: Tokens) -> AbstractAsyncContextManager[Socket]:
        access = self._client.access
        headers = {
            "Authorization": f"Bearer {tokens.jwt}",
            "x-api-key": access.api_key,
            "x-client-code": access.client_id,
            "x-feed-token": tokens.feed,
        }
        return self._client.socket(access.stream, headers)

    async def _open(self, _link: Link) -> None:
        self._always = self._catalogue.with_options()
        if gone := [ticker for ticker in self._watched if self._catalogue.priced(ticker) is None]:
            log.warning("watched and listed no longer", extra={"tickers": gone})
        indices = [index for ticker, index in self._always.items() if ticker not in self._watched]
        await self._ask(1, [*self._priced(self._watched), *indices])

    async def _ask(self, action: int, wanted: Sequence[Instrument]) -> None:
        """Subscribe (1) or not (0); while there is no connection nothing is lost, since the next subscribes to all."""
        tokens: dict[int, list[str]] = defaultdict(list)
        for name in map(Name.of, wanted):
            tokens[ticks.SEGMENTS[name.exchange]].append(name.token)
        if not tokens:
            return
        listed = [{"exchangeType": segment, "tokens": names} for segment, names in tokens.items()]
        with suppress(Transient):
            await self.link.send(
                {"correlationID": "desk", "action": action, "params": {"mode": ticks.SNAP_QUOTE, "tokenList": listed}}
            )

    def _take(self, message: str | bytes) -> None:
        if isinstance(message, str):
            log.warning("not subscribed", extra={"said": message[:200]})
            return
        try:
            tick = ticks.read(message)
        except ValueError as error:
            log.warning("unreadable tick", extra={"reason": str(error)})
            return
        instrument = None if tick is None else self._catalogue.by_token.get((tick.exchange, tick.token))
        if tick is None or instrument is None or not self._listens(instrument.ticker):
            return
        now, before = self._clock.now(), self._quotes.get(instrument.ticker)
        if tick.book:
            told = Quote(instrument.ticker, now, tick.bid, tick.ask, tick.bid_size, tick.ask_size, tick.last)
        else:
            told = replace(before or Quote(instrument.ticker, now, None, None), at=now, last=tick.last)
        self._told(told, instrument)

    def _told(self, quote: Quote, instrument: Instrument) -> None:
        quote = replace(quote, trading=is_open(instrument.calendar, quote.at))
        self._quotes[quote.ticker] = quote
        for listener in self._listeners:
            listener(quote)


def _quote(row: Row, instrument: Instrument, at: datetime) -> Quote:
    depth = row.get("depth") or {}
    (bid, bid_size), (ask, ask_size) = _best(depth.get("buy")), _best(depth.get("sell"))
    last = number(row.get("ltp"))
    return Quote(instrument.ticker, at, bid, ask, bid_size, ask_size, Price(last) if last else None)


def _best(levels: Sequence[Row] | None) -> tuple[Price | None, Quantity]:
    """An empty level is one of price 0."""
    price, size = (number(levels[0].get(name)) if levels else ZERO for name in ("price", "quantity"))
    return (Price(price), Quantity(size)) if price and size else (None, NO_QUANTITY)


def candle(row: Sequence[Any]) -> Candle:
    first, high, low, last = (Price(number(value)) for value in row[1:5])
    return Candle(datetime.fromisoformat(row[0]), first, high, low, last, Quantity(number(row[5])))


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(INDIA):%Y-%m-%d %H:%M}"
