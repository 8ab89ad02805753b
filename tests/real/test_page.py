"""The console page in a real browser: what a newcomer does with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.process import Desk, demo
from tests.real.chromium import Page, chromium

pytestmark = pytest.mark.real


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    with demo(tmp_path / "d") as desk:
        yield desk


@pytest.fixture
async def page(tmp_path: Path, desk: Desk) -> AsyncIterator[Page]:
    async with chromium(tmp_path / "profile") as page:
        await page.open(f"{desk.url}/")
        await page.until("document.querySelectorAll('#prices article').length >= 6")
        yield page


def text_of(selector: str) -> str:
    return f"(document.querySelector('{selector}')?.textContent ?? '')"


async def typed(page: Page, line: str) -> None:
    """Type a line into the console and press Run."""
    await page.run(
        f"document.querySelector('#line').value = {line!r}; document.querySelector('#command').requestSubmit(); true"
    )


async def test_the_sample_alert_tells_its_story(page: Page) -> None:
    """One press: the four boxes fill, the position stands with its stop, and the console has no complaint."""
    await page.run("document.querySelector('#sample').click(); true")
    await page.until(f"{text_of('#positions')}.includes('SBER')")
    await page.until(f"{text_of('[data-step=position]')}.includes('stop at 288')")
    await page.until(f"{text_of('#orders')}.includes('FILLED')")
    assert page.problems == []


async def test_the_command_line_answers(page: Page) -> None:
    """/status shows below the line; a refusal carries its code word."""
    await typed(page, "/status")
    await page.until(f"{text_of('#output')}.includes('ACTIVE')")
    await typed(page, "/buy 5 SBER")
    await page.until(f"{text_of('#output')}.includes('zero_size')")
    assert page.problems == []


async def test_the_red_button_stops_the_desk(page: Page, desk: Desk) -> None:
    """Kill is one press, the page shows HALTED, and arming brings it back."""
    await page.run("document.querySelector('#kill').click(); true")
    await page.until(f"{text_of('#state')}.includes('HALTED')")
    assert (await asyncio.to_thread(desk.say, "/buy 10 SBER"))[0]["kind"] == "refused"
    await page.run("document.querySelector('#arm').click(); true")
    await page.until(f"{text_of('#state')}.includes('ACTIVE')")


async def test_prices_move_by_themselves(page: Page, desk: Desk) -> None:
    """A new book reaches the open page."""
    await asyncio.to_thread(desk.book, "SBER", "310", "310.02")
    await page.until(f"{text_of('#prices')}.includes('310.02')")


async def test_a_phone_shows_no_sideways_scroll(tmp_path: Path, desk: Desk) -> None:
    """At 390 pixels nothing is wider than the screen."""
    async with chromium(tmp_path / "phone") as page:
        await page.open(f"{desk.url}/", width=390, height=844)
        await page.until("document.querySelectorAll('#prices article').length >= 6")
        assert await page.run("document.documentElement.scrollWidth") <= 390


async def test_the_page_mends_itself(tmp_path: Path) -> None:
    """When the desk goes away the page says so, and goes on when it is back on the same port."""
    with demo(tmp_path / "d") as desk:
        port = desk.url.rpartition(":")[2]
        async with chromium(tmp_path / "profile") as page:
            await page.open(f"{desk.url}/")
            await page.until(f"{text_of('#link')}.includes('live')")
            await asyncio.to_thread(desk.kill)
            await page.until(f"!{text_of('#link')}.includes('live')")
            with demo(tmp_path / "d", "--port", port):
                await page.until(f"{text_of('#link')}.includes('live')")
