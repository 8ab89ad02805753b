"""The wire adapter, under the contract every adapter is under, in each dialect of the broker server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.ports import World
from core.values.accounts import Account, Mode
from core.values.ids import AccountName
from core.values.instrument import Instrument
from tests.contracts.broker import BrokerContract
from tests.servers.broker import DIALECTS, BrokerServer, serving
from tests.wire import open_wire
from tests.wire.broker import WireBroker


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
    @pytest.fixture(params=DIALECTS)
    async def harness(self, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[WireHarness]:
        async with serving(tmp_path / "ledger", request.param) as server:
            clock = SystemClock()
            account = Account(AccountName("Testing"), "tinvest", Mode.LIVE, "RUB")
            settings = {"base_url": server.url, "account_id": request.param}
            broker = open_wire(account, settings, World(clock, clock))
            await broker.start()
            [sber] = [i for i in await broker.instruments() if i.ticker == "SBER"]
            yield WireHarness(broker, server, sber, clock)
