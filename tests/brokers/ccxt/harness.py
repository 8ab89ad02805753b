"""An adapter on a venue of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal

from brokers.ccxt import open_broker
from brokers.ccxt.broker import CcxtBroker
from core.clock import SystemClock
from core.ports import Clock, World
from core.values.accounts import Account, Mode
from core.values.fills import Fill
from core.values.ids import AccountName
from core.values.instrument import Instrument
from core.values.orders import Order, OrderTicket
from tests.servers.venue import KEY, SECRET, VenueServer


class Hasty(SystemClock):
    """Real time, in which nobody sleeps for long: what is done every quarter of a minute is done at once."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / 50)


async def until(holds: Callable[[], object]) -> None:
    """Something that another task brings about; a test that would hang is ended by this."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - the product offers nothing to wait on, and should not for a test
            await asyncio.sleep(0.01)


@asynccontextmanager
async def reading(harness: CcxtHarness) -> AsyncIterator[list[OrderTicket | Fill]]:
    """What the events tell from now on."""
    told: list[OrderTicket | Fill] = []

    async def read() -> None:
        async for event in harness.broker.events():
            told.append(event)  # noqa: PERF401 - as it comes, not at the end

    reader = asyncio.create_task(read())
    try:
        yield told
    finally:
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)


@dataclass
class CcxtHarness:
    broker: CcxtBroker
    server: VenueServer
    instrument: Instrument
    clock: Clock
    price: Decimal = Decimal(64000)

    async def set_book(self, bid: Decimal, ask: Decimal, bid_size: Decimal, ask_size: Decimal) -> None:
        await self.server.set_book(self.instrument.ticker, bid, ask, bid_size, ask_size)

    async def settled(self) -> None:
        await self.server.heard()
        await self.broker.settled()

    def script(self, fault: str, count: int = 1) -> None:
        self.server.script(fault, count)

    async def close_market(self) -> None:
        self.server.books.closed = True


def adapter(
    server: VenueServer,
    orders: tuple[Order, ...] = (),
    wire: Clock | None = None,
    clock: Clock | None = None,
    **changes: str | int,
) -> CcxtBroker:
    account = Account(AccountName("Testing"), "ccxt", Mode.LIVE, "USDT")
    world = World(clock or SystemClock(), wire or SystemClock(), orders=orders)
    keys = {"api_key": KEY, "api_secret": SECRET, "api_passphrase": "phrase-of-tests", "base_url": server.url}
    return open_broker(account, {"exchange": server.exchange, "market": server.market, **keys, **changes}, world)


@asynccontextmanager
async def connected(
    server: VenueServer,
    orders: tuple[Order, ...] = (),
    wire: Clock | None = None,
    clock: Clock | None = None,
    **changes: str | int,
) -> AsyncIterator[CcxtHarness]:
    broker = adapter(server, orders, wire, clock, **changes)
    await broker.start()
    try:
        instrument = next(i for i in await broker.instruments() if i.ticker.startswith("BTC"))
        yield CcxtHarness(broker, server, instrument, SystemClock())
    finally:
        await broker.close()
