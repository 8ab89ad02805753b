"""Each dialect under the contract every adapter is under: linear contracts and coins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.brokers.ccxt.harness import CcxtHarness, connected
from tests.contracts.broker import BrokerContract
from tests.servers.venue import venue


class OnVenue(BrokerContract):
    exchange, market = "", "linear"

    @pytest.fixture
    async def harness(self, tmp_path: Path) -> AsyncIterator[CcxtHarness]:
        async with (
            venue(self.exchange, tmp_path / "ledger", self.market) as server,
            connected(server) as harness,
        ):
            yield harness


class TestBybit(OnVenue):
    exchange = "bybit"


class TestBybitCoins(OnVenue):
    exchange, market = "bybit", "spot"


class TestBinance(OnVenue):
    exchange = "binance"


class TestBinanceCoins(OnVenue):
    exchange, market = "binance", "spot"


class TestOkx(OnVenue):
    exchange = "okx"


class TestOkxCoins(OnVenue):
    exchange, market = "okx", "spot"
