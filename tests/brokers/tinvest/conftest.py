from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.brokers.tinvest.harness import TInvestHarness, connected
from tests.contracts.broker import Desk
from tests.servers.broker import hosting
from tests.servers.tinvest import TInvestServer


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[TInvestServer]:
    server = TInvestServer(tmp_path / "ledger")
    async with hosting(server):
        yield server


@pytest.fixture
async def harness(server: TInvestServer) -> AsyncIterator[TInvestHarness]:
    async with connected(server) as harness:
        yield harness


@pytest.fixture
async def desk(harness: TInvestHarness) -> Desk:
    desk = Desk(harness)
    await desk.book(0, 1)
    return desk
