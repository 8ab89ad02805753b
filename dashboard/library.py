"""The one script that is not ours: TradingView's lightweight-charts, out of the wheel that carries it (decision 19).

It stands beside our own scripts in the desk's wheel, and in its own package in a checkout. Found by its path, never
imported: that package wants pandas, which nobody here has.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from aiohttp import web

from dashboard.gate import Gate
from dashboard.rendering import PAGE_HEADERS
from kit.http import ApiError

NAME = "lightweight-charts.js"
PACKAGE = "lightweight_charts"
LONG = "private, max-age=604800"
"""A week: its version changes with the desk's."""


@cache
def script() -> tuple[bytes, str] | None:
    """Its bytes and their tag; None where nobody installed it."""
    own = files("dashboard") / "static" / NAME
    if own.is_file():
        body = own.read_bytes()
    else:
        spec = find_spec(PACKAGE)
        places = list(spec.submodule_search_locations or ()) if spec else []
        found = [path for place in places if (path := Path(place) / "js" / NAME).is_file()]
        if not found:
            return None
        body = found[0].read_bytes()
    return body, f'"{sha256(body).hexdigest()[:16]}"'


class Library:
    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def routes(self) -> list[web.RouteDef]:
        return [web.get(f"/static/{NAME}", self.asset)]

    async def asset(self, request: web.Request) -> web.Response:
        """304 for what the browser has; 404 where it is not installed: pages then show pictures."""
        self._gate.check_browser(request)
        found = script()
        if found is None:
            raise ApiError(404, "not_installed", "the chart library is not installed here")
        body, tag = found
        headers = {**PAGE_HEADERS, "Content-Type": "text/javascript; charset=utf-8", "Cache-Control": LONG, "ETag": tag}
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, headers=headers)
