"""HTTP manners: one error shape, bounded bodies, and a server whose every answer keeps to them.

Built on aiohttp. Bodies are decompressed here and not by aiohttp, which turns a falsely labelled encoding into a
500: serve with `listen`, which knows.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import zlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import cast
from uuid import uuid4

from aiohttp import web
from aiohttp.hdrs import CONTENT_ENCODING
from aiohttp.typedefs import Handler

_Respond = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

BODY_LIMIT = 64 * 1024
JSON_HEADERS = {"Content-Type": "application/json; charset=utf-8"}
_ERROR_HEADERS = {**JSON_HEADERS, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""What was wrong a moment ago may be right now: no cache keeps a no."""
_HEADERS_S = 15.0
"""Headers must be complete this long after connecting; an idle kept-alive connection is closed after it too."""
_LINGER_S = 2.0
"""How long the rest of a refused body is read and dropped, so that its sender gets to see the answer."""
_READ_BYTES = 32 * 1024
"""Room for one read. asyncio's own 256 KiB are mapped and unmapped by the kernel each time, and in a process of several
threads that interrupts every core."""
# Where a zlib stream's header is missing, some senders mean the raw kind by "deflate" (RFC 9110, 8.4.1.2).
_WINDOW_BITS = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}

_log = logging.getLogger(__name__)


class ApiError(Exception):
    """A no that the sender is told. code: a word equal in every language. field: the name as it was sent."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.field = field


_READY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: "


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        text = format(value, "f")
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return "0" if text == "-0" else text
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def dump_json(data: object) -> bytes:
    """Decimals as plain strings, times as UTC ISO 8601 with Z."""
    return json.dumps(data, default=_plain, separators=(",", ":")).encode()


class ReadyResponse(web.Response):
    """200 with JSON whose bytes are ready: no header table is built, nothing can be added, one write sends it.

    For the hot path alone: a plain `web.Response` costs 13 microseconds more, of an alert's 160.
    """

    async def prepare(self, request: web.BaseRequest) -> None:
        self._keep_alive = request.keep_alive
        transport, body = request.transport, cast("bytes", self._body)
        if transport is not None:
            ending = "" if request.keep_alive else "Connection: close\r\n"
            transport.write(b"%b%d\r\n%b\r\n%b" % (_READY, len(body), ending.encode(), body))

    async def write_eof(self, data: bytes = b"") -> None:
        """All of it is on its way already."""


def json_response(data: object, status: int = 200) -> web.Response:
    return web.Response(body=dump_json(data), status=status, headers=JSON_HEADERS)


def error_response(error: ApiError) -> web.Response:
    """The one shape of every error: `{"success": false, "error": {"code", "field", "message"}}`."""
    told = {"code": error.code, "field": error.field, "message": error.message}
    body = dump_json({"success": False, "error": told})
    return web.Response(body=body, status=error.status, headers=_ERROR_HEADERS)


def _of_status(status: int) -> ApiError:
    phrase = HTTPStatus(status)
    return ApiError(status, phrase.name.lower(), phrase.phrase)


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error in the one shape; what nobody expected is a 500 whose trace stays in the log."""
    try:
        return await handler(request)
    except Exception as error:  # noqa: BLE001 - the web's edge: one request's bug must not end the process
        resource = request.match_info.route.resource
        return _answer_to(error, f"{request.method} {resource.canonical if resource else '?'}")


def _answer_to(error: Exception, route: str) -> web.StreamResponse:
    """route: the pattern, for the log, since a path itself may carry a secret. Redirects are raised again."""
    if isinstance(error, ApiError):
        if error.status != 401:  # strangers are counted where they knock
            _log.info("%s: %d %s %r", route, error.status, error.code, (error.field or "")[:60])
        return error_response(error)
    if isinstance(error, web.HTTPException):
        if error.status < 400:
            raise error
        response = error_response(_of_status(error.status))
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        return response
    number = uuid4().hex[:8]  # names a line of the log, nothing that could happen twice
    _log.error("error %s: %s", number, route, exc_info=error)
    return error_response(ApiError(500, "internal", f"something went wrong; the log knows more under {number}"))


async def read_body(request: web.BaseRequest, limit: int = BODY_LIMIT, deadline_s: float = 5.0) -> bytes:
    """The whole body, decompressed. Raises ApiError 413 beyond `limit` bytes, counted before and after decompression;
    422 for one that does not arrive by the deadline, cannot be read, or is no such encoding as it says."""
    try:
        if request.content.is_eof():  # all of it came with the headers: no deadline to keep
            body = request.content.read_nowait(-1)
        elif (request.content_length or 0) > limit:
            raise _too_large(limit)
        else:
            body = await _read_slowly(request, limit, deadline_s)
    except TimeoutError:
        raise ApiError(422, "body_late", f"the body did not arrive within {deadline_s:g} s") from None
    except (web.RequestPayloadError, ConnectionError):
        raise _unreadable("the body cannot be read") from None
    if len(body) > limit:
        raise _too_large(limit)
    encoding = request.headers.get(CONTENT_ENCODING)
    if encoding is None or (encoding := encoding.strip().lower()) == "identity":
        return body
    return _decompress(body, encoding, limit)


