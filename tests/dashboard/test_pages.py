"""What browsers open, and what machines ask without a token."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.values.people import Role, owner_person
from dashboard.pages import json_before_html
from dashboard.recent import reading
from dashboard.screens import Screens
from dashboard.views import VIEWS
from kit.http import ApiError
from tests.dashboard.browsing import HTML, acting, cookie_of, opened_page
from tests.dashboard.conftest import PASSPHRASE, SAMPLE, TOKENS, House, opened

PLACES = (
    *("/", "/proposals", "/positions", "/alerts", "/tasks", "/links", "/instruments"),
    *("/history", "/research", "/log", "/people", "/settings", "/console"),
)
ASSETS = {
    "desk.css": "text/css; charset=utf-8",
    "desk.js": "text/javascript; charset=utf-8",
    "forms.js": "text/javascript; charset=utf-8",
    "login.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "icons.svg": "image/svg+xml",
}


@pytest.mark.parametrize("accept", ["application/json", "application/json, text/html", "Application/JSON;q=0.1,*/*"])
async def test_the_root_is_healthy_json_for_programs(house: House, accept: str) -> None:
    """As the alert hub's seed answered, without any login."""
    answer = await house.get("/", None, headers={"Accept": accept})
    assert (answer.status, answer.data) == (200, {"status": 200, "message": "HEALTHY openoutcry"})


@pytest.mark.parametrize("accept", ["text/html", "text/html, application/json", "*/*", ""])
async def test_le_01_the_root_is_a_page_for_people(house: House, accept: str) -> None:
    """Anybody else gets HTML."""
    answer = await house.get("/", None, headers={"Accept": accept})
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


def test_json_must_be_named_before_html() -> None:
    """Neither named, or html first: no JSON."""
    assert json_before_html("application/json;q=0.9, text/html")
    assert not json_before_html("text/html;q=0.1, application/json")
    assert not json_before_html("text/plain")


async def test_without_a_session_the_page_is_the_login(house: House) -> None:
    """It asks for the token and shows nothing of the desk."""
    answer = await house.get("/", None, headers=HTML)
    assert 'id="login"' in answer.data
    assert "Set-Cookie" not in answer.headers
    assert "Testing" not in answer.data


async def test_the_demo_page_opens_by_itself(demo: House) -> None:
    """Its cookie is a session that may act; a second visit makes no second one."""
    answer = await opened_page(demo)
    assert {"HttpOnly", "SameSite=Strict"} <= set(answer.headers["Set-Cookie"].split("; "))
    done = await demo.post("/api/v1/commands", {"text": "/status"}, None, headers=acting(demo, answer))
    assert done.status == 200
    again = await opened_page(demo, "/", {"Cookie": cookie_of(answer)})
    assert "Set-Cookie" not in again.headers


@pytest.mark.parametrize("path", PLACES)
async def test_every_page_stands_in_the_frame(demo: House, path: str) -> None:
    """Its place in the menu is marked; state, connection and Kill are at hand; no word is missing, no secret told."""
    answer = await opened_page(demo, path)
    assert answer.status == 200
    assert f'<a href="{path}" aria-current="page">' in answer.data
    for each in PLACES:
        assert f'<a href="{each}"' in answer.data
    for part in ('id="kill"', 'id="state"', 'id="link"', "PAPER"):
        assert part in answer.data
    assert PASSPHRASE not in answer.data
    assert not re.search(r"\bpage\.\w+", answer.data)


async def test_the_console_names_the_commands(demo: House) -> None:
    """Those that its reader may type."""
    page = (await opened_page(demo, "/console")).data
    assert 'id="line"' in page
    assert 'data-usage="/positions"' in page


async def test_a_page_for_admins_is_closed_to_others(house: House) -> None:
    """It cannot be drawn for them, and its place is not in their menu."""
    ann, now = TOKENS["ann-token"], VIEWS[0]
    closed = replace(next(view for view in VIEWS if view.name == "people"), role=Role.ADMIN)
    screens = Screens(reading(house.board), [now, closed])
    with pytest.raises(ApiError) as refused:
        await screens.shot(closed, ann, {})
    assert (refused.value.status, refused.value.code) == (403, "not_allowed")
    places = (await screens.shot(now, ann, {})).model["places"]
    assert places == [now]


async def test_what_a_browser_has_is_not_sent_again(house: House) -> None:
    """304 for the tag that it shows."""
    first = await house.get("/static/desk.css", None)
    again = await house.get("/static/desk.css", None, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.data) == (304, "")


async def test_the_theme_is_the_readers(demo: House) -> None:
    """What the cookie says, from the first paint on; nonsense is the system's."""
    for said, shown in (("dark", "dark"), ("light", "light"), ('x"y', "auto")):
        answer = await opened_page(demo, "/", {"Cookie": f"openoutcry_theme={said}"})
        assert f'data-theme="{shown}"' in answer.data


