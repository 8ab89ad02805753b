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
from dashboard.board import Board
from dashboard.search import Listed

LOOKED_AT = timedelta(minutes=10)
"""So long after its page was drawn last a ticker stays subscribed to."""
WATCHED_MAX = 200
SWEEP_S = 2.0
AHEAD = timedelta(days=7)
AGAIN = timedelta(minutes=1)
"""Before a venue that could not say is asked again."""
ALWAYS = "24/7"


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


class Venues:
    """Knows its desk only by what it is asked about, so that both can go."""

    def __init__(self, clock: Clock, wire: Clock) -> None:
        self._clock, self._wire = clock, wire
        self._sessions: dict[tuple[str, str, date], Sequence[Session]] = {}
        self._failed: dict[tuple[str, str, date], datetime] = {}
        self._looks: dict[tuple[int, str], tuple[Feed, datetime]] = {}
        self._watched: dict[tuple[int, str], Feed] = {}
        self._sweeper: asyncio.Task[None] | None = None

    # prices

    def look(self, desk: Desk, shown: Collection[Listed]) -> None:
        """Subscribe to what a page shows, for as long as it is looked at."""
        now = self._wire.now()
        for each in shown:
            feed = desk.venues[each.account.name].feed
            self._looks[id(feed), each.instrument.ticker] = (feed, now)
        if self._looks and (self._sweeper is None or self._sweeper.done()):
            self._sweeper = asyncio.create_task(self._sweep(), name="looked at")

    async def _sweep(self) -> None:
        while self._looks or self._watched:
            now = self._wire.now()
            newest = sorted(self._looks.items(), key=lambda item: item[1][1], reverse=True)[:WATCHED_MAX]
            self._looks = {key: (feed, at) for key, (feed, at) in newest if now - at < LOOKED_AT}
            for key in self._looks.keys() - self._watched.keys():
                with suppress(Transient, Rejected):
                    await self._looks[key][0].watch(key[1])
                    self._watched[key] = self._looks[key][0]
            for key in self._watched.keys() - self._looks.keys():
                with suppress(Transient, Rejected):
                    await self._watched.pop(key).unwatch(key[1])
            await self._wire.sleep(SWEEP_S)

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
