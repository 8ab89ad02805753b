"""The wire: ccxt itself, and what its trouble means to the desk."""

from __future__ import annotations

import importlib
import logging
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any, TypeVar

import aiohttp

from brokers.ccxt.dialect import Access, Dialect, Says
from brokers.reading import UNREADABLE, NoAnswer, readable
from core.crashpoints import crashpoint
from core.ports import Clock
from core.values.errors import Broken, DeskError, Rejected, Transient
from kit.rates import MOST_URGENT, Rates

log = logging.getLogger(__name__)

T = TypeVar("T")
ANSWER_MS = 10_000
PING_MS = 5_000
"""How often a socket is asked to say that it is there; the library ends one that misses two."""
LONGEST_S = 3600.0
PATIENCE_S = 10.0
"""A longer silence is not slept through inside a call: who calls may have something better to do."""
REFUSED_S = 30.0
RESET_S = 5.0
"""How long to keep still after a 429 that does not say."""
_ADDRESS = re.compile(r"\b(?:https?|wss?)://\S+")
_MAINTAINED = re.compile("maintenance|maintaining|upgrading", re.IGNORECASE)
"""In a refusal's words: not every venue has a code for it."""
_NOTHING_CAME = frozenset({"RequestTimeout", "ExchangeNotAvailable", "NullResponse", "BadResponse"})
_CODE = re.compile(r"-?\d+", re.ASCII)
_BANNED = re.compile(r"until (\d{13})")


class Refusal(Exception):
    """The venue's definite no. word: ours, equal in every language."""

    def __init__(self, word: str, code: str, message: str) -> None:
        super().__init__(f"{code} {message}".strip())
        self.word, self.code = word, code

    def rejected(self) -> Rejected:
        return Rejected(self.word, str(self))


