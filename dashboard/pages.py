"""What a browser opens: the console, the login, the API's description; and what machines ask without a token."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

import texts
from core.values.accounts import Mode
from core.values.people import Person
from dashboard.board import Board
from dashboard.bodies import read_object
from dashboard.docs import Route, openapi
from dashboard.gate import Gate
from kit.http import ApiError, json_response

HEALTHY = {"status": 200, "message": "HEALTHY openoutcry"}
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
ASSETS = {
    "desk.css": "text/css; charset=utf-8",
    "desk.js": "text/javascript; charset=utf-8",
    "login.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


@cache
def _templates() -> Environment:
    return Environment(loader=PackageLoader("dashboard", "templates"), autoescape=True, undefined=StrictUndefined)


def page(name: str, language: str, **values: object) -> web.Response:
    """An HTML answer. `t(key)` in a template is catalogue entry `page.<key>`."""

    def t(key: str, **params: str) -> str:
        return texts.render(f"page.{key}", params, language)

    html = _templates().get_template(name).render(t=t, language=language, **values)
    return web.Response(text=html, content_type="text/html", headers=PAGE_HEADERS)


def json_before_html(accept: str) -> bool:
    """Whether an Accept header names application/json before text/html."""
    kinds = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    json_at = kinds.index("application/json") if "application/json" in kinds else len(kinds)
    html_at = kinds.index("text/html") if "text/html" in kinds else len(kinds)
    return json_at < html_at


class Pages:
    def __init__(self, board: Board, gate: Gate, documented: Sequence[Route]) -> None:
        self._board = board
        self._gate = gate
        self._documented = documented

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.home),
            web.post("/login", self.log_in),
            web.post("/logout", self.log_out),
            web.get("/livez", self.livez),
            web.get("/readyz", self.readyz),
            web.get("/swagger", self.swagger),
            web.get("/openapi.json", self.openapi),
            web.get("/static/{name}", self.asset),
        ]

    async def home(self, request: web.Request) -> web.Response:
        self._gate.check_browser(request)
        if json_before_html(request.headers.get("Accept", "")):
            return json_response(HEALTHY)
        person = self._gate.session(request)
        if person is not None:
            return self._console(person)
        if self._board.open_pages is None:
            return page("login.html", self._board.language)
        anybody = self._board.open_pages
        response = self._console(self._board.office.users.again(anybody) or anybody)
        self._gate.open_session(request, response, anybody)
        return response

    def _console(self, person: Person) -> web.Response:
        board = self._board
        commands = [
            (c.usage, texts.render(f"help.{c.name}", {"usage": c.usage}, person.language))
            for c in board.console.commands
            if not c.hidden and person.may(c.role)
        ]
        live = any(venue.account.mode is Mode.LIVE for venue in board.desk.venues.values())
        return page(
            "desk.html",
            person.language,
            person=person,
            commands=commands,
            values=json.dumps(texts.values(person.language), ensure_ascii=False),
            live=live,
            sample=board.sample_alert is not None,
            login=board.open_pages is None,
            version=board.version,
        )

    async def log_in(self, request: web.Request) -> web.Response:
        """The API token opens a page's session."""
        person = self._gate.log_in(request, (await read_object(request)).get("token"))
        response = json_response({"success": True})
        self._gate.open_session(request, response, person)
        return response

    async def log_out(self, request: web.Request) -> web.Response:
        self._gate.person(request)
        response = json_response({"success": True})
        self._gate.close_session(request, response)
        return response

    async def livez(self, _request: web.Request) -> web.Response:
        return _well(well=self._board.alive())

    async def readyz(self, _request: web.Request) -> web.Response:
        return _well(well=self._board.ready())

    async def swagger(self, request: web.Request) -> web.Response:
        self._gate.check_browser(request)
        return page("routes.html", texts.FALLBACK, routes=self._documented, version=self._board.version)

    async def openapi(self, request: web.Request) -> web.Response:
        self._gate.check_browser(request)
        return json_response(openapi(self._documented, self._board.version))

    async def asset(self, request: web.Request) -> web.Response:
        self._gate.check_browser(request)
        name = request.match_info["name"]
        if name not in ASSETS:
            raise ApiError(404, "not_found", "there is no such file")
        headers = {**PAGE_HEADERS, "Content-Type": ASSETS[name], "Cache-Control": "no-cache"}
        return web.Response(body=_asset(name), headers=headers)


@cache
def _asset(name: str) -> bytes:
    return (files("dashboard") / "static" / name).read_bytes()


def _well(*, well: bool) -> web.Response:
    return json_response({"status": "ok" if well else "unavailable"}, 200 if well else 503)
