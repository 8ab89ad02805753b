"""Instruments and the console in a real browser: found while typing, traded with a form, typed with the keys."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.process import demo
from tests.real.chromium import chromium
from tests.real.doing import LIVE, key, press, shows, type_into, visit

pytestmark = pytest.mark.real


async def test_typing_finds_and_a_form_trades(tmp_path: Path) -> None:
    """The list follows what is typed; prices move; a refusal stands under the form, and work begins by a press."""
    with demo(tmp_path / "d") as desk:
        async with chromium(tmp_path / "profile") as page:
            await visit(page, f"{desk.url}/instruments")
            await type_into(page, "#find", "gaz")
            await page.until("document.querySelectorAll('#part-list tbody tr').length === 1")
            assert await page.run("location.search") == "?q=gaz"
            await asyncio.to_thread(desk.book, "GAZP", "131.5", "131.51")
            await shows(page, "#part-list", "131.51")
            await press(page, "#part-list th a")
            await shows(page, "#part-quote", "Gazprom")
            await page.until(LIVE)
            await type_into(page, "#trade-amount", "5")
            await press(page, '[data-line^="/buy"]')
            await shows(page, ".instrument .answer", "zero_size")
            await type_into(page, "#trade-amount", "20")
            await press(page, '[data-line^="/buy"]')
            await shows(page, "#part-held", "0 / 20")
            [task] = await asyncio.to_thread(desk.items, "tasks")
            assert (task["title"], task["asked"]) == ("buy GAZP", "20")
            assert page.problems == []


async def test_the_keys_complete_and_bring_back(tmp_path: Path) -> None:
    """Tab takes the command, then the ticker; the arrow brings back what was run."""
    with demo(tmp_path / "d") as desk:
        async with chromium(tmp_path / "profile") as page:
            await visit(page, f"{desk.url}/console")
            await type_into(page, "#line", "/dum")
            await key(page, "Tab")
            assert await page.run("document.querySelector('#line').value") == "/dump "
            await type_into(page, "#line", "/dump gaz")
            await key(page, "Tab")
            await page.until("document.querySelector('#line').value === '/dump GAZP'")
            await page.run("document.querySelector('#command').requestSubmit(); true")
            await shows(page, "#output", "nothing_held")
            await key(page, "ArrowUp")
            assert await page.run("document.querySelector('#line').value") == "/dump GAZP"
            assert page.problems == []


async def test_the_market_is_moved_by_hand(tmp_path: Path) -> None:
    """A ticker brings its book; what was set is asked of the desk at once, and trouble is on order."""
    with demo(tmp_path / "d") as desk:
        async with chromium(tmp_path / "profile") as page:
            await visit(page, f"{desk.url}/console", width=360)
            await type_into(page, "#market-ticker", "sber")
            await page.until("document.querySelector('#market-bid').value !== ''")
            await type_into(page, "#market-bid", "310")
            await type_into(page, "#market-ask", "310.5")
            await page.run("document.querySelector('#market-ask').form.requestSubmit(); true")
            await shows(page, "#toasts", "Done")
            _, sber = await asyncio.to_thread(desk.ask, "GET", "/api/v1/instruments/SBER")
            assert (sber["bid"], sber["ask"]) == ("310", "310.5")
            assert await page.run("document.documentElement.scrollWidth") <= 360
            assert page.problems == []
