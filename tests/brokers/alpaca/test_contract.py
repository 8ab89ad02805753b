"""Alpaca under the contract every adapter is under, in each way the venue may turn out to be."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.brokers.alpaca.harness import AlpacaHarness, connected
from tests.contracts.broker import BrokerContract
from tests.servers.alpaca import AlpacaServer

WAYS: dict[str, dict[str, object]] = {
    "live": {},
    "paper, whose stream comes in binary frames": {"binary": True},
    "answers come before what they tell is so": {"slow": True},
}


class TestContract(BrokerContract):
    @pytest.fixture(params=WAYS)
    async def harness(self, request: pytest.FixtureRequest, server: AlpacaServer) -> AsyncIterator[AlpacaHarness]:
        for name, value in WAYS[request.param].items():
            setattr(server, name, value)
        async with connected(server) as harness:
            yield harness
        assert server.exceeded == []
