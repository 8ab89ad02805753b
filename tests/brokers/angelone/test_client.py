"""What the wire's trouble means, told by a server that answers as it is bid."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import web

from brokers.angelone import access_of
from brokers.angelone.client import Client
from brokers.angelone.codes import Refusal
from brokers.angelone.limits import LOGIN, PLACE, Limits
from brokers.reading import NoAnswer
from core.values.errors import Transient
from tests.hurried import Hurried
from tests.servers.angelone import CLIENT, KEY, PIN, SECRET

TOKENS = {"jwtToken": "j", "refreshToken": "r", "feedToken": "f"}


@dataclass
class Oracle:
    """Lets everybody in, and says what it is told to."""

    url: str = ""
    status: int = 200
    body: bytes = b"{}"
    asked: int = 0

    async def answer(self, request: web.Request) -> web.Response:
        if request.path == LOGIN.path:
            return web.json_response({"status": True, "message": "SUCCESS", "errorcode": "", "data": TOKENS})
        self.asked += 1
        return web.Response(status=self.status, body=self.body)


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


def client_of(url: str) -> Client:
    given = {"base_url": url, "client_id": CLIENT, "api_key": KEY, "password": PIN, "totp_secret": SECRET}
    clock = Hurried()
    return Client(access_of(given), Limits(clock), clock)


@pytest.fixture
async def client(oracle: Oracle) -> AsyncIterator[Client]:
    client = client_of(oracle.url)
    await client.open()
    yield client
    await client.close()


def failed(code: str, message: str = "no", *, said: object = False) -> bytes:
    return json.dumps({"status": said, "message": message, "errorcode": code, "data": None}).encode()


def gate(code: str, message: str = "no") -> bytes:
    return json.dumps({"success": False, "message": message, "errorCode": code, "data": ""}).encode()


@pytest.mark.parametrize(
    ("status", "body", "word"),
    [
        (200, failed("AB1009"), "unknown_instrument"),
        (200, failed("AB4014", said="false"), "bad_quantity"),
        (400, failed("", "Order price is beyond the Limit Price Protection range"), "price_limits"),
        (200, failed("AB1007", "rejected due to Insufficient Funds"), "insufficient_margin"),
        (403, gate("AG7002", "Unregistered IP"), "static_ip"),
        (400, gate("", "no words that we know"), "refused"),
    ],
)
async def test_a_definite_no(oracle: Oracle, client: Client, status: int, body: bytes, word: str) -> None:
    """In either spelling of the venue's, failures saying false or "false"."""
    oracle.status, oracle.body = status, body
    with pytest.raises(Refusal) as caught:
        await client.call(PLACE, {})
    assert caught.value.word == word


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"<html>oops</html>"),
        (502, failed("AB1009")),
        (200, failed("AB2001", "Internal Error, Please try after sometime")),
        (200, failed("AB1004", "Something Went Wrong, Please Try After Sometime")),
        (200, failed("AB1007", "AMX Error")),
        (200, failed("", "")),
        (200, b"<html>"),
        (200, b'{"status": true, "data": {"ord'),
        (200, b"[]"),
        (200, b""),
    ],
)
async def test_nobody_knows(oracle: Oracle, client: Client, status: int, body: bytes) -> None:
    """Internal errors and answers that cannot be read say nothing of an order, which is not sent again."""
    oracle.status, oracle.body = status, body
    with pytest.raises(NoAnswer):
        await client.call(PLACE, {})
    assert oracle.asked == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (429, b""),
        (403, b"Access denied because of exceeding access rate"),
        (200, gate("AB1019", "Access denied because of exceeding access rate")),
    ],
)
async def test_a_limit_is_waited_for(oracle: Oracle, client: Client, status: int, body: bytes) -> None:
    """However it is told, nothing was done."""
    oracle.status, oracle.body = status, body
    with pytest.raises(Transient) as caught:
        await client.call(PLACE, {})
    assert caught.value.retry_after_s > 0


@pytest.mark.parametrize("code", ["AG8001", "AG8002", "AG8003", "AB1010"])
async def test_a_session_that_is_refused_for_ever_is_given_up(oracle: Oracle, client: Client, code: str) -> None:
    """Three tries, each with another session; nothing was accepted."""
    oracle.body = gate(code)
    with pytest.raises(Transient, match="as soon as it is made"):
        await client.call(PLACE, {})
    assert oracle.asked == 4  # the refresh is refused, too


async def test_no_connection_is_no_order() -> None:
    """Nothing left this machine."""
    client = client_of("http://127.0.0.1:1")
    await client.open()
    with pytest.raises(Transient, match="no connection"):
        await client.call(PLACE, {})
    await client.close()


async def test_secrets_show_in_no_words(client: Client) -> None:
    """Neither PIN, key, TOTP secret nor tokens are in what is printed of them."""
    tokens = await client.session.current()
    assert not {PIN, KEY, SECRET} & set(repr(client.access).replace("'", " ").split())
    assert "j" not in repr(tokens).removeprefix("Tokens")
