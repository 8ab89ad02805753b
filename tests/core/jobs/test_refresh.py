"""The daily look at what brokers list, over a broker that drops an instrument overnight."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from core.jobs.refresh import refresh
from core.services.desk import Venue
from core.values.changes import Audited
from core.values.ids import OWNER
from core.values.instrument import Instrument
from core.values.money import Price
from core.values.orders import BY_HAND, Refused
from tests.brokers.tinvest.harness import connected
from tests.brokers.wired import until
from tests.desk import TESTING, TestDesk, opened
from tests.servers.broker import hosting
from tests.servers.tinvest import TInvestServer


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[TInvestServer]:
    server = TInvestServer(tmp_path / "ledger")
    async with hosting(server):
        yield server


@asynccontextmanager
async def trading_at(server: TInvestServer, data_dir: Path) -> AsyncIterator[TestDesk]:
    """A desk whose account is at T-Invest."""
    async with opened(data_dir, listening=False) as desk, connected(server, clock=desk.clock) as harness:
        core = desk.engine.desk
        venue = core.venues[TESTING]
        core.venues[TESTING] = Venue(venue.account, harness.broker, harness.broker.feed)
        core.directory.put(venue.account, await harness.broker.instruments())
        yield desk


async def held(desk: TestDesk, ticker: str) -> None:
    """Ten pieces, by hand."""
    now = desk.now
    told = Audited(now, OWNER, "test", "held", ticker, {})
    key = (TESTING, ticker, BY_HAND)
    await desk.engine.desk.ledger.correct(key, Decimal(10), Price(Decimal(130)), OWNER, lambda _position: told)


async def test_what_is_dropped_takes_no_new_orders(server: TInvestServer, data_dir: Path) -> None:
    """Unknown from the next day on, and said so."""
    async with trading_at(server, data_dir) as desk:
        del server.instruments["GAZP"]
        await desk.clock.advance(86400)
        assert await refresh(desk.engine.desk) == ["GAZP"]
        assert isinstance(desk.engine.desk.directory.find(TESTING, "GAZP"), Refused)
        assert isinstance(desk.engine.desk.directory.find(TESTING, "SBER"), Instrument)


async def test_what_is_still_held_stays_known(server: TInvestServer, data_dir: Path) -> None:
    """An expired future or a delisted share must be closable; once it is gone, so is the instrument."""
    async with trading_at(server, data_dir) as desk:
        await held(desk, "GAZP")
        del server.instruments["GAZP"]
        await desk.clock.advance(86400)
        await refresh(desk.engine.desk)
        assert desk.engine.desk.directory.instrument(TESTING, "GAZP").lot == 10


async def test_a_broker_that_is_away_is_asked_again(server: TInvestServer, data_dir: Path) -> None:
    """A minute later, four times; meanwhile all stays as it was."""
    async with trading_at(server, data_dir) as desk:
        del server.instruments["GAZP"]
        await desk.clock.advance(86400)
        server.script("disconnect")
        asking = asyncio.create_task(refresh(desk.engine.desk))
        await until(lambda: not server.faults)
        assert isinstance(desk.engine.desk.directory.find(TESTING, "GAZP"), Instrument)
        while not asking.done():
            await desk.wire.advance(1)
            await asyncio.sleep(0.001)
        assert asking.result() == ["GAZP"]
