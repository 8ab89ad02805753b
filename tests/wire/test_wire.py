"""The wire adapter, under the contract every adapter is under, in each dialect of the broker server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.ports import World
from core.values.accounts import Account, Mode
from core.values.ids import AccountName
from core.values.instrument import Instrument
from core.values.orders import OrderType, Side
from tests.contracts.broker import BrokerContract, Desk
from tests.servers.broker import DIALECTS, BrokerServer, serving
from tests.wire import open_wire
from tests.wire.broker import WireBroker

EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class WireHarness:
    broker: WireBroker
    server: BrokerServer
    instrument: Instrument
    clock: SystemClock
    price: Decimal = Decimal("300.00")

    async def set_book(self, bid: Decimal, ask: Decimal, bid_size: Decimal, ask_size: Decimal) -> None:
        await self.server.set_book(self.instrument.ticker, bid, ask, bid_size, ask_size)

    async def settled(self) -> None:
        await self.broker.settled(self.server.told)

    def script(self, fault: str, count: int = 1) -> None:
        self.server.script(fault, count)

    async def close_market(self) -> None:
        self.server.books.closed = True


class TestContract(BrokerContract):
    @pytest.fixture(params=[name for name, able in DIALECTS.items() if able.native_stops])
    async def harness(self, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[WireHarness]:
        async with serving(tmp_path / "ledger", request.param) as server:
            clock = SystemClock()
            account = Account(AccountName("Testing"), "tinvest", Mode.LIVE, "RUB")
            settings = {"base_url": server.url, "account_id": request.param}
            broker = open_wire(account, settings, World(clock, clock))
            await broker.start()
            [sber] = [i for i in await broker.instruments() if i.ticker == "SBER"]
            yield WireHarness(broker, server, sber, clock)


async def test_the_referee_remembers(tmp_path: Path) -> None:
    """Started again on its ledger the broker holds the same orders, fills and positions, to the id."""
    told = []
    for number in range(2):
        async with serving(tmp_path / "ledger", "always") as server:
            broker = open_wire(
                Account(AccountName("Testing"), "tinvest", Mode.LIVE, "RUB"),
                {"base_url": server.url, "account_id": "always"},
                World(SystemClock(), SystemClock()),
            )
            await broker.start()
            [sber] = [i for i in await broker.instruments() if i.ticker == "SBER"]
            desk = Desk(WireHarness(broker, server, sber, SystemClock()))
            if number == 0:
                await desk.book(0, 1, ask_size=3)
                await desk.buy(5, price=1)
                await desk.send(desk.request(Side.SELL, 3, None, OrderType.STOP, stop=-5))
                gone, _ = await desk.buy(5, price=-2)
                await broker.cancel(gone)
            told.append(
                [
                    await broker.positions(),
                    [(t.broker_id, t.filled) for t in await broker.open_orders()],
                    [t.broker_id for t in await broker.stop_orders()],
                    [(fill.id, fill.quantity) for fill in await broker.fills_since(EVER)],
                ]
            )
            await broker.close()
    assert told[0] == told[1]
    assert all(told[0])
