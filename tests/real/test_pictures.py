"""The pictures of README and docs/tour.md, made by the desk itself:

OPENOUTCRY_PICTURES=docs make test-real ARGS=tests/real/test_pictures.py
"""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.process import Desk, demo
from tests.real.chromium import Page, chromium
from tests.real.doing import press, shows, visit

pytestmark = pytest.mark.real

STUDY = "/tradingview-to-discord-study"
PNG = b"\x89PNG\r\n\x1a\n"
KB_MAX = 400


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[tuple[Desk, Page]]:
    """A desk at the end of a good morning, and a browser."""
    with demo(tmp_path / "d") as desk:
        await asyncio.to_thread(morning, desk)
        async with chromium(tmp_path / "profile") as page:
            yield desk, page


def morning(desk: Desk) -> None:
    """A trade closed with a gain, two positions with their stops, an order by hand, a trade that waits for a word."""
    coin = {"ticker": "BTCPERP", "exchange": "BYBIT", "price": "64000", "long SL": "62720", "long TP": "67200"}
    desk.alert(**coin)
    desk.wait_for("positions", lambda rows: len(rows) == 1)
    desk.book("BTCPERP", "64400", "64401")
    desk.alert(**{**coin, "message": "exit", "action": "sell", "price": "64400"})
    desk.wait_for("positions", lambda rows: not rows)
    desk.alert()
    desk.alert(ticker="GAZP", price="130", **{"long SL": "125", "long TP": "140"})
    desk.wait_for("positions", lambda rows: len(rows) == 2)
    desk.book("SBER", "303.4", "303.42")
    desk.book("GAZP", "130.6", "130.62")
    desk.say("/sell 2 ETHPERP")
    ether = {"ticker": "ETHPERP", "exchange": "BYBIT", "price": "3200", "long SL": "3136", "long TP": "3360"}
    desk.ask("POST", STUDY, {**desk.sample, **ether}, token="")
    desk.wait_for("proposals", bool)


async def shoot(page: Page, name: str, scale: int, width: int, height: int) -> bytes:
    """The picture; kept where OPENOUTCRY_PICTURES says."""
    size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
    await page.call("Emulation.setScrollbarsHidden", hidden=True)
    await page.call("Emulation.setDeviceMetricsOverride", **size)
    await page.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")
    shot = base64.b64decode((await page.call("Page.captureScreenshot", format="png"))["data"])
    if folder := os.environ.get("OPENOUTCRY_PICTURES"):
        await asyncio.to_thread((Path(folder) / f"{name}.png").write_bytes, shot)
    return shot


async def test_now_is_pictured_on_a_phone(page: tuple[Desk, Page]) -> None:
    """Five questions, all answered."""
    desk, tab = page
    await visit(tab, f"{desk.url}/", width=360)
    await shows(tab, "#part-risk", "all protected")
    await shows(tab, "#part-waits", "ETHPERP")
    shot = await shoot(tab, "now", 2, 360, 740)
    assert shot.startswith(PNG)
    assert len(shot) < KB_MAX * 1000


async def test_positions_are_pictured_on_a_screen(page: tuple[Desk, Page]) -> None:
    """With their stops and charts."""
    desk, tab = page
    await visit(tab, f"{desk.url}/positions", width=1280)
    await shows(tab, "#part-held", "SBER")
    await tab.run("for (const each of document.querySelectorAll('#part-held details')) each.open = true; true")
    await tab.until("[...document.querySelectorAll('#part-held .plot')].every((plot) => plot.querySelector('canvas'))")
    shot = await shoot(tab, "positions", 1, 1280, 860)
    assert shot.startswith(PNG)
    assert len(shot) < KB_MAX * 1000


async def test_the_way_of_an_alert_is_pictured(tmp_path: Path) -> None:
    """The sample alert: its four boxes on Now, and its whole life on Log."""
    with demo(tmp_path / "d") as desk:
        async with chromium(tmp_path / "profile") as tab:
            await visit(tab, f"{desk.url}/", width=1000)
            await press(tab, "#sample")
            await tab.until("document.querySelectorAll('.step.done').length === 4")
            await kept(tab, "story", 1000, 860)
            [first] = [row for row in desk.items("orders") if row["role"] == "entry"]
            await visit(tab, f"{desk.url}/log?id={first['id']}", width=1000)
            await kept(tab, "why", 1000, 700)


async def test_a_proposal_is_pictured(page: tuple[Desk, Page]) -> None:
    """What one reads before saying yes."""
    desk, tab = page
    await visit(tab, f"{desk.url}/proposals", width=1000)
    await shows(tab, "#part-waiting", "ETHPERP")
    await kept(tab, "proposal", 1000, 620)


async def test_tasks_are_pictured(page: tuple[Desk, Page]) -> None:
    """What goes on by itself."""
    desk, tab = page
    desk.say("/buy 25 SBER")
    await visit(tab, f"{desk.url}/tasks", width=1000)
    await shows(tab, "#part-running", "SBER")
    await kept(tab, "tasks", 1000, 620)


async def kept(tab: Page, name: str, width: int, height: int) -> None:
    shot = await shoot(tab, name, 1, width, height)
    assert shot.startswith(PNG)
    assert len(shot) < KB_MAX * 1000
