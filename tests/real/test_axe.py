"""axe-core looks at every page, as an empty desk and as one that trades has it, in both themes: no serious fault."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path

import pytest

from dashboard.views import VIEWS
from tests.process import demo
from tests.real.chromium import Page, chromium

pytestmark = pytest.mark.real

LIVE = "document.querySelector('#link.live') !== null"
LOOK = "axe.run(document, {resultTypes: ['violations']}).then((found) => JSON.stringify(found.violations))"
BAD = {"serious", "critical"}
PLACES = [view.path for view in VIEWS]


@pytest.fixture(scope="module")
def looker() -> str:
    """The library's script, from the package that brings it."""
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
async def trading(tmp_path: Path) -> AsyncIterator[tuple[str, Page]]:
    """A desk with a position, and a browser on a phone's or a desk's screen."""
    with demo(tmp_path / "d") as desk:
        desk.alert()
        async with chromium(tmp_path / "profile") as page:
            yield desk.url, page


async def faults(page: Page, looker: str) -> list[str]:
    await page.call("Runtime.evaluate", expression=looker)
    found = json.loads(await page.run(LOOK))
    return [
        f"{each['id']}: {each['help']}: {[node['html'][:200] for node in each['nodes'][:3]]}"
        for each in found
        if each["impact"] in BAD
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
async def test_no_page_has_a_serious_fault(trading: tuple[str, Page], looker: str, theme: str, width: int) -> None:
    """Names, roles, contrast, order: what a screen reader and tired eyes need."""
    url, page = trading
    await page.call("Network.enable")
    await page.call("Network.setCookie", name="openoutcry_theme", value=theme, url=url)
    found = {}
    for path in PLACES:
        await page.open(f"{url}{path}", width=width, height=800)
        await page.until(LIVE)
        if bad := await faults(page, looker):
            found[path] = bad
    for path in ("/login", "/setup", "/enter", "/swagger"):
        await page.open(f"{url}{path}", width=width, height=800)
        await page.until("document.readyState === 'complete'")
        if bad := await faults(page, looker):
            found[path] = bad
    assert not found, json.dumps(found, indent=1)
