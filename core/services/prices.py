"""Prices kept at a steady pace, so that strategies outside the desk can read what was."""

from __future__ import annotations

import logging
from datetime import timedelta

from core.services.desk import Desk
from core.values.changes import Change, PricesForgotten, PricesKept
from core.values.errors import DeskError
from core.values.market import Quote
from core.values.orders import Refused

log = logging.getLogger(__name__)


class PriceKeeper:
    """every_s: real time between two looks. kept: how long a price stays. tickers: asked of the feeds besides those
    that the desk watches anyway."""

    def __init__(self, desk: Desk, every_s: float, kept: timedelta, tickers: tuple[str, ...] = ()) -> None:
        self._desk = desk
        self._every_s = every_s
        self._kept = kept
        self._tickers = tickers
        self._seen: dict[str, Quote] = {}

    async def run(self) -> None:
        """Until cancelled. A journal that cannot be written misses a moment, no more."""
        await self._watch()
        while True:
            try:
                await self.keep()
            except DeskError as error:
                log.warning("prices were not kept", extra={"reason": str(error)})
            await self._desk.wire.sleep(self._every_s)

    async def keep(self) -> int:
        """Keep every price that is new since the last look; how many."""
        fresh: dict[str, Quote] = {}
        for name, venue in self._desk.venues.items():
            for instrument in self._desk.directory.instruments(name):
                quote = venue.feed.quote(instrument.ticker)
                if quote is not None and quote != self._seen.get(quote.ticker):
                    fresh.setdefault(quote.ticker, quote)
        changes: list[Change] = [PricesForgotten(self._desk.clock.now() - self._kept)]
        if fresh:
            changes.append(PricesKept(tuple(fresh.values())))
        await self._desk.store.save(*changes)
        self._seen |= fresh
        return len(fresh)

    async def _watch(self) -> None:
        for ticker in self._tickers:
            for name, venue in list(self._desk.venues.items()):
                found = self._desk.directory.find(name, ticker)
                if not isinstance(found, Refused):
                    try:
                        await venue.feed.watch(found.ticker)
                    except DeskError as error:
                        log.warning("not watched", extra={"account": name, "ticker": ticker, "reason": str(error)})
