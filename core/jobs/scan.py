"""Scans of an account's market (behaviour.md 1.10): one question for all last prices, one subscription for books."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from core.ports import Feed, FundedFeed
from core.rules import yields
from core.rules.funding import carries
from core.rules.risk import QUOTE_AGE_MAX
from core.rules.yields import Dividend, Executable, Pair
from core.services.desk import Desk, Venue
from core.values.accounts import Account
from core.values.changes import NoticeMade
from core.values.errors import DeskError, Rejected
from core.values.market import Quote
from core.values.money import ZERO
from core.values.notices import Notice

log = logging.getLogger(__name__)
NoticeOf = Callable[[Sequence[Executable]], Notice]

BOOKS_S = 1.5
"""How long the first books of a new subscription may take."""
LOOK_S = 0.1
FEES_OF = timedelta(days=30)


class Scanner:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._works: set[asyncio.Task[None]] = set()

    async def scan(self, account: Account, rate: Decimal) -> Sequence[Pair]:
        """The classic figure, by last prices. Raises Transient."""
        venue = self._desk.venues[account.name]
        instruments = await venue.broker.instruments()
        shares, futures = yields.listed(instruments, self._desk.clock.now())
        prices = await venue.feed.last_prices([known.ticker for known in (*shares, *futures)])
        found = yields.scan(instruments, prices, self._desk.clock.now(), rate)
        if isinstance(venue.feed, FundedFeed):
            found += carries(instruments, await venue.feed.funding(), account.leverage_max, rate)
        return sorted(found, key=lambda pair: pair.yearly, reverse=True)[: yields.LINES_MAX]

    async def executable(self, account: Account, pairs: Sequence[Pair]) -> Sequence[Executable]:
        """What the books show of these pairs now, fees and this account's money reckoned in, best first."""
        venue = self._desk.venues[account.name]
        quotes = await self._books(venue.feed, {leg.ticker for pair in pairs for leg in (pair.near, pair.far)})
        margin, fee_rate = await venue.broker.margin(), await self.fee_rate(venue)
        found = [
            yields.executable(pair, quotes.get(pair.near.ticker), quotes.get(pair.far.ticker), margin.free, fee_rate)
            for pair in pairs
        ]
        return sorted((each for each in found if each), key=lambda each: each.yearly, reverse=True)

    async def dividends(self, account: Account, rate: Decimal, lines: int) -> Sequence[Dividend]:
        """What books, or last prices outside of hours, say of dividends to come, at this interest. Raises Transient."""
        venue, now = self._desk.venues[account.name], self._desk.clock.now()
        instruments = await venue.broker.instruments()
        tickers = {leg.ticker for near, far, _ in yields.dividend_pairs(instruments, now) for leg in (near, far)}
        prices = await venue.feed.last_prices(sorted(tickers))
        quotes = await self._books(venue.feed, tickers)
        return yields.dividends(instruments, quotes, prices, now, rate, lines)

    async def fee_rate(self, venue: Venue) -> Decimal:
        """What this account paid of each trade's value lately; 0 where it has not traded."""
        account = venue.account.name
        fills = await self._desk.store.fills_since(self._desk.clock.now() - FEES_OF, account)
        point_value = self._desk.directory.point_value
        value = sum((fill.price * fill.quantity * point_value(account, fill.ticker) for fill in fills), ZERO)
        return sum((fill.fee for fill in fills), ZERO) / value if value else ZERO

    def afterwards(self, account: Account, pairs: Sequence[Pair], notice: NoticeOf) -> None:
        """Tell the executable figures as soon as they are known; a desk that stops meanwhile owes nobody a scan."""
        work = asyncio.create_task(self._tell(account, pairs, notice), name="scan")
        self._works.add(work)
        work.add_done_callback(self._works.discard)

    async def _tell(self, account: Account, pairs: Sequence[Pair], notice: NoticeOf) -> None:
        try:
            await self._desk.store.save(NoticeMade(notice(await self.executable(account, pairs))))
        except DeskError as error:
            log.warning("no executable figures", extra={"account": account.name, "reason": str(error)})

    async def close(self) -> None:
        for work in self._works:
            work.cancel()
        await asyncio.gather(*self._works, return_exceptions=True)

    async def _books(self, feed: Feed, tickers: Collection[str]) -> Mapping[str, Quote]:
        """The newest quote of each, all subscribed to at once; old ones are given a moment to be renewed."""
        watched = []
        try:
            for ticker in sorted(tickers):
                try:
                    await feed.watch(ticker)
                except Rejected as error:
                    log.warning("not watched", extra={"ticker": ticker, "reason": str(error)})
                else:
                    watched.append(ticker)
            for _ in range(int(BOOKS_S / LOOK_S)):
                if all(self._fresh(feed.quote(ticker)) for ticker in watched):
                    break
                await self._desk.wire.sleep(LOOK_S)
            quotes = [feed.quote(ticker) for ticker in watched]
            return {quote.ticker: quote for quote in quotes if quote is not None}
        finally:
            for ticker in watched:
                await feed.unwatch(ticker)

    def _fresh(self, quote: Quote | None) -> bool:
        return quote is not None and abs(self._desk.clock.now() - quote.at) <= QUOTE_AGE_MAX
