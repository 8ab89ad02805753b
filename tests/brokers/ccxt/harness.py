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
from core.values.orders import Order
from tests.brokers.wired import Wired
from tests.servers.venue import KEY, SECRET, VenueServer


class Hasty(SystemClock):
    """Real time, in which nobody sleeps for long: what is done every quarter of a minute is done at once."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / 50)


@dataclass
class CcxtHarness(Wired[CcxtBroker, VenueServer]):
    clock: Clock
    price: Decimal = Decimal(64000)


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
