"""Sockets that break, close or fall silent, and what was missed meanwhile."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from functools import partial

import pytest

from brokers.alpaca.link import SILENCE
from core.clock import ManualClock, SystemClock
from core.values.errors import Rejected, Transient
from core.values.fills import Fill
from core.values.market import Quote
from core.values.orders import Order, OrderState, OrderTicket, OrderType, Side
from tests.brokers.alpaca.harness import AlpacaHarness, adapter, connected, passed
from tests.brokers.wired import reading, until
from tests.contracts.broker import Desk
from tests.servers.alpaca import AlpacaServer, Stream


def filled(told: list[OrderTicket | Fill]) -> list[OrderTicket]:
    return [event for event in told if isinstance(event, OrderTicket) and event.state is OrderState.FILLED]


def told_of(told: list[OrderTicket | Fill], order: Order) -> bool:
    return order.id in {ticket.order_id for ticket in filled(told)}


def orders_of(server: AlpacaServer) -> list[Stream]:
    return [link for link in server._links if not link.prices]


async def test_tc_09_what_was_missed_is_told_again(harness: AlpacaHarness, server: AlpacaServer) -> None:
    """The stream breaks; an order and a stop fill meanwhile; after the reconnect fills and ends arrive, each once."""
    desk = Desk(harness)
    await desk.book(0, 1)
    async with reading(harness) as told:
        order, _ = await desk.buy(5, price=-2)
        server.mute = True
        await desk.book(-3, -2)
        stop = desk.request(Side.SELL, 5, None, OrderType.STOP, stop=-5)
        await desk.send(stop)
        await desk.book(-6, -5)
        server.mute = False
        assert not [event for event in told if isinstance(event, Fill)]
        await server.cut()
        await until(lambda: len(filled(told)) == 2)
    assert [(f.order_id, f.quantity) for f in told if isinstance(f, Fill)] == [
        (order.id, desk.pieces(5)),
        (stop.id, desk.pieces(5)),
    ]


async def test_an_execution_has_one_id_however_it_is_told(harness: AlpacaHarness, server: AlpacaServer) -> None:
    """In parts, by the stream, by the activities, and again after a break."""
    desk = Desk(harness)
    await desk.book(0, 1)
    async with reading(harness) as told:
        order, _ = await desk.buy(5, price=-2)
        await desk.book(-3, -2, ask_size=2)
        await desk.book(-3, -2, ask_size=9)
        await harness.settled()
        await server.cut()
        await until(lambda: orders_of(server) and orders_of(server)[0].listens)
        await harness.settled()
        fills = await harness.broker.fills_since(order.at)
    assert {event.id for event in told if isinstance(event, Fill)} == {fill.id for fill in fills}
    assert [fill.quantity for fill in fills] == [desk.pieces(2), desk.pieces(3)]


async def test_a_mute_socket_is_left(server: AlpacaServer) -> None:
    """Open, and not even pings are answered: not alive after fifteen seconds of the wire's clock, and made again."""
    wire = ManualClock(SystemClock().now())
    async with connected(server, wire=wire) as harness:
        assert harness.broker.feed.alive()
        server.mute = True
        before = orders_of(server)
        await wire.advance(SILENCE.total_seconds() + 1)
        assert not harness.broker.feed.alive()
        await until(lambda: not set(before) & set(orders_of(server)))
        server.mute = False
        await passed(wire, harness.broker.feed.alive)


async def test_a_socket_that_tells_nothing_of_a_taken_order_is_left(server: AlpacaServer) -> None:
    """Logged in, pings are answered, and not a word of an order that REST took: what happened is asked for anew."""
    wire = ManualClock(SystemClock().now())
    async with connected(server, wire=wire) as harness, reading(harness) as told:
        desk = Desk(harness)
        await desk.book(0, 1)
        server.deaf = True
        await desk.buy(5, price=-2)
        await desk.book(-3, -2)
        before = orders_of(server)
        await passed(wire, lambda: filled(told))
        assert not set(before) & set(orders_of(server))


async def test_an_order_that_was_told_of_is_owed_no_more(server: AlpacaServer) -> None:
    """Quiet for minutes afterwards: the connection stays."""
    wire = ManualClock(SystemClock().now())
    async with connected(server, wire=wire) as harness:
        desk = Desk(harness)
        await desk.book(0, 1)
        await desk.buy(5, price=-2)
        before = orders_of(server)
        for _ in range(30):
            await wire.advance(2)
            await server.heard()
        assert orders_of(server) == before


async def test_a_login_that_is_not_answered_fails_the_start(server: AlpacaServer) -> None:
    """In words, to be tried again, after fifteen seconds of the wire's clock."""
    server.shy = True
    wire = ManualClock(SystemClock().now())
    broker = adapter(server, wire=wire)
    starting = asyncio.create_task(broker.start())
    await passed(wire, starting.done)
    with pytest.raises(Transient, match="no login"):
        await starting


async def test_a_key_that_the_stream_refuses_fails_the_start(server: AlpacaServer) -> None:
    """REST may still know it: what the stream says counts, too."""
    for path in ("/v2/account", "/v2/clock", "/v2/calendar", "/v2/assets"):
        server.open_paths.add(path)
    server.withdrawn = True
    with pytest.raises(Rejected, match="key_refused"):
        await adapter(server).start()


async def test_prices_come_again_after_a_break(harness: AlpacaHarness, server: AlpacaServer) -> None:
    """Everything watched is subscribed to anew."""
    heard: list[Quote] = []
    harness.broker.feed.listen(heard.append)
    await harness.broker.feed.watch("SBER")
    await until(lambda: heard)
    await server.cut()
    await until(lambda: any("SBER" in link.symbols for link in server._links))
    heard.clear()
    await Desk(harness).book(-1, 2)
    await until(lambda: heard)
    assert heard[-1].ticker == "SBER"


async def test_a_message_that_cannot_be_read_breaks_the_stream(harness: AlpacaHarness, server: AlpacaServer) -> None:
    """What it told is asked for; nothing is taken for an order that is none."""
    before = orders_of(server)
    async with reading(harness) as told:
        await server._send(before[0], {"stream": "trade_updates", "data": {"event": "fill", "order": {"id": "7"}}})
        await until(lambda: orders_of(server) and orders_of(server) != before)
    assert told == []


@pytest.mark.proof
async def test_proof_of_reconnects(server: AlpacaServer, rounds: int) -> None:
    """Cut, mute or deaf at random: each time the stream is there again, and tells of an order that filled meanwhile."""
    wire, rng = ManualClock(SystemClock().now()), random.Random(rounds)
    server.seconds = lambda: wire.now().timestamp()
    async with connected(server, wire=wire) as harness, reading(harness) as told:
        desk = Desk(harness)
        for number in range(times := min(rounds, 100)):
            await desk.book(0, 1)
            trouble = rng.choice(["cut", "mute", "deaf"])
            server.mute, server.deaf = trouble == "mute", trouble == "deaf"
            order, _ = await desk.buy(1, price=-2)
            if trouble == "cut":
                await server.cut()
            await desk.book(-3, -2)
            server.mute = server.mute and number % 2 == 0
            await passed(wire, partial(told_of, told, order))
            server.mute = server.deaf = False
            await passed(wire, harness.broker.feed.alive)
    fills = Counter(event.order_id for event in told if isinstance(event, Fill))
    assert len(fills) == times
    print(f"\n{times} of {times} orders told of after a stream was lost")
