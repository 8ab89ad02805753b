"""The port over the wire of tests/servers/broker.py: what any adapter to a real venue has to get right."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any, TypeVar

from core.ports import Clock
from core.rules.sessions import sessions
from core.values.accounts import Margin
from core.values.capabilities import Capabilities
from core.values.errors import OutcomeUnknown, Rejected, Transient
from core.values.fills import Fill, Holding
from core.values.ids import AccountName
from core.values.instrument import Instrument
from core.values.market import Candle, Quote, Session
from core.values.money import Price
from core.values.orders import ApprovedOrder, Order, OrderTicket
from tests.wire import translate
from tests.wire.client import Client, NoAnswer

T = TypeVar("T")
log = logging.getLogger(__name__)

BACK_S = 0.2
OVERLAP = timedelta(seconds=10)


class WireFeed:
    """Quotes of the venue's stream, which tells every ticker's."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._quotes: dict[str, Quote] = {}
        self._listeners: list[Callable[[Quote], None]] = []
        self._watched: Counter[str] = Counter()
        self.connected = False

    def take(self, quote: Quote) -> None:
        self._quotes[quote.ticker] = quote
        for listener in self._listeners:
            listener(quote)

    def quote(self, ticker: str) -> Quote | None:
        return self._quotes.get(ticker)

    async def fresh_quote(self, ticker: str) -> Quote:
        row = await self._client.read(f"/quotes/{ticker}")
        if row is None:
            raise Rejected("unknown_ticker", ticker)
        try:
            self.take(translate.quote(row))
        except translate.UNREADABLE as error:
            raise Transient(f"unreadable quote: {error!r}") from error
        return self._quotes[ticker]

    def listen(self, listener: Callable[[Quote], None]) -> None:
        self._listeners.append(listener)

    async def watch(self, ticker: str) -> None:
        self._watched[ticker] += 1

    async def unwatch(self, ticker: str) -> None:
        self._watched[ticker] -= 1

    def alive(self) -> bool:
        return self.connected

    async def last_prices(self, tickers: Collection[str]) -> Mapping[str, Price]:
        known = [self._quotes[ticker] for ticker in tickers if ticker in self._quotes]
        return {quote.ticker: quote.last for quote in known if quote.last is not None}

    async def candles(self, ticker: str, start: datetime, end: datetime, interval_s: int) -> Sequence[Candle]:
        return []


