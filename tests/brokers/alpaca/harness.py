"""An adapter on an Alpaca of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from brokers.alpaca import open_broker
from brokers.alpaca.broker import AlpacaBroker
from brokers.alpaca.hours import AGREED
from core.clock import ManualClock, SystemClock
from core.ports import Clock, World
from core.values.accounts import Account, Mode
from core.values.ids import AccountName
from core.values.orders import Order
from tests.brokers.wired import Wired, until
from tests.servers.alpaca import KEY, SECRET, AlpacaServer


class Later(SystemClock):
    """Real time that can be set ahead."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.ahead


@dataclass
class AlpacaHarness(Wired[AlpacaBroker, AlpacaServer]):
    clock: Later
    price: Decimal = Decimal("300.00")

    async def close_market(self) -> None:
        """As long ago as the venue's clock is believed without being asked."""
        await super().close_market()
        self.clock.ahead += AGREED


def account_settings(server: AlpacaServer) -> dict[str, object]:
    return {
        "base_url": server.url,
        "data_url": server.url,
        "stream_url": server.url.replace("http", "ws"),
        "key_id": KEY,
        "secret_key": SECRET,
        "data_feed": "iex",
    }


def adapter(
    server: AlpacaServer,
    orders: tuple[Order, ...] = (),
    wire: Clock | None = None,
    clock: Clock | None = None,
    **changes: str | bool,
) -> AlpacaBroker:
    account = Account(AccountName("Testing"), "alpaca", Mode.LIVE, "USD")
    world = World(clock or SystemClock(), wire or SystemClock(), orders=orders)
    return open_broker(account, {**account_settings(server), **changes}, world)


@asynccontextmanager
async def connected(
    server: AlpacaServer,
    orders: tuple[Order, ...] = (),
    wire: Clock | None = None,
    clock: Later | None = None,
    **changes: str | bool,
) -> AsyncIterator[AlpacaHarness]:
    clock = clock or Later()
    broker = adapter(server, orders, wire, clock, **changes)
    await broker.start()
    try:
        await until(lambda: any(link.prices and link.in_ for link in server._links))
        [instrument] = [i for i in await broker.instruments() if i.ticker == "SBER"]
        yield AlpacaHarness(broker, server, instrument, clock)
    finally:
        await broker.close()


async def passed(wire: ManualClock, holds: Callable[[], object]) -> None:
    """Let the wire's time go by until it does."""
    async with asyncio.timeout(10):
        while not holds():
            await wire.advance(1)
            await asyncio.sleep(0.01)
