"""The session with the venue: opened by password and one-time code, renewed when it is over and before every open.

All sessions end at midnight in India; whoever logs in first in the morning must not be an order.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, time, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import pyotp

from brokers.angelone.access import Access, Tokens
from brokers.angelone.codes import BAD_TOTP, Refusal, SessionOver
from brokers.angelone.limits import LOGIN, REFRESH, Endpoint
from brokers.reading import NoAnswer
from core.ports import Clock
from core.values.errors import Rejected, Transient
from kit.retry import delays

log = logging.getLogger(__name__)

INDIA = ZoneInfo("Asia/Kolkata")
RENEWED_AT = time(8, 30)
"""Half an hour before the pre-open: time enough to try again."""
CODE_S = 30
SKEW_MAX_S = 20.0
HELD_S = 300.0
"""After a refused login none is tried so long: the venue locks accounts that guess."""


class Asking(Protocol):
    """One request, not repeated. Raises SessionOver, Refusal, NoAnswer, Transient."""

    def __call__(self, endpoint: Endpoint, body: Mapping[str, Any], tokens: Tokens | None) -> Awaitable[Any]: ...


class Session:
    """on_new: told whenever there is another session; sockets of the old one hear nothing any more."""

    def __init__(self, access: Access, ask: Asking, wire: Clock) -> None:
        self._access, self._ask, self._wire = access, ask, wire
        self._tokens: Tokens | None = None
        self._one = asyncio.Lock()
        self._refused: tuple[datetime, str, str] | None = None
        self._ahead_s = 0.0
        self.on_new: Callable[[], None] = lambda: None

    def told_time(self, theirs: datetime) -> None:
        """The moment at which the venue answered, just now."""
        self._ahead_s = (self._wire.now() - theirs).total_seconds()

    async def current(self) -> Tokens:
        """Of the session there is; logs in where there is none. Raises Transient or Rejected."""
        return self._tokens or await self.renew(None, refresh=False)

    async def renew(self, dead: Tokens | None, *, refresh: bool) -> Tokens:
        """Another session in place of a dead one; of many who ask at once, one makes it. Raises Transient or Rejected.

        refresh: try the refresh token first, which spares the one-time code.
        """
        async with self._one:
            if self._tokens is not None and self._tokens is not dead:
                return self._tokens
            refreshed = await self._refreshed(dead) if refresh and dead is not None else None
            self._tokens = refreshed or await self._logged_in()
        self.on_new()
        return self._tokens

    async def keep(self) -> None:
        """For ever: a new session each morning before the market opens, however often it takes."""
        while True:
            now = self._wire.now()
            await self._wire.sleep((next_renewal(now) - now).total_seconds())
            waits = delays(random.Random(0), 5.0, 60.0)  # noqa: S311 - spreads tries, keeps no secret
            while not await self._renewed():
                await self._wire.sleep(next(waits))

    async def _renewed(self) -> bool:
        try:
            await self.renew(self._tokens, refresh=False)
        except (Transient, Rejected) as error:
            log.error("no session for today yet", extra={"client": self._access.client_id, "reason": str(error)})  # noqa: TRY400 - no fault of the code
            return False
        return True

    async def _refreshed(self, dead: Tokens) -> Tokens | None:
        try:
            return _read(await self._ask(REFRESH, {"refreshToken": dead.refresh}, dead))
        except (Refusal, SessionOver, NoAnswer) as no:
            log.info("not refreshed, logging in", extra={"reason": str(no)})
            return None

    async def _logged_in(self) -> Tokens:
        if self._refused is not None and (self._wire.now() - self._refused[0]).total_seconds() < HELD_S:
            raise Rejected(*self._refused[1:])
        try:
            tokens = await self._login()
        except Refusal as no:
            error = self._explained(no)
            self._refused = self._wire.now(), error.code, error.reason
            raise error from no
        self._refused = None
        return tokens

    async def _login(self) -> Tokens:
        """A code is good for one login: refused, and our clock right, the next one is waited for. Raises Refusal."""
        try:
            return await self._with_code()
        except Refusal as no:
            if no.code != BAD_TOTP or abs(self._ahead_s) > SKEW_MAX_S:
                raise
            await self._wire.sleep(CODE_S - self._wire.now().timestamp() % CODE_S)
        return await self._with_code()

    async def _with_code(self) -> Tokens:
        code = pyotp.TOTP(self._access.totp_secret).at(self._wire.now())
        body = {"clientcode": self._access.client_id, "password": self._access.password, "totp": code}
        try:
            return _read(await self._ask(LOGIN, body, None))
        except NoAnswer as error:
            raise Transient(f"login: {error}", 2.0) from error
        except SessionOver as error:
            raise Refusal("", f"login: {error}") from error

    def _explained(self, no: Refusal) -> Rejected:
        if no.word == "totp_refused" and abs(self._ahead_s) > SKEW_MAX_S:
            side = "ahead of" if self._ahead_s > 0 else "behind"
            return Rejected("clock_off", f"this machine's clock is {abs(self._ahead_s):.0f} s {side} the broker's")
        return no.rejected() if no.word != "refused" else Rejected("login_refused", str(no))


def next_renewal(now: datetime) -> datetime:
    local = now.astimezone(INDIA)
    today = datetime.combine(local.date(), RENEWED_AT, INDIA)
    return today if local < today else today + timedelta(days=1)


def _read(data: Any) -> Tokens:
    try:
        jwt, refresh, feed = (str(data[name]) for name in ("jwtToken", "refreshToken", "feedToken"))
    except (KeyError, TypeError) as error:
        raise NoAnswer(f"a login without tokens: {error!r}") from error
    return Tokens(jwt.removeprefix("Bearer "), refresh, feed)
