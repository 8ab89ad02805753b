"""Who may do what, tried on everything there is: each command and each route, taken from their own tables, against each
role, strangers and forgers. What is added to a table is tried from then on."""

from __future__ import annotations

import base64
import itertools
import json
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

import dashboard
from core import commands
from core.commands.registry import ArgumentKind, Command
from core.values.ids import ActionId
from core.values.people import Role
from tests.dashboard.browsing import log_in
from tests.dashboard.conftest import PASSPHRASE, SAMPLE, Answer, House, opened
from tests.desk import TestDesk, person
from tests.desk import opened as opened_desk

TABLE = commands.table()
WORDS = {ArgumentKind.TICKER: "BTCPERP", ArgumentKind.NUMBER: "1", ArgumentKind.WORD: "x"}
WITH_A_SECRET = {"/login", "/enter", "/setup", "/api/token", "/api/token/refresh"}
"""Take a password or a one-time pass in their bodies."""
OPEN = {"/", "/livez", "/readyz", "/metrics", "/openapi.json", "/swagger", *WITH_A_SECRET}
"""Tell strangers nothing of anybody's trading; figures only to this machine. Everything else knows who asks."""
FORGED = [None, "", "wrong", "owner-toke", "owner-token2", "OWNER-TOKEN", "ÿ", "null", "eyJhbGciOiJub25lIn0.e30."]
"""Nobody's tokens; the last is a JWT that claims to need no signature."""
BODIES: dict[str, Any] = {
    "/api/v1/commands": {"text": "/buy 1 BTCPERP"},
    "/api/v1/sellbuy": {"ticker": "BTCPERP", "amount": "1", "sell": False},
    "/api/v1/stops": {"ticker": "BTCPERP", "whitelist": True},
    "/api/v1/tunables": {"scan_rate": "9", "nuke_levels": [3]},
    "/api/v1/links": {"name": "l", "account": "Testing", "strategy": "s"},
    "/api/v1/users": {"username": "mallory", "password": "a password of mallory's", "role": "admin"},
    "/api/v1/accounts": {"name": "Mine", "broker": "paper"},
    "/api/v1/demo/market": {"ticker": "BTCPERP", "bid": "1", "ask": "2"},
}
OF_THEIR_OWN = {
    "alerts", "audit", "flags", "notices", "outbox", "presses", "sqlite_sequence", "prices", "reads",
}  # fmt: skip
"""Tables that looking at things may change: what was said, heard and tried."""


def line(command: Command) -> str:
    return " ".join([f"/{command.name}", *(WORDS[a.kind] for a in command.arguments)])


def routes_of(house: House) -> list[tuple[str, str]]:
    """Method and path of every route that the dashboard binds, its holes filled."""
    bound = [route for route in dashboard.routes(house.board) if isinstance(route, web.RouteDef)]
    paths = {(route.method, route.path.rstrip("/") or "/") for route in bound if "static" not in route.path}
    return sorted((method, re.sub(r"{(\w+)[^}]*}", _filled, path)) for method, path in paths if method != "HEAD")


def _filled(hole: re.Match[str]) -> str:
    return "BTCPERP" if hole[1] == "ticker" else "x"


def contents(path: Path) -> dict[str, list[Any]]:
    """Every table of the journal that only doing may change."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as journal:
        names = [name for (name,) in journal.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        kept = {name: journal.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}
    journal.close()
    return {name: rows for name, rows in kept.items() if name not in OF_THEIR_OWN}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[TestDesk]:
    async with opened_desk(tmp_path) as found:
        yield found


# commands


async def test_every_command_is_refused_to_every_lower_role(desk: TestDesk, tmp_path: Path) -> None:
    """Typed with arguments that fit, by each role that may not: `not_allowed`, and the journal is as it was."""
    before = contents(tmp_path / "desk.sqlite3")
    tried = [(command, role) for command in TABLE for role in Role if role < command.role]
    for command, role in tried:
        for name in (command.name, *command.aliases):
            told = await desk.say(line(command).replace(command.name, name, 1), person(role))
            assert told.params.get("code", told.key).endswith("not_allowed"), (name, role, told)
    assert len(tried) > 30
    assert contents(tmp_path / "desk.sqlite3") == before


async def test_what_a_viewer_may_type_moves_nothing(desk: TestDesk) -> None:
    """Every command of a viewer's, in every number of words: no order, no task, no halt, no person, no account."""
    for command in (c for c in TABLE if c.role is Role.VIEWER):
        for count in range(len(command.arguments) + 1):
            words = [WORDS[a.kind] for a in command.arguments[:count]]
            await desk.say(" ".join([f"/{command.name}", *words]), person(Role.VIEWER, "eve"))
    assert await desk.orders() == []
    assert (await desk.engine.store.tasks(10)).items == []
    assert desk.engine.desk.safety.halt is None


async def test_a_press_is_its_persons_and_is_used_once(desk: TestDesk) -> None:
    """Everything that asks for a press first: pressed by somebody else, by a lower role and twice."""
    offered = 0
    for command in TABLE:
        told = await desk.say(line(command))
        for action in told.actions:
            if not action.command.startswith("/press"):
                continue
            offered += 1
            for other in (person(Role.ADMIN, "mallory"), person(Role.VIEWER, "eve")):
                [answer] = await desk.console.press(ActionId(str(action.id)), other)
                assert answer.params.get("code", answer.key).endswith(("press_gone", "not_allowed")), command.name
            await desk.console.run(action.command, person(Role.VIEWER, "eve"))
    assert offered > 0


