"""Proposals in a real browser: approved, and fill and stop appear without reload; a moved price is asked about."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.process import Desk, demo
from tests.real.chromium import Page, chromium

pytestmark = pytest.mark.real

LIVE = "document.querySelector('#link.live') !== null"
STUDY = "/tradingview-to-discord-study"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A trade in SBER waits for a word."""
    with demo(tmp_path / "d", "--still") as desk:
        assert desk.ask("POST", STUDY, desk.sample, token="")[0] == 200
        desk.wait_for("proposals", bool)
        yield desk


@pytest.fixture
async def page(tmp_path: Path, desk: Desk) -> AsyncIterator[Page]:
    async with chromium(tmp_path / "profile") as page:
        await page.open(f"{desk.url}/proposals")
        await page.until(LIVE)
        await page.run("window.same = true")
        yield page


async def press(page: Page, answer: str) -> None:
    await page.run(f"document.querySelector('[data-answer={answer}]').click(); true")


def over(words: str) -> str:
    return f"document.querySelector('#part-over').textContent.includes('{words}')"


async def test_approved_the_fill_and_stop_appear_without_reload(page: Page, desk: Desk) -> None:
    """The card goes, who and where stand below, and the position stands with its stop."""
    await press(page, "approve")
    await page.until(over("approved"))
    await page.until(over("on dashboard"))
    await page.until("document.querySelector('[data-proposal]') === null")
    assert await page.run("window.same") is True
    desk.wait_for("positions", lambda rows: bool(rows) and rows[0]["protected_by"] == "broker")
    assert page.problems == []


async def test_a_moved_price_is_asked_about_and_taken(page: Page, desk: Desk) -> None:
    """The desk's words and the new price in a question; yes takes that price."""
    desk.book("SBER", "303", "303.01")
    await press(page, "approve")
    await page.until("document.querySelector('#confirm').open")
    assert "303.01" in await page.run("document.querySelector('#confirm-says').textContent")
    await page.run("document.querySelector('#confirm-yes').click(); true")
    await page.until(over("approved"))


async def test_a_trade_is_edited_on_its_card(page: Page) -> None:
    """A stop on the wrong side is refused beside its field; a good one is shown with what it was."""
    await page.run("document.querySelector('details[data-key=edit]').open = true")
    stop = "document.querySelector('[data-edit] [name=stop]')"
    await page.run(f"{stop}.value = '350'; {stop}.form.requestSubmit(); true")
    await page.until("document.querySelector('[data-edit] [data-about=stop]').textContent !== ''")
    await page.run(f"{stop}.value = '290'; {stop}.form.requestSubmit(); true")
    await page.until("document.querySelector('[data-proposal] s')?.textContent === '288'")
    assert await page.run(f"{stop}.defaultValue") == "290"
    assert await page.run("window.same") is True


async def test_without_the_library_the_picture_is_shown(page: Page, desk: Desk) -> None:
    """The page says that charts are not installed, and shows what the chats got."""
    desk.wait_for("proposals", lambda rows: bool(rows[0]["picture"]))
    await page.call("Network.enable")
    await page.call("Network.setBlockedURLs", urls=["*lightweight-charts*"])
    await page.call("Network.setCacheDisabled", cacheDisabled=True)
    await page.call("Page.reload")
    await page.until("document.querySelector('.chart img')?.naturalWidth > 300")
    assert "not installed" in await page.run("document.querySelector('.chart figcaption').textContent")
