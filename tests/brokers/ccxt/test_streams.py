"""The account's streams: cut, mute, twice, refused. Whatever they do, everything is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from core.values.fills import Fill
from core.values.orders import OrderState, OrderTicket, Side
from tests.brokers.ccxt.harness import CcxtHarness, Hasty, connected
from tests.brokers.wired import reading, until
from tests.contracts.broker import Desk
from tests.servers.venue import Link, VenueServer


class Ahead(Hasty):
    """A market clock that is ten seconds later than the venue's: what it executes now looks old."""

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=10)


def filled(told: list[OrderTicket | Fill], order_id: str) -> bool:
    return any(isinstance(event, Fill) and event.order_id == order_id for event in told)


def private(server: VenueServer) -> list[Link]:
    """The account's own streams, as far as they have been asked for something."""
    return [link for link in server.links if link.private and link.topics]


async def test_a_cut_stream_is_made_again_and_goes_on(server: VenueServer) -> None:
    """What happens afterwards is told as before."""
    async with connected(server, wire=Hasty()) as harness, reading(harness) as told:
        desk = Desk(harness)
        await desk.book(0, 1)
        before = private(server)
        await server.cut()
        await until(lambda: len(private(server)) == len(before) and not {*private(server)} & {*before})
        order, _ = await desk.buy(5, price=3)
        await until(lambda: filled(told, order.id))


async def test_what_a_cut_stream_missed_is_told(server: VenueServer) -> None:
    """An order fills while nothing is connected: it is found by asking."""
    async with connected(server, wire=Hasty()) as harness, reading(harness) as told:
        desk = Desk(harness)
        await desk.book(0, 1)
        order, _ = await desk.buy(5, price=-2)
        server.deaf = True
        await server.cut()
        await desk.book(-3, -2)
        await until(lambda: filled(told, order.id))
        await until(lambda: any(isinstance(e, OrderTicket) and e.state is OrderState.FILLED for e in told))


async def test_a_mute_stream_is_noticed_and_made_anew(server: VenueServer) -> None:
    """It is connected, answers pings and tells nothing: a sweep finds what it kept to itself, and cuts it."""
    async with connected(server, wire=Hasty(), clock=Ahead()) as harness, reading(harness) as told:
        desk = Desk(harness)
        await desk.book(0, 1)
        before = private(server)
        server.mute = True
        first, _ = await desk.buy(5, price=3)
        await until(lambda: filled(told, first.id))
        second, _ = await desk.buy(5, price=3)
        await until(lambda: filled(told, second.id))
        await until(lambda: not {*server.links} & {*before})


async def test_no_stream_at_all_is_asked_around(server: VenueServer) -> None:
    """The desk starts, says so, and lives by asking."""
    server.deaf = True
    async with connected(server, wire=Hasty()) as harness, reading(harness) as told:
        desk = Desk(harness)
        await desk.book(0, 1)
        order, _ = await desk.buy(5, price=3)
        await until(lambda: filled(told, order.id))
        assert not harness.broker.feed.alive()


async def test_what_is_told_twice_counts_once(server: VenueServer) -> None:
    """Each execution is told by its number."""
    server.twice = True
    async with connected(server) as harness, reading(harness) as told:
        desk = Desk(harness)
        await desk.book(0, 1)
        await desk.buy(5, price=3)
        await harness.settled()
        assert len([event for event in told if isinstance(event, Fill)]) == 1


async def test_executions_of_others_are_told_as_theirs(desk: Desk, harness: CcxtHarness) -> None:
    """An order that a person placed by hand on the venue's own pages."""
    since = harness.clock.now() - timedelta(seconds=5)
    request = replace(desk.request(Side.BUY, 5, 3), id="by-hand")  # type: ignore[arg-type]  # no id of any desk
    harness.server.venue.accept(request)
    await harness.server._flush()
    [fill] = await harness.broker.fills_since(since) if harness.server.exchange == "bybit" else [None]
    [held] = await harness.broker.positions()
    assert held.quantity == desk.pieces(5)
    assert fill is None or fill.order_id is None


async def test_an_order_ends_when_its_time_is_over(server: VenueServer) -> None:
    """These venues keep no date for it, so the desk does."""
    async with connected(server, wire=Hasty()) as harness, reading(harness) as told:
        desk = Desk(harness)
        await desk.book(0, 1)
        request = replace(desk.request(Side.BUY, 5, -2), expires_at=harness.clock.now() + timedelta(milliseconds=100))
        await desk.send(request)
        await until(lambda: any(isinstance(e, OrderTicket) and e.state is OrderState.EXPIRED for e in told))
        assert await harness.broker.open_orders() == []


async def test_what_ended_while_the_desk_was_down_is_told(server: VenueServer) -> None:
    """A resting order of the journal that the venue filled meanwhile."""
    async with connected(server) as harness:
        desk = Desk(harness)
        await desk.book(0, 1)
        order, _ = await desk.buy(5, price=-2)
    await server.set_book(server.btc, desk.at(-3), desk.at(-2), desk.pieces(9), desk.pieces(9))
    async with connected(server, orders=(order,), wire=Hasty(), clock=Ahead()) as harness, reading(harness) as told:
        await until(lambda: filled(told, order.id))
        ticket = await harness.broker.find(order)
        assert ticket is not None
        assert ticket.state is OrderState.FILLED
