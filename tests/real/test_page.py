"""The dashboard in a real browser: what a newcomer does with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.process import Desk, demo
from tests.real.chromium import Page, chromium

pytestmark = pytest.mark.real

LIVE = "document.querySelector('#link.live') !== null"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    with demo(tmp_path / "d") as desk:
        yield desk


@pytest.fixture
async def page(tmp_path: Path, desk: Desk) -> AsyncIterator[Page]:
    """Now, and its stream is open."""
    async with chromium(tmp_path / "profile") as page:
        await page.open(f"{desk.url}/")
        await page.until(LIVE)
        yield page


def text_of(selector: str) -> str:
    return f"(document.querySelector('{selector}')?.textContent ?? '')"


async def press(page: Page, selector: str) -> None:
    await page.run(f"document.querySelector('{selector}').click(); true")


async def test_the_sample_alert_tells_its_story(page: Page) -> None:
    """One press: the four boxes fill, the position stands with its stop, and the console has no complaint."""
    await press(page, "#sample")
    await page.until(f"{text_of('#part-risk')}.includes('SBER')")
    await page.until(f"{text_of('[data-step=position]')}.includes('stop at 288')")
    await page.until(f"{text_of('[data-step=order]')}.includes('FILLED')")
    assert page.problems == []


async def test_the_command_line_answers(page: Page, desk: Desk) -> None:
    """/status shows below the line; a refusal carries its code word."""
    await page.open(f"{desk.url}/console")
    await page.until(LIVE)
    for line, said in (("/status", "ACTIVE"), ("/buy 5 SBER", "zero_size")):
        await page.run(
            f"document.querySelector('#line').value = {line!r};"
            " document.querySelector('#command').requestSubmit(); true"
        )
        await page.until(f"{text_of('#output')}.includes('{said}')")
    assert page.problems == []


async def test_the_red_button_stops_the_desk(page: Page, desk: Desk) -> None:
    """Kill asks once, the page shows HALTED, and arming brings it back."""
    await press(page, "#kill")
    assert await page.run("document.querySelector('#kill-dialog').open")
    assert "ACTIVE" in await page.run(text_of("#state"))
    await press(page, "#kill-dialog .danger")
    await page.until(f"{text_of('#state')}.includes('HALTED')")
    assert (await asyncio.to_thread(desk.say, "/buy 10 SBER"))[0]["kind"] == "refused"
    await press(page, '[data-command="/arm"]')
    await page.until("document.querySelector('#confirm').open")
    await press(page, "#confirm-yes")
    await page.until(f"{text_of('#state')}.includes('ACTIVE')")
    assert page.problems == []


async def test_prices_move_by_themselves(page: Page, desk: Desk) -> None:
    """A new book reaches the open page."""
    await press(page, "#sample")
    await page.until(f"{text_of('#part-risk')}.includes('SBER')")
    await asyncio.to_thread(desk.book, "SBER", "310", "310.02")
    await page.until(f"{text_of('#part-today')}.includes('+')")


async def test_what_somebody_types_outlives_what_changes(page: Page, desk: Desk) -> None:
    """The part around a field is drawn anew; the field keeps its words, its place and the focus."""
    await page.run(
        "(() => { const box = document.createElement('input'); box.id = 'typing'; box.dataset.keep = '';"
        " document.querySelector('#part-stop section').append(box); box.focus(); box.value = 'half a wor'; })()"
    )
    await page.run(
        "import('/static/morph.js').then(({ morphChildren }) => { const next = document.createElement('template');"
        ' next.innerHTML = \'<section class="card new"><h2>x</h2><p>y</p><input id="typing" data-keep></section>\';'
        " morphChildren(document.querySelector('#part-stop'), next.content); })"
    )
    assert await page.run("document.querySelector('#part-stop .new h2').textContent") == "x"
    assert await page.run("document.activeElement.id + ' ' + document.activeElement.value") == "typing half a wor"


@pytest.mark.parametrize("path", ["/", "/console", "/proposals"])
@pytest.mark.parametrize("width", [360, 1280, 2560])
async def test_nothing_is_wider_than_the_screen(tmp_path: Path, desk: Desk, path: str, width: int) -> None:
    """No sideways scroll, on phones and on walls."""
    async with chromium(tmp_path / "phone") as page:
        await page.open(f"{desk.url}{path}", width=width, height=740)
        await page.until(LIVE)
        assert await page.run("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_five_questions_fit_on_a_phone(tmp_path: Path, desk: Desk, language: str) -> None:
    """A position held, a proposal waiting, halted or not, at 360 times 740: above the bar, without scrolling."""
    await asyncio.to_thread(desk.alert)
    await asyncio.to_thread(desk.wait_for, "positions", bool)
    study = {**desk.sample, "long SL": "290"}
    assert (await asyncio.to_thread(desk.ask, "POST", "/tradingview-to-discord-study", study, ""))[0] == 200
    await asyncio.to_thread(desk.wait_for, "proposals", bool)
    await asyncio.to_thread(desk.say, f"/language {language}")
    async with chromium(tmp_path / "phone") as page:
        await page.open(f"{desk.url}/", width=360, height=740)
        await page.until(LIVE)
        for _ in range(2):
            bar = await page.run("document.querySelector('.hand').getBoundingClientRect().top")
            ends = "[...document.querySelectorAll('.five .card')].map((card) => card.getBoundingClientRect().bottom)"
            bottoms = await page.run(ends)
            assert len(bottoms) == 5
            assert max(bottoms) <= bar
            assert await page.run("document.documentElement.scrollWidth") <= 360
            await asyncio.to_thread(desk.say, "/kill")
            await page.until(f"{text_of('#state')}.includes('HALTED')")


async def test_the_page_mends_itself(tmp_path: Path) -> None:
    """When the desk goes away the page says so, and goes on when it is back on the same port."""
    with demo(tmp_path / "d") as desk:
        port = desk.url.rpartition(":")[2]
        async with chromium(tmp_path / "profile") as page:
            await page.open(f"{desk.url}/")
            await page.until(LIVE)
            await asyncio.to_thread(desk.kill)
            await page.until("document.querySelector('#link.lost') !== null")
            with demo(tmp_path / "d", "--port", port):
                await page.until(LIVE)
