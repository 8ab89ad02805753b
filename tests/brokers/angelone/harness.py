"""An adapter on an Angel One of its own, on a trading day in India that goes by quickly."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from brokers.angelone import open_broker
from brokers.angelone.broker import AngelOneBroker
from core.ports import Clock, World
from core.values.accounts import Account, Mode
from core.values.ids import AccountName
from core.values.orders import Order
from tests.brokers.wired import Wired
from tests.servers.angelone import CLIENT, KEY, PIN, SECRET, AngelOneServer


@dataclass
class AngelOneHarness(Wired[AngelOneBroker, AngelOneServer]):
    """clock: the market's."""

    clock: Clock
    price: Decimal = Decimal("300.00")

    def script(self, fault: str, count: int = 1) -> None:
        """A disconnect meets the question for positions, not the books that are read all the time."""
        if fault == "disconnect":
            self.server.cut = "getPosition"
        else:
            super().script(fault, count)


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
