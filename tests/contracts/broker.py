"""What every broker adapter must do, whatever stands behind it.

An adapter's test file subclasses `BrokerContract` with a `harness` fixture: a started broker on a quiet market, and
the few handles a test needs to move that market. Marketable limit orders are used throughout: every venue has them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Protocol

import pytest

from core.ports import Broker, Clock
from core.values.capabilities import Idempotency
from core.values.errors import OutcomeUnknown, Rejected, Transient
from core.values.fills import Fill
from core.values.ids import DeskId, IntentId, OrderId, derive_id
from core.values.instrument import Instrument
from core.values.money import Price, Quantity
from core.values.orders import (
    ApprovedOrder,
    Cause,
    CauseKind,
    Order,
    OrderRequest,
    OrderRole,
    OrderState,
    OrderTicket,
    OrderType,
    Purpose,
    Side,
)

DESK = DeskId(7)
DEEP = 1000


class Harness(Protocol):
    """broker: started, flat, with room for a few thousand steps. price: a price on the tick around which to trade."""

    @property
    def broker(self) -> Broker: ...
    @property
    def instrument(self) -> Instrument: ...
    @property
    def price(self) -> Decimal: ...
    @property
    def clock(self) -> Clock: ...

    async def set_book(self, bid: Decimal, ask: Decimal, bid_size: Decimal, ask_size: Decimal) -> None:
        """Return once the venue has this book and has matched against it."""

    async def settled(self) -> None:
        """Return once the reader of `broker.events()` has dealt with all that happened."""

    def script(self, fault: str, count: int = 1) -> None:
        """Fault names of brokers.paper.faults, met by the next placings."""

    async def close_market(self) -> None:
        """From now on the venue takes no orders."""


@dataclass
class Desk:
    """Speaks in ticks around the harness price and in whole steps, and keeps what the stream told."""

    on: Harness
    told: list[OrderTicket | Fill] = field(default_factory=list)
    _ids: count[int] = field(default_factory=count)

    def at(self, ticks: int) -> Price:
        return Price(self.on.price + ticks * self.on.instrument.tick)

    def pieces(self, steps: int) -> Quantity:
        return Quantity(steps * self.on.instrument.step)

    async def book(self, bid: int, ask: int, bid_size: int = DEEP, ask_size: int = DEEP) -> None:
        await self.on.set_book(self.at(bid), self.at(ask), self.pieces(bid_size), self.pieces(ask_size))

    def request(
        self, side: Side, steps: int, price: int | None, type_: OrderType = OrderType.LIMIT, stop: int | None = None
    ) -> OrderRequest:
        name = str(next(self._ids))
        return OrderRequest(
            id=OrderId(derive_id(DESK, "contract", name)),
            intent=IntentId(name),
            account=self.on.broker.account,
            ticker=self.on.instrument.ticker,
            side=side,
            type=type_,
            quantity=self.pieces(steps),
            role=OrderRole.STOP if type_.triggered else OrderRole.ENTRY,
            purpose=Purpose.ENTRY,
            because=(Cause(CauseKind.PERSON, "contract"),),
            price=None if price is None else self.at(price),
            stop_price=None if stop is None else self.at(stop),
            reduce_only=type_.triggered and self.on.broker.capabilities.reduce_only,
        )

    async def send(self, request: OrderRequest) -> OrderTicket:
        return await self.on.broker.place(ApprovedOrder(request, self.on.clock.now()))

    async def buy(self, steps: int, price: int) -> tuple[Order, OrderTicket]:
        request = self.request(Side.BUY, steps, price)
        ticket = await self.send(request)
        return self.journalled(request, ticket), ticket

    def journalled(self, request: OrderRequest, ticket: OrderTicket | None = None) -> Order:
        now = self.on.clock.now()
        return Order(request, OrderState.SENT, now, now, broker_id=ticket.broker_id if ticket else None)

    async def find(self, order: Order) -> OrderTicket:
        ticket = await self.on.broker.find(order)
        assert ticket is not None
        return ticket

    async def stream(self) -> list[OrderTicket | Fill]:
        await self.on.settled()
        return self.told


class BrokerContract:
    @pytest.fixture
    async def desk(self, harness: Harness) -> AsyncIterator[Desk]:
        """A reader on the stream, and a book one tick wide around the price."""
        desk = Desk(harness)

        async def read() -> None:
            async for event in harness.broker.events():
                desk.told.append(event)

        reader = asyncio.create_task(read())
        await asyncio.sleep(0)
        await desk.book(0, 1)
        yield desk
        await harness.broker.close()
        await reader

    async def test_an_order_at_the_offer_fills_there(self, desk: Desk) -> None:
        """A limit order that reaches the other side trades at once, at the book's price."""
        _, ticket = await desk.buy(5, price=3)
        assert (ticket.state, ticket.filled, ticket.average_price) == (OrderState.FILLED, desk.pieces(5), desk.at(1))

    async def test_an_order_below_the_offer_rests(self, desk: Desk) -> None:
        """What the book does not reach stays open and is listed as working."""
        order, ticket = await desk.buy(5, price=-2)
        assert ticket.state is OrderState.OPEN
        assert [t.order_id for t in await desk.on.broker.open_orders()] == [order.id]

    async def test_a_resting_order_fills_when_the_book_comes(self, desk: Desk) -> None:
        """The market moves to the order, which fills at its own price."""
        order, _ = await desk.buy(5, price=-2)
        await desk.book(-3, -2)
        ticket = await desk.find(order)
        assert (ticket.state, ticket.average_price) == (OrderState.FILLED, desk.at(-2))

    async def test_the_book_sizes_the_fill(self, desk: Desk) -> None:
        """A thin book fills a part; the rest works on and fills from the next book."""
        order, _ = await desk.buy(5, price=-2)
        await desk.book(-3, -2, ask_size=2)
        first = await desk.find(order)
        await desk.book(-3, -2, ask_size=9)
        assert (first.state, first.filled) == (OrderState.PART_FILLED, desk.pieces(2))
        assert (await desk.find(order)).state is OrderState.FILLED

    async def test_one_id_makes_one_order(self, desk: Desk) -> None:
        """While an order rests, a repeat under its id makes no second one, unless the venue's ids mean nothing."""
        request = desk.request(Side.BUY, 5, -2)
        first, second = await desk.send(request), await desk.send(request)
        kept = desk.on.broker.capabilities.idempotency is not Idempotency.NEVER
        assert (first.broker_id == second.broker_id) is kept
        assert len(await desk.on.broker.open_orders()) == (1 if kept else 2)

    async def test_a_filled_id_means_what_capabilities_say(self, desk: Desk) -> None:
        """After the fill, only a venue that says ALWAYS still recognises the id."""
        request = desk.request(Side.BUY, 5, 3)
        await desk.send(request)
        await desk.send(request)
        always = desk.on.broker.capabilities.idempotency is Idempotency.ALWAYS
        assert [h.quantity for h in await desk.on.broker.positions()] == [desk.pieces(5 if always else 10)]

    async def test_find_knows_nothing_of_an_order_never_sent(self, desk: Desk) -> None:
        """None is the broker's word that there is no such order."""
        assert await desk.on.broker.find(desk.journalled(desk.request(Side.BUY, 5, -2))) is None

    async def test_find_works_without_the_broker_id(self, desk: Desk) -> None:
        """Our own id is enough where the capabilities say so: after a lost answer it is all there is."""
        request = desk.request(Side.BUY, 5, -2)
        ticket = await desk.send(request)
        if desk.on.broker.capabilities.finds_by_order_id:
            assert (await desk.find(desk.journalled(request))).broker_id == ticket.broker_id

    async def test_cancel_ends_a_resting_order(self, desk: Desk) -> None:
        """The final ticket comes back, and nothing works any more."""
        order, _ = await desk.buy(5, price=-2)
        assert (await desk.on.broker.cancel(order)).state is OrderState.CANCELLED
        assert await desk.on.broker.open_orders() == []

    async def test_cancel_tells_the_fills_that_crossed_it(self, desk: Desk) -> None:
        """A part that traded before the cancel is in the final ticket."""
        order, _ = await desk.buy(5, price=-2)
        await desk.book(-3, -2, ask_size=2)
        ticket = await desk.on.broker.cancel(order)
        assert (ticket.state, ticket.filled) == (OrderState.CANCELLED, desk.pieces(2))

    async def test_cancel_of_a_filled_order_is_no_error(self, desk: Desk) -> None:
        """Too late to cancel is an answer: filled."""
        order, _ = await desk.buy(5, price=3)
        assert (await desk.on.broker.cancel(order)).state is OrderState.FILLED

    async def test_cancel_of_a_stranger_is_rejected(self, desk: Desk) -> None:
        """An order the broker never had cannot be cancelled."""
        with pytest.raises(Rejected):
            await desk.on.broker.cancel(desk.journalled(desk.request(Side.BUY, 5, -2)))

    async def test_each_execution_is_one_fill(self, desk: Desk) -> None:
        """fills_since and the stream name the same executions, and their pieces add up to the order's."""
        start = desk.on.clock.now() - timedelta(seconds=5)
        order, _ = await desk.buy(5, price=-2)
        await desk.book(-3, -2, ask_size=2)
        await desk.book(-3, -2, ask_size=9)
        fills = await desk.on.broker.fills_since(start)
        told = {event.id for event in await desk.stream() if isinstance(event, Fill)}
        assert [(f.order_id, f.quantity) for f in fills] == [(order.id, desk.pieces(2)), (order.id, desk.pieces(3))]
        assert told == {fill.id for fill in fills}

    async def test_the_stream_tells_the_end_of_an_order(self, desk: Desk) -> None:
        """The last ticket of a filled order arrives without asking."""
        order, _ = await desk.buy(5, price=-2)
        await desk.book(-3, -2)
        tickets = [event for event in await desk.stream() if isinstance(event, OrderTicket)]
        assert OrderState.FILLED in {ticket.state for ticket in tickets if ticket.order_id == order.id}

    async def test_positions_are_net_and_leave_out_zero(self, desk: Desk) -> None:
        """Buying five and selling five leaves no holding behind."""
        await desk.buy(5, price=3)
        held = await desk.on.broker.positions()
        await desk.send(desk.request(Side.SELL, 5, -3))
        assert [(h.ticker, h.quantity) for h in held] == [(desk.on.instrument.ticker, desk.pieces(5))]
        assert await desk.on.broker.positions() == []

    async def test_a_stop_waits_in_its_own_list(self, desk: Desk) -> None:
        """A waiting stop is no working order, and can be cancelled like one."""
        await desk.buy(5, price=3)
        request = desk.request(Side.SELL, 5, None, OrderType.STOP, stop=-5)
        ticket = await desk.send(request)
        assert [t.order_id for t in await desk.on.broker.stop_orders()] == [request.id]
        assert await desk.on.broker.open_orders() == []
        assert (await desk.on.broker.cancel(desk.journalled(request, ticket))).state is OrderState.CANCELLED

    async def test_a_stop_closes_the_position_when_its_level_trades(self, desk: Desk) -> None:
        """A sell stop does nothing above its level and sells at the bid once that is reached."""
        await desk.buy(5, price=3)
        await desk.send(desk.request(Side.SELL, 5, None, OrderType.STOP, stop=-5))
        await desk.book(-4, -3)
        held = await desk.on.broker.positions()
        await desk.book(-6, -5)
        fills = await desk.on.broker.fills_since(desk.on.clock.now() - timedelta(seconds=5))
        assert [h.quantity for h in held] == [desk.pieces(5)]
        assert await desk.on.broker.positions() == []
        assert fills[-1].price == desk.at(-6)

    async def test_a_broken_step_is_rejected(self, desk: Desk) -> None:
        """Half a step is no order."""
        request = desk.request(Side.BUY, 1, -2)
        with pytest.raises(Rejected):
            await desk.send(replace(request, quantity=Quantity(request.quantity / 2)))

    async def test_what_money_cannot_carry_is_rejected(self, desk: Desk) -> None:
        """Far more than the account could margin is refused whole, and nothing works."""
        with pytest.raises(Rejected):
            await desk.buy(10_000_000, price=-2)
        assert await desk.on.broker.open_orders() == []

    async def test_a_closed_market_takes_no_order(self, desk: Desk) -> None:
        """Outside the session the answer is a no, not a wait."""
        await desk.on.close_market()
        with pytest.raises(Rejected, match="market_closed"):
            await desk.buy(5, price=-2)

    async def test_a_lost_answer_is_an_unknown_outcome(self, desk: Desk) -> None:
        """The order was taken, the answer was not heard: it can be found, and there is one."""
        request = desk.request(Side.BUY, 5, -2)
        desk.on.script("accept_then_drop")
        with pytest.raises(OutcomeUnknown):
            await desk.send(request)
        assert [t.order_id for t in await desk.on.broker.open_orders()] == [request.id]

    async def test_a_server_error_is_an_unknown_outcome(self, desk: Desk) -> None:
        """A 500 on placing never means failed."""
        desk.on.script("server_error")
        with pytest.raises(OutcomeUnknown):
            await desk.buy(5, price=-2)
        assert len(await desk.on.broker.open_orders()) == 1

    async def test_a_lost_request_is_an_unknown_outcome(self, desk: Desk) -> None:
        """The same to the caller as a lost answer; only asking tells them apart."""
        request = desk.request(Side.BUY, 5, -2)
        desk.on.script("drop")
        with pytest.raises(OutcomeUnknown):
            await desk.send(request)
        assert await desk.on.broker.find(desk.journalled(request)) is None

    async def test_a_rate_limit_is_transient(self, desk: Desk) -> None:
        """429 proves that nothing was accepted, and says when to come back."""
        desk.on.script("too_many_requests")
        with pytest.raises(Transient) as caught:
            await desk.buy(5, price=-2)
        assert caught.value.retry_after_s > 0
        assert await desk.on.broker.open_orders() == []

    async def test_a_failed_query_is_never_an_empty_answer(self, desk: Desk) -> None:
        """Cut off, a broker raises instead of saying that nothing is held; then it answers again."""
        await desk.buy(5, price=3)
        desk.on.script("disconnect")
        with pytest.raises(Transient):
            await desk.on.broker.positions()
        assert len(await desk.on.broker.positions()) == 1

    async def test_instruments_can_be_rounded_for(self, desk: Desk) -> None:
        """Each has a positive tick, lot and step, and answers to its own exchange."""
        listed = await desk.on.broker.instruments()
        assert desk.on.instrument.ticker in {i.ticker for i in listed}
        assert all(i.tick > 0 and i.lot > 0 and i.step > 0 for i in listed)

    async def test_margin_and_cash_share_a_currency(self, desk: Desk) -> None:
        """Free collateral is at most the equity, and cash names the currency of both."""
        await desk.buy(5, price=3)
        margin = await desk.on.broker.margin()
        assert margin.free <= margin.equity
        assert margin.currency in await desk.on.broker.cash()

    async def test_the_schedule_overlaps_what_was_asked(self, desk: Desk) -> None:
        """Sessions come in order and touch the span."""
        now = desk.on.clock.now()
        span = await desk.on.broker.schedule(desk.on.instrument, now, now + timedelta(days=7))
        assert span
        assert all(s.opens_at < now + timedelta(days=7) and s.closes_at > now for s in span)
        assert list(span) == sorted(span, key=lambda session: session.opens_at)
