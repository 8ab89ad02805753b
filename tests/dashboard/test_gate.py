"""Tokens, sessions, hosts, origins: who gets in, and from where."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import dashboard
from dashboard.docs import Route
from dashboard.entry import LOGINS
from dashboard.gate import COOKIE, CSRF_HEADER
from tests.dashboard.browsing import log_in
from tests.dashboard.conftest import House, opened

ROUTES: list[tuple[str, str]] = [
    ("GET", "/api/v1/orders"),
    ("GET", "/api/v1/orders/x"),
    ("GET", "/api/v1/health"),
    ("GET", "/api/v1/prices"),
    ("GET", "/api/v1/ticker/SBER"),
    ("GET", "/api/v1/demo/sample"),
    ("POST", "/api/v1/commands"),
    ("POST", "/api/v1/actions/x"),
    ("POST", "/api/v1/demo/market"),
    ("GET", "/events"),
]
BROWSER = ["/", "/swagger", "/openapi.json", "/metrics", "/static/desk.css", "/api/v1/orders", "/events"]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("token", [None, "wrong", "", "owner-toke", "ÿ"])
async def test_without_a_right_token_it_is_401(house: House, method: str, path: str, token: str | None) -> None:
    """No token, a wrong one, an empty one: nothing opens, and the answer keeps to the error shape."""
    answer = await house.ask(method, path, None if method == "GET" else {}, token)
    assert answer.status == 401
    assert answer.data["error"]["code"] == "unauthorized"
    assert answer.data["success"] is False


@pytest.mark.parametrize("path", BROWSER)
async def test_a_strange_host_name_is_403(house: House, path: str) -> None:
    """DNS rebinding: a page under another name that points here reads nothing, not even with the token."""
    answer = await house.get(path, headers={"Host": f"evil.example:{house.port}"})
    assert (answer.status, answer.data["error"]["code"]) == (403, "host_not_allowed")


async def test_a_host_of_the_settings_is_allowed(tmp_path: Path) -> None:
    """Further names are let in by the board."""
    async with opened(tmp_path, hosts=frozenset({"desk.home"})) as house:
        assert (await house.get("/api/v1/health", headers={"Host": "desk.home"})).status == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
async def test_another_site_is_403(house: House, origin: str) -> None:
    """A foreign Origin is refused on reads and writes alike."""
    for answer in (
        await house.get("/api/v1/orders", headers={"Origin": origin}),
        await house.post("/api/v1/commands", {"text": "/kill"}, headers={"Origin": origin}),
        await house.post("/login", {"token": "owner-token"}, headers={"Origin": origin}),
    ):
        assert (answer.status, answer.data["error"]["code"]) == (403, "origin_not_allowed")
    assert house.engine.desk.safety.halt is None


async def test_a_session_reads_and_acts_from_its_own_page(house: House) -> None:
    """Cookie, own Origin and JSON together are as good as the token."""
    page = await log_in(house)
    assert (await house.get("/api/v1/orders", None, headers=page)).status == 200
    own = {**page, "Origin": house.url}
    answer = await house.post("/api/v1/commands", {"text": "/status"}, None, headers=own)
    assert answer.status == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "OWN", "Content-Type": "text/plain"}, {"Origin": "OWN", "Content-Type": "multipart/form-data"}],
)
async def test_a_cookie_alone_changes_nothing(house: House, headers: dict[str, str]) -> None:
    """What a form or another site could send with the cookie is refused: no Origin, or no JSON."""
    sent = {**await log_in(house), **headers}
    if "Origin" in sent:
        sent["Origin"] = house.url
    answer = await house.post("/api/v1/commands", {"text": "/kill"}, None, headers=sent)
    assert (answer.status, answer.data["error"]["code"]) == (403, "cross_site")
    assert house.engine.desk.safety.halt is None


@pytest.mark.parametrize("csrf", [None, "", "wrong", "ANOTHER"])
async def test_a_page_of_another_session_changes_nothing(house: House, csrf: str | None) -> None:
    """Without the session's own CSRF token, or with one of another session, nothing is done."""
    another, page = await log_in(house), dict(await log_in(house))
    del page[CSRF_HEADER]
    if csrf is not None:
        page[CSRF_HEADER] = another[CSRF_HEADER] if csrf == "ANOTHER" else csrf
    answer = await house.post("/api/v1/commands", {"text": "/kill"}, None, headers={**page, "Origin": house.url})
    assert (answer.status, answer.data["error"]["code"]) == (403, "csrf")
    assert house.engine.desk.safety.halt is None


