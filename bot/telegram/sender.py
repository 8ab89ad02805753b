"""Everything that goes out, at the pace that Telegram takes: one line a chat, the urgent ones in front."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from bot.telegram.light import Bot, TelegramMethod, errors
from core.ports import Clock
from core.values.errors import Rejected, Transient

T = TypeVar("T")
log = logging.getLogger(__name__)

WAITING_MAX = 500
TIMEOUT_S = 15
TRIES = 5
OBEYED_S_MAX = 60
"""A longer pause that Telegram asks for is an outage, told to whoever waits."""


class TooMany(Transient):
    """A 429: the whole bot is silent until `retry_after_s` have passed."""


class Gone(Rejected):
    """The message that was to be edited is no more, or never was."""


PRIVATE = ((5, 5.0),)
GROUP = ((5, 5.0), (20, 60.0))
"""(messages, in any so many seconds): a message a second with short bursts, and 20 a minute in a group."""


@dataclass(order=True, slots=True)
class _Waiting:
    """Heap order: urgent first, then as they came."""

    rank: tuple[bool, int]
    method: TelegramMethod[Any] = field(compare=False)
    done: asyncio.Future[Any] = field(compare=False)
    tries: int = field(default=0, compare=False)


class _Pace:
    """How often one chat is written to."""

    def __init__(self, rules: Sequence[tuple[int, float]], wire: Clock) -> None:
        self._rules = rules
        self._wire = wire
        self._sent: deque[datetime] = deque(maxlen=max(calls for calls, _ in rules))

    def wait_s(self) -> float:
        """Seconds until another message breaks no rule; 0 or less: now."""
        now = self._wire.now()
        full = [(per_s, self._sent[-calls]) for calls, per_s in self._rules if len(self._sent) >= calls]
        return max((per_s - (now - oldest).total_seconds() for per_s, oldest in full), default=0.0)

    def count(self) -> None:
        self._sent.append(self._wire.now())


class Sender:
    """The only way out of messages."""

    def __init__(self, bot: Bot, wire: Clock) -> None:
        self._bot = bot
        self._wire = wire
        self._lines: defaultdict[int, list[_Waiting]] = defaultdict(list)
        self._paces: dict[int, _Pace] = {}
        self._drains: dict[int, asyncio.Task[None]] = {}
        self._order = itertools.count()
        self._blocked_until: datetime | None = None
        self._closed = False

    async def send(self, chat: int, method: TelegramMethod[T], *, urgent: bool = False) -> T:
        """Send when it is this one's turn; its result.

        Raises Gone or Rejected for what Telegram will never take, Transient for all that may go better later, a full
        line among it.
        """
        line = self._lines[chat]
        if self._closed or (len(line) >= WAITING_MAX and not urgent):
            raise Transient("the sender is closed" if self._closed else "too many messages wait")
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        heapq.heappush(line, _Waiting((not urgent, next(self._order)), method, done))
        if chat not in self._drains:
            self._drains[chat] = asyncio.create_task(self._drain(chat, line), name=f"telegram line {chat}")
        return await done

    async def now(self, method: TelegramMethod[T]) -> T:
        """Send at once what has no rate of its own: answers to presses, questions about ourselves. Raises as `send`."""
        try:
            return await self._bot(method, request_timeout=TIMEOUT_S)
        except errors.AiogramError as error:
            raise translated(error) from None
        except (OSError, RuntimeError, ValueError) as error:  # aiohttp's, of a session or socket that is closing
            raise Transient(f"telegram: {type(error).__name__}") from None

    async def close(self) -> None:
        """What still waits is told to come again."""
        self._closed = True
        for task in self._drains.values():
            task.cancel()
        await asyncio.gather(*self._drains.values(), return_exceptions=True)
        for waiting in itertools.chain.from_iterable(self._lines.values()):
            if not waiting.done.done():
                waiting.done.set_exception(Transient("the sender is closed"))

    async def _drain(self, chat: int, line: list[_Waiting]) -> None:
        pace = self._paces.setdefault(chat, _Pace(GROUP if chat < 0 else PRIVATE, self._wire))
        try:
            while line:
                pause_s = max(pace.wait_s(), self._blocked_s())
                if pause_s > 0:
                    await self._wire.sleep(pause_s)
                    continue
                waiting = heapq.heappop(line)
                if not waiting.done.done():  # else whoever asked has gone away meanwhile
                    pace.count()
                    await self._deliver(waiting, line)
        finally:
            del self._drains[chat]

    def _blocked_s(self) -> float:
        return (self._blocked_until - self._wire.now()).total_seconds() if self._blocked_until else 0.0

    async def _deliver(self, waiting: _Waiting, line: list[_Waiting]) -> None:
        try:
            result = await self.now(waiting.method)
        except Transient as error:
            waiting.tries += 1
            if not self._obey(error) or waiting.tries >= TRIES:
                _fail(waiting, error)
            else:
                heapq.heappush(line, waiting)
        except Rejected as error:
            _fail(waiting, error)
        except asyncio.CancelledError:
            heapq.heappush(line, waiting)  # `close` tells whoever waits for it
            raise
        else:
            if not waiting.done.done():
                waiting.done.set_result(result)

    def _obey(self, error: Transient) -> bool:
        """Keep quiet for as long as Telegram asked; whether that is short enough to keep the message here."""
        if not isinstance(error, TooMany):
            return False
        log.warning("telegram asks for a pause", extra={"seconds": error.retry_after_s})
        self._blocked_until = self._wire.now() + timedelta(seconds=error.retry_after_s)
        return error.retry_after_s <= OBEYED_S_MAX


def _fail(waiting: _Waiting, error: Exception) -> None:
    if not waiting.done.done():
        waiting.done.set_exception(error)


def translated(error: errors.AiogramError) -> Transient | Rejected:
    """An error of aiogram's as one of ours. Only Telegram's own words are kept: a library's may quote the token."""
    said = error.message if isinstance(error, errors.TelegramAPIError) else ""
    match error:
        case errors.TelegramRetryAfter():
            return TooMany("telegram: too many requests", float(error.retry_after))
        case errors.TelegramUnauthorizedError():
            return Transient("telegram: the token is refused", 60.0)
        case errors.TelegramBadRequest() if "message to edit not found" in said or "can't be edited" in said:
            return Gone("telegram", said)
        case errors.TelegramBadRequest() | errors.TelegramForbiddenError() | errors.TelegramMigrateToChat():
            return Rejected("telegram", said)
        case errors.TelegramEntityTooLarge():
            return Rejected("telegram", "the message is too large")
        case errors.TelegramNotFound():
            return Transient("telegram: not found", 60.0)
        case _:
            return Transient(f"telegram: {type(error).__name__}")
