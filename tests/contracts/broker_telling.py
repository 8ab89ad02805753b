"""Cards 4x and 5x: what is told, and stops."""

from __future__ import annotations

from datetime import timedelta

from core.values.fills import Fill
from core.values.orders import (
    OrderState,
    OrderTicket,
    OrderType,
    Side,
)
from tests.contracts.broker_desk import Desk


class TellingCards:
    async def test_bc_41_each_execution_is_one_fill(self, desk: Desk) -> None:
        """fills_since and the stream name the same executions, and their pieces add up to the order's."""
        start = desk.on.clock.now() - timedelta(seconds=5)
        order, _ = await desk.buy(5, price=-2)
        await desk.book(-3, -2, ask_size=2)
        await desk.book(-3, -2, ask_size=9)
        fills = await desk.on.broker.fills_since(start)
        told = {event.id for event in await desk.stream() if isinstance(event, Fill)}
        assert [(f.order_id, f.quantity) for f in fills] == [(order.id, desk.pieces(2)), (order.id, desk.pieces(3))]
        assert told == {fill.id for fill in fills}

    async def test_bc_42_the_stream_tells_the_end_of_an_order(self, desk: Desk) -> None:
        """The last ticket of a filled order arrives without asking."""
        order, _ = await desk.buy(5, price=-2)
        await desk.book(-3, -2)
        tickets = [event for event in await desk.stream() if isinstance(event, OrderTicket)]
        assert OrderState.FILLED in {ticket.state for ticket in tickets if ticket.order_id == order.id}

    async def test_bc_43_positions_are_net_and_leave_out_zero(self, desk: Desk) -> None:
        """Buying five and selling five leaves no holding behind."""
        await desk.buy(5, price=3)
        held = await desk.on.broker.positions()
        await desk.send(desk.request(Side.SELL, 5, -3))
        assert [(h.ticker, h.quantity) for h in held] == [(desk.on.instrument.ticker, desk.pieces(5))]
        assert await desk.on.broker.positions() == []

    async def test_bc_44_older_fills_are_left_out(self, desk: Desk) -> None:
        """Only what was executed at or after the moment."""
        await desk.buy(5, price=3)
        assert await desk.on.broker.fills_since(desk.on.clock.now() + timedelta(hours=1)) == []

    async def test_bc_45_ended_orders_are_not_listed(self, desk: Desk) -> None:
        """Neither filled nor cancelled ones work any more."""
        await desk.buy(5, price=3)
        order, _ = await desk.buy(5, price=-2)
        await desk.on.broker.cancel(order)
        assert [*await desk.on.broker.open_orders(), *await desk.on.broker.stop_orders()] == []

    async def test_bc_51_a_stop_waits_in_its_own_list(self, desk: Desk) -> None:
        """A waiting stop is no working order, and can be cancelled like one."""
        await desk.buy(5, price=3)
        request = desk.request(Side.SELL, 5, None, OrderType.STOP, stop=-5)
        ticket = await desk.send(request)
        assert [t.order_id for t in await desk.on.broker.stop_orders()] == [request.id]
        assert await desk.on.broker.open_orders() == []
        assert (await desk.on.broker.cancel(desk.journalled(request, ticket))).state is OrderState.CANCELLED

    async def test_bc_52_a_stop_closes_the_position_when_its_level_trades(self, desk: Desk) -> None:
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

    async def test_bc_53_what_a_stop_did_is_told_under_its_id(self, desk: Desk) -> None:
        """Fired, it may be another order to the venue; to the desk it is the same, and found filled."""
        await desk.buy(5, price=3)
        request = desk.request(Side.SELL, 5, None, OrderType.STOP, stop=-5)
        stop = desk.journalled(request, await desk.send(request))
        await desk.book(-6, -5)
        fills = await desk.on.broker.fills_since(desk.on.clock.now() - timedelta(seconds=5))
        ticket = await desk.find(stop)
        assert [(f.order_id, f.quantity) for f in fills if f.side is Side.SELL] == [(request.id, desk.pieces(5))]
        assert (ticket.order_id, ticket.state, ticket.type) == (request.id, OrderState.FILLED, OrderType.STOP)

    async def test_bc_54_a_take_profit_sells_above(self, desk: Desk) -> None:
        """It waits below its level and acts at it."""
        await desk.buy(5, price=3)
        await desk.send(desk.request(Side.SELL, 5, None, OrderType.TAKE_PROFIT, stop=5))
        await desk.book(3, 4)
        held = await desk.on.broker.positions()
        await desk.book(5, 6)
        assert [h.quantity for h in held] == [desk.pieces(5)]
        assert await desk.on.broker.positions() == []

    async def test_bc_55_a_cancelled_stop_does_nothing(self, desk: Desk) -> None:
        """Its level trades, and the position stays."""
        await desk.buy(5, price=3)
        request = desk.request(Side.SELL, 5, None, OrderType.STOP, stop=-5)
        await desk.on.broker.cancel(desk.journalled(request, await desk.send(request)))
        await desk.book(-6, -5)
        assert [h.quantity for h in await desk.on.broker.positions()] == [desk.pieces(5)]
