"""An adapter on an Angel One of its own, on a trading day in India that goes by quickly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from brokers.angelone import open_broker
from brokers.angelone.broker import AngelOneBroker
from core.ports import Clock, World
from core.values.accounts import Account, Mode
from core.values.fills import Fill
from core.values.ids import AccountName
from core.values.instrument import Instrument
from core.values.orders import Order, OrderTicket
from tests.servers.angelone import CLIENT, KEY, PIN, SECRET, AngelOneServer


@dataclass
class AngelOneHarness:
    """clock: the market's."""

    broker: AngelOneBroker
    server: AngelOneServer
    instrument: Instrument
    clock: Clock
    price: Decimal = Decimal("300.00")

    async def set_book(self, bid: Decimal, ask: Decimal, bid_size: Decimal, ask_size: Decimal) -> None:
        await self.server.set_book(self.instrument.ticker, bid, ask, bid_size, ask_size)

    async def settled(self) -> None:
        await self.server.heard()
        await self.broker.settled()

    def script(self, fault: str, count: int = 1) -> None:
        """A disconnect meets the question for positions, not the books that are read all the time."""
        if fault == "disconnect":
            self.server.cut = "getPosition"
        else:
            self.server.script(fault, count)

    async def close_market(self) -> None:
        self.server.books.closed = True


class Addressed(Protocol):
    """Whatever answers at an address."""

    url: str


def account_settings(server: Addressed) -> dict[str, object]:
    return {
        "base_url": server.url,
        "client_id": CLIENT,
        "api_key": KEY,
        "password": PIN,
        "totp_secret": SECRET,
    }


def adapter(
    server: AngelOneServer, clock: Clock, orders: tuple[Order, ...] = (), wire: Clock | None = None, **changes: str
) -> AngelOneBroker:
    account = Account(AccountName("Testing"), "angelone", Mode.LIVE, "INR")
    world = World(clock, wire or clock, orders=orders)
    return open_broker(account, {**account_settings(server), **changes}, world)


@asynccontextmanager
async def connected(
    server: AngelOneServer,
    clock: Clock,
    ticker: str = "SBER",
    orders: tuple[Order, ...] = (),
    wire: Clock | None = None,
) -> AsyncIterator[AngelOneHarness]:
    broker = adapter(server, clock, orders, wire)
    await broker.start()
    try:
        instrument = next(i for i in await broker.instruments() if i.ticker.startswith(ticker))
        yield AngelOneHarness(broker, server, instrument, clock)
    finally:
        await broker.close()


async def until(holds: Callable[[], object]) -> None:
    """Something that another task brings about; a test that would hang is ended by this."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - the product offers nothing to wait on, and should not for a test
            await asyncio.sleep(0.01)


@asynccontextmanager
async def reading(harness: AngelOneHarness) -> AsyncIterator[list[OrderTicket | Fill]]:
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
