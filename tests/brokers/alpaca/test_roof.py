"""A whole desk on an Alpaca account."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from brokers.alpaca.broker import AlpacaBroker
from brokers.paper.broker import PaperBroker
from core.values.accounts import RiskState
from core.values.fills import Fill
from core.values.ids import AccountName
from openoutcry.engine import Engine, build, recover
from openoutcry.settings import SettingsError, load_settings
from tests.brokers.alpaca.harness import AlpacaHarness, Later, account_settings, connected
from tests.contracts.broker import Desk
from tests.servers.alpaca import AlpacaServer

AMERICA = AccountName("America")


@asynccontextmanager
async def engine_of(
    tmp_path: Path, server: AlpacaServer, *more: dict[str, Any], feed: str = "demo", live: bool = False, **changes: str
) -> AsyncIterator[Engine]:
    desk = {"data_dir": tmp_path / "d", "mode": "live" if live else "paper"}
    account = {"name": AMERICA, "broker": "alpaca", **account_settings(server), **changes}
    settings = load_settings(None, desk=desk, market={"feed": feed}, accounts=(account, *more))
    async with AsyncExitStack() as stack:
        engine = await build(settings, stack, live=live)
        await stack.enter_async_context(engine.reconciler.listening())
        await recover(engine, settings)
        yield engine


async def test_without_live_nothing_is_asked_of_it(tmp_path: Path, server: AlpacaServer) -> None:
    """The account trades on paper, in dollars."""
    async with engine_of(tmp_path, server) as engine:
        venue = engine.desk.venues[AMERICA]
        assert isinstance(venue.broker, PaperBroker)
        assert venue.account.currency == "USD"
    assert server.calls == {}


async def test_a_paper_account_trades_on_its_prices(tmp_path: Path, server: AlpacaServer) -> None:
    """The fill is at Alpaca's offer, and Alpaca hears of no order."""
    paper = {"name": "Testing", "broker": "paper", "currency": "USD"}
    async with engine_of(tmp_path, server, paper, feed=AMERICA) as engine:
        venue = engine.desk.venues[AccountName("Testing")]
        [sber] = [i for i in await venue.broker.instruments() if i.ticker == "SBER"]
        desk = Desk(AlpacaHarness(venue.broker, server, sber, Later()))  # type: ignore[arg-type]  # moves books
        await desk.book(0, 1)
        await desk.buy(5, price=3)
        [fill] = await venue.broker.fills_since(desk.on.clock.now().replace(year=2000))
        assert isinstance(fill, Fill)
        assert fill.price == desk.at(1)
    assert server.bodies == []


async def test_a_missing_key_is_a_fault_of_the_settings(tmp_path: Path, server: AlpacaServer) -> None:
    """Said by its name before anything is asked."""
    with pytest.raises(SettingsError, match="secret_key is missing"):
        async with engine_of(tmp_path, server, live=True, secret_key=""):
            pass


async def test_an_account_that_is_away_at_start_is_tried_again(tmp_path: Path, server: AlpacaServer) -> None:
    """Its first answers are cut off."""
    server.script("disconnect", 2)
    async with engine_of(tmp_path, server, live=True) as engine:
        assert isinstance(engine.desk.venues[AMERICA].broker, AlpacaBroker)


async def test_an_order_of_another_desk_halts_entries(tmp_path: Path, server: AlpacaServer) -> None:
    """Heard in the stream: its id carries a desk's, and the order is not in this journal."""
    async with engine_of(tmp_path, server, live=True) as engine, connected(server) as harness:
        other = Desk(harness)
        await other.book(0, 1)
        assert engine.desk.safety.state() is RiskState.ACTIVE
        await other.buy(5, price=-2)
        await server.heard()
        broker = engine.desk.venues[AMERICA].broker
        assert isinstance(broker, AlpacaBroker)
        await broker.settled()
        assert engine.desk.safety.state() is RiskState.HALTED
