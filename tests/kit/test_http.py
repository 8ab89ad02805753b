"""The error shape on every way out of a server, over real sockets."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from kit.http import ApiError, Listener, dump_json, errors_as_json, json_response, listen, read_body, with_slash

SECRET_IN_TRACE = "the secret of the trace"


async def _crash(request: web.Request) -> web.Response:
    raise RuntimeError(SECRET_IN_TRACE)


async def _refuse(request: web.Request) -> web.Response:
    raise ApiError(409, "too_late", "answered already", "version")


async def _redirect(request: web.Request) -> web.Response:
    raise web.HTTPFound("/elsewhere")


async def _length(request: web.Request) -> web.Response:
    return json_response({"length": len(await read_body(request, limit=1000, deadline_s=0.05))})


@pytest.fixture
async def server() -> AsyncIterator[Listener]:
    app = web.Application(middlewares=[errors_as_json])
    app.add_routes([web.get("/crash", _crash), web.get("/refuse/{token}", _refuse), web.get("/away", _redirect)])
    app.add_routes([*with_slash("GET", "/api/v1/things", _refuse), web.post("/length", _length)])
    listener = await listen(app, "127.0.0.1", 0, shutdown_s=1)
    yield listener
    await listener.close()


async def ask(server: Listener, *pieces: bytes) -> tuple[int, dict[str, Any]]:
    """Send bytes as they are; returns the status and the answer's body, read as JSON."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"".join(pieces))
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body) if body.startswith(b"{") else {}


def request(line: str, *headers: str) -> bytes:
    return "\r\n".join([f"{line} HTTP/1.1", "Host: x", "Connection: close", *headers, "", ""]).encode()


async def test_a_refusal_has_code_field_and_message(server: Listener) -> None:
    """As it was raised."""
    status, answer = await ask(server, request("GET /refuse/x"))
    assert status == 409
    assert answer == {
        "success": False,
        "error": {"code": "too_late", "field": "version", "message": "answered already"},
    }


@pytest.mark.parametrize("line", ["GET /refuse/x", "GET /nowhere", "GET /crash", "POST /crash", "nonsense"])
async def test_no_cache_keeps_a_no(server: Listener, line: str) -> None:
    """Nor does a browser guess at its type; also where no handler was found."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request(line))
    head = (await reader.read()).partition(b"\r\n\r\n")[0].decode()
    writer.close()
    assert {"Cache-Control: no-store", "X-Content-Type-Options: nosniff"} <= set(head.split("\r\n"))


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (request("GET /nowhere"), 404, "not_found"),
        (request("POST /crash", "Content-Length: 0"), 405, "method_not_allowed"),
        (request("GET /crash", "Content-Length: x"), 400, "bad_request"),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400, "bad_request"),
        (request("GET /" + "x" * 9000), 400, "bad_request"),
    ],
)
async def test_the_servers_own_refusals_have_the_same_shape(
    server: Listener, sent: bytes, status: int, code: str
) -> None:
    """Bad HTTP included, and nothing of the request is quoted back."""
    got, answer = await ask(server, sent)
    assert (got, answer["success"], answer["error"]["code"], answer["error"]["field"]) == (status, False, code, None)
    assert "xxx" not in json.dumps(answer)


async def test_an_unexpected_error_shows_a_number_and_no_trace(
    server: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """The number leads to the trace in the log."""
    status, answer = await ask(server, request("GET /crash"))
    assert (status, answer["error"]["code"]) == (500, "internal")
    assert SECRET_IN_TRACE not in json.dumps(answer)
    number = answer["error"]["message"].split()[-1]
    assert number in caplog.text
    assert SECRET_IN_TRACE in caplog.text


async def test_the_log_names_the_route_and_not_the_path(server: Listener, caplog: pytest.LogCaptureFixture) -> None:
    """Paths carry secrets."""
    caplog.set_level(logging.DEBUG)
    await ask(server, request("GET /refuse/my-secret-token?token=other"))
    assert "/refuse/{token}" in caplog.text
    assert "my-secret-token" not in caplog.text


async def test_a_redirect_is_no_error(server: Listener) -> None:
    """It passes."""
    assert (await ask(server, request("GET /away")))[0] == 302


@pytest.mark.parametrize("path", ["/api/v1/things", "/api/v1/things/"])
async def test_a_slash_at_the_end_is_no_matter(server: Listener, path: str) -> None:
    """Both find the route."""
    assert (await ask(server, request(f"GET {path}")))[0] == 409


async def test_a12_a_body_that_does_not_arrive_is_refused(server: Listener) -> None:
    """A total deadline: trickling does not extend it."""
    status, answer = await ask(server, request("POST /length", "Content-Length: 100"), b"x" * 10)
    assert (status, answer["error"]["code"]) == (422, "body_late")


async def test_a_chunked_body_without_end_is_413(server: Listener) -> None:
    """As soon as it is over the limit."""
    chunk = b"3e8\r\n" + b"x" * 1000 + b"\r\n"
    status, _ = await ask(server, request("POST /length", "Transfer-Encoding: chunked"), chunk * 3, b"0\r\n\r\n")
    assert status == 413


async def test_a_body_of_the_limit_is_read(server: Listener) -> None:
    """The limit itself is allowed."""
    status, answer = await ask(server, request("POST /length", "Content-Length: 1000"), b"x" * 1000)
    assert (status, answer) == (200, {"length": 1000})


def test_json_knows_decimals_and_times() -> None:
    """Decimals as plain strings, times as UTC with Z."""
    moscow = timezone(timedelta(hours=3))
    data = [Decimal("1E+3"), Decimal("0.10"), Decimal("-0.0"), Decimal("1e-9"), datetime(2026, 1, 5, 13, tzinfo=moscow)]
    assert json.loads(dump_json(data)) == ["1000", "0.1", "0", "0.000000001", "2026-01-05T10:00:00Z"]
    with pytest.raises(TypeError):
        dump_json([object()])


async def test_listening_where_somebody_listens_is_an_os_error(server: Listener) -> None:
    """The caller says which port."""
    with pytest.raises(OSError, match="in use"):
        await listen(web.Application(), "127.0.0.1", server.port)
