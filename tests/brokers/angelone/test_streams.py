"""Sockets that break, fall silent, or never speak, and what was missed meanwhile."""

from __future__ import annotations

import asyncio

from core.clock import ManualClock
from core.values.fills import Fill
from core.values.market import Quote
from core.values.orders import OrderState, OrderTicket
from tests.brokers.angelone.harness import AngelOneHarness, adapter, connected
from tests.brokers.wired import reading, until
from tests.contracts.broker import Desk
from tests.hurried import TEN, Hurried
from tests.servers.angelone import AngelOneServer


async def test_what_was_missed_is_told_again(harness: AngelOneHarness, server: AngelOneServer) -> None:
    """The stream is mute while an order fills; after the reconnect its fill and its end arrive."""
    desk = Desk(harness)
    await desk.book(0, 1)
    async with reading(harness) as told:
        order, _ = await desk.buy(5, price=-2)
        server.mute = True
        await desk.book(-3, -2)
        server.mute = False
        await server.cut_streams()
        await until(lambda: [e for e in told if isinstance(e, OrderTicket) and e.state is OrderState.FILLED])
    assert [(f.order_id, f.quantity) for f in told if isinstance(f, Fill)] == [(order.id, desk.pieces(5))]


async def test_a_stream_that_never_speaks_after_the_login_hides_nothing(server: AngelOneServer, clock: Hurried) -> None:
    """Taken and mute: the desk starts, says that its prices are dead, and hears of fills from the book."""
    server.mute = True
    async with connected(server, clock) as harness, reading(harness) as told:
        desk = Desk(harness)
        await desk.book(0, 1)
        assert not harness.broker.feed.alive()
        order, _ = await desk.buy(5, price=-2)
        await desk.book(-3, -2)
        await until(lambda: [e for e in told if isinstance(e, Fill)])
    assert [f.order_id for f in told if isinstance(f, Fill)] == [order.id]


async def test_a_socket_that_falls_silent_is_left(server: AngelOneServer) -> None:
    """Half a minute of the wire's clock without a word: not alive, and made again."""
    clock = ManualClock(TEN)
    server.clock = clock
    broker = adapter(server, clock)
    starting = asyncio.create_task(broker.start())
    while not starting.done():
        await asyncio.sleep(0.005)
        await clock.advance(0.5)
    await starting
    before = list(server._links)
    assert broker.feed.alive()
    server.mute = True
    await clock.advance(31)
    assert not broker.feed.alive()
    await until(lambda: not set(before) & set(server._links))
    server.mute = False
    async with asyncio.timeout(10):
        while not broker.feed.alive():
            await clock.advance(1)
            await asyncio.sleep(0.01)
    await broker.close()


async def test_prices_come_again_after_a_break(harness: AngelOneHarness, server: AngelOneServer) -> None:
    """Everything watched is subscribed to anew."""
    heard: list[Quote] = []
    harness.broker.feed.listen(heard.append)
    await harness.broker.feed.watch("SBER")
    await until(lambda: heard)
    await server.cut_streams()
    heard.clear()
    await until(lambda: any(quote.ticker == "SBER" for quote in heard))


async def test_a_session_that_the_stream_refuses_is_renewed(harness: AngelOneHarness, server: AngelOneServer) -> None:
    """Cut, and the session over meanwhile: the reconnect logs in."""
    server.end_sessions()
    await server.cut_streams()
    await until(lambda: len(server._links) == 2)
    assert len(server.used) == 2
    await until(harness.broker.feed.alive)
