"""The Broker port over Alpaca."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial

from brokers.alpaca import codes, listing, translate
from brokers.alpaca.account import Money
from brokers.alpaca.client import BUDGETS, Client, Refusal
from brokers.alpaca.ending import LEAVING, Endings
from brokers.alpaca.feed import AlpacaFeed
from brokers.alpaca.hours import Calendar
from brokers.alpaca.records import Records, Word
from brokers.alpaca.stream import Stream
from brokers.reading import UNREADABLE, asking, number, placing, readable
from brokers.told import Told
from brokers.urgency import URGENCY
from core.ports import World
from core.values.accounts import Account, Margin
from core.values.capabilities import Capabilities, Idempotency
from core.values.errors import OutcomeUnknown, Rejected, Transient
from core.values.fills import Fill, Holding
from core.values.ids import BrokerOrderId
from core.values.instrument import Instrument
from core.values.market import Session
from core.values.money import plain
from core.values.orders import (
    ApprovedOrder,
    Order,
    OrderRequest,
    OrderState,
    OrderTicket,
    OrderType,
    Purpose,
)

log = logging.getLogger(__name__)

CAPABILITIES = Capabilities(Idempotency.ALWAYS, reduce_only=False, budgets=BUDGETS)
"""An id is taken for ever. Brackets it has, and the port no way to ask for one: docs/decisions/0017-alpaca.md."""
HELD_S = 1.0
"""Shares of an order that just ended may be held for it a moment longer."""


class AlpacaBroker:
    """Broker (core.ports). `feed`: its own prices. extended: trade before and after the regular session, too.
    fractional: parts of shares may be traded."""

    def __init__(
        self, account: Account, client: Client, world: World, *, extended: bool = False, fractional: bool = False
    ) -> None:
        self.account, self.capabilities = account.name, CAPABILITIES
        self._client, self._fractional = client, fractional
        self._clock = world.clock
        self._calendar = Calendar(client, world.clock, extended=extended)
        self._money = Money(client, account.currency)
        self._records = Records(client, account.name, world.clock, world.wire)
        self._endings = Endings(client, self._records, world.clock, world.wire)
        self._orders = [order for order in world.orders if order.state is not OrderState.INTENDED]
        self._listed: dict[str, Instrument] = {}
        self._listed_on: date | None = None
        self.feed = AlpacaFeed(client, self._calendar, self._listed, world)
        self._told = Told()
        self._tasks: list[asyncio.Task[None]] = []
        self._stream = Stream(client, self._records, world, self._tell)

    async def start(self) -> None:
        """Where it fails nothing stays behind, and it may be tried again."""
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise

    async def _start(self) -> None:
        await self._client.open()
        await self._money.look()
        now = self._clock.now()
        await self._calendar.regular()
        await self._calendar.schedule(now, now)
        await self.instruments()
        for order in self._orders:
            self._records.remember(order.request, order.broker_id)
        link = self._stream.open()
        self._tasks = [
            asyncio.create_task(link.run(), name=f"orders of {self.account}"),
            asyncio.create_task(self._endings.in_time(self._tell), name=f"dated orders of {self.account}"),
        ]
        await link.first
        await self.feed.start(lambda: link.alive)

    async def close(self) -> None:
        await self._stop()
        self._told.end()

    async def _stop(self) -> None:
        await self.feed.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self._client.close()

    # orders

    async def place(self, order: ApprovedOrder) -> OrderTicket:
        request = order.request
        body = await self._body(request)
        self._records.remember(request)
        with placing(request.id):
            return await self._taken(request, body)

    async def _taken(self, request: OrderRequest, body: Mapping[str, object]) -> OrderTicket:
        """What became of it. Raises Transient, Rejected or OutcomeUnknown, and what `placing` makes one of."""
        try:
            return await self._place(request, body)
        except Refusal as no:
            if no.word == codes.REPEATED:
                return await self._first_of(request)
            held = number(no.body.get("held_for_orders")) > 0
            self._records.forget(request.id)
            if held and request.purpose in LEAVING:
                raise Transient(str(no), HELD_S) from no
            raise no.rejected() from no
        except Transient:
            self._records.forget(request.id)
            raise

    async def _body(self, request: OrderRequest) -> dict[str, object]:
        """What is to be sent. Raises Rejected for what this venue would not take, or would keep for another day."""
        instrument = self._listed.get(request.ticker.upper())
        if instrument is None:
            raise Rejected("unknown_ticker", request.ticker)
        if request.quantity <= 0 or not instrument.on_step(request.quantity):
            raise Rejected("bad_quantity", f"{plain(request.quantity)} is no multiple of {plain(instrument.step)}")
        standing = self._money.standing
        if request.purpose is Purpose.ENTRY and standing is not None and standing.day_trades_left == 0:
            raise Rejected("day_trades", "another entry could not be left today")
        extended = not request.type.triggered and not await self._calendar.regular()
        if extended and not self._calendar.open():
            raise Rejected("market_closed", request.ticker)
        if extended and (request.type is not OrderType.LIMIT or translate.immediate(request)):
            raise Rejected("limit_only", "limit orders that rest, before and after the regular session")
        try:
            return translate.order_body(request, extended=extended)
        except ValueError as error:
            raise Rejected("bad_price", str(error)) from error

    async def _place(self, request: OrderRequest, body: Mapping[str, object]) -> OrderTicket:
        urgency = URGENCY[request.purpose]
        sending = partial(self._client.call, "POST", "/v2/orders", urgency, body=body)
        try:
            row = await sending()
        except Refusal as no:
            if no.word != codes.OPPOSITE or request.purpose not in LEAVING or not await self._endings.make_way(request):
                raise
            row = await sending()
        heard = self._records.knows(BrokerOrderId(row["id"]))
        self._records.remember(request)
        ticket = self._records.read(row)
        if not heard:
            self._stream.owe(ticket.broker_id)
        return ticket if request.type.triggered or not translate.pending(row) else await self._settled(request, ticket)

    async def _settled(self, request: OrderRequest, ticket: OrderTicket) -> OrderTicket:
        """What became of an order that was only on its way: the stream's word, or one look."""
        try:
            told = await self._records.word(ticket.broker_id, partial(translate.settled, request))
            if told is None:
                told = await self._records.row(f"/v2/orders/{ticket.broker_id}", None, URGENCY[request.purpose])
            return ticket if told is None else self._records.read(told)
        except (Transient, Rejected, *UNREADABLE):
            return ticket  # the stream will tell

    async def _first_of(self, request: OrderRequest) -> OrderTicket:
        """The venue knows the id: what became of the order that brought it first."""
        now = self._clock.now()
        try:
            ticket = await self.find(Order(request, OrderState.SENT, now, now))
        except (Transient, Rejected) as error:
            raise OutcomeUnknown(request.id, f"repeated: {error}") from error
        if ticket is None:
            raise OutcomeUnknown(request.id, "the venue knows the id and not the order")
        return ticket

    async def cancel(self, order: Order) -> OrderTicket:
        with asking("order"):
            told = await self._endings.cancel(order)
        if told is None:
            raise Rejected("unknown_order", order.id)
        return told

    async def find(self, order: Order) -> OrderTicket | None:
        with asking("order"):
            return await self._records.find(order)

    async def open_orders(self) -> Sequence[OrderTicket]:
        with asking("orders"):
            return [ticket for ticket in await self._records.standing() if not ticket.type.triggered]

    async def stop_orders(self) -> Sequence[OrderTicket]:
        with asking("stop orders"):
            return [ticket for ticket in await self._records.standing() if ticket.type.triggered]

    async def fills_since(self, moment: datetime) -> Sequence[Fill]:
        with asking("fills"):
            return await self._records.fills_since(moment)

    # the account and what it may trade

    async def positions(self) -> Sequence[Holding]:
        return await self._money.positions()

    async def margin(self) -> Margin:
        return await self._money.margin()

    async def cash(self) -> Mapping[str, str]:
        return await self._money.cash()

    def calls_left(self) -> Mapping[str, int]:
        return self._client.limits.left()

    async def instruments(self) -> Sequence[Instrument]:
        """Asked for anew on a new day (UTC); a list that fails leaves all as it was. Raises Transient or Rejected."""
        today = self._clock.now().date()
        if self._listed_on != today:
            read = partial(
                listing.instruments,
                shorts=self._money.standing is not None and self._money.standing.shorts,
                fractional=self._fractional,
            )
            with readable("assets"):
                rows = await self._client.ask("/v2/assets", {"status": "active", "asset_class": "us_equity"}, read=read)
            self._listed.clear()
            self._listed.update({instrument.ticker: instrument for instrument in rows})
            self._listed_on = today
        return list(self._listed.values())

    async def schedule(self, _instrument: Instrument, start: datetime, end: datetime) -> Sequence[Session]:
        return await self._calendar.schedule(start, end)

    # the stream

    def events(self) -> AsyncIterator[OrderTicket | Fill]:
        return self._told.words()

    async def settled(self) -> None:
        """Return once the reader has dealt with all that was heard."""
        await self._told.taken()

    def _tell(self, words: Sequence[Word]) -> None:
        for word in words:
            self._told.tell(word)
