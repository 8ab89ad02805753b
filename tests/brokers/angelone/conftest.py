from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.brokers.angelone.harness import AngelOneHarness, connected
from tests.contracts.broker import Desk
from tests.hurried import Hurried
from tests.servers.angelone import AngelOneServer
from tests.servers.broker import hosting


@pytest.fixture
def clock() -> Hurried:
    return Hurried()


@pytest.fixture
async def server(tmp_path: Path, clock: Hurried) -> AsyncIterator[AngelOneServer]:
    server = AngelOneServer(tmp_path / "ledger", clock)
    async with hosting(server):
        yield server


@pytest.fixture
async def harness(server: AngelOneServer, clock: Hurried) -> AsyncIterator[AngelOneHarness]:
    async with connected(server, clock) as harness:
        yield harness


@pytest.fixture
async def desk(harness: AngelOneHarness) -> Desk:
    desk = Desk(harness)
    await desk.book(0, 1)
    return desk
