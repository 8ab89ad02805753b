"""A whole desk behind a real socket: journal, still market, paper broker, webhook and dashboard."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientPayloadError, ClientSession, StreamReader, web

import dashboard
from brokers.paper import open_broker
from core import commands
from core.commands.console import Console
from core.commands.registry import Tools
from core.ports import World
from core.services.desk import Venue
from core.services.options import Options
from core.services.portfolio import Portfolio
from core.services.research import Research
from core.values.accounts import Account, Mode
from core.values.ids import AccountName, UserId
from core.values.people import Person, Role, owner_person
from dashboard.board import Board, DemoControls, Figures
from kit.auth import same_secret
from kit.http import errors_as_json, listen
from openoutcry.controls import Puppeteer
from openoutcry.engine import Engine, build, recover
from openoutcry.hub import open_hub
from openoutcry.in_force import roof_of
from openoutcry.settings import load_settings
from webhook_receiver.hook import Hook, hook_route
from webhook_receiver.routes import Receiver, webhook_routes

PASSPHRASE = "a passphrase nobody may read"
TOKENS = {
    "owner-token": owner_person("api"),
    "ann-token": Person(UserId("ann"), "ann", Role.TRADER),
    "viewer-token": Person(UserId("eve"), "eve", Role.VIEWER),
}
SAMPLE = {
    "ticker": "BTCPERP",
    "exchange": "BYBIT",
    "action": "buy",
    "type": "market",
    "price": "40000",
    "message": "entry",
    "long SL": "39800",
    "long TP": "41000",
    "passphrase": PASSPHRASE,
    "subaccount": "Testing",
}


@dataclass
class Answer:
    status: int
    data: Any
    headers: Mapping[str, str]


@dataclass
class House:
    """The running desk, and a client of it. `ask` speaks as the owner unless told otherwise."""

    board: Board
    engine: Engine
    session: ClientSession
    port: int = 0
    moods: dict[str, bool] = field(default_factory=lambda: {"ready": True, "alive": True})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def ask(
        self, method: str, path: str, body: Any = None, token: str | None = "owner-token", **more: Any
    ) -> Answer:
        """data: the answer's JSON, or its text. bytes are sent as they are, all else as JSON."""
        headers = dict(more.pop("headers", {}))
        if token is not None:
            headers.setdefault("Authorization", f"Bearer {token}")
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        if data is not None:
            headers.setdefault("Content-Type", "application/json")
        url = f"{self.url}{path}"
        async with self.session.request(method, url, data=data, headers=headers, allow_redirects=False, **more) as got:
            text = await got.text()
            is_json = got.content_type == "application/json"
            return Answer(got.status, json.loads(text) if is_json and text else text, got.headers)

    async def get(self, path: str, token: str | None = "owner-token", **more: Any) -> Answer:
        return await self.ask("GET", path, None, token, **more)

    async def post(self, path: str, body: Any = None, token: str | None = "owner-token", **more: Any) -> Answer:
        return await self.ask("POST", path, {} if body is None else body, token, **more)

    async def settled(self) -> None:
        """Until nothing moves any more."""
        assert self.board.demo is not None
        await self.board.demo.clock(0)

    async def trade(self) -> str:
        """Send the sample alert, wait until its position stands; its id."""
        answer = await self.post("/tradingview-to-webhook-order", SAMPLE, token=None)
        assert answer.status == 200, answer.data
        await self.settled()
        return str(answer.data["alert_id"])


def people(token: str) -> Person | None:
    return next((person for known, person in TOKENS.items() if same_secret(token, known)), None)


