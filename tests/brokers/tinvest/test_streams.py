"""Sockets that break, close or fall silent, and what was missed meanwhile."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from core.clock import ManualClock
from core.values.errors import Rejected
from core.values.fills import Fill
from core.values.market import Quote
from core.values.orders import OrderState, OrderTicket, OrderType, Side
from tests.brokers.tinvest.harness import TInvestHarness, adapter, connected
from tests.brokers.wired import reading, until
from tests.contracts.broker import Desk
from tests.servers.tinvest import TInvestServer


async def test_what_was_missed_is_told_again(harness: TInvestHarness, server: TInvestServer) -> None:
    """The stream breaks; an order fills meanwhile; after the reconnect its fill and its end arrive."""
    desk = Desk(harness)
    await desk.book(0, 1)
    async with reading(harness) as told:
        order, _ = await desk.buy(5, price=-2)
        server.mute = True
        await desk.book(-3, -2)
        server.mute = False
        assert not [event for event in told if isinstance(event, Fill)]
        await server.cut()
        await until(lambda: [e for e in told if isinstance(e, OrderTicket) and e.state is OrderState.FILLED])
    assert [(f.order_id, f.quantity) for f in told if isinstance(f, Fill)] == [(order.id, desk.pieces(5))]


async def test_a_stop_that_fires_unseen_is_told(harness: TInvestHarness, server: TInvestServer) -> None:
    """Its fills carry the stop's own id, though the venue calls the order by another."""
    desk = Desk(harness)
    await desk.book(0, 1)
    await desk.buy(5, price=3)
    request = desk.request(Side.SELL, 5, None, OrderType.STOP, stop=-5)
    await desk.send(request)
    async with reading(harness) as told:
        server.mute = True
        await desk.book(-6, -5)
        server.mute = False
        await server.cut()
        await until(lambda: [e for e in told if isinstance(e, OrderTicket) and e.order_id == request.id])
    [sold] = [e for e in told if isinstance(e, Fill) and e.side is Side.SELL]
    assert (sold.order_id, sold.price) == (request.id, desk.at(-6))
    ended = [e for e in told if isinstance(e, OrderTicket) and e.order_id == request.id][-1]
    assert (ended.state, ended.type) == (OrderState.FILLED, OrderType.STOP)


async def test_prices_come_again_after_a_break(harness: TInvestHarness, server: TInvestServer) -> None:
    """Everything watched is subscribed to anew."""
    heard: list[Quote] = []
    harness.broker.feed.listen(heard.append)
    await harness.broker.feed.watch("SBER")
    await until(lambda: heard)
    await server.cut()
    heard.clear()
    await until(lambda: heard)
    assert heard[-1].ticker == "SBER"


async def test_a_silent_socket_is_left(server: TInvestServer) -> None:
    """Open and mute for fifteen seconds of the wire's clock: not alive, and made again."""
    wire = ManualClock(datetime(2026, 11, 18, 9, tzinfo=UTC))
    async with connected(server, wire=wire) as harness:
        assert harness.broker.feed.alive()
        server.mute = True
        before = list(server._links)
        await wire.advance(16)
        assert not harness.broker.feed.alive()
        await until(lambda: not set(before) & set(server._links))
        server.mute = False
        async with asyncio.timeout(10):
            while not harness.broker.feed.alive():
                await wire.advance(1)
                await asyncio.sleep(0.01)


async def test_a_token_that_the_stream_refuses_is_said_so(server: TInvestServer) -> None:
    """Started with a token that nobody knows: refused, and nothing is left open."""
    broker = adapter(server, token="t.wrong", readonly_token="t.wrong")
    with pytest.raises(Rejected, match="token_refused"):
        await broker.start()


async def test_executions_that_the_stream_does_not_name_are_asked_for(server: TInvestServer) -> None:
    """Its list of trades is optional, says the document."""
    server.named = False
    async with connected(server) as harness:
        desk = Desk(harness)
        await desk.book(0, 1)
        async with reading(harness) as told:
            order, _ = await desk.buy(5, price=3)
            await until(lambda: [e for e in told if isinstance(e, Fill)])
        assert [(f.order_id, f.quantity) for f in told if isinstance(f, Fill)] == [(order.id, desk.pieces(5))]


async def test_a_fill_is_asked_for_once(harness: TInvestHarness, server: TInvestServer) -> None:
    """What the stream names needs no question."""
    desk = Desk(harness)
    await desk.book(0, 1)
    await desk.buy(5, price=3)
    await server.heard()
    assert "GetOrderState" not in server.calls
