"""What the wire's trouble means, told by a server that answers as it is bid."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from brokers.reading import NoAnswer
from brokers.tinvest import open_broker
from brokers.tinvest.client import Access, Client, Refusal, read_json, secure, trusted
from brokers.tinvest.limits import Limits
from core.clock import ManualClock, SystemClock
from core.ports import World
from core.values.accounts import Account, Mode
from core.values.errors import Broken, Transient
from core.values.ids import AccountName

METHOD = "OrdersService/PostOrder"


@dataclass
class Oracle:
    """Says what it is told to, and keeps who asked."""

    url: str = ""
    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.tokens.append(request.headers["Authorization"])
        return web.Response(status=self.status, body=self.body, headers=dict(self.headers))


@pytest.fixture
async def oracle() -> AsyncIterator[Oracle]:
    oracle = Oracle()
    app = web.Application()
    app.add_routes([web.post("/{any:.*}", oracle.answer)])
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
    client = Client(Access(oracle.url, "ws://127.0.0.1:1", "t.full", "t.readonly"), Limits(clock))
    await client.open()
    yield client
    await client.close()


def error(code: object, message: str = "no") -> bytes:
    return json.dumps({"code": 3, "message": message, "description": code}).encode()


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, error("30042"), 30042),
        (400, error(30042), 30042),
        (500, error("40003"), 40003),
        (404, error("50005"), 50005),
        (400, b"<html>bad request</html>", 0),
        (403, b"", 0),
    ],
)
async def test_a_definite_no(oracle: Oracle, client: Client, status: int, body: bytes, code: int) -> None:
    """The business code decides, number or text, whatever the status; without one a status that proves it."""
    oracle.status, oracle.body = status, body
    with pytest.raises(Refusal) as caught:
        await client.call(METHOD, {})
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, error("70001")),
        (400, error("70003")),
        (500, b"<html>oops</html>"),
        (408, b""),
        (503, b""),
        (504, error("0")),
        (200, b"<html>"),
        (200, b'{"orderId": "1'),
    ],
)
async def test_nobody_knows(oracle: Oracle, client: Client, status: int, body: bytes) -> None:
    """Internal errors, time-outs of the gateway and answers that cannot be read say nothing of an order."""
    oracle.status, oracle.body = status, body
    with pytest.raises(NoAnswer):
        await client.call(METHOD, {})


@pytest.mark.parametrize(("status", "body"), [(429, b""), (429, error("80002")), (400, error("80002"))])
async def test_a_limit_says_when_to_come_back(oracle: Oracle, client: Client, status: int, body: bytes) -> None:
    """As long as the venue asks for."""
    oracle.status, oracle.body, oracle.headers = status, body, {"x-ratelimit-reset": "17"}
    with pytest.raises(Transient) as caught:
        await client.call(METHOD, {})
    assert caught.value.retry_after_s == 17


async def test_what_the_venue_says_is_left_is_heeded(oracle: Oracle, client: Client, clock: ManualClock) -> None:
    """None left for 9 seconds: the next call waits for them, whatever our own count says."""
    oracle.headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9"}
    await client.call(METHOD, {})
    oracle.headers = {}
    limits = client.limits
    assert limits._of(METHOD)._wait_s(0, 0) == 9


async def test_no_connection_is_no_order(clock: ManualClock) -> None:
    """Nothing left this machine."""
    client = Client(Access("http://127.0.0.1:1", "ws://127.0.0.1:1", "t.full"), Limits(clock))
    await client.open()
    with pytest.raises(Transient, match="no connection"):
        await client.call(METHOD, {}, trading=True)
    await client.close()


async def test_reading_shows_the_token_that_cannot_trade(oracle: Oracle, client: Client) -> None:
    """The one that can goes out with orders alone."""
    await client.read("UsersService/GetAccounts", {})
    await client.call(METHOD, {}, trading=True)
    assert oracle.tokens == ["Bearer t.readonly", "Bearer t.full"]


async def test_names_are_read_in_either_case() -> None:
    """The gateway writes camelCase, one of its sockets snake_case."""
    text = '{"order_state": {"lots_executed": "3", "instrument_uid": "u_1", "first_1min_candle_date": null}}'
    assert read_json(text) == {"orderState": {"lotsExecuted": "3", "instrumentUid": "u_1", "first1minCandleDate": None}}


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("https://invest-public-api.tbank.ru/rest", True),
        ("wss://invest-public-api.tbank.ru/ws", True),
        ("http://127.0.0.1:8000/rest", True),
        ("ws://localhost/ws", True),
        ("http://[::1]:1/rest", True),
        ("http://invest-public-api.tbank.ru/rest", False),
        ("ws://10.0.0.7/ws", False),
        ("http://localhost.evil.example/rest", False),
    ],
)
def test_plain_text_stays_on_this_machine(url: str, fine: bool) -> None:  # noqa: FBT001 - a table's column
    """A token never crosses a network unencrypted."""
    assert secure(url) is fine


def test_a_ca_file_that_cannot_be_used_is_a_setting_that_is_wrong(tmp_path: Path) -> None:
    """Absent, or no certificate."""
    (tmp_path / "ca.pem").write_text("no certificate")
    for name in ("absent.pem", "ca.pem"):
        with pytest.raises(Broken, match="ca_file"):
            trusted(str(tmp_path / name))


@pytest.mark.parametrize(
    ("changes", "word"), [({"base_url": "http://example.org/rest"}, "base_url"), ({"token": ""}, "token")]
)
def test_settings_that_cannot_be_used_are_refused(changes: dict[str, str], word: str) -> None:
    """Before anything is connected to, by name."""
    settings = {"base_url": "https://e.org/rest", "stream_url": "wss://e.org/ws", "token": "t.x"} | changes
    account = Account(AccountName("Testing"), "tinvest", Mode.LIVE, "RUB")
    with pytest.raises(Broken, match=word):
        open_broker(account, settings, World(SystemClock(), SystemClock()))
