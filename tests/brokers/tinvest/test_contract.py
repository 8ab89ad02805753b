"""T-Invest under the contract every adapter is under: shares, futures, and each way the venue may turn out to be."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.brokers.tinvest.harness import TInvestHarness, connected
from tests.contracts.broker import BrokerContract
from tests.servers.tinvest import TInvestServer

WAYS: dict[str, dict[str, object]] = {
    "documented": {},
    "a repeated key is an error": {"repeats": "30057"},
    "GetOrders tells live orders only": {"filtered": False},
    "the stream names no trades": {"named": False},
    "no margin account": {"margin_account": False},
}


class TestContract(BrokerContract):
    @pytest.fixture(params=WAYS)
    async def harness(self, request: pytest.FixtureRequest, server: TInvestServer) -> AsyncIterator[TInvestHarness]:
        for name, value in WAYS[request.param].items():
            setattr(server, name, value)
        async with connected(server) as harness:
            yield harness
        assert server.exceeded == []


class TestFutures(BrokerContract):
    @pytest.fixture
    async def harness(self, server: TInvestServer) -> AsyncIterator[TInvestHarness]:
        async with connected(server, "SR") as harness:
            harness.price = server.books.quotes[harness.instrument.ticker].bid or harness.price
            yield harness