class WireBroker:
    """Broker (core.ports). `feed`: its own prices."""

    def __init__(self, account: AccountName, capabilities: Capabilities, client: Client, wire: Clock) -> None:
        self.account, self.capabilities = account, capabilities
        self.feed = WireFeed(client)
        self._client, self._wire = client, wire
        self._instruments: dict[str, Instrument] = {}
        self._events: asyncio.Queue[OrderTicket | Fill | None] = asyncio.Queue()
        self._listening: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()
        self._heard = wire.now()
        self._number, self._numbered = 0, asyncio.Event()

    async def start(self) -> None:
        await self._client.open()
        rows = await self._list("/ask/instruments", translate.instrument)
        self._instruments = {instrument.ticker: instrument for instrument in rows}
        self._listening = asyncio.create_task(self._listen(), name=f"stream {self.account}")
        await self._connected.wait()

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        await self._client.close()
        self._events.put_nowait(None)

    # orders

    async def place(self, order: ApprovedOrder) -> OrderTicket:
        order_id = order.request.id
        try:
            body = translate.order_body(order.request)
            status, wait, answer = await self._client.call("POST", "/orders/place", body=body)
            if status == 200:
                return translate.ticket(answer)
            if status == 429:
                raise Transient("too many requests", wait or 1.0)
            if 400 <= status < 500:
                raise Rejected(answer["code"], answer["reason"])
        except NoAnswer as error:
            raise OutcomeUnknown(order_id, str(error)) from error
        except translate.UNREADABLE as error:
            raise OutcomeUnknown(order_id, f"unreadable: {error!r}") from error
        raise OutcomeUnknown(order_id, f"the venue answered {status}")

    async def cancel(self, order: Order) -> OrderTicket:
        try:
            status, wait, answer = await self._client.call("POST", "/orders/cancel", translate.naming(order))
            if status == 200:
                return translate.ticket(answer)
        except NoAnswer as error:
            raise Transient(str(error)) from error
        except translate.UNREADABLE as error:
            raise Transient(f"unreadable: {error!r}") from error
        if status == 404:
            raise Rejected("unknown_order", order.id)
        raise Transient(f"cancel: {status}", wait or 1.0)

    async def find(self, order: Order) -> OrderTicket | None:
        row = await self._client.read("/orders/find", translate.naming(order))
        return None if row is None else _read(translate.ticket, row)

    async def open_orders(self) -> Sequence[OrderTicket]:
        return await self._list("/ask/orders", translate.ticket)

    async def stop_orders(self) -> Sequence[OrderTicket]:
        return await self._list("/ask/stop_orders", translate.ticket)

    async def fills_since(self, moment: datetime) -> Sequence[Fill]:
        return await self._list("/ask/fills", self._fill, {"since": moment.isoformat()})

    async def positions(self) -> Sequence[Holding]:
        return await self._list("/ask/positions", translate.holding)

    async def margin(self) -> Margin:
        return _read(translate.margin, await self._client.read("/ask/margin"))

    async def cash(self) -> Mapping[str, str]:
        answer: Mapping[str, str] = await self._client.read("/ask/cash")
        return answer

    def calls_left(self) -> Mapping[str, int]:
        return {}  # nothing is counted

    async def instruments(self) -> Sequence[Instrument]:
        return list(self._instruments.values())

    async def schedule(self, instrument: Instrument, start: datetime, end: datetime) -> Sequence[Session]:
        return sessions(instrument.calendar, start, end)

    # the stream

    async def events(self) -> AsyncIterator[OrderTicket | Fill]:
        """One reader at a time. An event counts as taken when its reader asks for the next."""
        while True:
            event = await self._events.get()
            try:
                if event is None:
                    return
                yield event
            finally:
                self._events.task_done()

    async def settled(self, number: int) -> None:
        """Return once the reader has dealt with the stream's message of this number and all before it."""
        while self._number < number:
            await self._numbered.wait()
        await self._events.join()

    async def _listen(self) -> None:
        """For ever; each time it comes back, what was missed is asked for."""
        while True:
            try:
                async with aclosing(self._client.stream()) as messages:
                    async for message in messages:
                        if message is None:
                            await self._catch_up()
                        else:
                            self._take(message)
            except Transient as error:
                log.warning("stream broken", extra={"account": self.account, "reason": error.reason})
            except translate.UNREADABLE as error:
                log.warning("stream unreadable", extra={"account": self.account, "reason": repr(error)})
            self.feed.connected = False
            await self._wire.sleep(BACK_S)

    async def _catch_up(self) -> None:
        if self._connected.is_set():
            since = {"since": (self._heard - OVERLAP).isoformat()}
            for fill in await self._list("/ask/fills", self._fill, since):
                self._events.put_nowait(fill)
            for ticket in await self._list("/ask/changed", translate.ticket, since):
                self._events.put_nowait(ticket)
        self.feed.connected = True
        self._connected.set()

    def _take(self, message: Mapping[str, Any]) -> None:
        self._heard = self._wire.now()
        match message["kind"]:
            case "quote":
                self.feed.take(translate.quote(message["what"]))
            case "ticket":
                self._events.put_nowait(translate.ticket(message["what"]))
            case "fill":
                self._events.put_nowait(self._fill(message["what"]))
        self._number = message["number"]
        self._numbered.set()
        self._numbered = asyncio.Event()

    # reading

    def _fill(self, row: Mapping[str, Any]) -> Fill:
        return translate.fill(row, self.account)

    async def _list(self, path: str, read: Callable[[Any], T], query: Mapping[str, str] | None = None) -> list[T]:
        rows = await self._client.read(path, query)
        return _read(lambda found: [read(row) for row in found], rows)


def _read(read: Callable[[Any], T], row: Any) -> T:
    try:
        return read(row)
    except translate.UNREADABLE as error:
        raise Transient(f"unreadable: {error!r}") from error
