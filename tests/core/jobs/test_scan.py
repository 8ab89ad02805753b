"""What a scan asks a real venue: little, and all at once."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

from core.jobs.scan import Scanner
from core.services.desk import Venue
from tests.brokers.ccxt.harness import connected as coins
from tests.brokers.tinvest.harness import connected
from tests.desk import TESTING, opened
from tests.futures import FAR
from tests.servers.broker import hosting
from tests.servers.tinvest import TInvestServer
from tests.servers.venue import venue

CALLS_MAX = 5


async def test_tm_55_a_scan_is_five_calls_at_most(tmp_path: Path) -> None:
    """On T-Invest: the lists are known, all last prices are one question; books come by subscription."""
    server = TInvestServer(tmp_path / "ledger")
    async with hosting(server), connected(server) as harness, opened(tmp_path / "desk") as desk:
        account = desk.engine.desk.venues[TESTING].account
        desk.engine.desk.venues[TESTING] = Venue(account, harness.broker, harness.broker.feed)
        scanner = Scanner(desk.engine.desk)
        before = sum(server.calls.values())
        pairs = await scanner.scan(account, Decimal(-50))
        assert (FAR, "SBER") in {(pair.far.ticker, pair.near.ticker) for pair in pairs}
        assert sum(server.calls.values()) - before <= CALLS_MAX
        asked = asyncio.create_task(scanner.executable(account, pairs))
        while not asked.done():
            await desk.wire.advance(0.05)
            await asyncio.sleep(0.01)
        found = await asked
        assert {each.pair.far.ticker for each in found} == {pair.far.ticker for pair in pairs}
        assert "GetOrderBook" not in server.calls


async def test_a_scan_lists_coins_against_perpetuals(tmp_path: Path) -> None:
    """Of a venue that tells funding, in one call: the same list, with the same figures."""
    async with (
        venue("bybit", tmp_path / "ledger") as server,
        coins(server) as harness,
        opened(tmp_path / "desk") as desk,
    ):
        account = desk.engine.desk.venues[TESTING].account
        desk.engine.desk.venues[TESTING] = Venue(account, harness.broker, harness.broker.feed)
        pairs = await Scanner(desk.engine.desk).scan(account, Decimal("7.5"))
        assert [(pair.near.ticker, pair.far.ticker) for pair in pairs] == [("BTC/USDT", "BTCUSDT")]
        assert pairs[0].yearly > Decimal("7.5")
