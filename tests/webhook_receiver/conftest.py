"""A receiver on a real socket, over a real journal, under a clock that stands still."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web

from core.clock import ManualClock
from core.services.directory import Directory
from core.services.intake import Intake, IntakeLimits
from core.values.accounts import Account, Mode
from core.values.alerts import AlertRecord
from core.values.ids import AccountName
from core.values.instrument import Instrument, InstrumentKind
from core.values.money import Quantity
from kit.http import Listener, errors_as_json, listen
from storage.sqlite import open_store
from storage.sqlite.store import SqliteStore
from webhook_receiver.routes import Receiver, webhook_routes

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
PASSPHRASE = "correct horse"
ORDER = "/tradingview-to-webhook-order"
STUDY = "/tradingview-to-discord-study"


@dataclass
class Desk:
    store: SqliteStore
    clock: ManualClock
    listener: Listener
    session: ClientSession
    strangers: list[tuple[str, int]] = field(default_factory=list)
    drained: list[AlertRecord] = field(default_factory=list)

    async def post(self, body: object, path: str = ORDER, **more: Any) -> tuple[int, dict[str, Any]]:
        """bytes go as they are, all else as JSON. Returns the status and the answer."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = f"http://127.0.0.1:{self.listener.port}{path}"
        async with self.session.post(url, data=data, **more) as response:
            return response.status, await response.json()

    async def rows(self) -> int:
        return len((await self.store.alerts(1000)).items)


def instrument(ticker: str, exchange: str = "BYBIT") -> Instrument:
    one = Quantity(Decimal(1))
    return Instrument(ticker, exchange, InstrumentKind.PERPETUAL, "USDT", one, Decimal("0.1"), one)


def directory() -> Directory:
    known = Directory({"binance": {"ETHPERP": "ETHUSDT"}})
    account = Account(AccountName("Testing"), "paper", Mode.PAPER, "USDT")
    known.put(account, [instrument("BTCPERP"), instrument("ETHUSDT", "BINANCE")])
    return known


@pytest.fixture
def limits() -> IntakeLimits:
    return IntakeLimits()


@pytest.fixture
def passphrase() -> str:
    return PASSPHRASE


@pytest.fixture
async def desk(tmp_path: Path, limits: IntakeLimits, passphrase: str) -> AsyncIterator[Desk]:
    clock = ManualClock(START)
    store = await open_store(tmp_path / "desk.db", clock)
    intake = Intake(store=store, clock=clock, wire=clock, desk_id=store.desk_id, limits=limits)
    await intake.start()
    strangers: list[tuple[str, int]] = []
    receiver = Receiver(
        intake=intake,
        directory=directory(),
        passphrase=passphrase,
        clock=clock,
        on_stranger=lambda peer, tries: strangers.append((peer, tries)),
    )
    app = web.Application(middlewares=[errors_as_json])
    routes = webhook_routes(receiver)
    app.add_routes(routes)
    listener = await listen(app, "127.0.0.1", 0, first=routes, shutdown_s=1)
    async with ClientSession() as session:
        desk = Desk(store, clock, listener, session, strangers)
        intake.on_accepted = desk.drained.append
        yield desk
    await listener.close()
    await store.close()


@pytest.fixture
def entry() -> dict[str, Any]:
    """The basic sample of behaviour.md 2.2, as an entry."""
    return {
        "ticker": "BTCPERP",
        "exchange": "BYBIT",
        "time": "2026-01-05T10:00:00Z",
        "action": "buy",
        "price": 40000,
        "message": "entry",
        "long SL": 39800.5,
        "long TP": 41000,
        "short SL": "NaN",
        "short TP": 0,
        "passphrase": PASSPHRASE,
        "subaccount": "Testing",
    }
