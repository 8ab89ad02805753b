"""An adapter on a venue of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal

from brokers.ccxt import open_broker
from brokers.ccxt.broker import CcxtBroker
from core.clock import SystemClock
from core.ports import Clock, World
from core.values.accounts import Account, Mode
from core.values.ids import AccountName
from core.values.instrument import Instrument
from core.values.orders import Order
from tests.servers.venue import KEY, SECRET, VenueServer


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
    keys = {"api_key": KEY, "api_secret": SECRET, "base_url": server.url}
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
        instrument = next(i for i in await broker.instruments() if i.ticker == "BTCUSDT")
        yield CcxtHarness(broker, server, instrument, SystemClock())
    finally:
        await broker.close()
