"""What a browser opens: the pages and what they wear, the login; and what machines ask without a token."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files

from aiohttp import web
from aiohttp.typedefs import Handler

import texts
from core.values.errors import Broken, Transient
from dashboard.board import Board
from dashboard.docs import Route, openapi
from dashboard.gate import Gate
from dashboard.rendering import PAGE_HEADERS, html_page, theme_of
from dashboard.schemas import fields_in_words
from dashboard.screens import Screens
from dashboard.sessions import Session
from dashboard.view import View
from kit.http import ApiError, json_response

HEALTHY = {"status": 200, "message": "HEALTHY openoutcry"}
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def json_before_html(accept: str) -> bool:
    """Whether an Accept header names application/json before text/html."""
    kinds = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    json_at = kinds.index("application/json") if "application/json" in kinds else len(kinds)
    html_at = kinds.index("text/html") if "text/html" in kinds else len(kinds)
    return json_at < html_at


class Pages:
    """board: as `dashboard.recent.reading` makes it."""

    def __init__(self, board: Board, gate: Gate, screens: Screens, documented: Sequence[Route]) -> None:
        self._board = board
        self._gate = gate
        self._screens = screens
        self._documented = documented

    def routes(self) -> list[web.RouteDef]:
        return [
            *(web.get(view.path, self._opener(view)) for view in self._screens.by_name.values()),
            web.get("/livez", self.livez),
            web.get("/readyz", self.readyz),
            web.get("/swagger", self.swagger),
            web.get("/openapi.json", self.openapi),
            web.get("/static/{name}", self.asset),
        ]

    def _opener(self, view: View) -> Handler:
        async def opened(request: web.Request) -> web.Response:
            self._gate.check_browser(request)
            if view.path == "/" and json_before_html(request.headers.get("Accept", "")):
                return json_response(HEALTHY)
            session = self._gate.session(request)
            if session is not None and self._gate.again(session) is not None:
                return await self._page(request, view, session)
            if self._board.open_pages is None:
                return html_page("login", self._board.language, {}, theme_of(request))
            key, session = self._gate.open(self._board.open_pages)
            response = await self._page(request, view, session)
            self._gate.keep(request, response, key)
            return response

        return opened

    async def _page(self, request: web.Request, view: View, session: Session) -> web.Response:
        """A page that cannot be shown says why, as a page."""
        person = self._gate.again(session) or session.person
        theme = theme_of(request)
        try:
            shot = await self._screens.shot(view, person, dict(request.query))
        except ApiError as error:
            said = {"code": error.code, "message": error.message}
            return html_page("error", person.language, said, theme, status=error.status)
        except (Transient, Broken) as error:
            return html_page(
                "error", person.language, {"code": "unavailable", "message": str(error)}, theme, status=503
            )
        more = {"parts": shot.parts, "mark": shot.mark, "csrf": session.csrf, "login": self._board.open_pages is None}
        return html_page(view.name, person.language, {**shot.model, **more}, theme)

    async def livez(self, _request: web.Request) -> web.Response:
        return _well(well=self._board.alive())

    async def readyz(self, _request: web.Request) -> web.Response:
        return _well(well=self._board.ready())

    async def swagger(self, request: web.Request) -> web.Response:
        self._gate.check_browser(request)
        said = {"routes": self._documented, "rows": fields_in_words(), "version": self._board.version}
        return html_page("routes", texts.FALLBACK, said, theme_of(request))

    async def openapi(self, request: web.Request) -> web.Response:
        self._gate.check_browser(request)
        return json_response(openapi(self._documented, self._board.version))

    async def asset(self, request: web.Request) -> web.Response:
        """304 for what the browser has."""
        self._gate.check_browser(request)
        found = _assets().get(request.match_info["name"])
        if found is None:
            raise ApiError(404, "not_found", "there is no such file")
        body, kind, tag = found
        headers = {**PAGE_HEADERS, "Content-Type": kind, "Cache-Control": "no-cache", "ETag": tag}
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, headers=headers)


@cache
def _assets() -> dict[str, tuple[bytes, str, str]]:
    """Every file of dashboard/static: bytes, type, tag."""
    found = {}
    for file in (files("dashboard") / "static").iterdir():
        kind = TYPES.get(f".{file.name.rpartition('.')[2]}")
        if kind is not None:
            body = file.read_bytes()
            found[file.name] = (body, kind, f'"{sha256(body).hexdigest()[:16]}"')
    return found


def _well(*, well: bool) -> web.Response:
    return json_response({"status": "ok" if well else "unavailable"}, 200 if well else 503)
