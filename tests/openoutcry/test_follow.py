"""Another desk's socket as a source."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from core.clock import SystemClock
from core.values.raw import RawAlert
from kit.http import ApiError, Listener, listen
from openoutcry.follow import follow, read_message
from tests.targets.samples import RAW, raw


def test_what_a_hub_tells_is_read_back_as_it_was() -> None:
    """Also without a price, which only old senders may leave out; the offset is ours."""
    assert read_message(RAW.to_json()) == raw(utcoffset=0)
    assert read_message(raw(price=None).to_json()) == raw(price=None, utcoffset=0)


@pytest.mark.parametrize(
    "change",
    [
        *({name: None} for name in ("id", "name", "symbol", "interval", "direction", "timestamp")),
        {"interval": "x"},
        {"price": "-1"},
        {"timestamp": "99999999999999"},
        {"timestamp": "-5"},
        {"direction": 7},
    ],
)
def test_tv_23_what_is_no_alert_is_refused(change: dict[str, Any]) -> None:
    """Missing, of the wrong kind, or no JSON at all."""
    with pytest.raises(ApiError):
        read_message(json.dumps(json.loads(RAW.to_json()) | change))


@pytest.mark.parametrize("text", ["", "hello", "[1]", "{", "\ud800"])
def test_tv_23_malformed_json_is_refused(text: str) -> None:
    """An echo of a person's words, for one."""
    with pytest.raises(ApiError):
        read_message(text)


async def test_a_lost_connection_is_made_again() -> None:
    """The other desk hangs up after each alert; what is no alert is passed over; the token is shown each time."""
    tokens: list[str | None] = []
    port = 0

    async def tell(request: web.Request) -> web.WebSocketResponse:
        tokens.append(request.headers.get("Authorization"))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str("no alert")
        await socket.send_str(raw(number=len(tokens)).to_json())
        await socket.close()
        return socket

    async def serve() -> Listener:
        app = web.Application()
        app.router.add_get("/wsalerts", tell)
        return await listen(app, "127.0.0.1", port, shutdown_s=1)

    got: asyncio.Queue[RawAlert] = asyncio.Queue()
    server = await serve()
    url = f"ws://127.0.0.1:{server.port}/wsalerts"
    task = asyncio.create_task(follow(url, "secret", got.put, SystemClock()))
    async with asyncio.timeout(20):
        assert [(await got.get()).number for _ in range(2)] == [1, 2]
    assert set(tokens) == {"Bearer secret"}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await server.close()
