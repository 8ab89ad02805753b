"""Venues that answer and tell rubbish: the real adapters' servers, spoilt on their way out."""

from __future__ import annotations

import asyncio
import importlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, fields, is_dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from core.clock import SystemClock
from core.values.errors import DeskError
from core.values.orders import OrderType, Side
from tests.attacks.garbling import garbled, misshapen
from tests.brokers.alpaca import harness as alpaca
from tests.brokers.angelone import harness as angelone
from tests.brokers.ccxt import harness as crypto
from tests.brokers.tinvest import harness as tinvest
from tests.contracts.broker import Desk
from tests.hurried import Hurried
from tests.servers.alpaca import AlpacaServer
from tests.servers.angelone import AngelOneServer
from tests.servers.broker import BrokerServer, hosting
from tests.servers.tinvest import TInvestServer
from tests.servers.venue import MODULES

VENUES = ("tinvest", "alpaca", "angelone", "bybit", "binance", "okx")
HANGS_S = 20.0


@dataclass
class Rubbish:
    """rng: spoils answers, talk: what streams say; None while the venue is itself. page: what it answers to everything,
    instead. honest: statuses and numbers are true, so that what was taken is not called refused."""

    rng: random.Random | None = None
    talk: random.Random | None = None
    page: bytes | None = None
    honest: bool = False
    spoilt: int = 0

    def middleware(self) -> Any:
        @web.middleware
        async def spoil(request: web.Request, handler: Handler) -> web.StreamResponse:
            answer = await handler(request)
            if self.page is not None and isinstance(answer, web.Response):
                return web.Response(body=self.page, content_type="application/json")
            rng = self.rng
            if rng is None or not isinstance(answer, web.Response) or rng.random() < 0.4:
                return answer
            self.spoilt += 1
            body = answer.body if isinstance(answer.body, bytes) else b""
            if self.honest:
                return web.Response(body=misshapen(body, rng), status=answer.status, content_type=answer.content_type)
            status = answer.status if rng.random() < 0.8 else rng.choice([200, 204, 400, 404, 418, 500, 502])
            return web.Response(body=garbled(body, rng), status=status, content_type=answer.content_type)

        return spoil

    def over(self, patch: pytest.MonkeyPatch) -> None:
        """Let what our servers send by their sockets be spoilt; the adapters' own sockets are of another class."""
        for name in ("send_str", "send_bytes"):
            plain = getattr(web.WebSocketResponse, name)

            async def send(socket: Any, said: str | bytes, compress: int | None = None, plain: Any = plain) -> None:
                await plain(socket, said if self.talk is None else self._spoken(said, self.talk), compress)

            patch.setattr(web.WebSocketResponse, name, send)

    def _spoken(self, said: str | bytes, rng: random.Random) -> str | bytes:
        if rng.random() < 0.4:
            return said
        self.spoilt += 1
        if isinstance(said, bytes):
            return garbled(said, rng)
        return garbled(said.encode(), rng).decode(errors="replace")


def server_of(name: str, ledger: Path, quick: Hurried, day: Hurried) -> BrokerServer:
    if name in {"tinvest", "alpaca"}:
        server = TInvestServer(ledger) if name == "tinvest" else AlpacaServer(ledger)
        server.seconds = lambda: quick.now().timestamp()  # what is allowed a minute, on the clock of who asks
        return server
    if name == "angelone":
        return AngelOneServer(ledger, day)
    made: BrokerServer = importlib.import_module(f"tests.servers.{MODULES[name]}").Server(ledger, "linear")
    return made


@asynccontextmanager
async def spoilt(name: str, path: Path) -> AsyncIterator[tuple[Desk, Rubbish]]:
    """A running adapter and what spoils its venue's answers. Waits are hurried, so that patience costs nothing."""
    rubbish, quick = Rubbish(), Hurried(SystemClock().now(), rate=200)
    day = Hurried()
    server = server_of(name, path / "ledger", quick, day)
    plain_app: Callable[[], web.Application] = server.app

    def app() -> web.Application:
        made = plain_app()
        made.middlewares.append(rubbish.middleware())
        return made

    server.app = app  # type: ignore[method-assign]  # the same routes behind one more middleware
    async with AsyncExitStack() as stack:
        rubbish.over(stack.enter_context(pytest.MonkeyPatch.context()))
        await stack.enter_async_context(hosting(server))
        made: Mapping[str, Callable[[Any], Any]] = {
            "tinvest": partial(tinvest.connected, wire=quick),
            "alpaca": partial(alpaca.connected, wire=quick),
            "angelone": partial(angelone.connected, clock=day),
        }
        open_broker = made.get(name, partial(crypto.connected, wire=quick))
        desk = Desk(await stack.enter_async_context(open_broker(server)))
        await desk.book(0, 1)
        yield desk, rubbish


async def asked(desk: Desk, rng: random.Random) -> list[Callable[[], Awaitable[Any]]]:
    """All that a desk asks of a broker."""
    broker, now = desk.on.broker, desk.on.clock.now()
    request = desk.request(rng.choice(list(Side)), 1, rng.choice([-2, 3]), OrderType.LIMIT)
    order = desk.journalled(request)
    return [
        broker.open_orders,
        broker.stop_orders,
        broker.positions,
        broker.margin,
        broker.cash,
        lambda: broker.fills_since(now - timedelta(days=1)),
        lambda: broker.schedule(desk.on.instrument, now, now + timedelta(days=1)),
        lambda: desk.send(request),
        lambda: broker.find(order),
        lambda: broker.cancel(order),
        lambda: broker.feed.fresh_quote(desk.on.instrument.ticker),  # type: ignore[attr-defined]  # every venue's has one
        lambda: broker.feed.candles(desk.on.instrument.ticker, now - timedelta(hours=1), now, 60),  # type: ignore[attr-defined]  # as above
    ]


async def outcome(question: Callable[[], Awaitable[Any]]) -> str:
    """What came of it: "value", each number of it finite, or the name of an error that the contract names."""
    try:
        async with asyncio.timeout(HANGS_S):
            value = await question()
    except DeskError as error:
        return type(error).__name__
    assert all(number.is_finite() for number in numbers(value)), value
    return "value"


def numbers(value: Any) -> Iterator[Decimal]:
    """Every number in a value of ours."""
    if isinstance(value, Decimal):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from numbers(getattr(value, field.name))
    elif isinstance(value, Mapping):
        yield from numbers(list(value.values()))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from numbers(each)


async def itself_again(desk: Desk) -> None:
    """Sessions, caches and streams that rubbish has met recover."""
    async with asyncio.timeout(HANGS_S):
        while True:
            with suppress(DeskError):
                await desk.on.broker.positions()
                await desk.on.broker.open_orders()
                return
            await asyncio.sleep(0.05)
