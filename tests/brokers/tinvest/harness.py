"""An adapter on a T-Invest of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal

from brokers.tinvest import open_broker
from brokers.tinvest.broker import TInvestBroker
from core.clock import SystemClock
from core.ports import Clock, World
from core.values.accounts import Account, Mode
from core.values.ids import AccountName
from core.values.orders import Order
from tests.brokers.wired import Wired
from tests.servers.tinvest import READONLY, TOKEN, TInvestServer


@dataclass
class TInvestHarness(Wired[TInvestBroker, TInvestServer]):
    clock: Clock
    price: Decimal = Decimal("300.00")


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
