"""What the wire's trouble means, told by a server that answers as it is bid."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest
from aiohttp import web

from brokers.alpaca import codes, open_broker
from brokers.alpaca.client import Access, Client, Refusal, secure
from brokers.reading import NoAnswer
from brokers.urgency import TRAPS
from core.clock import ManualClock, SystemClock
from core.ports import World
from core.values.accounts import Account, Mode
from core.values.errors import Broken, Transient
from core.values.ids import AccountName
from tests.brokers.wired import until

ORDERS = "/v2/orders"


@dataclass
class Oracle:
    """Says what it is told to, and keeps who asked."""

    url: str = ""
    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    asked: list[web.Request] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        return web.Response(status=self.status, body=self.body, headers=dict(self.headers))


@pytest.fixture
async def oracle() -> AsyncIterator[Oracle]:
    oracle = Oracle()
    app = web.Application()
    app.add_routes([web.route("*", "/{any:.*}", oracle.answer)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    oracle.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield oracle
    await runner.cleanup()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SystemClock().now())


@pytest.fixture
async def client(oracle: Oracle, clock: ManualClock) -> AsyncIterator[Client]:
    client = Client(Access(oracle.url, oracle.url, "ws://127.0.0.1:1", "PK", "secret", "iex"), clock)
    await client.open()
    yield client
    await client.close()


def error(code: int, message: str = "no", **more: str) -> bytes:
    return json.dumps({"code": code, "message": message, **more}).encode()


@pytest.mark.parametrize(
    ("status", "body", "word"),
    [
        (422, error(40010001, "client_order_id must be unique"), codes.REPEATED),
        (403, error(40310000, "potential wash trade detected. use complex orders"), codes.OPPOSITE),
        (403, error(40310000, "insufficient buying power"), "insufficient_margin"),
        (403, error(40310000, "insufficient qty available for order (requested: 5, available: 0)"), "held_for_orders"),
        (403, error(40310100, "trade denied due to pattern day trading protection"), "day_trades"),
        (403, error(40310000, "account is not allowed to short"), "short"),
        (403, error(40310000, "new orders are rejected by user request"), "account_blocked"),
        (403, error(40310000, "account not authorized to trade"), "account_blocked"),
        (403, error(42210000, "subscription does not permit querying recent SIP data"), "data_plan"),
        (422, error(42210000, "could not find asset XYZ"), "unknown_instrument"),
        (422, error(42210000, 'asset "XYZ" is not fractionable'), "whole_shares"),
        (422, error(42210000, "invalid stop_price 300.001. sub-penny increment does not fulfill"), "bad_price"),
        (422, error(42210000, "XYZ is halted"), "symbol_halted"),
        (422, error(42210000, "something quite new"), "refused"),
        (401, error(40110000, "request is not authorized"), "key_refused"),
        (401, b"", "key_refused"),
        (403, b'{"message": "forbidden."}', "key_refused"),
        (403, b"<html><title>403 Forbidden</title></html>", "key_refused"),
        (404, error(40410000, "order not found for 61e6"), "unknown_order"),
    ],
)
async def test_a_definite_no(oracle: Oracle, client: Client, status: int, body: bytes, word: str) -> None:
    """In our words, by those of the venue's message: its codes are coarse."""
    oracle.status, oracle.body = status, body
    with pytest.raises(Refusal) as caught:
        await client.call("POST", ORDERS, body={"symbol": "SBER"})
    assert caught.value.word == word


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, error(50010000, "internal server error")),
        (502, b"<html>bad gateway</html>"),
        (503, b""),
        (504, b""),
        (408, b""),
        (301, b""),
        (200, b"<html>"),
        (200, b'{"id": "1'),
    ],
)
async def test_nobody_knows(oracle: Oracle, client: Client, status: int, body: bytes) -> None:
    """Internal errors, time-outs of a gateway, other addresses and answers that cannot be read tell of no order."""
    oracle.status, oracle.body = status, body
    with pytest.raises(NoAnswer):
        await client.call("POST", ORDERS, body={})


async def test_a_limit_says_when_to_come_back(oracle: Oracle, client: Client, clock: ManualClock) -> None:
    """The moment is told in seconds since 1970; without one, some seconds."""
    oracle.status, oracle.headers = 429, {"X-RateLimit-Reset": str(int(clock.now().timestamp()) + 17)}
    with pytest.raises(Transient) as caught:
        await client.call("GET", ORDERS)
    assert 15 < caught.value.retry_after_s <= 17
    oracle.headers = {}
    asking = asyncio.create_task(client.call("GET", "/v2/stocks/snapshots"))
    with pytest.raises(Transient) as caught:
        await asking
    assert caught.value.retry_after_s == 5


