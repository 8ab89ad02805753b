"""Positions in a real browser: live apart from paper, levels set in place, candles that can be zoomed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.process import Desk, demo
from tests.real.chromium import Page, chromium

pytestmark = pytest.mark.real

LIVE = "document.querySelector('#link.live') !== null"
CHART = "[...document.querySelectorAll('figure.chart .plot canvas')].some((each) => each.width > 100)"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """One position of 830 SBER, its stop at 288, its target at 318."""
    with demo(tmp_path / "d", "--still") as desk:
        assert desk.alert()[0] == 200
        desk.wait_for("positions", lambda rows: bool(rows) and rows[0]["protected_by"] == "broker")
        yield desk


@pytest.fixture
async def page(tmp_path: Path, desk: Desk) -> AsyncIterator[Page]:
    async with chromium(tmp_path / "profile") as page:
        await page.open(f"{desk.url}/positions")
        await page.until(LIVE)
        yield page


def held(words: str) -> str:
    return f"document.querySelector('#part-held').textContent.includes('{words}')"


async def set_level(page: Page, name: str, value: str) -> None:
    """Type a level into the card and send it, as a person does."""
    form = f"document.querySelector('form.level input[name={name}]')"
    await page.run(f"{form}.focus(); {form}.value = '{value}'; {form}.form.requestSubmit(); true")


async def test_ao_34_live_and_paper_are_told_apart(page: Page) -> None:
    """The mode stands in colour and in words over positions and orders, and in the bar."""
    for selector in ("#part-held .pill.paper", "#part-orders .pill.paper", "#mode.paper"):
        await page.until(f"document.querySelector('{selector}')?.textContent.trim() === 'PAPER'")
    colours = await page.run(
        "['paper', 'live'].map((name) => { const pill = document.querySelector('#mode').cloneNode(true);"
        " pill.className = `pill ${name}`; document.body.append(pill); return getComputedStyle(pill).color; })"
    )
    assert len(set(colours)) == 2


async def test_a_stop_is_set_in_place_and_a_bad_one_is_refused_beside_it(page: Page, desk: Desk) -> None:
    """Without reload: the new stop is what the card shows and what stands; one beyond the market is said to be so, and
    the words stay while prices move."""
    await page.run("window.same = true")
    await set_level(page, "stop", "400")
    await page.until("document.querySelector('[data-about=stop]').textContent.includes('already beyond')")
    desk.book("SBER", "301", "301.01")
    await page.until("document.querySelector('#part-held .big').textContent.includes('+')")
    assert "already beyond" in await page.run("document.querySelector('[data-about=stop]').textContent")
    await set_level(page, "stop", "290.5")
    desk.wait_for(
        "orders", lambda rows: any(r["stop_price"] == "290.5" and r["state"] == "OPEN" for r in rows if r["stop_price"])
    )
    await page.until("document.querySelector('#part-orders').textContent.includes('290.5')")
    await page.until("document.querySelector('form.level input[name=stop]').defaultValue === '290.5'")
    assert await page.run("window.same") is True


async def test_a_comma_before_the_decimals_is_understood_in_russian(page: Page) -> None:
    """As people there write numbers."""
    language = "document.querySelector('#language')"
    await page.run(f"{language}.value = 'ru'; {language}.dispatchEvent(new Event('change', {{ bubbles: true }})); true")
    await page.until("document.querySelector('html[lang=ru] #link.live') !== null")
    await set_level(page, "stop", "290,5")
    await page.until("document.querySelector('form.level input[name=stop]').defaultValue === '290.5'")


async def test_candles_are_drawn_under_the_strict_policy_and_zoomed(page: Page) -> None:
    """The library's canvas appears, an hour's bars come at a press, the wheel zooms; the console has no complaint."""
    await page.run("document.querySelector('details').open = true")
    await page.until(CHART)
    await page.until("document.querySelector('[data-interval][aria-pressed=true]') !== null")
    await page.run("document.querySelector('[data-interval=\"3600\"]').click(); true")
    await page.until("document.querySelector('[data-interval=\"3600\"]').getAttribute('aria-pressed') === 'true'")
    canvas = "document.querySelector('figure.chart .plot canvas')"
    place = await page.run(
        f"(() => {{ {canvas}.scrollIntoView({{ block: 'center' }}); window.before = {canvas}.toDataURL();"
        f" const {{ x, y }} = {canvas}.getBoundingClientRect(); return [x + 60, y + 60]; }})()"
    )
    wheel = {"type": "mouseWheel", "x": place[0], "y": place[1], "deltaX": 0, "deltaY": -240}
    await page.call("Input.dispatchMouseEvent", **wheel)
    await page.until(f"{canvas}.toDataURL() !== window.before")
    assert await page.run("document.querySelector('.credit').href") == "https://www.tradingview.com/"
    assert await page.run("document.querySelector('figure.chart .plot table').getBoundingClientRect().height > 200")
    assert page.problems == []


async def test_a_position_is_closed_after_a_press(page: Page, desk: Desk) -> None:
    """The button asks, yes closes it, and the card goes by itself."""
    await page.run("document.querySelector('[data-post$=\"/close\"]').click(); true")
    await page.until("document.querySelector('#confirm').open")
    assert "830 SBER" in await page.run("document.querySelector('#confirm-says').textContent")
    await page.run("document.querySelector('#confirm-yes').click(); true")
    await page.until(held("Nothing is held"))
    desk.wait_for("positions", lambda rows: not rows)
