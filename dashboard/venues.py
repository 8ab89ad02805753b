"""What pages ask of venues, seldom: prices of what is looked at, and when it trades."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from weakref import WeakKeyDictionary

from core.ports import Broker, Clock, Feed
from core.services.desk import Desk
from core.values.errors import Rejected, Transient
from core.values.market import Session
from core.values.money import Price
from core.values.people import Person
from dashboard.board import Board
from dashboard.search import Listed, Wanted, found

LOOKED_AT = timedelta(seconds=30)
"""So long after its page was drawn last a ticker is still asked for."""
FOLLOWED_MAX = 8
"""Subscriptions that pages may have: feeds allow few, and positions need them more."""
ASK_EVERY = timedelta(seconds=6)
SWEEP_S = 2.0
FOUND_AGAIN = timedelta(seconds=10)
AHEAD = timedelta(days=7)
AGAIN = timedelta(minutes=1)
"""Before a venue that could not say is asked again."""
ALWAYS = "24/7"
Key = tuple[int, str]
"""Which feed, and the ticker."""


@dataclass(frozen=True, slots=True)
class Hours:
    """trading: None where nobody knows. until: when that ends; None: it does not, or nobody knows."""

    trading: bool | None
    until: datetime | None


def venues(board: Board) -> Venues:
    """One for each desk, whatever page asks."""
    found = _KNOWN.get(board.desk)
    if found is None:
        found = _KNOWN[board.desk] = Venues(board.clock, board.wire)
    return found


@dataclass(frozen=True, slots=True)
class Look:
    """at: when a page showed it last. follow: every price matters, not only now and then the last."""

    feed: Feed
    at: datetime
    follow: bool


class Venues:
    """Knows its desk only by what it is asked about, so that both can go."""

    def __init__(self, clock: Clock, wire: Clock) -> None:
        self._clock, self._wire = clock, wire
        self._found: dict[tuple[Person, Wanted], tuple[datetime, list[Listed]]] = {}
        self._sessions: dict[tuple[str, str, date], Sequence[Session]] = {}
        self._failed: dict[tuple[str, str, date], datetime] = {}
        self._looks: dict[Key, Look] = {}
        self._followed: dict[Key, Feed] = {}
        self._lasts: dict[Key, Price] = {}
        self._asked: dict[int, datetime] = {}
        self._sweeper: asyncio.Task[None] | None = None

    def found(self, desk: Desk, person: Person, what: Wanted) -> list[Listed]:
        """As `dashboard.search.found`, which is not asked again at every price: what is listed changes by the day."""
        now = self._wire.now()
        known = self._found.get((person, what))
        if known is None or now - known[0] >= FOUND_AGAIN:
            self._found = {key: kept for key, kept in self._found.items() if now - kept[0] < FOUND_AGAIN}
            known = self._found[person, what] = (now, found(desk, person, what))
        return known[1]

    # prices

    def look(self, desk: Desk, shown: Collection[Listed], *, follow: bool = False) -> None:
        """Prices of what a page shows are wanted, as long as it is drawn again and again. follow: by a subscription."""
        now = self._wire.now()
        for each in shown:
            feed = desk.venues[each.account.name].feed
            self._looks[id(feed), each.instrument.ticker] = Look(feed, now, follow)
        if self._looks and (self._sweeper is None or self._sweeper.done()):
            self._sweeper = asyncio.create_task(self._sweep(), name="looked at")

    def last(self, desk: Desk, listed: Listed) -> Price | None:
        """What it traded at when it was asked for; for what no feed tells by itself."""
        return self._lasts.get((id(desk.venues[listed.account.name].feed), listed.instrument.ticker))

    async def _sweep(self) -> None:
        while self._looks or self._followed:
            now = self._wire.now()
            self._looks = {key: look for key, look in self._looks.items() if now - look.at < LOOKED_AT}
            self._lasts = {key: last for key, last in self._lasts.items() if key in self._looks}
            await self._follow()
            await self._ask(now)
            await self._wire.sleep(SWEEP_S)

    async def _follow(self) -> None:
        newest = sorted((key for key, look in self._looks.items() if look.follow), key=lambda key: self._looks[key].at)
        wanted = {key: self._looks[key].feed for key in newest[-FOLLOWED_MAX:]}
        for key in self._followed.keys() - wanted.keys():
            with suppress(Transient, Rejected):
                await self._followed.pop(key).unwatch(key[1])
        for key in wanted.keys() - self._followed.keys():
            with suppress(Transient, Rejected):
                await wanted[key].watch(key[1])
                self._followed[key] = wanted[key]

    async def _ask(self, now: datetime) -> None:
        """Of each feed at once, what it does not tell by itself."""
        unknown: dict[int, dict[str, Feed]] = {}
        for (feed_id, ticker), look in self._looks.items():
            if look.feed.quote(ticker) is None:
                unknown.setdefault(feed_id, {})[ticker] = look.feed
        for feed_id, tickers in unknown.items():
            asked = self._asked.get(feed_id)
            if asked is None or now - asked >= ASK_EVERY:
                self._asked[feed_id] = now
                with suppress(Transient, Rejected):
                    found = await next(iter(tickers.values())).last_prices(list(tickers))
                    self._lasts |= {(feed_id, ticker): price for ticker, price in found.items()}

    # hours

    async def hours(self, desk: Desk, listed: Listed) -> Hours:
        """By the venue's schedule, asked for once a day and calendar."""
        if listed.instrument.calendar == ALWAYS:
            return Hours(trading=True, until=None)
        now = self._clock.now()
        sessions = await self._schedule(desk.venues[listed.account.name].broker, listed, now)
        ahead = [session for session in sessions if session.closes_at > now]
        if not ahead:
            return Hours(None, None)
        if ahead[0].opens_at <= now:
            return Hours(trading=True, until=ahead[0].closes_at)
        return Hours(trading=False, until=ahead[0].opens_at)

    async def _schedule(self, broker: Broker, listed: Listed, now: datetime) -> Sequence[Session]:
        instrument = listed.instrument
        key = (listed.account.name, instrument.calendar or instrument.ticker, now.date())
        if key in self._sessions:
            return self._sessions[key]
        failed = self._failed.get(key)
        if failed is not None and self._wire.now() - failed < AGAIN:
            return []
        self._sessions = {known: found for known, found in self._sessions.items() if known[2] == now.date()}
        try:
            found = await broker.schedule(instrument, now - timedelta(days=1), now + AHEAD)
        except (Transient, Rejected):
            self._failed[key] = self._wire.now()
            return []
        self._sessions[key] = found
        return found


_KNOWN: WeakKeyDictionary[Desk, Venues] = WeakKeyDictionary()
