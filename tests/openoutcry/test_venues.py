"""Which account trades where, and on whose prices: the roof over real servers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from brokers.paper.broker import PaperBroker
from brokers.tinvest.broker import TInvestBroker
from core.clock import SystemClock
from core.values.accounts import RiskState
from core.values.fills import Fill
from core.values.ids import AccountName
from openoutcry.engine import Engine, build, recover
from openoutcry.settings import SettingsError, load_settings
from tests.brokers.tinvest.harness import TInvestHarness, account_settings, connected
from tests.contracts.broker import Desk
from tests.servers.broker import hosting
from tests.servers.tinvest import TInvestServer

PAPER = {"name": "Testing", "broker": "paper"}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[TInvestServer]:
    server = TInvestServer(tmp_path / "ledger")
    async with hosting(server):
        yield server


def tinvest(server: TInvestServer) -> dict[str, object]:
    return {"name": "Broker", "broker": "tinvest", **account_settings(server)}


@asynccontextmanager
async def engine_of(
    tmp_path: Path, *accounts: dict[str, Any], feed: str = "demo", live: bool = False
) -> AsyncIterator[Engine]:
    desk = {"data_dir": tmp_path / "d", "mode": "live" if live else "paper"}
    settings = load_settings(None, desk=desk, market={"feed": feed}, accounts=accounts)
    async with AsyncExitStack() as stack:
        engine = await build(settings, stack, live=live)
        await stack.enter_async_context(engine.reconciler.listening())
        await recover(engine, settings)
        yield engine


@asynccontextmanager
async def somebody_else(server: TInvestServer) -> AsyncIterator[Desk]:
    """Another desk on the same account."""
    async with connected(server) as harness:
        desk = Desk(harness)
        await desk.book(0, 1)
        yield desk


async def test_without_live_nothing_is_asked_of_a_broker(tmp_path: Path, server: TInvestServer) -> None:
    """A T-Invest account trades on paper and the built-in market then."""
    async with engine_of(tmp_path, tinvest(server)) as engine:
        assert isinstance(engine.desk.venues[AccountName("Broker")].broker, PaperBroker)
    assert server.calls == {}


async def test_paper_trades_on_the_prices_of_another_account(tmp_path: Path, server: TInvestServer) -> None:
    """The fill is at T-Invest's offer, and T-Invest hears of no order."""
    async with engine_of(tmp_path, PAPER, tinvest(server), feed="Broker") as engine:
        venue = engine.desk.venues[AccountName("Testing")]
        [sber] = [i for i in await venue.broker.instruments() if i.ticker == "SBER"]
        desk = Desk(TInvestHarness(venue.broker, server, sber, SystemClock()))  # type: ignore[arg-type]  # moves books
        await desk.book(0, 1)
        await desk.buy(5, price=3)
        [fill] = await venue.broker.fills_since(desk.on.clock.now().replace(year=2000))
        assert isinstance(fill, Fill)
        assert fill.price == desk.at(1)
        assert isinstance(engine.desk.venues[AccountName("Broker")].broker, PaperBroker)
    assert [line["kind"] for line in server.lines() if line["kind"] != "book"] == []


async def test_an_account_without_prices_is_no_feed(tmp_path: Path) -> None:
    """A paper account has none of its own."""
    with pytest.raises(SettingsError, match="Testing"):
        async with engine_of(tmp_path, PAPER, {**PAPER, "name": "Other"}, feed="Testing"):
            pass


async def test_a_broker_that_is_away_at_start_is_tried_again(tmp_path: Path, server: TInvestServer) -> None:
    """Its first answers are cut off."""
    server.script("disconnect", 2)
    async with engine_of(tmp_path, tinvest(server), live=True) as engine:
        assert isinstance(engine.desk.venues[AccountName("Broker")].broker, TInvestBroker)


async def test_an_order_of_another_desk_halts_entries(tmp_path: Path, server: TInvestServer) -> None:
    """Heard in the stream: its key carries a desk's id, and the order is not in this journal."""
    async with engine_of(tmp_path, tinvest(server), live=True) as engine, somebody_else(server) as other:
        assert engine.desk.safety.state() is RiskState.ACTIVE
        order, _ = await other.buy(5, price=-2)
        await server.heard()
        broker = engine.desk.venues[AccountName("Broker")].broker
        assert isinstance(broker, TInvestBroker)
        await broker.settled()
        assert engine.desk.safety.state() is RiskState.HALTED
        assert engine.desk.safety.halt is not None
        assert order.id in engine.desk.safety.halt.reason


async def test_an_order_of_another_desk_halts_entries_at_start(tmp_path: Path, server: TInvestServer) -> None:
    """It worked there before this desk came."""
    async with somebody_else(server) as other:
        await other.buy(5, price=-2)
        async with engine_of(tmp_path, tinvest(server), live=True) as engine:
            assert engine.desk.safety.state() is RiskState.HALTED
