"""One table of routes: the server binds it, /openapi.json tells it to programs and /swagger to people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aiohttp import web

from core.rules.noise import CHOICES
from core.values.people import Person
from dashboard.gate import Asked
from dashboard.schemas import (
    ANY,
    DECIMAL,
    ERROR,
    FLAG,
    ROLES,
    ROWS,
    SUCCESS,
    TEXT,
    THING,
    Schema,
    many,
    maybe,
    page_of,
    ref,
    row,
)

API = "/api/v1"
_HOLES = re.compile(r"{(\w+)}")
_CHOICE = re.compile(r"[\w-]+(?: \| [\w-]+)+")
_PAGING = {"limit": "1..1000, default 100", "after": "`next` of the page before"}


@dataclass(frozen=True, slots=True)
class Route:
    """body: field -> what it is; a name ending in ? is optional. query: the same for the query string, but there a name
    ending in ! is needed. Words like
    `a | b`, `true or false`, `pieces`, `price`, `percent` at a description's beginning say its type as well.

    answer: of the 2xx answer, as JSON Schema; without one, what `_answer_of` knows of the path.
    """

    method: str
    path: str
    says: str
    handler: Asked
    body: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    answer: Schema | None = None
    open: bool = False
    """Asks for no bearer token."""
    empty: bool = False
    """Answers 204 while there is nothing to tell."""

    @property
    def parameters(self) -> Sequence[str]:
        """Names in the path."""
        return _HOLES.findall(self.path)

    @property
    def subject(self) -> str:
        """What it is about: the first word of its path under the API's."""
        return self.path.removeprefix(f"{API}/").strip("/").partition("/")[0].partition(".")[0]


def paged(path: str, says: str, handler: Asked) -> Route:
    return Route("GET", path, says, handler, query=_PAGING)


async def _elsewhere(_request: web.Request, _person: Person) -> web.StreamResponse:
    raise web.HTTPNotFound


def _told(
    method: str, path: str, says: str, body: Mapping[str, str], query: Mapping[str, str], answer: Schema = ANY
) -> Route:
    return Route(method, path, says, _elsewhere, body, query, answer, open=True)


_ALERT = {
    "id": "whole number from 0, or stratId",
    "name": "or stratName",
    "symbol": "EXCHANGE:TICKER",
    "interval": "minutes",
    "direction": "buy, sell, close...",
    "price": "number; may be missing beside stratId",
    "timestamp": "YYYY-MM-DDTHH:MM:SSZ",
}
_TOKEN = {"token": "the hub's, or a bearer header"}
_TAKEN = row(success={"const": True}, alert_id=TEXT, status=TEXT)
_LOGIN = {"username": "", "password": "", "otp?": "where the person has a second factor"}
ELSEWHERE = (
    _told("POST", "/tradingview-to-webhook-order", "a chart's alert, traded", {"passphrase": ""}, {}, _TAKEN),
    _told("POST", "/tradingview-to-discord-study", "a chart's alert, asked first", {"passphrase": ""}, {}, _TAKEN),
    _told("POST", "/hook/{token}", "a link's alert", {"strategy": "", "symbol": "", "action": ""}, {}, _TAKEN),
    _told("POST", "/alert", "an alert for the hub's sockets and targets", _ALERT, _TOKEN),
    _told("POST", "/carbon-alert", "an alert for Carbon, told again and again", _ALERT, _TOKEN),
    _told("GET", "/wsalerts", "WebSocket: every alert of the hub", {}, _TOKEN),
    _told("POST", "/api/token", "name and password for two web tokens", _LOGIN, {}, row(access=TEXT, refresh=TEXT)),
    _told("POST", "/api/token/refresh", "another access token", {"refresh": ""}, {}, row(access=TEXT)),
)
"""What other doors answer, and the logins: told here, bound there."""


def openapi(routes: Sequence[Route], version: str) -> dict[str, object]:
    """OpenAPI 3.1. Decimals and ids are strings everywhere."""
    paths: dict[str, dict[str, object]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Openoutcry", "version": version, "license": {"name": "MIT", "identifier": "MIT"}},
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": {"Error": ERROR, **ROWS},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route) -> dict[str, object]:
    holes = [{"name": name, "in": "path", "required": True, "schema": TEXT} for name in route.parameters]
    query = [
        {
            "name": name.rstrip("!"),
            "in": "query",
            "required": name.endswith("!"),
            "schema": _of_query(name, says),
            "description": says,
        }
        for name, says in route.query.items()
    ]
    status, content = _answer_of(route)
    operation: dict[str, object] = {
        "operationId": _HOLES.sub(r"\1", f"{route.method.lower()}{route.path}").replace("/", "_"),
        "tags": [route.subject],
        "summary": route.says,
        "parameters": [*holes, *query],
        "responses": {
            status: {"description": "done", **({"content": content} if content else {})},
            **({"204": {"description": "nothing yet"}} if route.empty else {}),
            "default": {"description": "no", "content": {"application/json": {"schema": _no_of(route)}}},
        },
    }
    if route.open:
        operation["security"] = []
    if route.body:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body_of(route)}}}
    return operation


