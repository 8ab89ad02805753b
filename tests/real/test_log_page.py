"""Log in a real browser: the chain from alert to exit, as it goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.process import demo
from tests.real.chromium import chromium
from tests.real.doing import press, shows, type_into, visit

pytestmark = pytest.mark.real


async def test_ao_38_the_chain_from_alert_to_exit_is_visible(tmp_path: Path) -> None:
    """Alert, queued, orders, fill; and the exit appears on the open page when the stop is hit."""
    with demo(tmp_path / "d") as desk:
        async with chromium(tmp_path / "profile") as page:
            _, answer = await asyncio.to_thread(desk.alert)
            await asyncio.to_thread(desk.wait_for, "positions", bool)
            await visit(page, f"{desk.url}/log")
            await type_into(page, "#f-q", "entry")
            await shows(page, "#part-list", "SBER")
            await page.until("!document.querySelector('#part-list').innerText.includes('The desk is open')")
            await press(page, f'#part-list a[href="/log?id={answer["alert_id"]}"]')
            for words in ("queued on disk", "Order · entry", "Order · stop", "Fill · entry", "Order · target"):
                await shows(page, "#part-life", words)
            await asyncio.to_thread(desk.book, "SBER", "287", "287.01")
            await shows(page, "#part-life", "Fill · stop")
            await shows(page, "#part-life", "closed")
            assert page.problems == []


async def test_the_trails_chain_is_read_through(tmp_path: Path) -> None:
    """On opening, without a press; its rows fold open."""
    with demo(tmp_path / "d") as desk:
        async with chromium(tmp_path / "profile") as page:
            await asyncio.to_thread(desk.alert)
            await visit(page, f"{desk.url}/log?show=audit", width=360)
            await shows(page, "#chain", "The chain is whole")
            await press(page, "#part-list summary")
            await shows(page, "#part-list details[open]", "Hash")
            assert await page.run("document.documentElement.scrollWidth") <= 360
            assert page.problems == []
