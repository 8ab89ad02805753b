"""Who is asking: a bearer token, or a page's session. Browsers are held to this host and to their own origin."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aiohttp import web
from aiohttp.typedefs import Handler

from core.values.errors import Broken, Transient
from core.values.people import Person
from dashboard.board import Board
from kit.auth import bearer, host_allowed, origin_allowed
from kit.http import ApiError
from kit.limits import RateLimiter

COOKIE = "openoutcry_session"
SESSION_LIVES = timedelta(hours=12)
SESSIONS_MAX = 200
LOGINS, LOGINS_PER_S = 5, 60.0
_SAFE = frozenset({"GET", "HEAD"})

Asked = Callable[[web.Request, Person], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class _Session:
    person: Person
    until: datetime


class Gate:
    """Sessions live in memory: a restart logs everybody out."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        self._logins = RateLimiter(LOGINS, LOGINS_PER_S, board.wire.now)

    def check_browser(self, request: web.Request) -> None:
        """Raises ApiError 403 for a name that is not ours (DNS rebinding) and for another site's script."""
        if not host_allowed(request, self._board.hosts):
            raise ApiError(403, "host_not_allowed", "this desk is not known under that host name")
        if not origin_allowed(request):
            raise ApiError(403, "origin_not_allowed", "another site may not ask this desk")

    def person(self, request: web.Request) -> Person:
        """Raises ApiError 401 for nobody we know; 403 where a browser's request is not surely the page's own."""
        self.check_browser(request)
        token = bearer(request)
        if token is not None:
            known = self._board.people(token)
            if known is None:
                raise _unauthorized()
            return known
        session = self.session(request)
        if session is None:
            raise _unauthorized()
        if request.method not in _SAFE:
            own_script(request)
        return session

    def session(self, request: web.Request) -> Person | None:
        """The person of the cookie, while it is good, as they are now: who left, or has another role, is so at once."""
        key = request.cookies.get(COOKIE, "")
        found = self._sessions.get(key)
        if found is not None and found.until <= self._board.wire.now():
            del self._sessions[key]
            return None
        return self._board.office.users.again(found.person) if found else None

    def log_in(self, request: web.Request, token: object) -> Person:
        """Raises ApiError 403, 429 after too many tries from one address, 401 for a wrong token."""
        self.check_browser(request)
        own_script(request)
        if not self._logins.allow(request.remote or ""):
            raise ApiError(429, "too_many_logins", "too many tries; wait a minute")
        person = self._board.people(token) if isinstance(token, str) else None
        if person is None:
            raise _unauthorized("that token opens nothing here")
        return replace(person, surface="dashboard")

    def open_session(self, request: web.Request, response: web.StreamResponse, person: Person) -> None:
        """128 random bits in a cookie that no script and no other site can use; Secure where TLS is in front."""
        key = secrets.token_urlsafe(16)
        self._sessions[key] = _Session(person, self._board.wire.now() + SESSION_LIVES)
        if len(self._sessions) > SESSIONS_MAX:
            self._sessions.popitem(last=False)
        secure = request.headers.get("Origin", "").startswith("https://")
        response.set_cookie(COOKIE, key, httponly=True, samesite="Strict", secure=secure, path="/")

    def close_session(self, request: web.Request, response: web.StreamResponse) -> None:
        self._sessions.pop(request.cookies.get(COOKIE, ""), None)
        response.del_cookie(COOKIE, path="/")

    def known(self, handler: Asked) -> Handler:
        """A handler for people we know. What the desk cannot do just now is a 503."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            person = self.person(request)
            try:
                response = await handler(request, person)
            except (Transient, Broken) as error:
                raise ApiError(503, "unavailable", str(error)) from None
            if not response.prepared:
                response.headers["Cache-Control"] = "no-store"
                response.headers["X-Content-Type-Options"] = "nosniff"
            return response

        return guarded


def own_script(request: web.Request) -> None:
    """Raises ApiError 403 unless it is JSON from this very origin: no form and no other site can send that."""
    if "Origin" not in request.headers or request.content_type != "application/json":
        raise ApiError(403, "cross_site", "a page's request needs its Origin and JSON")


def _unauthorized(message: str = "give a bearer token, or open a session at /") -> ApiError:
    return ApiError(401, "unauthorized", message)
