"""Who is asking: a bearer token, or a page's session. Browsers are held to this host and to their own origin."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from aiohttp import web
from aiohttp.typedefs import Handler

from core.services.tokens import token_hash
from core.values.errors import Broken, Transient
from core.values.people import Person
from dashboard.board import Board
from dashboard.sessions import Session, Sessions
from dashboard.webtokens import WebTokens
from kit.auth import bearer, host_allowed, origin_allowed, same_secret
from kit.http import ApiError

COOKIE = "openoutcry_session"
CSRF_HEADER = "X-CSRF-Token"
_SAFE = frozenset({"GET", "HEAD"})

Asked = Callable[[web.Request, Person], Awaitable[web.StreamResponse]]


class Gate:
    def __init__(self, board: Board) -> None:
        self._board = board
        self.sessions = Sessions(board.wire.now)
        self.web_tokens = WebTokens(board.office.signing_key, board.office.users, board.wire.now)

    def check_browser(self, request: web.Request) -> None:
        """Raises ApiError 403 for a name that is not ours (DNS rebinding) and for another site's script."""
        if not host_allowed(request, self._board.hosts):
            raise ApiError(403, "host_not_allowed", "this desk is not known under that host name")
        if not origin_allowed(request):
            raise ApiError(403, "origin_not_allowed", "another site may not ask this desk")

    def person(self, request: web.Request, *, use: bool = True) -> Person:
        """Raises ApiError 401 for nobody we know; 403 where a browser's request is not surely the page's own.

        use: whether a session counts this as its person's doing.
        """
        self.check_browser(request)
        token = bearer(request)
        if token is not None:
            known = self._board.people(token) or self.web_tokens.person(token)
            if known is None:
                raise _unauthorized()
            return known
        session = self.session(request, use=use)
        person = None if session is None else self.again(session)
        if session is None or person is None:
            raise _unauthorized()
        if request.method not in _SAFE:
            own_script(request)
            if not same_secret(request.headers.get(CSRF_HEADER), session.csrf):
                raise ApiError(403, "csrf", "this page is of another session; open it again")
        return person

    def session(self, request: web.Request, *, use: bool = True) -> Session | None:
        return self.sessions.find(request.cookies.get(COOKIE, ""), use=use)

    def again(self, session: Session) -> Person | None:
        """The session's person as they are now, and never more than they were when it began: who left, lost a role or
        has another password is so at once, and with a revoked API token go the pages that it opened."""
        users = self._board.office.users
        if session.token and all(token.hash != session.token for token in users.tokens(session.person.id)):
            return None
        now = users.again(session.person)
        return now.at_most(session.person.role) if now and users.mark(now.id) == session.mark else None

    def open(self, person: Person, token: str = "") -> tuple[str, Session]:
        """A session's key, for its cookie, and the session. token: what it was opened with; one of the settings is good
        as long as they are. One that can be revoked makes no more than a program of its page: such a page may not draw
        links that would outlive the token."""
        users = self._board.office.users
        revocable = users.by_token(token) is not None
        speaker = replace(person, surface="api") if revocable else person
        return self.sessions.open(speaker, users.mark(person.id), token_hash(token) if revocable else "")

    def keep(self, request: web.Request, response: web.StreamResponse, key: str) -> None:
        """In a cookie that no script and no other site can use; Secure where TLS is in front."""
        secure = request.headers.get("Origin", "").startswith("https://")
        response.set_cookie(COOKIE, key, httponly=True, samesite="Strict", secure=secure, path="/")

    def close_session(self, request: web.Request, response: web.StreamResponse) -> None:
        self.sessions.close(request.cookies.get(COOKIE, ""))
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