def body_of(route: Route) -> Schema:
    fields = {
        name.rstrip("?"): {**_of_field(name.rstrip("?"), says), "description": says}
        for name, says in route.body.items()
    }
    return {
        "type": "object",
        "properties": fields,
        "required": [name for name in route.body if not name.endswith("?")],
    }


_FIELDS: Mapping[str, Schema] = {
    "accounts": many(THING),
    "changes": THING,
    "credentials": THING,
    "far_leg": THING,
    "near_leg": THING,
    "option": THING,
    "long_levels": many(ANY),
    "short_levels": many(ANY),
    "nuke_levels": many(ANY),
    "accept_price": ANY,
    "text": TEXT,
}
_FLAGS = ("true | false", "true or false", "true:", "false:", "false =", "true =")
_AMOUNTS = ("pieces", "price", "percent", "money", "seconds", "far pieces", "near pieces", "levels")


def _of_field(name: str, says: str) -> Schema:
    """A number may come as JSON's or as text, whose every digit counts; null says that it is taken away."""
    if name in _FIELDS:
        return _FIELDS[name]
    if says.startswith(_FLAGS) or name in {"sell", "active"}:
        return FLAG
    if _CHOICE.fullmatch(says):
        return {"type": "string", "enum": says.split(" | ")}
    if says.startswith(_AMOUNTS) or name in {"amount", "price", "ratio", "version"}:
        return maybe({"anyOf": [{"type": "number"}, DECIMAL]})
    return ANY


def _of_query(name: str, says: str) -> Schema:
    if name == "limit":
        return {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
    return {"type": "string", "enum": says.split(" | ")} if _CHOICE.fullmatch(says) else TEXT


def _no_of(route: Route) -> Schema:
    """The hub's two routes keep the answers of the program that they come from."""
    return ANY if route.path in {"/alert", "/carbon-alert"} else ref("Error")


_NOTICES = row(notices=many(ref("notices")))
_KNOWN: Mapping[str, Schema] = {
    f"POST {API}/commands": _NOTICES,
    f"POST {API}/actions/{{id}}": _NOTICES,
    f"POST {API}/proposals/{{id}}/answer": ref("proposals"),
    f"POST {API}/users/{{id}}/tokens": row(token=TEXT),
    f"GET {API}/prices": {"type": "object", "additionalProperties": DECIMAL},
    f"GET {API}/prices/{{ticker}}": page_of(
        row(ticker=TEXT, at=TEXT, bid=maybe(DECIMAL), ask=maybe(DECIMAL), last=maybe(DECIMAL))
    ),
    f"GET {API}/bot": row(running=FLAG),
    f"POST {API}/bot": row(running=FLAG),
    f"GET {API}/me": row(
        id=TEXT, name=TEXT, role=ROLES, language=TEXT, works_for=maybe(TEXT), password=FLAG, second_factor=FLAG
    ),
    f"GET {API}/me/noise": row(**dict.fromkeys(CHOICES, TEXT)),
    f"PUT {API}/me/noise": row(**dict.fromkeys(CHOICES, TEXT)),
    f"POST {API}/me/second_factor": row(secret=TEXT, uri=TEXT, picture=TEXT),
    f"POST {API}/me/second_factor/confirm": row(recovery=many(TEXT)),
    f"POST {API}/me/password": SUCCESS,
}
"""Answers of routes that are no list."""
_MADE = {f"POST {API}/users/{{id}}/tokens", *(f"POST {API}/{name}" for name in ROWS if name != "stop_orders")}
"""What answers 201."""


def _answer_of(route: Route) -> tuple[str, Mapping[str, object]]:
    """Status, and content by media type; none for an empty answer."""
    name, asked = route.subject, f"{route.method} {route.path}"
    status = "201" if asked in _MADE else "200"
    if route.path.endswith(".csv"):
        return status, {"text/csv": {"schema": TEXT}}
    if route.path.endswith("/picture"):
        return status, {"image/png": {}}
    if route.path == f"{API}/health":
        return status, {}
    schema = route.answer or _KNOWN.get(asked)
    if schema is None and name in ROWS:
        schema = _of_row(route, name)
    return status, {"application/json": {"schema": schema or ANY}}


def _of_row(route: Route, name: str) -> Schema | None:
    """What a list's own routes answer with: a page of rows, one row, or that it is gone."""
    of_list, of_one = route.path == f"{API}/{name}", route.path == f"{API}/{name}/{{id}}"
    if of_list and route.method == "GET":
        return page_of(ref(name))
    if (of_list and route.method == "POST") or (of_one and route.method in {"GET", "PATCH"}):
        return ref(name)
    return SUCCESS if of_one and route.method == "DELETE" else None