async def test_a_press_that_nobody_offered_is_nothing(desk: TestDesk) -> None:
    """Guessed ids, and ids of proposals and orders."""
    for guess in ("0" * 16, "x", "../..", "'; DROP TABLE presses;--", "ff" * 8):
        [told] = await desk.console.press(ActionId(guess), person(Role.ADMIN))
        assert told.params.get("code", told.key).endswith("press_gone")


# routes


async def test_every_route_knows_who_asks(house: House) -> None:
    """Without a token and with forged ones of every make: 401, or the login page; and nothing is done."""
    tried = 0
    for (method, path), token in itertools.product(routes_of(house), FORGED):
        if path in OPEN:
            continue
        answer = await house.ask(method, path, None if method == "GET" else BODIES.get(path, {}), token)
        assert shut(answer), (method, path, token, answer.status)
        tried += 1
    assert tried > 500
    assert (await house.get("/api/v1/orders")).data["items"] == []


def shut(answer: Answer) -> bool:
    """401, or the page on which people log in, which tells nothing else."""
    to_login = answer.status == 303 and answer.headers["Location"].startswith("/login")
    return answer.status == 401 or to_login or (answer.status == 200 and 'id="login"' in answer.data)


def disguises(secret: str) -> Iterator[dict[str, str]]:
    """Headers that might be taken for a token."""
    yield {"Authorization": f"Basic {base64.b64encode(f'owner:{secret}'.encode()).decode()}"}
    yield {"Authorization": secret}
    yield {"Cookie": f"openoutcry_session={secret}"}
    yield {"Cookie": "openoutcry_session=" + "A" * 43}
    yield {"X-API-Key": secret, "X-Forwarded-For": "127.0.0.1", "X-Forwarded-User": "owner"}
    yield {"X-Original-URL": "/livez", "X-Rewrite-URL": "/livez", "X-HTTP-Method-Override": "GET"}


async def test_no_other_header_opens_a_route(house: House) -> None:
    """The right secret in the wrong place, a forged cookie, a proxy's word."""
    for (method, path), headers in itertools.product(routes_of(house), disguises("owner-token")):
        if path in OPEN:
            continue
        body = None if method == "GET" else BODIES.get(path, {})
        answer = await house.ask(method, path, body, None, headers=headers)
        assert shut(answer), (method, path, headers, answer.status)


async def test_a_viewer_changes_nothing_by_any_route(tmp_path: Path) -> None:
    """Each route that is no GET, with a body that an owner could send: the journal's books are as they were, except for
    the viewer's own language and hidden notices."""
    async with opened(tmp_path) as house:
        await house.trade()
        before = contents(tmp_path / "desk.sqlite3")
        for method, path in routes_of(house):
            if method != "GET" and path not in OPEN and not path.startswith("/api/v1/me"):
                answer = await house.ask(method, path, BODIES.get(path, {}), "viewer-token")
                assert answer.status < 500, (method, path, answer.data)
        await house.settled()
        after = contents(tmp_path / "desk.sqlite3")
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == set()


async def test_a_page_cannot_be_made_to_act_by_another_site(house: House) -> None:
    """Each route that is no GET, with a real session's cookie, from another origin, from none, and without the token of
    the page."""
    page = await log_in(house)
    ways = [
        {"Cookie": page["Cookie"]},
        {"Cookie": page["Cookie"], "Origin": house.url},
        {**page, "Origin": "https://evil.example"},
        {**page, "Origin": house.url, "Content-Type": "text/plain"},
    ]
    for (method, path), headers in itertools.product(routes_of(house), ways):
        if method == "GET" or path in OPEN or path == "/logout":
            continue
        answer = await house.ask(method, path, BODIES.get(path, {}), None, headers=headers)
        assert answer.status == 403, (method, path, headers, answer.status)


# webhooks


async def test_an_order_alert_without_the_secret_is_nothing(house: House) -> None:
    """No passphrase, one that is nearly right, of another type, in the query or a header: 401 and no row."""
    nearly = [PASSPHRASE[:-1], PASSPHRASE + " ", PASSPHRASE.upper(), "", None, True, 0, [PASSPHRASE], {"a": PASSPHRASE}]
    for path in ("/tradingview-to-webhook-order", "/tradingview-to-discord-study"):
        for secret in nearly:
            answer = await house.post(path, {**SAMPLE, "passphrase": secret}, None)
            assert answer.status == 401, (path, secret)
        bare = {key: value for key, value in SAMPLE.items() if key != "passphrase"}
        for more in ({"params": {"passphrase": PASSPHRASE}}, {"headers": {"passphrase": PASSPHRASE}}):
            assert (await house.post(path, bare, None, **more)).status == 401
    assert (await house.get("/api/v1/alerts")).data["items"] == []


async def test_a_replayed_alert_is_one_alert(house: House) -> None:
    """Captured and sent again, and again with its keys in another order: one order."""
    body = {**SAMPLE, "id": "captured"}
    first = await house.post("/tradingview-to-webhook-order", body, None)
    for again in (body, body, json.dumps(body).encode()):
        answer = await house.post("/tradingview-to-webhook-order", again, None)
        assert (answer.data["status"], answer.data["alert_id"]) == ("duplicate", first.data["alert_id"])
    await house.settled()
    orders = (await house.get("/api/v1/orders")).data["items"]
    assert len([o for o in orders if o["role"] == "entry"]) == 1
