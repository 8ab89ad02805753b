from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.brokers.ccxt.harness import CcxtHarness, connected
from tests.contracts.broker import Desk
from tests.servers.venue import VenueServer, venue


@pytest.fixture(params=["bybit", "binance", "okx"])
def exchange(request: pytest.FixtureRequest) -> str:
    """Each dialect, where a test does not name one."""
    return str(request.param)


@pytest.fixture
async def server(tmp_path: Path, exchange: str) -> AsyncIterator[VenueServer]:
    async with venue(exchange, tmp_path / "ledger") as server:
        yield server


@pytest.fixture
async def harness(server: VenueServer) -> AsyncIterator[CcxtHarness]:
    async with connected(server) as harness:
        yield harness


@pytest.fixture
async def desk(harness: CcxtHarness) -> Desk:
    desk = Desk(harness)
    await desk.book(0, 1)
    return desk
