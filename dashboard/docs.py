"""One table of routes: the server binds it, /openapi.json and /swagger tell it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aiohttp import web

from core.values.people import Person
from dashboard.gate import Asked

_HOLES = re.compile(r"{(\w+)}")
_PAGING = {"limit": "1..1000, default 100", "after": "`next` of the page before"}


@dataclass(frozen=True, slots=True)
class Route:
    """body: field -> what it is; a name ending in ? is optional. query: the same for the query string."""

    method: str
    path: str
    says: str
    handler: Asked
    body: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def parameters(self) -> Sequence[str]:
        """Names in the path."""
        return _HOLES.findall(self.path)


def paged(path: str, says: str, handler: Asked) -> Route:
    return Route("GET", path, says, handler, query=_PAGING)


async def _elsewhere(_request: web.Request, _person: Person) -> web.StreamResponse:
    raise web.HTTPNotFound


_ALERT = {
    "id": "whole number from 0, or stratId",
    "name": "or stratName",
    "symbol": "EXCHANGE:TICKER",
    "interval": "minutes",
    "direction": "buy | sell | close...",
    "price": "number; may be missing beside stratId",
    "timestamp": "YYYY-MM-DDTHH:MM:SSZ",
}
_TOKEN = {"token": "the hub's, or a bearer header"}
ELSEWHERE = (
    Route(
        "POST", "/tradingview-to-webhook-order", "a chart's alert, traded", _elsewhere, {"passphrase": "", "...": ""}
    ),
    Route("POST", "/tradingview-to-discord-study", "a chart's alert, asked first", _elsewhere, {"passphrase": ""}),
    Route("POST", "/alert", "an alert for the hub's sockets and targets", _elsewhere, _ALERT, _TOKEN),
    Route("POST", "/carbon-alert", "an alert for Carbon, told again and again", _elsewhere, _ALERT, _TOKEN),
    Route("GET", "/wsalerts", "WebSocket: every alert of the hub", _elsewhere, query=_TOKEN),
)
"""What other doors answer: told here, bound there."""


def openapi(routes: Sequence[Route], version: str) -> dict[str, object]:
    """OpenAPI 3.1. Decimals and ids are strings everywhere."""
    paths: dict[str, dict[str, object]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    error = {
        "type": "object",
        "properties": {
            "success": {"const": False},
            "error": {"type": "object", "properties": {name: _text() for name in ("code", "field", "message")}},
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Openoutcry", "version": version},
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": {"Error": error},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route) -> dict[str, object]:
    holes = [{"name": name, "in": "path", "required": True, "schema": _text()} for name in route.parameters]
    query = [{"name": name, "in": "query", "schema": _text(), "description": d} for name, d in route.query.items()]
    operation: dict[str, object] = {
        "summary": route.says,
        "parameters": [*holes, *query],
        "responses": {
            "200": {"description": "done"},
            "default": {
                "description": "no",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        },
    }
    if route.body:
        schema = {
            "type": "object",
            "properties": {name.rstrip("?"): {"description": says} for name, says in route.body.items()},
            "required": [name for name in route.body if not name.endswith("?")],
        }
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _text() -> dict[str, str]:
    return {"type": "string"}
