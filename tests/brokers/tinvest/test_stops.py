"""Stop orders: the venue never gives our key back, and still every one of ours is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.values.errors import OutcomeUnknown
from core.values.fills import Fill
from core.values.ids import OrderId
from core.values.orders import Order, OrderState, OrderTicket, OrderType, Side
from tests.brokers.tinvest.harness import TInvestHarness, connected
from tests.brokers.wired import reading, until
from tests.contracts.broker import Desk
from tests.servers.tinvest import TInvestServer

HAND = OrderId("b5d1b2a4-9d5c-4b39-8d6e-0f1a2b3c4d5e")
"""A key that no desk makes."""


async def long_with_stop(desk: Desk) -> Order:
    """Five steps held, and a stop below them."""
    await desk.buy(5, price=3)
    request = desk.request(Side.SELL, 5, None, OrderType.STOP, stop=-5)
    return desk.journalled(request, await desk.send(request))


@pytest.mark.parametrize("fault", ["accept_then_drop", "accept_then_500", "accept_then_garbage"])
async def test_a_stop_whose_answer_was_lost_is_known_by_its_shape(desk: Desk, fault: str) -> None:
    """It stands, under our id, and is found without the venue's."""
    await desk.buy(5, price=3)
    request = desk.request(Side.SELL, 5, None, OrderType.STOP, stop=-5)
    desk.on.script(fault)
    with pytest.raises(OutcomeUnknown):
        await desk.send(request)
    assert (await desk.find(desk.journalled(request))).state is OrderState.OPEN
    assert [t.order_id for t in await desk.on.broker.stop_orders()] == [request.id]


async def test_a_lost_stop_that_never_arrived_is_not_found(desk: Desk) -> None:
    """Another of the same shape, whose answer was heard, is not taken for it."""
    stop = await long_with_stop(desk)
    twin = desk.request(Side.SELL, 5, None, OrderType.STOP, stop=-5)
    desk.on.script("drop")
    with pytest.raises(OutcomeUnknown):
        await desk.send(twin)
    assert await desk.on.broker.find(desk.journalled(twin)) is None
    assert (await desk.find(stop)).state is OrderState.OPEN


async def test_the_same_key_makes_one_stop(desk: Desk) -> None:
    """Sent again after a lost answer."""
    request = desk.request(Side.SELL, 5, None, OrderType.STOP, stop=-5)
    first, second = await desk.send(request), await desk.send(request)
    assert first.broker_id == second.broker_id
    assert len(await desk.on.broker.stop_orders()) == 1


@pytest.mark.parametrize("known", [True, False])
async def test_after_a_restart_the_journal_says_whose_it_is(
    desk: Desk,
    server: TInvestServer,
    known: bool,  # noqa: FBT001 - a table's column
) -> None:
    """By the venue's id, or by its shape where the answer was lost with the process."""
    stop = await long_with_stop(desk)
    if not known:
        stop = replace(stop, broker_id=None)
    async with connected(server, orders=(stop,)) as harness:
        assert [t.order_id for t in await harness.broker.stop_orders()] == [stop.id]
        ticket = await harness.broker.find(stop)
    assert ticket is not None
    assert ticket.state is OrderState.OPEN


async def test_a_stop_of_another_desk_has_no_id_of_ours(desk: Desk, server: TInvestServer) -> None:
    """Listed, and nobody's."""
    await long_with_stop(desk)
    async with connected(server) as harness:
        assert [t.order_id for t in await harness.broker.stop_orders()] == [None]


async def test_a_stop_that_fired_while_nobody_looked_is_found(desk: Desk, server: TInvestServer) -> None:
    """After a restart: filled, at the price of the order it became, and its fill carries its id."""
    stop = await long_with_stop(desk)
    await desk.book(-6, -5)
    async with connected(server, orders=(stop,)) as harness:
        fills = [f for f in await harness.broker.fills_since(stop.at.replace(hour=0)) if f.side is Side.SELL]
        ticket = await harness.broker.find(stop)
    assert ticket is not None
    assert (ticket.state, ticket.filled, ticket.average_price) == (OrderState.FILLED, desk.pieces(5), desk.at(-6))
    assert [(f.order_id, f.price) for f in fills] == [(stop.id, desk.at(-6))]


async def test_a_cancel_that_comes_too_late_says_what_the_stop_did(desk: Desk) -> None:
    """Fired and filled: no error."""
    stop = await long_with_stop(desk)
    await desk.book(-6, -5)
    assert (await desk.on.broker.cancel(stop)).state is OrderState.FILLED


async def test_a_cancel_reaches_what_a_stop_has_become(desk: Desk) -> None:
    """A stop with a limit fired, and its order rests: that is what is cancelled."""
    await desk.buy(5, price=3)
    request = desk.request(Side.SELL, 5, -4, OrderType.STOP, stop=-5)
    stop = desk.journalled(request, await desk.send(request))
    await desk.book(-9, -8)
    assert (await desk.find(stop)).state is OrderState.OPEN
    assert (await desk.on.broker.cancel(stop)).state is OrderState.CANCELLED
    assert await desk.on.broker.open_orders() == []


async def test_a_stop_cancelled_by_hand_is_told(harness: TInvestHarness, server: TInvestServer) -> None:
    """No stream says so: it is missing from the list that is asked for every few seconds."""
    desk = Desk(harness)
    await desk.book(0, 1)
    stop = await long_with_stop(desk)
    row = server.venue.row(stop)
    assert row is not None
    server.venue.cancel(row)
    [ticket] = await harness.broker._records.poll_stops()
    assert isinstance(ticket, OrderTicket)
    assert (ticket.order_id, ticket.state) == (stop.id, OrderState.CANCELLED)
    assert await harness.broker._records.poll_stops() == []


async def test_a_list_that_is_behind_the_stream_is_asked_again(harness: TInvestHarness, server: TInvestServer) -> None:
    """What the stop sold is in the stream before the list knows that it has fired: it is not booked as by hand."""
    desk = Desk(harness)
    await desk.book(0, 1)
    stop = await long_with_stop(desk)
    async with reading(harness) as told:
        server.late = 1
        await desk.book(-6, -5)
        await until(lambda: [w for w in told if isinstance(w, Fill) and w.side is Side.SELL])
    assert {w.order_id for w in told if w.side is Side.SELL} == {stop.id}


async def test_an_order_by_hand_of_a_stops_shape_is_nobodys(harness: TInvestHarness, server: TInvestServer) -> None:
    """The stop still stands, so what was sold was not by it."""
    desk = Desk(harness)
    await desk.book(0, 1)
    await long_with_stop(desk)
    async with connected(server) as other, reading(harness) as told:
        hand = Desk(other)
        hand._ids = desk._ids
        await hand.send(replace(hand.request(Side.SELL, 5, -3), id=HAND))
        await until(lambda: [word for word in told if word.side is Side.SELL])
        await harness.settled()
    assert {word.order_id for word in told if word.side is Side.SELL} == {None}
