"""The ways in and out: a name with its password, an API token, a link from a chat, the first admin's set-up."""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

from aiohttp import web

from core.values.errors import Broken, Transient
from core.values.ids import OWNER
from core.values.orders import Refused
from core.values.people import Person, Role
from dashboard.board import Board
from dashboard.bodies import Body, read_object
from dashboard.gate import COOKIE, Gate, own_script
from dashboard.refusals import refuse
from dashboard.rendering import html_page, theme_of
from kit.auth import real_peer, site_of
from kit.http import ApiError, json_response
from kit.limits import RateLimiter
from texts import render

LOGINS, LOGINS_PER_S = 5, 60.0
"""Tries from one address, whatever is tried."""
SURFACE = "dashboard"


class Entry:
    def __init__(self, board: Board, gate: Gate) -> None:
        self._board = board
        self._office = board.office
        self._gate = gate
        self._tries = RateLimiter(LOGINS, LOGINS_PER_S, board.wire.now)
        self._setting_up = False

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/login", self.page),
            web.get("/enter", self.enter_page),
            web.get("/setup", self.setup_page),
            web.post("/login", self.log_in),
            web.post("/enter", self.enter),
            web.post("/setup", self.set_up),
            web.post("/logout", self.log_out),
            web.post("/logout/everywhere", self.log_out_everywhere),
            web.post("/api/token", self.token),
            web.post("/api/token/", self.token),
            web.post("/api/token/refresh", self.refresh),
            web.post("/api/token/refresh/", self.refresh),
        ]

    # pages

    async def page(self, request: web.Request) -> web.Response:
        return self._page(request, "login")

    async def enter_page(self, request: web.Request) -> web.Response:
        """What a chat's link opens. Its pass stands behind the #, which no server, proxy or preview is told."""
        return self._page(request, "enter")

    async def setup_page(self, request: web.Request) -> web.Response:
        return self._page(request, "setup")

    def _page(self, request: web.Request, name: str) -> web.Response:
        self._gate.check_browser(request)
        return html_page(name, self._board.language, {}, theme_of(request))

    # pages' sessions

    async def log_in(self, request: web.Request) -> web.Response:
        """By token, or by username and password, with otp where the person has a second factor."""
        self._knock(request)
        body = await read_object(request)
        if "token" in body or "username" not in body:
            token = body.get("token")
            person = self._board.people(token) if isinstance(token, str) else None
            if person is None or not isinstance(token, str):
                raise ApiError(401, "unauthorized", self._words("login_wrong"))
            return self._opened(request, replace(person, surface=SURFACE), token)
        return self._opened(request, await self._by_password(body, SURFACE))

    async def enter(self, request: web.Request) -> web.Response:
        self._knock(request)
        key = (await read_object(request)).get("key")
        person = self._office.passes.enter(key) if isinstance(key, str) else None
        if person is None:
            raise ApiError(401, "pass_gone", self._words("enter_gone"))
        return self._opened(request, replace(person, surface=SURFACE))

    async def set_up(self, request: web.Request) -> web.Response:
        """The first admin, who runs the owner's desk. Closed as soon as there is anybody, and while somebody is being
        made: hashing takes a while, and two that come together must not both be the first."""
        self._knock(request)
        body = await read_object(request)
        key = body.get("key")
        users, passes = self._office.users, self._office.passes
        if self._setting_up or not isinstance(key, str) or not passes.sets_up(key) or not users.none_yet():
            raise ApiError(401, "pass_gone", self._words("setup_gone"))
        said = {name: body.get(name) for name in ("username", "password")}
        by = Person(OWNER, "owner", Role.ADMIN, "setup", self._board.language)
        self._setting_up = True
        try:
            made = await users.add({**said, "role": Role.ADMIN.word, "works_for": OWNER}, by)
        finally:
            self._setting_up = False
        if isinstance(made, Refused):
            self._refuse(made)
        passes.done(key)
        return self._opened(request, made.person(SURFACE))

    async def log_out(self, request: web.Request) -> web.Response:
        self._gate.person(request)
        response = json_response({"success": True})
        self._gate.close_session(request, response)
        return response

    async def log_out_everywhere(self, request: web.Request) -> web.Response:
        """Every page of this person, on every machine."""
        self._gate.sessions.close_all(self._gate.person(request).id)
        return json_response({"success": True})

    def _opened(self, request: web.Request, person: Person, token: str = "") -> web.Response:
        """A new session, whatever the browser had before."""
        self._gate.sessions.close(request.cookies.get(COOKIE, ""))
        key, session = self._gate.open(person, token)
        response = json_response({"success": True, "csrf": session.csrf})
        self._gate.keep(request, response, key)
        return response

    # programs' tokens

    async def token(self, request: web.Request) -> web.Response:
        """username, password and otp -> access and refresh."""
        self._knock(request, browser=False)
        person = await self._by_password(await read_object(request), "api")
        return json_response(self._gate.web_tokens.pair(person))

    async def refresh(self, request: web.Request) -> web.Response:
        self._gate.check_browser(request)
        token = (await read_object(request)).get("refresh")
        access = self._gate.web_tokens.renewed(token) if isinstance(token, str) else None
        if access is None:
            raise ApiError(401, "unauthorized", "that is no refresh token of this desk, or it has ended", "refresh")
        return json_response({"access": access})

    # who is it

    def _knock(self, request: web.Request, *, browser: bool = True) -> None:
        """Raises ApiError 403; 429 after too many tries from one address."""
        self._gate.check_browser(request)
        if browser:
            own_script(request)
        if not self._tries.allow(site_of(real_peer(request, self._board.trusted_proxies))):
            raise ApiError(429, "too_many_logins", self._words("login_often"))

    async def _by_password(self, body: Body, surface: str) -> Person:
        """Raises ApiError 401: `wrong_password`, or `otp_needed` and `wrong_code` once the password was right."""
        username, password, code = (body.get(name) for name in ("username", "password", "otp"))
        if not isinstance(username, str) or not isinstance(password, str) or not isinstance(code, str | None):
            raise ApiError(401, "wrong_password", self._words("login_wrong"))
        try:
            person = await self._office.users.by_password(username, password, surface)
            if isinstance(person, Refused):
                self._refuse(person)
            if not code and await self._office.second_factor.has(person.id):
                raise ApiError(401, "otp_needed", self._words("login_otp"), "otp")
            refused = await self._office.second_factor.check(person.id, code or "")
        except (Transient, Broken) as error:
            raise ApiError(503, "unavailable", str(error)) from None
        if refused is not None:
            self._refuse(refused, "otp")
        return person

    def _refuse(self, refused: Refused, field: str | None = None) -> NoReturn:
        """Raises ApiError, in the desk's language: nobody is known yet."""
        refuse(refused, Person(OWNER, "", Role.VIEWER, SURFACE, self._board.language), field)

    def _words(self, key: str) -> str:
        return render(f"page.{key}", {}, self._board.language)
