"""GET /events: what changed, as server-sent events. Snapshots, not history: a slow or late page misses nothing.

Every stream has only marks of what is dirty, no queue: it wakes, reads what is so, sends what differs from what it
sent before, and rests. A client that does not read is cut off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aiohttp import web

from core.values.changes import Change
from core.values.errors import Transient
from core.values.ids import UserId
from core.values.market import Quote
from core.values.orders import Key
from core.values.people import Person, Role
from dashboard import rows
from dashboard.board import Board
from dashboard.gate import Gate
from dashboard.rows import Row
from kit.http import ApiError, dump_json

PACE_S = 0.25
BEAT_S = 1.0
SLOW_S = 5.0
STREAMS_MAX = 32
SHOWN = 30
PRICES_MAX = 60
ACCOUNTS_AGE = timedelta(seconds=3)
"""Money is asked of the broker, whose calls are counted: not more often than this."""


@dataclass(slots=True, eq=False)
class _Stream:
    """stored: the journal changed. tickers: quotes that changed; None: all are wanted."""

    woken: asyncio.Event = field(default_factory=asyncio.Event)
    stored: bool = True
    tickers: set[str] | None = None
    sent: dict[str, bytes] = field(default_factory=dict)


class Live:
    def __init__(self, board: Board, gate: Gate) -> None:
        self._board = board
        self._gate = gate
        self._streams: set[_Stream] = set()
        self._feeds: set[int] = set()
        self._accounts: dict[UserId, tuple[datetime, list[Row]]] = {}
        board.store.listen(self._stored)
        board.desk.ledger.listeners.append(self._moved)

    # what wakes streams: called in the event loop, often, so they do next to nothing

    def _stored(self, _changes: Sequence[Change]) -> None:
        for stream in self._streams:
            stream.stored = True
            stream.woken.set()

    def _moved(self, _key: Key) -> None:
        for stream in self._streams:
            stream.woken.set()

    def _quoted(self, quote: Quote) -> None:
        for stream in self._streams:
            if stream.tickers is not None:
                stream.tickers.add(quote.ticker)
            stream.woken.set()

    def _hear_feeds(self) -> None:
        """Feeds of accounts that came later are found when the next page opens."""
        for venue in self._board.desk.venues.values():
            if id(venue.feed) not in self._feeds:
                self._feeds.add(id(venue.feed))
                venue.feed.listen(self._quoted)

    # streams

    async def answer(self, request: web.Request, _person: Person) -> web.StreamResponse:
        if len(self._streams) >= STREAMS_MAX:
            raise ApiError(503, "too_many_streams", "too many pages are open")
        self._hear_feeds()
        stream = _Stream()
        self._streams.add(stream)
        try:
            return await self._run(request, stream)
        finally:
            self._streams.discard(stream)

    async def _run(self, request: web.Request, stream: _Stream) -> web.StreamResponse:
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        was_ready = self._board.ready()
        with suppress(ConnectionError, ApiError):
            # Once not ready any more, the desk is closing: streams must not hold it up.
            while self._board.ready() or not was_ready:
                was_ready = was_ready or self._board.ready()
                person = self._gate.person(request)  # a session may end while its page stays open
                if not await _sent(response, await self._event(stream, person)):
                    if request.transport is not None:
                        request.transport.abort()
                    break
                await self._board.wire.sleep(PACE_S)
                with suppress(TimeoutError):
                    async with asyncio.timeout(BEAT_S):
                        await stream.woken.wait()
        return response

    async def _event(self, stream: _Stream, person: Person) -> bytes:
        """What differs from what was sent before, or a beat."""
        stream.woken.clear()
        now = {name: dump_json(value) for name, value in (await self._news(stream, person)).items()}
        news = {name: told for name, told in now.items() if told != stream.sent.get(name)}
        if not news:
            return b"event: beat\ndata: {}\n\n"
        stream.sent |= news
        return b"event: news\ndata: {%s}\n\n" % b",".join(b'"%s":%s' % (n.encode(), t) for n, t in news.items())

    async def _news(self, stream: _Stream, person: Person) -> dict[str, object]:
        stored, stream.stored = stream.stored, False
        now = self._board.clock.now()
        views = self._board.portfolio.positions(person)
        news: dict[str, object] = {
            "state": self._state(),
            "prices": self._prices(stream, person),
            "positions": [rows.position_row(view, now) for view in views],
            "accounts": await self._money(person),
        }
        return news | await self._journal(person) if stored else news

    def _state(self) -> Row:
        safety = self._board.desk.safety
        halt = safety.halt
        return {
            "risk_state": safety.state(),
            "ready": self._board.ready(),
            "halt": None if halt is None else {"at": halt.at, "by": halt.by, "reason": halt.reason},
        }

    def _prices(self, stream: _Stream, person: Person) -> list[Row]:
        """Those that changed; at first all that have a quote."""
        dirty, stream.tickers = stream.tickers, set()
        return [
            rows.instrument_row(view)
            for view in self._board.portfolio.instruments(person)
            if view.quote is not None and (dirty is None or view.instrument.ticker in dirty)
        ][:PRICES_MAX]

    async def _journal(self, person: Person) -> dict[str, object]:
        store = self._board.store
        owner = None if person.role is Role.ADMIN else person.master
        alerts, orders, fills, notices = (
            await store.alerts(SHOWN, None, owner),
            await store.orders(SHOWN, None, owner),
            await store.fills(SHOWN, None, owner),
            await store.notices(SHOWN, None, owner),
        )
        return {
            "alerts": [rows.alert_row(record) for record in alerts.items],
            "orders": [rows.order_row(order) for order in orders.items],
            "fills": [rows.fill_row(fill) for fill in fills.items],
            "notices": [rows.notice_row(notice, person.language) for notice in notices.items],
        }

    async def _money(self, person: Person) -> list[Row]:
        """As the brokers said it a moment ago; what was known before, while they cannot be asked."""
        now = self._board.wire.now()
        at, known = self._accounts.get(person.id, (None, []))
        if at is not None and now - at < ACCOUNTS_AGE:
            return known
        with suppress(Transient):
            known = [rows.account_row(view) for view in await self._board.portfolio.accounts(person)]
        self._accounts[person.id] = (now, known)
        return known


async def _sent(response: web.StreamResponse, event: bytes) -> bool:
    """False for a client that did not take it in time."""
    try:
        async with asyncio.timeout(SLOW_S):
            await response.write(event)
    except TimeoutError:
        return False
    return True
