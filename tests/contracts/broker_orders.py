"""Cards 1x to 3x: placing and filling, what our ids mean, cancelling."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.values.capabilities import Idempotency
from core.values.errors import Rejected
from core.values.orders import (
    OrderState,
    OrderType,
    Side,
    TimeInForce,
)
from tests.contracts.broker_desk import Desk


class OrderCards:
    async def test_bc_11_an_order_at_the_offer_fills_there(self, desk: Desk) -> None:
        """A limit order that reaches the other side trades at once, at the book's price."""
        _, ticket = await desk.buy(5, price=3)
        assert (ticket.state, ticket.filled, ticket.average_price) == (OrderState.FILLED, desk.pieces(5), desk.at(1))

    async def test_bc_12_an_order_below_the_offer_rests(self, desk: Desk) -> None:
        """What the book does not reach stays open and is listed as working."""
        order, ticket = await desk.buy(5, price=-2)
        assert ticket.state is OrderState.OPEN
        assert [t.order_id for t in await desk.on.broker.open_orders()] == [order.id]

    async def test_bc_13_a_resting_order_fills_when_the_book_comes(self, desk: Desk) -> None:
        """The market moves to the order, which fills at its own price."""
        order, _ = await desk.buy(5, price=-2)
        await desk.book(-3, -2)
        ticket = await desk.find(order)
        assert (ticket.state, ticket.average_price) == (OrderState.FILLED, desk.at(-2))

    async def test_bc_14_the_book_sizes_the_fill(self, desk: Desk) -> None:
        """A thin book fills a part; the rest works on and fills from the next book."""
        order, _ = await desk.buy(5, price=-2)
        await desk.book(-3, -2, ask_size=2)
        first = await desk.find(order)
        await desk.book(-3, -2, ask_size=9)
        assert (first.state, first.filled) == (OrderState.PART_FILLED, desk.pieces(2))
        assert (await desk.find(order)).state is OrderState.FILLED

    async def test_bc_15_a_sale_meets_the_bid(self, desk: Desk) -> None:
        """The other side works the same way."""
        await desk.buy(5, price=3)
        ticket = await desk.send(desk.request(Side.SELL, 5, -3))
        assert (ticket.state, ticket.average_price) == (OrderState.FILLED, desk.at(0))

    async def test_bc_16_an_immediate_order_leaves_nothing_behind(self, desk: Desk) -> None:
        """What the book does not give at once is dropped."""
        await desk.book(0, 1, ask_size=2)
        request = replace(desk.request(Side.BUY, 5, 3), time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL)
        ticket = await desk.send(request)
        assert (ticket.state, ticket.filled) == (OrderState.CANCELLED, desk.pieces(2))
        assert await desk.on.broker.open_orders() == []

    async def test_bc_17_a_market_order_takes_the_offer(self, desk: Desk) -> None:
        """Where the capabilities say that there are any; else it is refused."""
        request = desk.request(Side.BUY, 5, None, OrderType.MARKET)
        if desk.on.broker.capabilities.market_orders:
            ticket = await desk.send(request)
            assert (ticket.state, ticket.average_price) == (OrderState.FILLED, desk.at(1))
        else:
            with pytest.raises(Rejected):
                await desk.send(request)

    async def test_bc_21_one_id_makes_one_order(self, desk: Desk) -> None:
        """While an order rests, a repeat under its id makes no second one, unless the venue's ids mean nothing."""
        request = desk.request(Side.BUY, 5, -2)
        first, second = await desk.send(request), await desk.send(request)
        kept = desk.on.broker.capabilities.idempotency is not Idempotency.NEVER
        assert (first.broker_id == second.broker_id) is kept
        assert len(await desk.on.broker.open_orders()) == (1 if kept else 2)

    async def test_bc_22_a_filled_id_means_what_capabilities_say(self, desk: Desk) -> None:
        """After the fill, only a venue that says ALWAYS still recognises the id."""
        request = desk.request(Side.BUY, 5, 3)
        await desk.send(request)
        await desk.send(request)
        always = desk.on.broker.capabilities.idempotency is Idempotency.ALWAYS
        assert [h.quantity for h in await desk.on.broker.positions()] == [desk.pieces(5 if always else 10)]

    async def test_bc_23_find_knows_nothing_of_an_order_never_sent(self, desk: Desk) -> None:
        """None is the broker's word that there is no such order."""
        assert await desk.on.broker.find(desk.journalled(desk.request(Side.BUY, 5, -2))) is None

    async def test_bc_24_find_works_without_the_broker_id(self, desk: Desk) -> None:
        """Our own id is enough where the capabilities say so: after a lost answer it is all there is."""
        request = desk.request(Side.BUY, 5, -2)
        ticket = await desk.send(request)
        if desk.on.broker.capabilities.finds_by_order_id:
            assert (await desk.find(desk.journalled(request))).broker_id == ticket.broker_id

    async def test_bc_31_cancel_ends_a_resting_order(self, desk: Desk) -> None:
        """The final ticket comes back, and nothing works any more."""
        order, _ = await desk.buy(5, price=-2)
        assert (await desk.on.broker.cancel(order)).state is OrderState.CANCELLED
        assert await desk.on.broker.open_orders() == []

    async def test_bc_32_cancel_tells_the_fills_that_crossed_it(self, desk: Desk) -> None:
        """A part that traded before the cancel is in the final ticket."""
        order, _ = await desk.buy(5, price=-2)
        await desk.book(-3, -2, ask_size=2)
        ticket = await desk.on.broker.cancel(order)
        assert (ticket.state, ticket.filled) == (OrderState.CANCELLED, desk.pieces(2))

    async def test_bc_33_cancel_of_a_filled_order_is_no_error(self, desk: Desk) -> None:
        """Too late to cancel is an answer: filled."""
        order, _ = await desk.buy(5, price=3)
        assert (await desk.on.broker.cancel(order)).state is OrderState.FILLED

    async def test_bc_34_cancel_of_a_stranger_is_rejected(self, desk: Desk) -> None:
        """An order the broker never had cannot be cancelled."""
        with pytest.raises(Rejected):
            await desk.on.broker.cancel(desk.journalled(desk.request(Side.BUY, 5, -2)))

    async def test_bc_35_cancel_works_without_the_broker_id(self, desk: Desk) -> None:
        """After a lost answer our own id has to do, where the capabilities say so."""
        request = desk.request(Side.BUY, 5, -2)
        await desk.send(request)
        if desk.on.broker.capabilities.finds_by_order_id:
            assert (await desk.on.broker.cancel(desk.journalled(request))).state is OrderState.CANCELLED