async def test_a_wrong_token_beside_a_session_is_401(house: House) -> None:
    """A token that is given must be right; the cookie does not excuse it."""
    page = await log_in(house)
    assert (await house.get("/api/v1/orders", "wrong", headers=page)).status == 401


async def test_the_cookie_is_kept_from_scripts_and_other_sites(house: House) -> None:
    """HttpOnly, SameSite=Strict; Secure where the page came over TLS; 128 random bits and not the token."""
    headers = {"Origin": house.url.replace("http", "https")}
    answer = await house.post("/login", {"token": "owner-token"}, token=None, headers=headers)
    cookie = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Secure", "Path=/"} <= set(cookie.split("; "))
    value = cookie.partition(";")[0].removeprefix(f"{COOKIE}=")
    assert len(value) >= 22
    assert value != "owner-token"


async def test_a_wrong_token_opens_no_session_and_tries_are_counted(house: House) -> None:
    """401 until the tries are used up, then 429, for the right token too."""
    own = {"Origin": house.url}
    for _ in range(LOGINS):
        answer = await house.post("/login", {"token": "wrong"}, token=None, headers=own)
        assert (answer.status, "Set-Cookie" in answer.headers) == (401, False)
    answer = await house.post("/login", {"token": "owner-token"}, token=None, headers=own)
    assert (answer.status, answer.data["error"]["code"]) == (429, "too_many_logins")


@pytest.mark.parametrize("token", [None, 5, ["owner-token"], {}])
async def test_a_token_that_is_no_text_is_401(house: House, token: object) -> None:
    """Never a 500."""
    assert (await house.post("/login", {"token": token}, None, headers={"Origin": house.url})).status == 401


async def test_logging_out_ends_the_session(house: House) -> None:
    """The cookie is dead on the server, not only in the browser."""
    page = await log_in(house)
    answer = await house.post("/logout", {}, None, headers={**page, "Origin": house.url})
    assert answer.status == 200
    assert (await house.get("/api/v1/orders", None, headers=page)).status == 401


async def test_an_invented_cookie_is_401(house: House) -> None:
    """Sessions are the server's memory."""
    assert (await house.get("/api/v1/orders", None, headers={"Cookie": f"{COOKIE}=invented"})).status == 401


async def test_a_session_acts_as_the_person_of_its_token(house: House) -> None:
    """Ann's page shows Ann's account."""
    page = await log_in(house, "ann-token")
    rows = (await house.get("/api/v1/accounts", None, headers=page)).data["items"]
    assert [row["name"] for row in rows] == ["Ann"]


async def test_answers_are_not_kept_by_caches(house: House) -> None:
    """Private data: no-store, and no guessing of types."""
    answer = await house.get("/api/v1/orders")
    assert (answer.headers["Cache-Control"], answer.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")


def filled(path: str) -> str:
    """With something in each hole of its pattern."""
    return re.sub(r"{\w+}", "x", path)


async def test_every_documented_route_asks_who_it_is(house: House) -> None:
    """No route under /api/v1 was forgotten: each answers 401 to a stranger, with and without the slash."""
    documented: list[Route] = dashboard._api(house.board)
    assert len(documented) > 20
    for route in documented:
        bare = filled(route.path)
        for path in (bare, f"{bare}/"):
            answer = await house.ask(route.method, path, None if route.method == "GET" else {}, None)
            assert answer.status == 401, path


async def test_every_route_looks_at_host_and_origin_first(house: House) -> None:
    """A name that is not ours and a script of another site reach nothing, whatever the route; but for the probes."""
    bound = {(r.method, r.path) for r in dashboard.routes(house.board)} - {("GET", "/livez"), ("GET", "/readyz")}
    assert len(bound) > 150
    for method, path in sorted(bound):
        bare = filled(path)
        body: dict[str, str] | None = None if method == "GET" else {}
        strange = await house.ask(method, bare, body, headers={"Host": "evil.example"})
        assert (strange.status, strange.data["error"]["code"]) == (403, "host_not_allowed"), path
        foreign = await house.ask(method, bare, body, headers={"Origin": "http://evil.example"})
        assert (foreign.status, foreign.data["error"]["code"]) == (403, "origin_not_allowed"), path
