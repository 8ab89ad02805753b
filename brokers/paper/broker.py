"""A broker for play that can be trusted: real rules, real book, made-up money. Its memory is the desk's journal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from brokers.paper.faults import HIDDEN_ANSWERS, Fault, Faults
from brokers.paper.venue import Terms, Venue
from core.ports import Feed, World
from core.rules.sessions import sessions
from core.values.accounts import Account, Margin
from core.values.errors import OutcomeUnknown, Rejected, Transient
from core.values.fills import Fill, Holding
from core.values.ids import OrderId
from core.values.instrument import Instrument
from core.values.market import Quote, Session
from core.values.money import plain
from core.values.orders import ApprovedOrder, Order, OrderTicket

KEPT = 1000
"""Orders that are over and still known; a day of many alerts must not fill the memory of a small machine."""
RETOLD = 50
"""Fills told once more after a disconnect, as a venue's stream does when it comes back."""


class Market(Feed, Protocol):
    """A feed that also lists what may be traded on it."""

    def instruments(self, currency: str) -> Sequence[Instrument]: ...


class PaperBroker:
    """Broker (core.ports) over any Market.

    Orders fill by core.rules.matching against each quote of the feed: `take_quote` is its listener, so when the feed
    has told a quote, the fills of it are in the event stream. Waiting stops and reduce-only orders hold no margin;
    everything else needs notional / leverage_max. After a restart it is what World's orders and fills say; a stop
    order that had fired without a fill waits again.
    """

    def __init__(self, account: Account, terms: Terms, market: Market, world: World) -> None:
        self.account, self.capabilities = account.name, terms.capabilities
        self._terms, self._market, self._clock, self._wire = terms, market, world.clock, world.wire
        self._instruments = {i.ticker: i for i in market.instruments(terms.currency)}
        self._events: asyncio.Queue[OrderTicket | Fill | None] = asyncio.Queue()
        self._readers = 0
        self._open = False
        self._watched: set[str] = set()
        self._alarms: dict[datetime, asyncio.Task[None]] = {}
        self._faults = Faults()
        self._venue = Venue(account, terms, market, self._instruments, world.clock, self._events.put_nowait, KEPT)
        self._venue.remember(world.orders, world.fills)

    async def start(self) -> None:
        self._open = True
        self._market.listen(self.take_quote)
        for ticker in sorted(self._venue.tickers() & self._instruments.keys()):
            await self._see(ticker)
        self._set_alarms()

    async def close(self) -> None:
        self._open = False
        for ticker in self._watched:
            await self._market.unwatch(ticker)
        self._watched.clear()
        alarms = list(self._alarms.values())
        for alarm in alarms:
            alarm.cancel()
        await asyncio.gather(*alarms, return_exceptions=True)
        self._events.put_nowait(None)

    # ----------------------------------------------------------------------------------------------------- orders

    async def place(self, order: ApprovedOrder) -> OrderTicket:
        request, fault = order.request, self._faults.at_placing()
        await self._meet(fault, request.id)
        if self._terms.latency_s:
            await self._wire.sleep(self._terms.latency_s)
        if request.ticker not in self._instruments:
            raise Rejected("unknown_ticker", request.ticker)
        await self._see(request.ticker)
        ticket = self._venue.accept(request)
        self._set_alarms()
        if fault and fault.name in HIDDEN_ANSWERS:
            raise OutcomeUnknown(request.id, HIDDEN_ANSWERS[fault.name])
        return ticket

    async def cancel(self, order: Order) -> OrderTicket:
        self._reach()
        row = self._venue.row(order)
        if row is None:
            raise Rejected("unknown_order", order.id)
        self._venue.cancel(row)
        return row.ticket()

    async def find(self, order: Order) -> OrderTicket | None:
        self._reach()
        row = self._venue.row(order)
        return None if row is None else row.ticket()

    async def open_orders(self) -> Sequence[OrderTicket]:
        self._reach()
        return [row.ticket() for row in self._venue.working_rows() if row.working and not row.working.waiting]

    async def stop_orders(self) -> Sequence[OrderTicket]:
        self._reach()
        return [row.ticket() for row in self._venue.working_rows() if row.working and row.working.waiting]

    # ------------------------------------------------------------------------------------------- fills and holdings

    async def fills_since(self, moment: datetime) -> Sequence[Fill]:
        self._reach()
        return [fill for fill in self._venue.fills if fill.at >= moment]

    async def events(self) -> AsyncIterator[OrderTicket | Fill]:
        """One reader at a time. An event counts as taken (`settled`) when its reader asks for the next."""
        self._readers += 1
        try:
            while True:
                event = await self._events.get()
                try:
                    if event is None:
                        return
                    yield event
                finally:
                    self._events.task_done()
        finally:
            self._readers -= 1

    async def settled(self) -> None:
        """Return once the reader of `events` has dealt with all that happened so far; at once where nobody reads."""
        if self._readers and self._open:
            await self._events.join()

    async def positions(self) -> Sequence[Holding]:
        self._reach()
        return self._venue.ledger.holdings()

    async def margin(self) -> Margin:
        self._reach()
        return self._venue.margin()

    async def cash(self) -> Mapping[str, str]:
        self._reach()
        return {self._terms.currency: plain(self._venue.ledger.cash())}

    def calls_left(self) -> Mapping[str, int]:
        return {}  # nothing is counted

    async def instruments(self) -> Sequence[Instrument]:
        return list(self._instruments.values())

    async def schedule(self, instrument: Instrument, start: datetime, end: datetime) -> Sequence[Session]:
        return sessions(instrument.calendar, start, end)

    # ---------------------------------------------------------------------------------------------- beyond the port

    def take_quote(self, quote: Quote) -> None:
        """Let every working order meet a new quote. What came of it is in the event stream when this returns."""
        if self._open and quote.ticker in self._instruments:
            self._venue.take_quote(quote)

    def script(self, next: str, count: int = 1, **params: float) -> None:  # noqa: A002  -- the demo route's word
        """Let the next `count` placings meet a fault of brokers.paper.faults. Raises ValueError naming those there are.

        disconnect also meets reads and cancels, and the event stream tells the last fills once more.
        """
        if self._faults.script(next, count, **params) == "disconnect":
            for fill in self._venue.fills[-RETOLD:]:
                self._events.put_nowait(fill)

    # ------------------------------------------------------------------------------------------------------- inside

    async def _meet(self, fault: Fault | None, order_id: OrderId) -> None:
        """Faults that strike before the order arrives."""
        match fault:
            case Fault("delay", params):
                await self._wire.sleep(params.get("seconds", 1.0))
            case Fault("refuse"):
                raise Rejected("refused", "a scripted refusal")
            case Fault("too_many_requests", params):
                raise Transient("too many requests", params.get("retry_after", 1.0))
            case Fault("drop"):
                raise OutcomeUnknown(order_id, "the connection dropped before the order arrived")
            case Fault("disconnect"):
                raise OutcomeUnknown(order_id, "disconnected")

    def _reach(self) -> None:
        """Every read and cancel comes through here."""
        if self._faults.at_reading():
            raise Transient("disconnected")
        self._venue.expire()

    def _set_alarms(self) -> None:
        """An order's end is told when its time comes, also where no quote comes with it."""
        for moment in self._venue.expiries() - self._alarms.keys():
            self._alarms[moment] = asyncio.create_task(self._expire_at(moment), name=f"{self.account}: expiry")

    async def _expire_at(self, moment: datetime) -> None:
        while (left := (moment - self._clock.now()).total_seconds()) > 0:
            await self._clock.sleep(left)
        self._venue.expire()
        del self._alarms[moment]

    async def _see(self, ticker: str) -> None:
        """Have a book for `ticker`, from now on kept up by the feed."""
        if ticker not in self._watched:
            self._watched.add(ticker)
            await self._market.watch(ticker)
        if not self._venue.knows_book(ticker):
            self.take_quote(await self._market.fresh_quote(ticker))
