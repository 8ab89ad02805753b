"""axe-core on every page: nothing serious stands between a page and whoever reads it by ear, keyboard or weak eyes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from dashboard.views import VIEWS
from tests.process import Desk, demo
from tests.real.chromium import Page, chromium

pytestmark = pytest.mark.real

BAD = ("serious", "critical")
STUDY = "/tradingview-to-discord-study"
LIVE = "document.querySelector('#link.live') !== null"


def axe() -> str:
    """The library's script, from the package that brings it."""
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk with something on every page."""
    with demo(tmp_path_factory.mktemp("axe")) as desk:
        fill(desk)
        yield desk


def fill(desk: Desk) -> None:
    assert desk.alert()[0] == 200
    desk.wait_for("positions", bool)
    assert desk.ask("POST", STUDY, {**desk.sample, "price": "301"}, token="")[0] == 200
    desk.wait_for("proposals", bool)
    desk.say("/buy 500 GAZP")
    desk.say("/buy 5 SBER")
    for path, body in (
        ("/api/v1/sellbuy", {"ticker": "SBER", "amount": "120", "sell": True}),
        ("/api/v1/spreads", {"far": "SRZ6", "near": "SBER", "sell": True, "price": "620", "amount": "5"}),
        ("/api/v1/stops", {"ticker": "SBER", "whitelist": True}),
        ("/api/v1/links", {"name": "trend", "account": "Testing", "strategy": "trend", "quantity": "10"}),
        ("/api/v1/users", {"username": "ann", "password": "a password of hers", "role": "trader"}),
    ):
        status, answer = desk.ask("POST", path, body)
        assert status == 201, answer


def paths(desk: Desk) -> list[str]:
    """Every page of the menu, those that a query opens, and the ways in."""
    [newest, *_] = desk.items("alerts")
    more = ["/instruments?ticker=SBER", f"/log?id={newest['id']}", "/log?show=audit"]
    return [*(view.path for view in VIEWS), *more, "/login", "/setup", "/enter", "/swagger"]


async def faults(page: Page) -> list[str]:
    """What axe finds: rule and place."""
    await page.run(f"if (!window.axe) {{ {axe()} }}; true")
    found = await page.run(
        "axe.run(document, { resultTypes: ['violations'] }).then((said) => JSON.stringify(said.violations))"
    )
    return [
        f"{rule['id']}: {node['html'][:160]} ({node['failureSummary'][:300]})"
        for rule in json.loads(found)
        if rule["impact"] in BAD
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
async def test_axe_finds_nothing_serious(desk: Desk, tmp_path: Path, theme: str, width: int, half: int) -> None:
    """On any page, with all that folds away opened; in two halves, to be done sooner."""
    found: dict[str, list[str]] = {}
    async with chromium(tmp_path / "profile") as page:
        await page.call("Network.enable")
        await page.call("Network.setCookie", name="openoutcry_theme", value=theme, url=desk.url)
        for path in paths(desk)[half::2]:
            await page.open(f"{desk.url}{path}", width=width, height=900)
            await page.until(f"!document.querySelector('#link') && document.readyState === 'complete' || {LIVE}")
            await page.run("for (const each of document.querySelectorAll('details')) each.open = true; true")
            found[path] = await faults(page)
    assert {path: bad for path, bad in found.items() if bad} == {}


@pytest.mark.parametrize("path", ["/tasks", "/alerts", "/links", "/people"])
async def test_axe_finds_nothing_serious_in_dialogs(desk: Desk, tmp_path: Path, path: str) -> None:
    """Each opened as a person opens it."""
    async with chromium(tmp_path / "profile") as page:
        await page.open(f"{desk.url}{path}", width=360, height=740)
        await page.until(LIVE)
        for name in await page.run("[...document.querySelectorAll('dialog')].map((each) => each.id)"):
            await page.run(f"document.getElementById('{name}').showModal(); true")
            assert await faults(page) == [], name
            await page.run(f"document.getElementById('{name}').close(); true")
