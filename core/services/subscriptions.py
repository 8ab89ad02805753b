"""Prices of what is held: a subscription for each symbol of a feed, opened with its first position, shared, closed with
the last, opened again at start; and questions where it does not tell by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from core.ports import Feed
from core.rules.levels import Levels
from core.services.desk import Desk
from core.services.lanes import Lanes
from core.values.errors import Rejected, Transient
from core.values.fills import Position
from core.values.instrument import Instrument
from core.values.market import Quote
from core.values.orders import Key

log = logging.getLogger(__name__)

ASKED_LATELY = timedelta(seconds=5)
"""While a feed is dead, a price is asked for every few seconds; so old may the last answer be."""


@dataclass(slots=True, eq=False)
class Symbol:
    """One ticker of one feed with the positions that hang on it."""

    feed: Feed
    instrument: Instrument
    levels: Levels
    keys: set[Key] = field(default_factory=set)
    watched: bool = False
    quote: Quote | None = None
    dirty: bool = False
    kept_at: datetime | None = None
    """Whether a stop moved that is not on disk yet, and when such were last written (core.services.trailing)."""
    asked_at: datetime | None = None
    tried_at: datetime | None = None
    """When a question about its price was last answered, and last asked, on the wire's clock."""

    @property
    def ticker(self) -> str:
        return self.instrument.ticker


class Subscriptions:
    """on_quote: told of every new quote of a symbol that trades."""

    def __init__(self, desk: Desk, lanes: Lanes, jump: int, on_quote: Callable[[Symbol, Quote], None]) -> None:
        """jump: how far beyond the last one a quote is believed without a second, in millionths of a percent."""
        self._desk, self._lanes, self._jump, self._on_quote = desk, lanes, jump, on_quote
        self._symbols: dict[tuple[int, str], Symbol] = {}
        self._feeds: dict[int, Feed] = {}

    @property
    def symbols(self) -> list[Symbol]:
        return list(self._symbols.values())

    def at(self, key: Key) -> Symbol | None:
        account, ticker, _ = key
        return self._symbols.get((id(self._desk.venues[account].feed), ticker))

    def open(self, position: Position) -> Symbol | None:
        """The symbol of a position, subscribed to; None where the venue has dropped it."""
        feed = self._desk.venues[position.account].feed
        symbol = self._symbols.get((id(feed), position.ticker))
        if symbol is None:
            try:
                instrument = self._desk.directory.instrument(position.account, position.ticker)
            except KeyError:
                log.warning("cannot be watched", extra={"ticker": position.ticker, "why": "the venue dropped it"})
                return None
            symbol = self._symbols[id(feed), position.ticker] = Symbol(feed, instrument, Levels(self._jump))
            if id(feed) not in self._feeds:
                self._feeds[id(feed)] = feed
                feed.listen(partial(self.take, feed))
        symbol.keys.add(position.key)
        if not symbol.watched:
            self.subscribe(symbol)
        return symbol

    def subscribe(self, symbol: Symbol) -> None:
        """Bring the subscription to what the positions need."""
        lane = ("subscription", id(symbol.feed), symbol.ticker)
        self._lanes.add(lane, lambda: self._subscribe(symbol), once=lane)

    async def _subscribe(self, symbol: Symbol) -> None:
        try:
            while symbol.watched != (wanted := bool(symbol.keys)):
                await (symbol.feed.watch(symbol.ticker) if wanted else symbol.feed.unwatch(symbol.ticker))
                symbol.watched = wanted
        except (Transient, Rejected) as error:
            log.warning("subscription failed", extra={"ticker": symbol.ticker, "reason": str(error)})
            return
        if not symbol.keys:
            self._symbols.pop((id(symbol.feed), symbol.ticker), None)
        elif symbol.quote is None:
            await self._ask(symbol)

    def leave(self, symbol: Symbol, key: Key) -> None:
        """One position less."""
        if key in symbol.keys:
            symbol.levels.drop(key)
            symbol.keys.discard(key)
            self.subscribe(symbol)

    def take(self, feed: Feed, quote: Quote) -> None:
        """A quote of a feed. A feed may tell the answer to a question to its listeners too: one quote counts once."""
        symbol = self._symbols.get((id(feed), quote.ticker))
        if symbol is None or quote is symbol.quote:
            return
        symbol.quote = quote
        if quote.trading:
            self._on_quote(symbol, quote)

    def ask(self, symbol: Symbol) -> None:
        """One more quote at once: a level may have been crossed, and a crash must not be slept through."""
        lane = ("quote", id(symbol.feed), symbol.ticker)
        self._lanes.add(lane, lambda: self._ask(symbol), once=lane)

    async def _ask(self, symbol: Symbol) -> None:
        symbol.tried_at = self._desk.wire.now()
        try:
            quote = await symbol.feed.fresh_quote(symbol.ticker)
        except (Transient, Rejected) as error:
            log.warning("no quote", extra={"ticker": symbol.ticker, "reason": str(error)})
        else:
            symbol.asked_at = self._desk.wire.now()
            self.take(symbol.feed, quote)

    def hears(self, symbol: Symbol) -> bool:
        """Whether its prices come in: by a feed that lives, or by asking."""
        if symbol.watched and symbol.feed.alive():
            return True
        return symbol.asked_at is not None and self._desk.wire.now() - symbol.asked_at <= ASKED_LATELY

    def tidy(self) -> None:
        """What could not be done at its time: subscriptions, and questions."""
        for each in self.symbols:
            if each.watched != bool(each.keys):
                self.subscribe(each)
            elif each.levels.doubt and each.quote is not None and each.quote.trading:
                self.ask(each)
