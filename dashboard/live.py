"""GET /events?page=NAME&at=MARK: the parts of a page whose HTML has changed, as server-sent events.

Every page that is open has a channel: what is so, as one person sees it. It is drawn at most once in PACE_S, whoever
and however many look at it; the streams send of it what differs from what they sent before. Snapshots, not history: a
slow or late page misses nothing. An event's id is the mark of all that the page shows afterwards, so that after a break
only what changed meanwhile is sent. A client that does not read is cut off.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress

from aiohttp import web

from core.values.errors import Transient
from core.values.ids import UserId
from core.values.market import Quote
from core.values.people import Person
from dashboard.board import Board
from dashboard.frame import pulse
from dashboard.gate import Gate
from dashboard.screens import Screens, Shot
from dashboard.view import Query, View, Wakes
from kit.http import ApiError, dump_json

PACE_S = 0.25
BEAT_S = 2.0
SLOW_S = 5.0
STREAMS_MAX, STREAMS_EACH = 32, 8
"""Of everybody, and of one person."""


class Channel:
    """One page as one person sees it, for all of its streams."""

    def __init__(self, board: Board, screens: Screens, view: View, person: Person, query: Query) -> None:
        self._board, self._screens = board, screens
        self._view, self._person, self._query = view, person, query
        self._lock = asyncio.Lock()
        self._dirty = True
        self._pulse: object = None
        self._at = board.wire.now()
        self._shot = Shot({}, {})
        self.streams: set[asyncio.Event] = set()

    def wake(self, what: Wakes) -> None:
        """Called in the event loop, often, so it does next to nothing."""
        if what & self._view.wakes or what is Wakes.JOURNAL:  # the frame counts what waits
            self._dirty = True
            for stream in self.streams:
                stream.set()

    async def now(self) -> Shot:
        """What is so; drawn only where something may have changed. As it was, while the desk cannot say."""
        async with self._lock:
            felt, at = pulse(self._board), self._board.wire.now()
            aged = Wakes.TIME in self._view.wakes and (at - self._at).total_seconds() >= BEAT_S
            if self._dirty or aged or felt != self._pulse:
                self._dirty, self._pulse, self._at = False, felt, at
                with suppress(Transient):
                    self._shot = await self._screens.shot(self._view, self._person, self._query)
            return self._shot


class Live:
    """board: as `dashboard.recent.reading` makes it."""

    def __init__(self, board: Board, gate: Gate, screens: Screens) -> None:
        self._board = board
        self._gate = gate
        self._screens = screens
        self._channels: dict[object, Channel] = {}
        self._feeds: set[int] = set()
        self._open = Counter[UserId]()
        board.store.listen(lambda _changes: self._wake(Wakes.JOURNAL))
        board.desk.ledger.listeners.append(lambda _key: self._wake(Wakes.BOOKS))

    def _wake(self, what: Wakes) -> None:
        for channel in self._channels.values():
            channel.wake(what)

    def _quoted(self, _quote: Quote) -> None:
        if self._channels:
            self._wake(Wakes.QUOTES)

    def _hear_feeds(self) -> None:
        """Feeds of accounts that came later are found when the next page opens."""
        for venue in self._board.desk.venues.values():
            if id(venue.feed) not in self._feeds:
                self._feeds.add(id(venue.feed))
                venue.feed.listen(self._quoted)

    async def answer(self, request: web.Request, person: Person) -> web.StreamResponse:
        """Raises ApiError 404 for an unknown page, 503 for one too many, and what drawing it raises."""
        view = self._screens.by_name.get(request.query.get("page", "now"))
        if view is None:
            raise ApiError(404, "not_found", "there is no such page", "page")
        if self._open.total() >= STREAMS_MAX or self._open[person.id] >= STREAMS_EACH:
            raise ApiError(503, "too_many_streams", "too many pages are open")
        query = understood(view, request.query)
        self._hear_feeds()
        self._open[person.id] += 1
        try:
            return await self._with_channel(request, view, person, query)
        finally:
            self._open[person.id] -= 1
            self._open += Counter()  # who has none left is forgotten

    async def _with_channel(
        self, request: web.Request, view: View, person: Person, query: Mapping[str, str]
    ) -> web.StreamResponse:
        key = (view.name, person, frozenset(query.items()))
        channel = self._channels.setdefault(key, Channel(self._board, self._screens, view, person, query))
        woken = asyncio.Event()
        channel.streams.add(woken)
        try:
            await channel.now()  # a page that cannot be drawn answers with its error, before the stream begins
            return await self._run(request, person, channel, woken)
        finally:
            channel.streams.discard(woken)
            if not channel.streams:
                del self._channels[key]

    async def _run(
        self, request: web.Request, person: Person, channel: Channel, woken: asyncio.Event
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        was_ready = self._board.ready()
        mark = request.headers.get("Last-Event-ID") or request.query.get("at", "")
        with suppress(ConnectionError, ApiError):
            # Once not ready any more, the desk is closing: streams must not hold it up.
            while self._board.ready() or not was_ready:
                was_ready = was_ready or self._board.ready()
                if self._gate.person(request, use=False) != person:
                    break  # another role or language by now: the page comes again and gets another channel
                woken.clear()
                shot = await channel.now()
                if not await _sent(response, _event(shot, mark)):
                    if request.transport is not None:
                        request.transport.abort()
                    break
                mark = shot.mark
                await self._board.wire.sleep(PACE_S)
                with suppress(TimeoutError):
                    async with asyncio.timeout(BEAT_S):
                        await woken.wait()
        return response


def understood(view: View, query: Query) -> Query:
    """What the page reads of an address: invented names must not make a channel, and a drawing, of their own."""
    return {name: value for name, value in query.items() if name in view.query}


def _event(shot: Shot, mark: str) -> bytes:
    """What differs, or a beat."""
    news = shot.news(mark)
    if not news:
        return b"event: beat\ndata: {}\n\n"
    return b"id: %s\nevent: news\ndata: %s\n\n" % (shot.mark.encode(), dump_json(news))


async def _sent(response: web.StreamResponse, event: bytes) -> bool:
    """False for a client that did not take it in time."""
    try:
        async with asyncio.timeout(SLOW_S):
            await response.write(event)
    except TimeoutError:
        return False
    return True
