"""An adapter on a T-Invest of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal

from brokers.tinvest import open_broker
from brokers.tinvest.broker import TInvestBroker
from core.clock import SystemClock
from core.ports import Clock, World
from core.values.accounts import Account, Mode
from core.values.fills import Fill
from core.values.ids import AccountName
from core.values.instrument import Instrument
from core.values.orders import Order, OrderTicket
from tests.servers.tinvest import READONLY, TOKEN, TInvestServer


@dataclass
class TInvestHarness:
    broker: TInvestBroker
    server: TInvestServer
    instrument: Instrument
    clock: Clock
    price: Decimal = Decimal("300.00")

    async def set_book(self, bid: Decimal, ask: Decimal, bid_size: Decimal, ask_size: Decimal) -> None:
        await self.server.set_book(self.instrument.ticker, bid, ask, bid_size, ask_size)

    async def settled(self) -> None:
        await self.server.heard()
        await self.broker.settled()

    def script(self, fault: str, count: int = 1) -> None:
        self.server.script(fault, count)

    async def close_market(self) -> None:
        self.server.books.closed = True


def account_settings(server: TInvestServer) -> dict[str, object]:
    return {
        "base_url": f"{server.url}/rest",
        "stream_url": f"{server.url.replace('http', 'ws')}/ws",
        "token": TOKEN,
        "readonly_token": READONLY,
    }


def adapter(
    server: TInvestServer,
    orders: tuple[Order, ...] = (),
    wire: Clock | None = None,
    clock: Clock | None = None,
    **changes: str | bool,
) -> TInvestBroker:
    account = Account(AccountName("Testing"), "tinvest", Mode.LIVE, "RUB")
    world = World(clock or SystemClock(), wire or SystemClock(), orders=orders)
    return open_broker(account, {**account_settings(server), **changes}, world)


@asynccontextmanager
async def connected(
    server: TInvestServer,
    ticker: str = "SBER",
    orders: tuple[Order, ...] = (),
    wire: Clock | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[TInvestHarness]:
    broker = adapter(server, orders, wire, clock)
    await broker.start()
    try:
        instrument = next(i for i in await broker.instruments() if i.ticker.startswith(ticker))
        yield TInvestHarness(broker, server, instrument, SystemClock())
    finally:
        await broker.close()


async def until(holds: Callable[[], object]) -> None:
    """Something that another task brings about; a test that would hang is ended by this."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - the product offers nothing to wait on, and should not for a test
            await asyncio.sleep(0.01)


@asynccontextmanager
async def reading(harness: TInvestHarness) -> AsyncIterator[list[OrderTicket | Fill]]:
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