@asynccontextmanager
async def opened(
    path: Path, research: Callable[[Engine], Research] = lambda _engine: Research(), **more: Any
) -> AsyncIterator[House]:
    """A house on `path`; `more` replaces fields of its Board."""
    settings = load_settings(
        None,
        desk={"data_dir": path},
        webhook={"passphrase": PASSPHRASE},
        market={"still": True, "prices": {"BTCPERP": "40000"}},
        accounts=({"name": "Testing", "broker": "paper", "currency": "USDT"},),
    )
    async with AsyncExitStack() as stack:
        engine = await build(settings, stack)
        await _account_of_ann(engine)
        await stack.enter_async_context(engine.reconciler.listening())
        await recover(engine, settings)
        moods = {"ready": True, "alive": True}
        studies = research(engine)
        tools = Tools(
            desk=engine.desk,
            execution=engine.execution,
            guardian=engine.guardian,
            approvals=engine.approvals,
            store=engine.store,
            healthy=lambda: True,
            clock_now=engine.clock.now,
            supervisor=engine.supervisor,
            pairs=engine.spreading.pairs,
            scanner=engine.spreading.scanner,
            worklist=engine.worklist,
            office=engine.office,
            catch_up=partial(engine.drain.parity.catch_up, engine.intake),
            strategies=engine.strategies,
            research=studies,
        )
        board = Board(
            console=Console(tools, commands.table()),
            portfolio=Portfolio(engine.desk, engine.guardian),
            approvals=engine.approvals,
            pairs=engine.spreading.pairs,
            worklist=engine.worklist,
            office=engine.office,
            supervisor=engine.supervisor,
            desk=engine.desk,
            store=engine.store,
            people=people,
            clock=engine.clock,
            wire=engine.wire,
            ready=lambda: moods["ready"],
            alive=lambda: moods["alive"],
            version="0.0.test",
            research=studies,
        )
        hub = await open_hub(settings, engine)
        stack.push_async_callback(hub.hub.close)
        usual = {
            "demo": _demo(engine),
            "roof": roof_of(settings, hub.door),
            "figures": Figures(data_dir=path, hub=hub.hub),
        }
        session = await stack.enter_async_context(ClientSession())
        house = House(replace(board, **{**usual, **more}), engine, session, moods=moods)
        receiver = Receiver(
            intake=engine.intake, directory=engine.desk.directory, passphrase=PASSPHRASE, clock=engine.clock
        )
        app = web.Application(middlewares=[errors_as_json])
        hook = Hook(
            intake=engine.intake,
            directory=engine.desk.directory,
            links=engine.office.links,
            options=Options(engine.desk),
            clock=engine.clock,
        )
        app.add_routes([*dashboard.routes(house.board), *webhook_routes(receiver), hook_route(hook)])
        listener = await listen(app, "127.0.0.1", 0, shutdown_s=2)
        stack.push_async_callback(listener.close)
        house.port = listener.port
        yield house


async def _account_of_ann(engine: Engine) -> None:
    account = Account(AccountName("Ann"), "paper", Mode.PAPER, "USDT", owner=UserId("ann"))
    broker = open_broker(account, {}, World(engine.clock, engine.wire, engine.market))
    await broker.start()
    engine.desk.directory.put(account, await broker.instruments())
    engine.desk.venues[account.name] = Venue(account, broker, engine.market)


def _demo(engine: Engine) -> DemoControls:
    hands = Puppeteer(engine.desk, engine.market, engine.clock, engine.lanes)
    return DemoControls(hands.move, hands.advance, hands.script)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A desk whose pages need the token."""
    async with opened(tmp_path) as found:
        yield found


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[House]:
    """A desk whose pages are open, with a sample alert."""
    more: dict[str, Any] = {"open_pages": owner_person("dashboard"), "sample_alert": lambda: dict(SAMPLE)}
    async with opened(tmp_path, **more) as found:
        yield found


class Events:
    """A reader of /events. last_id: that of the last event with news."""

    def __init__(self, lines: StreamReader) -> None:
        self._lines = lines
        self.last_id = ""

    async def news(self) -> dict[str, Any]:
        """The next event that says something: HTML by part."""
        async with asyncio.timeout(10):
            while True:
                event: dict[str, str] = {}
                while line := (await self._lines.readline()).decode().rstrip("\n"):
                    name, _, value = line.partition(": ")
                    event[name] = value
                if not event:
                    raise EOFError
                self.last_id = event.get("id", self.last_id)
                if event["event"] == "news":
                    found: dict[str, Any] = json.loads(event["data"])
                    return found

    async def end(self) -> None:
        """Read until the desk ends the stream."""
        with suppress(EOFError, ClientPayloadError):
            while True:
                await self.news()