async def test_what_the_venue_says_is_left_is_heeded(oracle: Oracle, client: Client, clock: ManualClock) -> None:
    """None left for 9 seconds: the next call waits for them, whatever our own count says."""
    reset = int(clock.now().timestamp()) + 9
    oracle.headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}
    await client.call("GET", ORDERS)
    oracle.headers = {}
    waiting = asyncio.create_task(client.call("GET", ORDERS, TRAPS))
    await clock.advance(7)
    assert len(oracle.asked) == 1
    await clock.advance(3)
    await until(waiting.done)
    assert len(oracle.asked) == 2


async def test_no_limit_is_exceeded_by_a_burst(oracle: Oracle, client: Client, clock: ManualClock) -> None:
    """A minute's calls at most, and of them only those that are not kept for exits."""
    calls = [asyncio.create_task(client.call("GET", ORDERS, TRAPS)) for _ in range(150)]
    await until(lambda: len(oracle.asked) == 120)
    exits = [asyncio.create_task(client.call("GET", ORDERS, 0)) for _ in range(80)]
    await until(lambda: len(oracle.asked) == 200)
    await asyncio.gather(*exits)
    assert client.limits.left() == {"trading": 0, "prices": 200}
    await clock.advance(62)
    await asyncio.gather(*calls)
    assert len(oracle.asked) == 230


async def test_no_connection_is_no_order(clock: ManualClock) -> None:
    """Nothing left this machine."""
    client = Client(Access("http://127.0.0.1:1", "http://127.0.0.1:1", "ws://127.0.0.1:1", "PK", "s", "iex"), clock)
    await client.open()
    with pytest.raises(Transient, match="no connection"):
        await client.call("POST", ORDERS, body={})
    await client.close()


async def test_w_42_numbers_are_read_as_they_are_written(oracle: Oracle, client: Client) -> None:
    """Prices come as JSON numbers, which are no floats here."""
    oracle.body = b'{"p": 0.1, "s": 1e2}'
    assert await client.call("GET", "/v2/stocks/trades/latest") == {"p": Decimal("0.1"), "s": Decimal(100)}


async def test_who_asks_is_said_in_headers(oracle: Oracle, client: Client) -> None:
    """And never in an address, which ends up in logs."""
    await client.call("GET", ORDERS, query={"status": "open"})
    [request] = oracle.asked
    assert request.headers["APCA-API-KEY-ID"] == "PK"
    assert request.headers["APCA-API-SECRET-KEY"] == "secret"
    assert "secret" not in str(request.url)


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("https://paper-api.alpaca.markets", True),
        ("wss://stream.data.alpaca.markets", True),
        ("http://127.0.0.1:8000", True),
        ("ws://localhost", True),
        ("http://paper-api.alpaca.markets", False),
        ("http://localhost.evil.example", False),
    ],
)
def test_plain_text_stays_on_this_machine(url: str, fine: bool) -> None:  # noqa: FBT001 - a table's column
    """A key never crosses a network unencrypted."""
    assert secure(url) is fine


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"base_url": "http://example.org"}, "base_url"),
        ({"data_url": "http://example.org"}, "data_url"),
        ({"stream_url": "ws://example.org"}, "stream_url"),
        ({"key_id": ""}, "key_id"),
        ({"secret_key": ""}, "secret_key"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(changes: dict[str, str], word: str) -> None:
    """Before anything is connected to, by name."""
    usual = {"base_url": "https://e.org", "data_url": "https://e.org", "stream_url": "wss://e.org"}
    settings = usual | {"key_id": "PK", "secret_key": "s"} | changes
    account = Account(AccountName("Testing"), "alpaca", Mode.LIVE, "USD")
    with pytest.raises(Broken, match=word):
        open_broker(account, settings, World(SystemClock(), SystemClock()))


async def test_keys_have_limits_of_their_own(client: Client, clock: ManualClock) -> None:
    """Two keys do not share."""
    other = Client(replace(client.access, key_id="PK2"), clock)
    assert other.limits is not client.limits
    assert Client(client.access, clock).limits is client.limits
