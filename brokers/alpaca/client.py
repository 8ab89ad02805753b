"""The wire: REST calls and WebSockets of Alpaca, what their trouble means, and how often one may ask."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, NoReturn
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import aiohttp

from brokers.alpaca import codes
from brokers.reading import NoAnswer
from brokers.urgency import POLLING
from core.crashpoints import crashpoint
from core.ports import Clock
from core.values.capabilities import RateBudget
from core.values.errors import Rejected, Transient
from kit.jsons import loads
from kit.rates import Rates

ANSWER_S = 5.0
CONNECT_S = 3.0
LIST_S = 60.0
RESET_S = 5.0
"""How long to keep still after a 429 that does not say."""
BUDGETS = (RateBudget("trading", 200, 60), RateBudget("prices", 200, 60, exits=0.2, polling=0.4, entries=0.2))
"""Counted by the venue for each key: calls about the account, and calls about prices."""
_REFUSING = frozenset({400, 401, 403, 404, 405, 415, 422})
"""Statuses that prove that nothing was accepted."""
Read = Callable[[bytes], Any]


class Refusal(Exception):
    """The venue's definite no. word: ours (brokers.alpaca.codes); body: what else it says."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        message = str(body.get("message") or "")
        super().__init__(" ".join(str(part) for part in (body.get("code") or status, message) if part))
        self.status, self.body = status, body
        self.word = codes.word(status, int(body.get("code") or 0), message)

    def rejected(self) -> Rejected:
        return Rejected(self.word, str(self))


@dataclass(frozen=True, slots=True)
class Access:
    """Where and as whom. base_url: orders and account; data_url and stream_url: prices; feed: which tape of them."""

    base_url: str
    data_url: str
    stream_url: str
    key_id: str
    secret_key: str
    feed: str


class Client:
    """Opened by `open`, closed by `close`. Clients of one key share their limits, as they do at the venue."""

    _shared: ClassVar[WeakValueDictionary[tuple[str, str], _Limits]] = WeakValueDictionary()

    def __init__(self, access: Access, clock: Clock) -> None:
        self.access = access
        self._clock = clock
        self.limits = self._shared.setdefault((access.base_url, access.key_id), _Limits(clock))
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        keys = {"APCA-API-KEY-ID": self.access.key_id, "APCA-API-SECRET-KEY": self.access.secret_key}
        self._session = aiohttp.ClientSession(headers=keys)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def call(
        self,
        verb: str,
        path: str,
        urgency: int = POLLING,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        read: Read | None = None,
    ) -> Any:
        """Its JSON, numbers as Decimal; None where there is none. read: what makes something of a long answer.

        Raises Transient when nothing left or the venue is busy, Refusal for a definite no, NoAnswer when nobody knows.
        """
        prices = path.startswith("/v2/stocks")
        budget = self.limits.rates["prices" if prices else "trading"]
        await budget.take(urgency)
        url = (self.access.data_url if prices else self.access.base_url).rstrip("/") + path
        timeout = aiohttp.ClientTimeout(total=LIST_S if read else ANSWER_S, connect=CONNECT_S)
        text = b"" if body is None else json.dumps(body).encode()
        sent: dict[str, Any] = {} if body is None else {"data": _sent(text), "headers": _headers(text)}
        try:
            async with self._opened.request(
                verb, url, params=query, timeout=timeout, allow_redirects=False, **sent
            ) as answer:
                self._heed(budget, answer)
                whole = await answer.read()
                if answer.status not in {200, 201, 204, 207}:
                    self._refuse(answer, whole)
                return (read or read_json)(whole) if whole else None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Transient(f"no connection: {error}") from error
        except (aiohttp.ClientError, TimeoutError, ValueError, ArithmeticError, OSError) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from error

    async def get(
        self, path: str, query: Mapping[str, str] | None = None, urgency: int = POLLING, read: Read | None = None
    ) -> Any:
        """A call that changes nothing. Raises Transient or Refusal."""
        try:
            return await self.call("GET", path, urgency, query=query, read=read)
        except NoAnswer as error:
            raise Transient(f"{path}: {error}") from error

    async def ask(
        self, path: str, query: Mapping[str, str] | None = None, urgency: int = POLLING, read: Read | None = None
    ) -> Any:
        """A question whose definite no is for the caller's caller. Raises Transient or Rejected."""
        try:
            return await self.get(path, query, urgency, read)
        except Refusal as no:
            raise no.rejected() from no

    def trade_stream(self) -> AbstractAsyncContextManager[aiohttp.ClientWebSocketResponse]:
        return self._stream(f"{self.access.base_url.rstrip('/').replace('http', 'ws', 1)}/stream")

    def price_stream(self) -> AbstractAsyncContextManager[aiohttp.ClientWebSocketResponse]:
        return self._stream(f"{self.access.stream_url.rstrip('/')}/v2/{self.access.feed}")

    def _stream(self, url: str) -> AbstractAsyncContextManager[aiohttp.ClientWebSocketResponse]:
        closing = aiohttp.ClientWSTimeout(ws_close=1.0)
        return self._opened.ws_connect(url, timeout=closing, autoping=False, max_msg_size=0)

    @property
    def _opened(self) -> aiohttp.ClientSession:
        assert self._session is not None, "opened first"
        return self._session

    def _heed(self, budget: Rates, answer: aiohttp.ClientResponse) -> None:
        """Where the venue says how much is left, it knows better than we do."""
        if answer.status == 429 or answer.headers.get("x-ratelimit-remaining") == "0":
            budget.pause(self._until_reset(answer))

    def _until_reset(self, answer: aiohttp.ClientResponse) -> float:
        """Seconds until the moment (in seconds since 1970) at which calls are counted anew."""
        reset = answer.headers.get("x-ratelimit-reset", "")
        if not reset.isdigit():
            return RESET_S
        return min(60.0, max(0.5, float(reset) - self._clock.now().timestamp()))

    def _refuse(self, answer: aiohttp.ClientResponse, text: bytes) -> NoReturn:
        if answer.status == 429:
            raise Transient("too many requests", self._until_reset(answer))
        if answer.status in _REFUSING:
            raise Refusal(answer.status, _said(text))
        raise NoAnswer(f"the venue answered {answer.status}")


class _Limits:
    def __init__(self, clock: Clock) -> None:
        self.rates = {b.name: Rates(b.calls, b.per_s, b.exits, clock.now, clock.sleep) for b in BUDGETS}

    def left(self) -> dict[str, int]:
        return {name: rates.left for name, rates in self.rates.items()}


def read_json(text: bytes | str) -> Any:
    """Raises ValueError."""
    return loads(text, parse_float=Decimal)


def secure(url: str) -> bool:
    """TLS, or a host that is this machine."""
    parts = urlsplit(url)
    return parts.scheme in {"https", "wss"} or parts.hostname in {"127.0.0.1", "::1", "localhost"}


def _said(text: bytes) -> Mapping[str, Any]:
    """What an error says in JSON; nothing where a proxy answered in HTML."""
    try:
        body = loads(text)
    except ValueError:
        return {}
    known = isinstance(body, dict) and str(body.get("code") or 0).isdigit()
    return body if known else {}


def _headers(text: bytes) -> dict[str, str]:
    return {"Content-Type": "application/json", "Content-Length": str(len(text))}


async def _sent(text: bytes) -> AsyncIterator[bytes]:
    yield text
    crashpoint("send.bytes_out")