class Client:
    """Opened by `open`, closed by `close`. heard: gets every order and execution that the account's streams tell.
    greeted: called when one of those streams begins."""

    def __init__(self, dialect: Dialect, access: Access, wire: Clock) -> None:
        self.dialect, self._access, self._wire = dialect, access, wire
        self.exchange: Any = None
        self.heard: Callable[[list[Any], list[Any]], None] = lambda _orders, _trades: None
        self.greeted: Callable[[], None] = lambda: None
        self._session: aiohttp.ClientSession | None = None
        self._banned_until = wire.now()
        self._left: ContextVar[bool] = ContextVar("an order has left in this call", default=False)
        self._rates = {b.name: Rates(b.calls, b.per_s, b.exits, wire.now, wire.sleep) for b in dialect.budgets}

    async def open(self) -> None:
        """Load the library, agree on the time, read what is listed. Raises Transient, Rejected or Broken."""
        connector = aiohttp.TCPConnector(ssl=ssl.create_default_context())
        self._session = aiohttp.ClientSession(connector=connector)
        self.exchange = self._make(Posting(self._session, self.dialect, self._left))
        await self.ask(self.exchange.load_time_difference)
        self.exchange.set_markets(await self.ask(self.exchange.fetch_markets))

    async def close(self) -> None:
        if self.exchange is not None:
            await self.exchange.close()
            self.exchange = None
        if self._session is not None:
            await self._session.close()
            self._session = None

    def now(self) -> datetime:
        return self._wire.now()

    def left(self) -> dict[str, int]:
        return {name: rates.left for name, rates in self._rates.items()}

    # calls

    async def call(self, method: Callable[..., Awaitable[T]], *args: Any, budget: str, urgency: int = 1) -> T:
        """Raises Transient when nothing left or the venue is busy, Refusal for its no, NoAnswer when nobody knows."""
        if (banned := (self._banned_until - self.now()).total_seconds()) > PATIENCE_S:
            raise Transient(f"{Says.BUSY.value}: banned", banned)
        await self._rates[budget].take(urgency)
        self._left.set(False)
        try:
            with self.library():
                return await method(*args)
        except Transient as busy:
            await self._heed(busy, budget)
            raise
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from error
        except UNREADABLE as error:
            raise NoAnswer(f"unreadable {getattr(method, '__name__', 'answer')}: {error!r}") from error

    async def ask(self, method: Callable[..., Awaitable[T]], *args: Any, urgency: int = 1) -> T:
        """A call that changes nothing. Raises Transient or Rejected."""
        try:
            return await self.call(method, *args, budget="asking", urgency=urgency)
        except NoAnswer as error:
            raise Transient(str(error)) from error
        except Refusal as no:
            raise no.rejected() from no

    async def _heed(self, busy: Transient, budget: str) -> None:
        """Do about it what can be done here: keep still, or agree on the time."""
        if busy.reason.startswith(Says.BUSY.value):
            if busy.retry_after_s > PATIENCE_S:
                self._banned_until = self.now() + timedelta(seconds=busy.retry_after_s)
            else:
                self._rates[budget].pause(busy.retry_after_s)
        if busy.reason != Says.SKEW.value:
            return
        try:
            await self.call(self.exchange.load_time_difference, budget="asking", urgency=MOST_URGENT)
        except (Transient, Refusal, NoAnswer) as error:
            log.warning("the venue does not tell its time", extra={"reason": str(error)})

    @contextmanager
    def library(self, *, sent: bool = False) -> Iterator[None]:
        """The library's own errors as ours: nothing was sent, nothing came back, or it cannot read what did. sent: of
        an order that left. Raises Transient, Refusal or NoAnswer."""
        errors = importlib.import_module("ccxt.base.errors")
        try:
            yield
        except errors.BaseError as error:
            raise self._meant(error, sent=sent or self._left.get()) from error

    def _meant(self, error: Exception, *, sent: bool) -> Exception:
        cause = error.__cause__
        if isinstance(cause, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
            return Transient(f"no connection: {cause}")
        name = type(error).__name__
        if sent or cause is not None or name in _NOTHING_CAME:
            return NoAnswer(f"{name}: {said(error)}")
        return Refusal("refused", name, said(error))

    # inside

    def _make(self, session: Posting) -> Any:  # noqa: C901 - methods of the class that it makes
        """The library's class for this venue, its verdicts and its streams taken over."""
        try:
            library = importlib.import_module("ccxt.pro")
        except ImportError:
            raise Broken("accounts with broker = ccxt need the extra: pip install openoutcry[crypto]") from None
        logging.getLogger("ccxt").setLevel(logging.WARNING)  # below that it writes down headers, and with them keys
        client, dialect = self, self.dialect

        class Venue(getattr(library, dialect.name)):  # type: ignore[misc]  # a class of a library that has no types
            timeout_on_exit = 0
            orders: Any
            triggerOrders: Any  # noqa: N815 - as below
            myTrades: Any  # noqa: N815 - the library's name
            streaming = {"keepAlive": PING_MS, "maxPingPongMisses": 2}  # noqa: RUF012 - as the library has it

            def handle_errors(
                self, status: int, _reason: str, _url: str, _method: str, headers: Any, body: str, answer: Any, *_: Any
            ) -> None:
                error = judge(dialect, status, headers, body, answer, client.now())
                if error is not None:
                    raise error

            def on_connected(self, link: Any, message: Any = None) -> None:
                super().on_connected(link, message)
                if dialect.greets(link.url, None):
                    client.greeted()

            def client(self, url: Any) -> Any:
                return _breaking(super().client(url))

            def handle_message(self, link: Any, message: Any) -> None:
                try:
                    super().handle_message(link, message)
                except UNREADABLE as error:
                    log.warning("stream unreadable", extra={"exchange": dialect.name, "reason": repr(error)})
                if dialect.greets(link.url, message):
                    client.greeted()
                if any(told := _taken(self)):
                    client.heard(*told)

        access = self._access
        exchange = Venue(
            {
                "apiKey": access.api_key,
                "secret": access.api_secret,
                "password": access.passphrase,
                "session": session,
                "timeout": ANSWER_MS,
                "enableRateLimit": False,  # the desk's own count knows what is urgent
                "number": str,
                "options": {**dialect.options},
            }
        )
        dialect.aim(exchange, access)
        return exchange


def _taken(venue: Any) -> tuple[list[Any], list[Any]]:
    """Orders and executions that the library has read of its streams; it keeps them no longer."""
    told = [*(venue.orders or ()), *(venue.triggerOrders or ())], [*(venue.myTrades or ())]
    venue.orders = venue.triggerOrders = venue.myTrades = None
    return told


def _breaking(link: Any) -> Any:
    """The library reads no more of a socket that brought what is no JSON, and leaves it open: it is made anew."""
    if "handle_message" in vars(link):
        return link
    plain = link.handle_message

    def handle(message: Any) -> None:
        try:
            plain(message)
        except UNREADABLE as error:
            log.warning("stream unreadable", extra={"reason": repr(error)})
            link.on_error(importlib.import_module("ccxt.base.errors").NetworkError("unreadable"))

    link.handle_message = handle
    return link


def trouble() -> tuple[type[Exception], ...]:
    """What a stream of the library may break with."""
    errors = importlib.import_module("ccxt.base.errors")
    return (errors.BaseError, DeskError, Refusal, NoAnswer, aiohttp.ClientError, OSError, *UNREADABLE)


class Posting:
    """A session that knows when the bytes of an order have left. All else is the session's own."""

    def __init__(self, session: aiohttp.ClientSession, dialect: Dialect, left: ContextVar[bool]) -> None:
        """left: set where an order leaves, in the task that sends it."""
        self._session, self._dialect, self._left = session, dialect, left

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def post(self, url: Any, data: Any = None, headers: Any = None, **how: Any) -> Any:
        """As the session's. The length is given, so that the body goes out in one piece."""
        if data and self._dialect.places(url.path, data):
            self._left.set(True)
            headers, data = {**(headers or {}), "Content-Length": str(len(data))}, _sent(data)
        return self._session.post(url, data=data, headers=headers, **how)


async def _sent(body: bytes) -> AsyncIterator[bytes]:
    yield body
    crashpoint("send.bytes_out")


def said(error: Exception) -> str:
    """An error's words without addresses: the library puts signatures and listen keys into them."""
    return _ADDRESS.sub("the venue", str(error))[:200]


def judge(dialect: Dialect, status: int, headers: Any, body: str, answer: Any, now: datetime) -> Exception | None:
    """What an answer means; None for a good one. A code of the venue decides, else the HTTP status."""
    code, message = dialect.code(answer) if isinstance(answer, Mapping | list) else ("", "")
    means = dialect.words.get(code)
    if status in {418, 429} or means is Says.BUSY:
        return Transient(f"{Says.BUSY.value}: {code or status} {message}", wait_s(headers, body, now))
    if means is Says.SKEW:
        return Transient(Says.SKEW.value, 0.1)
    if means is Says.MAINTENANCE or (means is not Says.NOTHING and _MAINTAINED.search(message)):
        return Transient(f"{Says.MAINTENANCE.value}: {message}", 30.0)
    if means is Says.NOTHING or status >= 500:
        return NoAnswer(f"the venue answered {status} {code} {message}".rstrip())
    if code and not (code in dialect.words or code in dialect.repeated or _CODE.fullmatch(code)):
        return NoAnswer(f"the venue answered {status} and {code!r:.40} for a code")
    if code:
        return Refusal(means if isinstance(means, str) else "refused", code, message)
    if status >= 400:
        return Refusal("token_refused" if status in {401, 403} else "refused", str(status), body[:200])
    return NoAnswer("the answer is no JSON") if answer is None else None


def wait_s(headers: Mapping[str, str], body: str, now: datetime) -> float:
    """How long the venue wants silence: its header in seconds or as a moment, or the end of a ban in its words."""
    named = {name.lower(): value for name, value in headers.items()}
    if (seconds := named.get("retry-after", "")).replace(".", "", 1).isdigit():
        return min(float(seconds), LONGEST_S)
    until = _BANNED.search(body)
    moment = until[1] if until else named.get("x-bapi-limit-reset-timestamp", "")
    if moment.isdigit():
        return min(max(int(moment) / 1000 - now.timestamp(), 1.0), LONGEST_S)
    return RESET_S


@contextmanager
def asking(what: str) -> Iterator[None]:
    """A question that is refused, as with a key withdrawn meanwhile, is one without an answer; so is one that the
    library itself cannot make, as of a symbol that it knows no more. Raises Transient."""
    errors = importlib.import_module("ccxt.base.errors")
    try:
        with readable(what):
            yield
    except errors.BaseError as error:
        raise Transient(f"{what}: {said(error)}") from error
    except Rejected as no:
        log.error("refused to answer", extra={"what": what, "reason": str(no)})  # noqa: TRY400 - no fault of the code
        raise Transient(f"{what}: {no}", REFUSED_S) from no
