"""The hub's routes: alerts in by POST, out by WebSocket. Whoever asks shows the hub's token; no cookie opens them."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, tzinfo

from aiohttp import WSCloseCode, WSMsgType, web

from core.services.hub import Hub, Subscriber
from core.values.alerts import Alert, Receipt
from core.values.errors import Broken, Transient
from core.values.ids import AlertId
from core.values.raw import RawAlert
from kit.auth import bearer, origin_allowed, same_secret
from kit.http import BODY_LIMIT, ApiError, ReadyResponse, read_body
from webhook_receiver.dialect_hub import as_alert, parse_raw
from webhook_receiver.fields import Fields
from webhook_receiver.masking import Mask, any_secret
from webhook_receiver.reading import read_object

_log = logging.getLogger(__name__)

SOCKETS_MAX = 2_000
PING_S = 30.0
GOODBYE_S = 2.0
Take = Callable[[Alert, RawAlert], Awaitable[Receipt]]


class HubDoor:
    """token: empty = every route answers 401. cors_origin: the one other site whose scripts may read our answers.

    now: the market's time. zone: of `utcoffset`.
    """

    def __init__(self, *, hub: Hub, token: str, cors_origin: str, now: Callable[[], datetime], zone: tzinfo) -> None:
        self._hub = hub
        self._token = token
        self._cors_origin = cors_origin.rstrip("/")
        self._mask = Mask(token)
        self._now = now
        self._zone = zone

    def first(self) -> list[web.RouteDef]:
        """The two that must be fast: `kit.http.listen(first=...)`."""
        return [web.post("/alert", self.alert), web.post("/carbon-alert", self.carbon_alert)]

    def routes(self) -> list[web.RouteDef]:
        return [
            *self.first(),
            web.options("/alert", self.preflight),
            web.options("/carbon-alert", self.preflight),
            web.get("/wsalerts", self.sockets),
        ]

    async def alert(self, request: web.Request) -> web.Response:
        return await self._post(request, self._hub.publish)

    async def carbon_alert(self, request: web.Request) -> web.Response:
        return await self._post(request, self._hub.meter)

    async def preflight(self, request: web.Request) -> web.Response:
        """Other sites but the configured one get no permission, and so their scripts send nothing."""
        response = web.Response(status=204)
        if self._cors(request, response):
            response.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
            response.headers["Access-Control-Allow-Headers"] = "authorization, content-type"
            response.headers["Access-Control-Max-Age"] = "600"
            response.headers["Access-Control-Allow-Private-Network"] = "true"  # from a public site to this machine
        return response

    async def _post(self, request: web.Request, take: Take) -> web.Response:
        """The seed's answers, errors too: `{"status", "message"}`."""
        try:
            status, body = 200, b'{"status": 200, "message": "OK", "alert_id": "%b"}' % await self._take(request, take)
        except ApiError as error:
            status = 400 if error.status == 422 else error.status
            body = json.dumps({"status": status, "message": error.message}).encode()
        if status == 200 and "Origin" not in request.headers:
            return ReadyResponse(body=body)
        response = web.Response(status=status, body=body, content_type="application/json", charset="utf-8")
        self._cors(request, response)
        return response

    async def _take(self, request: web.Request, take: Take) -> bytes:
        """The id it is kept under. Raises ApiError 401, 413, 422 or 503."""
        self._check_token(request)
        return (await self._kept(await read_body(request), take)).encode()

    async def publish(self, sent: bytes) -> str:
        """An alert that came another way, told to everybody; its id. Raises ApiError 422 or 503."""
        return await self._kept(sent, self._hub.publish)

    async def _kept(self, sent: bytes, take: Take) -> AlertId:
        text, fields = read_object(sent)
        raw = parse_raw(Fields(fields), self._zone)
        secret = self._token in text or any_secret(*fields) or text.count("{") + text.count("[") > 1
        body = self._mask(text, fields) if secret else text
        alert = as_alert(raw, received_at=self._now(), body=body)
        try:
            return (await take(alert, raw)).alert_id
        except (Transient, Broken) as error:
            _log.error("an alert could not be written: %s", error)
            raise ApiError(503, "not_written", "the alert could not be written; send it again") from None

    def _check_token(self, request: web.Request) -> None:
        if not same_secret(bearer(request) or request.query.get("token"), self._token):
            raise ApiError(401, "unauthorized", "the token is missing or wrong")

    def _cors(self, request: web.Request, response: web.Response) -> bool:
        response.headers["Vary"] = "Origin"
        allowed = bool(self._cors_origin) and request.headers.get("Origin") == self._cors_origin
        if allowed:
            response.headers["Access-Control-Allow-Origin"] = self._cors_origin
        return allowed

    # sockets

    async def sockets(self, request: web.Request) -> web.StreamResponse:
        """Every alert from now on, as JSON texts; what the socket sends comes back to it alone.

        Browsers do not hold sockets to CORS, so here the origin is checked by us.
        """
        self._check_token(request)
        if not origin_allowed(request) and request.headers.get("Origin") != self._cors_origin:
            raise ApiError(403, "origin_not_allowed", "another site may not listen to this desk")
        if self._hub.listening >= SOCKETS_MAX:
            raise ApiError(503, "too_many_sockets", "too many sockets are open")
        socket = web.WebSocketResponse(heartbeat=PING_S, timeout=GOODBYE_S, max_msg_size=BODY_LIMIT, compress=False)
        await socket.prepare(request)
        transport = request.transport
        subscriber = self._hub.subscribe(lambda: transport.abort() if transport is not None else None)
        writer = asyncio.create_task(_write(socket, subscriber))
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    subscriber.offer(message.data)
        finally:
            self._hub.leave(subscriber)
            subscriber.close()
            writer.cancel()
            await asyncio.wait([writer])
        return socket


async def _write(socket: web.WebSocketResponse, subscriber: Subscriber) -> None:
    """Until the socket or the hub ends."""
    with suppress(ConnectionError):
        while (text := await subscriber.next()) is not None:
            await socket.send_str(text)
        await socket.close(code=WSCloseCode.GOING_AWAY)
