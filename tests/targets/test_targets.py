"""Console, TCP, UDP and HTTP on loopback."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from aiohttp import web

from core.values.errors import Rejected, Transient
from kit.http import listen
from targets.console import Console
from targets.http import Http, signature
from targets.tcp import Tcp
from targets.udp import Udp
from tests.targets.samples import RAW, line_server, raw

NOW = datetime(2024, 6, 1, 3, 17, tzinfo=UTC)


async def test_tv_25_the_console_says_class_and_message() -> None:
    """A line each."""
    lines: list[str] = []
    await Console(lines.append).send(RAW)
    assert lines == [f"Console: {RAW.to_json()}"]


async def test_tv_24_tcp_sends_a_line_of_json_each() -> None:
    """In order, over one connection."""
    async with line_server() as server:
        target = Tcp("tcp", "127.0.0.1", server.port)
        await target.start()
        for number in range(3):
            await target.send(raw(number=number))
        assert [json.loads(line)["id"] for line in await server.some(3)] == [0, 1, 2]
        assert len(server.writers) == 1
        await target.close()


async def test_tv_13_tcp_connects_again_after_the_server_hung_up() -> None:
    """A server that is down is Transient; once it is back, the next alert arrives."""
    async with line_server() as first:
        port = first.port
        target = Tcp("tcp", "127.0.0.1", port)
        await target.send(raw(number=1))
        await first.some(1)
    await until_refused(target)
    async with line_server(port) as second:
        await target.send(raw(number=3))
        assert [json.loads(line)["id"] for line in await second.some(1)] == [3]
        await target.close()


async def test_tv_24_udp_sends_a_datagram_each() -> None:
    """The same JSON, one line."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(10)
        target = Udp("udp", *listener.getsockname())
        await target.start()
        await target.send(RAW)
        assert await asyncio.to_thread(listener.recv, 2000) == RAW.to_json().encode() + b"\n"
        await target.close()


async def until_refused(target: Tcp) -> None:
    """Send until the hang-up has arrived here."""
    for _ in range(1000):
        try:
            await target.send(raw(number=2))
        except Transient:
            return
        await asyncio.sleep(0)
    raise AssertionError("the hang-up never arrived")


@dataclass
class Receiver:
    port: int = 0
    status: int = 204
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        return web.Response(status=self.status)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    app = web.Application()
    app.router.add_post("/in", found.take)
    listener = await listen(app, "127.0.0.1", 0, shutdown_s=1)
    found.port = listener.port
    yield found
    await listener.close()


@pytest.fixture
async def http(receiver: Receiver) -> AsyncIterator[Http]:
    target = Http("http", f"http://127.0.0.1:{receiver.port}/in", "s3cret", lambda: NOW)
    await target.start()
    yield target
    await target.close()


async def test_an_outgoing_webhook_is_signed(http: Http, receiver: Receiver) -> None:
    """The receiver finds the same signature over time and body, and a delivery id that stays when it is sent again."""
    await http.send(RAW)
    await http.send(RAW)
    (first, body), (second, _) = receiver.got
    assert json.loads(body)["name"] == "LWMA"
    assert first["X-Openoutcry-Signature"] == signature("s3cret", int(NOW.timestamp()), body)
    assert first["X-Openoutcry-Signature"] != signature("other", int(NOW.timestamp()), body)
    assert first["X-Openoutcry-Delivery"] == second["X-Openoutcry-Delivery"]


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_an_outgoing_webhook_is_tried_again_where_that_may_help(
    http: Http, receiver: Receiver, status: int
) -> None:
    """The server's own trouble passes."""
    receiver.status = status
    with pytest.raises(Transient, match=str(status)):
        await http.send(RAW)


@pytest.mark.parametrize("status", [301, 400, 404, 422])
async def test_an_outgoing_webhook_that_is_refused_is_dropped(http: Http, receiver: Receiver, status: int) -> None:
    """The same request would be refused again; a redirect is not followed."""
    receiver.status = status
    with pytest.raises(Rejected, match=str(status)):
        await http.send(RAW)


async def test_an_outgoing_webhook_without_a_server_is_transient() -> None:
    """A connection that is refused is tried again."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        target = Http("http", f"http://127.0.0.1:{unused.getsockname()[1]}/", "", lambda: NOW)
        await target.start()
        with pytest.raises(Transient):
            await target.send(RAW)
        await target.close()
