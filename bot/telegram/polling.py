"""Long polling in our own loop, over raw updates: each is read alone, runs once, and a bad one stops nothing."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from bot.telegram.access import HEARD, Access
from bot.telegram.light import Bot, GetUpdates, Update, ValidationError, errors
from core.ports import Clock, Store
from core.values.changes import FlagSet
from core.values.errors import DeskError
from kit.retry import delays

log = logging.getLogger(__name__)

OFFSET = "telegram:offset"
POLL_S = 25
CONFLICT_S = 15.0
SETTLE_S = 0.3
"""How long the next poll, which tells Telegram to forget these updates, waits for what they began."""

SPAN = 100_000

Work = Callable[[Sequence[Update]], Sequence[asyncio.Task[None]]]
Failure = errors.TelegramNetworkError | errors.TelegramAPIError | errors.ClientDecodeError


async def within(work: asyncio.Future[Any], seconds: float, wire: Clock) -> bool:
    """Whether `work` ended in time; it goes on where it did not."""
    pause = asyncio.ensure_future(wire.sleep(seconds))
    try:
        await asyncio.wait({work, pause}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        pause.cancel()
    return work.done()


class Polling:
    """begin: starts what heard updates ask for, one task each. on_conflict: somebody else polls with our token."""

    def __init__(
        self,
        bot: Bot,
        store: Store,
        wire: Clock,
        access: Access,
        *,
        introduce: Callable[[], Awaitable[None]],
        begin: Work,
        on_conflict: Callable[[], Awaitable[None]],
    ) -> None:
        self._bot = bot
        self._store = store
        self._wire = wire
        self._access = access
        self._introduce = introduce
        self._begin = begin
        self._on_conflict = on_conflict
        self._last = 0
        self._in_conflict = False

    async def run(self) -> None:
        """Poll until cancelled, or until Telegram refuses the token, which is logged as an error.

        introduce is called before the first poll, and again until it succeeds.
        """
        self._last = int(await self._store.flag(OFFSET) or 0)
        rng = random.Random()  # noqa: S311 - jitter, no secret
        waits = delays(rng)
        introduced = False
        while True:
            try:
                if not introduced:
                    await self._introduce()
                    introduced = True
                found = await self._poll()
                waits = delays(rng)
                self._in_conflict = False
                await self._take(found)
            except (errors.TelegramUnauthorizedError, errors.TelegramNotFound):
                log.critical("telegram refuses the bot's token: the chat is off until the desk is started anew")
                return
            except (errors.TelegramNetworkError, errors.TelegramAPIError, errors.ClientDecodeError) as error:
                pause_s = self._pause_s(error, next(waits))
                if isinstance(error, errors.TelegramConflictError):
                    await self._conflict()
                await self._wire.sleep(pause_s)
            except DeskError as error:  # the journal cannot write just now
                log.error("telegram offset not kept", extra={"reason": str(error)})  # noqa: TRY400 - no trace needed
                await self._wire.sleep(next(waits))

    async def _poll(self) -> list[dict[str, Any]]:
        method = GetUpdates(offset=self._last + 1 if self._last else None, timeout=POLL_S, allowed_updates=list(HEARD))
        return await self._bot(method, request_timeout=POLL_S + 10)

    def _pause_s(self, error: Failure, usual_s: float) -> float:
        """How long to leave Telegram alone after this."""
        log.warning("telegram poll failed", extra={"reason": type(error).__name__})
        if isinstance(error, errors.TelegramRetryAfter):
            return float(error.retry_after)
        return CONFLICT_S if isinstance(error, errors.TelegramConflictError) else usual_s

    async def _conflict(self) -> None:
        """Said once; a poll that goes well ends it."""
        if self._in_conflict:
            return
        self._in_conflict = True
        log.error("another desk polls with this bot's token")
        try:
            await self._on_conflict()
        except DeskError as error:
            log.error("the conflict could not be told", extra={"reason": str(error)})  # noqa: TRY400 - no trace needed

    async def _take(self, found: Sequence[dict[str, Any]]) -> None:
        """Begin what is new, then remember it: what a crash cuts off before that comes again, with the same call id."""
        new = {raw["update_id"]: raw for raw in found if self._is_new(raw.get("update_id"))}
        if not new:
            return
        tasks = self._begin([update for raw in new.values() if (update := self._read(raw)) is not None])
        self._last = next(reversed(new))
        if tasks:
            settled: asyncio.Future[Any] = asyncio.gather(*tasks, return_exceptions=True)
            await within(settled, SETTLE_S, self._wire)
        await self._store.save(FlagSet(OFFSET, str(self._last)))

    def _is_new(self, number: object) -> bool:
        """Ids grow by one; after a silent week Telegram may begin anew anywhere."""
        return isinstance(number, int) and not self._last - SPAN < number <= self._last

    def _read(self, raw: dict[str, Any]) -> Update | None:
        if not self._access.heard(raw):
            return None
        try:
            return Update.model_validate(raw, context={"bot": self._bot})
        except ValidationError as error:
            log.warning("unreadable update", extra={"update": raw.get("update_id"), "errors": error.error_count()})
            return None
