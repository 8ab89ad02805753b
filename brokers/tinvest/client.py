"""The wire: REST calls and WebSockets of T-Invest, and what their trouble means."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import urlsplit

import aiohttp

from brokers.reading import NoAnswer
from brokers.tinvest import codes
from brokers.tinvest.limits import Limits
from brokers.urgency import POLLING
from core.crashpoints import crashpoint
from core.values.errors import Broken, Rejected, Transient
from kit.json_rows import each
from kit.jsons import loads

PACKAGE = "tinkoff.public.invest.api.contract.v1."
APP = "openoutcry.desk"
ANSWER_S = 5.0
CONNECT_S = 3.0
LIST_S = 60.0
CHUNK = 32 * 1024
RESET_S = 5.0
"""How long to keep still after a 429 that does not say."""
_REFUSING = frozenset({400, 401, 403, 404, 405, 415})
"""Statuses that prove by themselves that nothing was accepted."""
_SNAKE = re.compile(rb'"[a-z]+_[a-z_]+"\s*:')


class Refusal(Exception):
    """The venue's definite no."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}".strip())
        self.code, self.message = code, message

    def rejected(self) -> Rejected:
        return Rejected(codes.word(self.code), str(self))


@dataclass(frozen=True, slots=True)
class Access:
    """Where and as whom. token: may trade; readonly_token: used for all that changes nothing, where there is one."""

    base_url: str
    stream_url: str
    token: str
    readonly_token: str = ""
    ca_file: str = ""

    @property
    def reading(self) -> str:
        return self.readonly_token or self.token


class Client:
    """Opened by `open`, closed by `close`."""

    def __init__(self, access: Access, limits: Limits) -> None:
        self._access, self.limits = access, limits
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Raises Broken for a ca_file that cannot be used."""
        connector = aiohttp.TCPConnector(ssl=trusted(self._access.ca_file))
        self._session = aiohttp.ClientSession(connector=connector, headers={"x-app-name": APP})

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def call(self, method: str, body: Mapping[str, Any], urgency: int = POLLING, *, trading: bool = False) -> Any:
        """`Service/Method` -> its JSON.

        Raises Transient when nothing left or the venue is busy, Refusal for a definite no, NoAnswer when nobody knows.
        """
        async with self._asked(method, body, urgency, trading=trading) as answer:
            return read_json(await answer.read())

    @asynccontextmanager
    async def _asked(
        self,
        method: str,
        body: Mapping[str, Any],
        urgency: int = POLLING,
        *,
        trading: bool = False,
        within_s: float = ANSWER_S,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer of status 200, its body not read yet."""
        await self.limits.take(method, urgency)
        token = self._access.token if trading else self._access.reading
        text = json.dumps(body).encode()
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Content-Length": str(len(text)),
        }
        url = f"{self._access.base_url.rstrip('/')}/{PACKAGE}{method}"
        try:
            data, timeout = _sent(text, trading=trading), aiohttp.ClientTimeout(total=within_s, connect=CONNECT_S)
            async with self._opened.post(url, data=data, headers=headers, timeout=timeout) as answer:
                self._heed(method, answer)
                if answer.status != 200:
                    _refuse(answer, await answer.read())
                yield answer
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Transient(f"no connection: {error}") from error
        except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from error

    async def rows(self, method: str, body: Mapping[str, Any]) -> AsyncGenerator[Any, None]:
        """A long list one by one, as it comes: a full market's would fill the memory of a small machine.

        Raises Transient or Rejected.
        """
        try:
            async with self._asked(method, body, within_s=LIST_S) as answer:
                async for row in each(answer.content.iter_chunked(CHUNK)):
                    yield row
        except NoAnswer as error:
            raise Transient(f"{method}: {error}") from error
        except Refusal as no:
            raise no.rejected() from no

    async def read(self, method: str, body: Mapping[str, Any], urgency: int = POLLING) -> Any:
        """A call that changes nothing. Raises Transient or Refusal."""
        try:
            return await self.call(method, body, urgency)
        except NoAnswer as error:
            raise Transient(f"{method}: {error}") from error

    async def ask(self, method: str, body: Mapping[str, Any], urgency: int = POLLING) -> Any:
        """A read whose definite no is for the caller's caller. Raises Transient or Rejected."""
        try:
            return await self.read(method, body, urgency)
        except Refusal as no:
            raise no.rejected() from no

    def stream(self, method: str) -> AbstractAsyncContextManager[aiohttp.ClientWebSocketResponse]:
        """The venue's WebSocket of `Service/Method`, speaking JSON in camelCase."""
        return self._opened.ws_connect(
            f"{self._access.stream_url.rstrip('/')}/{PACKAGE}{method}",
            protocols=("json",),
            headers={"Authorization": f"Bearer {self._access.reading}"},
            timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
            max_msg_size=0,
        )

    @property
    def _opened(self) -> aiohttp.ClientSession:
        assert self._session is not None, "opened first"
        return self._session

    def _heed(self, method: str, answer: aiohttp.ClientResponse) -> None:
        """Where the venue says how much is left, it knows better than we do."""
        left, reset = (answer.headers.get(f"x-ratelimit-{name}", "") for name in ("remaining", "reset"))
        if answer.status == 429 or (left == "0" and reset):
            self.limits.pause(method, _seconds(reset))


def read_json(text: bytes | str) -> Any:
    """Field names in camelCase, whichever way they were written. Raises ValueError."""
    raw = text.encode() if isinstance(text, str) else text
    return loads(raw, object_pairs_hook=_camel if _SNAKE.search(raw) else None)


def secure(url: str) -> bool:
    """TLS, or a host that is this machine."""
    parts = urlsplit(url)
    return parts.scheme in {"https", "wss"} or parts.hostname in {"127.0.0.1", "::1", "localhost"}


def trusted(ca_file: str) -> ssl.SSLContext:
    """The machine's certificates, and those of `ca_file`. Raises Broken where it cannot be read."""
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:
            raise Broken(f"ca_file {ca_file} cannot be used: {error.strerror or error}") from error
    return context


def _refuse(answer: aiohttp.ClientResponse, text: bytes) -> NoReturn:
    code, message = _said(text)
    if answer.status == 429 or code in codes.TOO_MANY:
        raise Transient(f"too many requests: {code or 429}", _seconds(answer.headers.get("x-ratelimit-reset", "")))
    if tracked := answer.headers.get("x-tracking-id"):
        message = f"{message} [{tracked}]"
    definite = code >= 30000 and code not in codes.INTERNAL
    if definite or (not code and answer.status in _REFUSING):
        raise Refusal(code, message or str(answer.status))
    raise NoAnswer(f"the venue answered {answer.status} {code or ''}".rstrip())


def _said(text: bytes) -> tuple[int, str]:
    """Business code (0: none) and message of an error; the code is a number or a number in quotes."""
    try:
        body = loads(text)
        return int(str(body.get("description") or "0")), str(body.get("message") or "")
    except (ValueError, AttributeError):
        return 0, ""


def _seconds(reset: str) -> float:
    return min(float(reset), 60.0) if reset.isdigit() else RESET_S


def _camel(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), key): value for key, value in pairs}


async def _sent(text: bytes, *, trading: bool) -> AsyncIterator[bytes]:
    yield text
    if trading:
        crashpoint("send.bytes_out")
