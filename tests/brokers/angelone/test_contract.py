"""Angel One under the contract every adapter is under: shares, options in lots, and what else the venue may do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from tests.brokers.angelone.harness import AngelOneHarness, connected
from tests.contracts.broker import BrokerContract
from tests.hurried import Hurried
from tests.servers.angelone import AngelOneServer

WAYS: dict[str, dict[str, object]] = {
    "documented": {},
    "orders after hours are kept for the next morning": {"keeps": True},
}


class TestContract(BrokerContract):
    @pytest.fixture(params=WAYS)
    async def harness(
        self, request: pytest.FixtureRequest, server: AngelOneServer, clock: Hurried
    ) -> AsyncIterator[AngelOneHarness]:
        for name, value in WAYS[request.param].items():
            setattr(server, name, value)
        async with connected(server, clock) as harness:
            yield harness


class TestOptions(BrokerContract):
    @pytest.fixture
    async def harness(self, server: AngelOneServer, clock: Hurried) -> AsyncIterator[AngelOneHarness]:
        async with connected(server, clock, "NIFTY") as harness:
            harness.price = Decimal("120.00")
            yield harness