@pytest.mark.parametrize("path", [*PLACES, "/swagger"])
async def test_pages_load_nothing_from_elsewhere(demo: House, path: str) -> None:
    """No inline script or style, nothing from outside, and a policy that says so. Addresses may be named in words."""
    answer = await demo.get(path, None, headers=HTML)
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", answer.data)
    assert not re.search(r"\b(?:src|srcset|href|action|poster|data)=\W*(?:https?:)?//", answer.data)
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    for directive in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert directive in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("name", ASSETS)
async def test_assets_come_with_their_types(house: House, name: str) -> None:
    """Style and script need no login: the login page wears them."""
    answer = await house.get(f"/static/{name}", None)
    assert (answer.status, answer.headers["Content-Type"]) == (200, ASSETS[name])


@pytest.mark.parametrize("name", ["nothing.js", "..%2Fboard.py", "desk.html"])
async def test_only_named_assets_are_served(house: House, name: str) -> None:
    """No path leads out of the folder."""
    assert (await house.get(f"/static/{name}", None)).status == 404


@pytest.mark.parametrize(("path", "mood"), [("/livez", "alive"), ("/readyz", "ready")])
async def test_probes_say_ok_or_unavailable_and_nothing_else(house: House, path: str, mood: str) -> None:
    """200 and 503, whatever the Host, without a token."""
    answer = await house.get(path, None, headers={"Host": "desk"})
    assert (answer.status, answer.data) == (200, {"status": "ok"})
    house.moods[mood] = False
    answer = await house.get(path, None)
    assert (answer.status, answer.data) == (503, {"status": "unavailable"})


async def test_metrics_count_what_happened(house: House) -> None:
    """After one trade: one alert, one fill, two live orders, one open position, and the state in force."""
    await house.trade()
    answer = await house.get("/metrics", None)
    assert answer.headers["Content-Type"].startswith("text/plain")
    lines = answer.data.splitlines()
    for line in (
        'openoutcry_alerts_total{status="accepted"} 1.0',
        'openoutcry_orders_total{state="FILLED"} 1.0',
        "openoutcry_fills_total 1.0",
        "openoutcry_live_orders 2.0",
        "openoutcry_open_positions 1.0",
        "openoutcry_unknown_orders 0.0",
        'openoutcry_risk_state{state="ACTIVE"} 1.0',
        'openoutcry_risk_state{state="HALTED"} 0.0',
        'openoutcry_intents{state="OPEN"} 2.0',
        'openoutcry_feed_alive{account="Testing"} 1.0',
        "openoutcry_order_round_trip_seconds_count 3.0",
        "openoutcry_unprotected_seconds 0.0",
    ):
        assert line in lines


async def test_the_api_describes_itself(house: House) -> None:
    """Every bound route is in /openapi.json, and on the /swagger page."""
    paths = (await house.get("/openapi.json", None)).data["paths"]
    assert {"/api/v1/orders", "/api/v1/orders/{id}", "/api/v1/commands", "/api/v1/demo/market"} <= paths.keys()
    schema = paths["/api/v1/commands"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["text"]
    page = (await house.get("/swagger", None)).data
    for path in paths:
        assert path in page


async def test_a_wrong_method_keeps_to_the_error_shape(house: House) -> None:
    """405 and 404 too."""
    assert (await house.post("/api/v1/orders")).data["success"] is False
    assert (await house.get("/api/v1/nothing")).data["success"] is False


async def test_tv_15_the_hubs_routes_are_documented(house: House) -> None:
    """For people and for programs."""
    page, told = await house.get("/swagger"), await house.get("/openapi.json")
    for path in ("/alert", "/carbon-alert", "/wsalerts"):
        assert f"<code>{path}</code>" in page.data
        assert path in told.data["paths"]


async def test_a_page_is_in_its_readers_language(tmp_path: Path) -> None:
    """The login is in the desk's, a page in that of whoever opened it: also what stands in its rows."""
    async with opened(tmp_path / "ru", language="ru") as russian:
        login = await opened_page(russian)
        assert '<html lang="ru"' in login.data
    more: dict[str, Any] = {"open_pages": owner_person("dashboard"), "sample_alert": lambda: dict(SAMPLE)}
    async with opened(tmp_path / "open", **more) as demo:
        await demo.trade()
        await demo.post("/api/v1/commands", {"text": "/language ru"})
        page = await opened_page(demo)
    assert '<html lang="ru"' in page.data
    assert "\u043f\u043e\u043a\u0443\u043f\u043a\u0430" in page.data
