"""The user-scripts in a real browser, on a page made like the chart site's alert log."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from kit.http import listen
from tests.process import HOUSE, Desk, demo
from tests.real.chromium import Page, chromium
from tests.targets.samples import LineServer, line_server

pytestmark = pytest.mark.real

SCRIPTS = HOUSE / "examples" / "browser"
TOKEN = "a token for browsers"


def alert(number: int, age: timedelta = timedelta(0)) -> str:
    at = (datetime.now(UTC) - age).strftime("%Y-%m-%dT%H:%M:%SZ")
    fields = {"id": number, "name": f"S{number}", "symbol": "FXCM:EURUSD", "interval": 15, "direction": "buy"}
    return json.dumps({**fields, "price": 1.0712, "timestamp": at})


@dataclass
class Site:
    """Serves one page with a script in it."""

    html: str = ""
    port: int = 0

    async def answer(self, _request: web.Request) -> web.Response:
        return web.Response(text=self.html, content_type="text/html")

    def show(self, rows: list[str], script: str) -> None:
        items = "".join(f'<div data-name="alert-log-item">Alert on EURUSD <p>{row}</p> 12:00</div>' for row in rows)
        self.html = f"<!doctype html><div id=log>{items}</div><script>{script}</script>"


@asynccontextmanager
async def served() -> AsyncIterator[Site]:
    site = Site()
    app = web.Application()
    app.router.add_get("/{tail:.*}", site.answer)
    listener = await listen(app, "127.0.0.1", 0, shutdown_s=1)
    site.port = listener.port
    yield site
    await listener.close()


@dataclass
class Stage:
    site: Site
    desk: Desk
    page: Page
    carbon: LineServer

    def script(self, **constants: object) -> str:
        """The script as somebody would configure it; times are shortened."""
        text = (SCRIPTS / "alerts.user.js").read_text(encoding="utf-8")
        known = {"DESK": self.desk.url, "TOKEN": TOKEN, "LOOK_MS": 50, "REPEAT_MS": 200, **constants}
        lines = text.splitlines()
        for name, value in known.items():
            (number,) = (n for n, line in enumerate(lines) if line.strip().startswith(f"const {name} = "))
            lines[number] = f"const {name} = {json.dumps(value)};"
        return "\n".join(lines)

    async def open(self, rows: list[str], **constants: object) -> None:
        self.site.show(rows, self.script(**constants))
        await self.page.open(f"http://127.0.0.1:{self.site.port}/")

    async def names(self) -> list[str]:
        """The strategies that the desk has heard of, oldest first."""
        rows: list[dict[str, Any]] = await asyncio.to_thread(self.desk.items, "alerts")
        return [row["fields"]["name"] for row in reversed(rows)]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with served() as site, line_server() as carbon:
        env = {
            "OPENOUTCRY_HUB__TOKEN": TOKEN,
            "OPENOUTCRY_HUB__CORS_ORIGIN": f"http://127.0.0.1:{site.port}",
            "OPENOUTCRY_TARGETS__GRAPHITE__HOST": "127.0.0.1",
            "OPENOUTCRY_TARGETS__GRAPHITE__PORT": str(carbon.port),
        }
        with demo(tmp_path / "d", env=env) as desk:
            async with chromium(tmp_path / "profile") as page:
                yield Stage(site, desk, page, carbon)


def colour(number: int) -> str:
    return f"document.querySelectorAll('[data-name=alert-log-item]')[{number}]?.style.backgroundColor"


async def test_tv_38_every_row_is_posted_once(stage: Stage) -> None:
    """Oldest first; a later one too; none again once the page is loaded anew. A row without JSON is left."""
    old, new = alert(1, timedelta(minutes=20)), alert(2)
    await stage.open([new, "no alert at all", old])
    await stage.page.until(f"{colour(0)} === 'red' && {colour(2)} === 'grey'")
    assert await stage.names() == ["S1", "S2"]
    later = json.dumps(alert(3))
    await stage.page.run(
        "const row = document.querySelector('[data-name=alert-log-item]').cloneNode(true);"
        f"row.style = ''; row.querySelector('p').textContent = {later};"
        "document.querySelector('#log').prepend(row); true"
    )
    await stage.page.until(f"{colour(0)} === 'red'")
    assert await stage.names() == ["S1", "S2", "S3"]
    _, text = await asyncio.to_thread(stage.desk.ask, "GET", "/metrics")
    assert 'openoutcry_target_sent_total{target="carbon"}' in text
    await stage.page.open(f"http://127.0.0.1:{stage.site.port}/")
    await stage.page.until(f"{colour(0)} === 'red'")
    assert stage.page.problems == []


async def test_tv_38_the_newest_is_told_to_carbon_again_and_again(stage: Stage) -> None:
    """Although it was posted already; the others are not."""
    await stage.open([alert(2), alert(1)])
    lines = await stage.carbon.some(3)
    assert {line.split()[0] for line in lines} == {"strat.S2.15.FXCM:EURUSD"}


async def test_w_32_an_alert_that_did_not_arrive_is_told_and_tried_again(stage: Stage) -> None:
    """No answer in time: a warning on the page, and no mark on the row until the desk has said yes."""
    async with line_server() as silent:
        await stage.open([alert(1)], DESK=f"http://127.0.0.1:{silent.port}", ANSWER_MS=100)
        await stage.page.until("document.querySelector('#openoutcry-warning')?.textContent.includes('by hand')")
        assert await stage.page.run(colour(0)) == ""
    await stage.open([alert(1)])
    await stage.page.until(f"{colour(0)} === 'red'")
    assert await stage.names() == ["S1"]


async def test_tv_39_toasts_go_and_the_rest_stays(tmp_path: Path) -> None:
    """Those that are there and those that come."""
    async with served() as site, chromium(tmp_path / "profile") as page:
        script = (SCRIPTS / "ads.user.js").read_text(encoding="utf-8").replace("LOOK_MS = 5000", "LOOK_MS = 50")
        site.html = f'<p>stays</p><div data-role="toast-container">x</div><script>{script}</script>'
        await page.open(f"http://127.0.0.1:{site.port}/")
        gone = "!document.querySelector('[data-role=toast-container]')"
        await page.until(gone)
        await page.run(
            "const d = document.createElement('div'); d.dataset.role = 'toast-container'; document.body.append(d); true"
        )
        await page.until(gone)
        assert await page.run("document.querySelector('p').textContent") == "stays"
