from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.brokers.alpaca.harness import AlpacaHarness, connected
from tests.contracts.broker import Desk
from tests.servers.alpaca import AlpacaServer
from tests.servers.broker import hosting


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[AlpacaServer]:
    server = AlpacaServer(tmp_path / "ledger")
    async with hosting(server):
        yield server


@pytest.fixture
async def harness(server: AlpacaServer) -> AsyncIterator[AlpacaHarness]:
    async with connected(server) as harness:
        yield harness


@pytest.fixture
async def desk(harness: AlpacaHarness) -> Desk:
    desk = Desk(harness)
    await desk.book(0, 1)
    return desk