async def _read_slowly(request: web.BaseRequest, limit: int, deadline_s: float) -> bytes:
    """Up to `limit` bytes or a little more: whoever sends more is not waited for."""
    body = bytearray()
    async with asyncio.timeout(deadline_s):
        while len(body) <= limit and (chunk := await request.content.readany()):
            body += chunk
    return bytes(body)


def _decompress(body: bytes, encoding: str, limit: int) -> bytes:
    for bits in _WINDOW_BITS.get(encoding, ()):
        stream = zlib.decompressobj(bits)
        try:
            plain = stream.decompress(body, limit + 1)
        except zlib.error:
            continue
        if len(plain) > limit:
            raise _too_large(limit)
        if stream.eof and not stream.unused_data:
            return plain
    raise _unreadable(f"the body is not the {encoding[:20]} that it says it is")


def _too_large(limit: int) -> ApiError:
    return ApiError(413, "body_too_large", f"the body is over {limit} bytes")


def _unreadable(message: str) -> ApiError:
    return ApiError(422, "body_unreadable", message)


def with_slash(method: str, path: str, handler: Handler) -> list[web.RouteDef]:
    """The route with and without a slash at the end."""
    return [web.route(method, path, handler), web.route(method, f"{path}/", handler)]


class _Connection(web.RequestHandler):
    """Answers what never became a request, bad HTTP itself, in the one shape too."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if hasattr(transport, "max_size"):
            transport.max_size = _READ_BYTES
        super().connection_made(transport)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - the parser's words quote the request: they stay here
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            raise ConnectionError("an answer is on its way already")
        if status >= 500:
            _log.error("error %s outside every handler", status, exc_info=exc)
        else:
            _log.info("bad HTTP from %s: %s", request.remote, type(exc).__name__)
        response = error_response(_of_status(status))
        response.force_close()
        return response


@dataclass(frozen=True, slots=True)
class Listener:
    """A server that listens. port: the real one, where 0 was asked for."""

    host: str
    port: int
    _server: asyncio.Server
    _runner: web.AppRunner

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def share(self) -> socket.socket:
        """Where it listens, for another server that takes over: nobody who comes meanwhile is turned away."""
        return socket.socket(fileno=os.dup(self._server.sockets[0].fileno()))

    async def close(self) -> None:
        """Take no new connection, let requests in flight finish, then close the rest."""
        self._server.close()
        await self._runner.cleanup()
        await self._server.wait_closed()


def _shortcut(first: Iterable[web.RouteDef], app: _Respond) -> _Respond:
    handlers = {(route.method, route.path): cast("Handler", route.handler) for route in first}

    async def respond(request: web.BaseRequest) -> web.StreamResponse:
        handler = handlers.get((request.method, request.path))
        if handler is None:
            return await app(request)
        try:
            return await handler(cast("web.Request", request))
        except Exception as error:  # noqa: BLE001 - the same edge as that of `errors_as_json`
            return _answer_to(error, f"{request.method} {request.path}")

    return respond


async def listen(
    app: web.Application,
    host: str,
    port: int,
    *,
    first: Iterable[web.RouteDef] = (),
    shutdown_s: float = 10.0,
    at: socket.socket | None = None,
) -> Listener:
    """Serve `app`. Raises OSError where the address is taken. No access log: paths and queries can carry secrets.

    at: a socket that listens already, in place of an address.

    first: those of the app's routes that are looked at before its router and middlewares, for the sake of speed: plain
    paths only, errors in the one shape.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=shutdown_s)
    await runner.setup()
    manager = runner.server
    assert manager is not None
    manager.request_handler = _shortcut(first, manager.request_handler)
    loop = asyncio.get_running_loop()

    def connection() -> _Connection:
        return _Connection(
            manager,
            loop=loop,
            access_log=None,  # type: ignore[arg-type] # aiohttp's own way to have none; its annotation forgot it
            auto_decompress=False,
            tcp_keepalive=False,  # the idle are closed long before it would ask; streams have beats
            keepalive_timeout=_HEADERS_S,
            lingering_time=_LINGER_S,
        )

    try:
        if at is None:
            server = await loop.create_server(connection, host, port, backlog=512)
        else:
            server = await loop.create_server(connection, sock=at, backlog=512)
    except OSError:
        await runner.cleanup()
        raise
    return Listener(host, server.sockets[0].getsockname()[1], server, runner)
