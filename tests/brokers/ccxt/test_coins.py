"""Spot accounts, asked as the core asks: every stop and every exit says that it only reduces."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.values.alerts import Alert, AlertKind, Levels
from core.values.money import ZERO, Price
from core.values.orders import OrderRole, OrderState, OrderType, Purpose, Side
from openoutcry.engine import Engine, build, recover
from openoutcry.settings import load_settings
from tests.brokers.ccxt.harness import CcxtHarness, connected
from tests.brokers.wired import until
from tests.contracts.broker import Desk
from tests.desk import an_alert
from tests.servers.venue import KEY, SECRET, VenueServer, venue


@pytest.fixture
async def server(tmp_path: Path, exchange: str) -> AsyncIterator[VenueServer]:
    async with venue(exchange, tmp_path / "coins", "spot") as server:
        yield server


@pytest.fixture
async def harness(server: VenueServer) -> AsyncIterator[CcxtHarness]:
    async with connected(server) as harness:
        yield harness


async def test_a_stop_that_only_reduces_stands_on_coins(desk: Desk, harness: CcxtHarness) -> None:
    """Spot has no such flag and needs none: what is not held cannot be sold."""
    await desk.buy(5, price=3)
    stop = desk.request(Side.SELL, 5, None, OrderType.STOP, stop=-100)
    stop = replace(stop, role=OrderRole.STOP, purpose=Purpose.EXIT, reduce_only=True)
    await desk.send(stop)
    assert [t.order_id for t in await harness.broker.stop_orders()] == [stop.id]


async def test_an_exit_that_only_reduces_sells_coins(desk: Desk, harness: CcxtHarness) -> None:
    """At the market, all that is held."""
    await desk.buy(5, price=3)
    way_out = desk.request(Side.SELL, 5, None, OrderType.MARKET)
    way_out = replace(way_out, role=OrderRole.EXIT, purpose=Purpose.EXIT, reduce_only=True)
    ticket = await desk.send(way_out)
    assert ticket.state is OrderState.FILLED
    assert harness.server.venue.ledger.quantity(harness.server.btc) == ZERO


@asynccontextmanager
async def engine_of(directory: Path, server: VenueServer) -> AsyncIterator[Engine]:
    """A whole desk on this venue."""
    keys = {"api_key": KEY, "api_secret": SECRET, "api_passphrase": "phrase-of-tests", "base_url": server.url}
    account = {"name": "Testing", "broker": "ccxt", "exchange": server.exchange, "market": "spot", **keys}
    settings = load_settings(None, desk={"data_dir": directory, "mode": "live"}, accounts=[account])
    async with AsyncExitStack() as stack:
        engine = await build(settings, stack, live=True)
        await stack.enter_async_context(engine.reconciler.listening())
        await recover(engine, settings)
        yield engine


def alert(server: VenueServer, kind: AlertKind, **fields: Any) -> Alert:
    return an_alert(kind, datetime.now(UTC), ticker=server.btc, exchange=server.exchange.upper(), **fields)


@pytest.mark.parametrize("exchange", ["binance", "bybit"])
async def test_a_whole_desk_guards_coins_and_leaves(tmp_path: Path, server: VenueServer) -> None:
    """From an alert to a stop at the venue, and from an exit alert to nothing held and nothing standing."""
    await server.set_book(server.btc, Decimal(63999), Decimal(64001), Decimal(9), Decimal(9))
    held = server.venue.ledger
    async with engine_of(tmp_path / "d", server) as engine:
        levels = Levels(Price(Decimal(63000)), Price(Decimal(66000)), None)
        await engine.intake.accept(
            alert(server, AlertKind.ENTRY, side=Side.BUY, price=Price(Decimal(64000)), long=levels)
        )
        await until(lambda: [row.request.stop_price for row in server.rows() if row.working] == [Decimal(63000)])
        assert held.quantity(server.btc) > 0
        await engine.intake.accept(alert(server, AlertKind.EXIT, price=Price(Decimal(64000))))
        await until(lambda: held.quantity(server.btc) == 0)
    assert [row for row in server.rows() if row.working] == []
