"""The wire: REST calls and sockets of SmartAPI, and what their trouble means."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from brokers.angelone import codes
from brokers.angelone.access import Access, Tokens
from brokers.angelone.codes import Refusal, SessionOver
from brokers.angelone.limits import Endpoint, Limits
from brokers.angelone.session import Session
from brokers.reading import NoAnswer
from brokers.urgency import EXITS, POLLING
from core.crashpoints import crashpoint
from core.ports import Clock
from core.values.errors import Transient
from kit.json_rows import each
from kit.jsons import loads

ANSWER_S = 7.0
CONNECT_S = 3.0
LIST_S = 180.0
CHUNK = 64 * 1024
_CODE = re.compile("[A-Z]{2}[0-9]{4}")
BUSY_S = 1.0
"""How long to keep still after too many requests; the venue does not say."""


class Client:
    """Opened by `open`, closed by `close`. Logs in when it is first asked something, and again when that is over."""

    def __init__(self, access: Access, limits: Limits, wire: Clock) -> None:
        self.access, self.limits = access, limits
        self.session = Session(access, self._log_in, wire)
        self._http: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        self._http = aiohttp.ClientSession(headers=_manners(self.access))

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()

    async def call(
        self,
        endpoint: Endpoint,
        body: Mapping[str, Any] | None = None,
        urgency: int = POLLING,
        *,
        key: str = "",
        counted: bool = False,
    ) -> Any:
        """The `data` of an answer. key: what the path names. counted: the caller has waited for its turn.

        A session that is over is made anew, and the call made again: the venue has not looked at it before. Raises
        Transient when nothing left or the venue is busy, Refusal for a definite no, NoAnswer when nobody knows,
        Rejected where the login is refused.
        """
        for attempt in range(3):
            tokens = await self.session.current()
            if not (counted and attempt == 0):
                await self.limits.take(endpoint, urgency)
            try:
                return await self._ask_once(endpoint, body, tokens, key)
            except SessionOver:
                await self.session.renew(tokens, refresh=attempt == 0)
        raise Transient("the session is refused as soon as it is made")

    async def ask(
        self,
        endpoint: Endpoint,
        body: Mapping[str, Any] | None = None,
        urgency: int = POLLING,
        *,
        key: str = "",
        counted: bool = False,
    ) -> Any:
        """A call that changes nothing. Raises Transient or Rejected."""
        try:
            return await self.call(endpoint, body, urgency, key=key, counted=counted)
        except NoAnswer as error:
            raise Transient(f"{endpoint.path}: {error}") from error
        except Refusal as no:
            raise no.rejected() from no

    async def _log_in(self, endpoint: Endpoint, body: Mapping[str, Any], tokens: Tokens | None) -> Any:
        await self.limits.take(endpoint, EXITS)
        return await self._ask_once(endpoint, body, tokens)

    async def _ask_once(
        self, endpoint: Endpoint, body: Mapping[str, Any] | None, tokens: Tokens | None, key: str = ""
    ) -> Any:
        headers = {} if tokens is None else {"Authorization": f"Bearer {tokens.jwt}"}
        url = f"{self.access.base_url.rstrip('/')}{endpoint.path.format(key)}"
        text = None if body is None else json.dumps(body).encode()
        try:
            timeout = aiohttp.ClientTimeout(total=ANSWER_S, connect=CONNECT_S)
            data = None if text is None else _sent(text, places=endpoint.places)
            if text is not None:
                headers["Content-Length"] = str(len(text))
            async with self._opened.request(
                endpoint.method, url, data=data, headers=headers, timeout=timeout
            ) as answer:
                self._tell_time(answer)
                return self._read(endpoint, answer.status, await answer.read())
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Transient(f"no connection: {error}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from error

    def _tell_time(self, answer: aiohttp.ClientResponse) -> None:
        """What the venue's clock says, by which a code that it refuses may be explained."""
        try:
            self.session.told_time(parsedate_to_datetime(answer.headers["Date"]))
        except (KeyError, ValueError):
            return

    def _read(self, endpoint: Endpoint, status: int, text: bytes) -> Any:
        body = _envelope(text)
        code, message = (str(body.get(name) or "") for name in ("code", "message"))
        if code in codes.SESSION_OVER or (status == 401 and not code):
            raise SessionOver(f"{message} ({code or status})")
        if status == 429 or codes.too_many(message):
            self.limits.pause(endpoint, BUSY_S)
            raise Transient("too many requests", BUSY_S)
        if status >= 500 or not body:
            raise NoAnswer(f"the venue answered {status} {code}".rstrip())
        if status == 200 and body["fine"]:
            return body["data"]
        if code in codes.UNSURE and not codes.known(code, message):
            raise NoAnswer(f"the venue answered {code} {message}")
        if _CODE.fullmatch(code) is None and not (body["refused"] and message):
            raise NoAnswer(f"the venue answered {status} {message}, which is neither yes nor no")
        raise Refusal(code, message)

    async def rows(self, url: str) -> AsyncGenerator[Any, None]:
        """A long public list one by one, as it comes. Raises Transient."""
        try:
            async with self._get(url) as answer:
                async for row in each(answer.content.iter_chunked(CHUNK)):
                    yield row
        except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as error:
            raise Transient(f"list of instruments: {type(error).__name__}: {error}") from error

    @asynccontextmanager
    async def _get(self, url: str) -> AsyncIterator[aiohttp.ClientResponse]:
        """Without our headers: it is another host."""
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=LIST_S, connect=CONNECT_S)) as http,
            http.get(url, raise_for_status=True) as answer,
        ):
            yield answer

    def socket(
        self, url: str, headers: Mapping[str, str]
    ) -> AbstractAsyncContextManager[aiohttp.ClientWebSocketResponse]:
        return self._opened.ws_connect(url, headers=headers, timeout=aiohttp.ClientWSTimeout(ws_close=1.0))

    @property
    def _opened(self) -> aiohttp.ClientSession:
        assert self._http is not None, "opened first"
        return self._http


def _manners(access: Access) -> dict[str, str]:
    """Headers that every call must carry. The venue judges by the address a call comes from, not by what it says."""
    return {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "X-UserType": "USER",
        "X-SourceID": "WEB",
        "X-ClientLocalIP": "127.0.0.1",
        "X-ClientPublicIP": access.public_ip or "127.0.0.1",
        "X-MACAddress": "00:00:00:00:00:00",
        "X-PrivateKey": access.api_key,
    }


def _envelope(text: bytes) -> dict[str, Any]:
    """fine, refused, code, message, data of an answer, in either of the venue's two spellings; empty for what is none.

    Its failures may say the text "false", and its gate says plain words.
    """
    try:
        body = loads(text, parse_float=Decimal)
    except ValueError:
        plain = text[:200].decode(errors="replace")
        return {"fine": False, "message": plain} if codes.too_many(plain) else {}
    if not isinstance(body, dict):
        return {}
    fine = body.get("status", body.get("success"))
    return {
        "fine": fine is True or str(fine).lower() in {"true", "success"},
        "refused": fine is False or str(fine).lower() == "false",
        "code": body.get("errorcode") or body.get("errorCode"),
        "message": body.get("message"),
        "data": body.get("data"),
    }


async def _sent(text: bytes, *, places: bool) -> AsyncIterator[bytes]:
    yield text
    if places:
        crashpoint("send.bytes_out")
