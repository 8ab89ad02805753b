"""What the dashboard costs: first paint of Now and its bytes, twenty open pages while nothing moves, memory.

Targets: painted within 300 ms, under 150 kB, 20 pages under 5 % of a core, under 15 MB more than a desk without pages.

    python -m benchmarks.pages
"""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack
from itertools import cycle
from pathlib import Path

from aiohttp import ClientSession

from benchmarks.idle import cpu_s, rss_mb
from dashboard.live import STREAMS_EACH
from tests.process import Desk, demo
from tests.real.chromium import Page, chromium

PAINTS, TABS, WATCHED_S = 7, 20, 20.0
PLACES = ("now", "proposals", "positions", "alerts", "tasks", "links", "instruments", "history", "log", "console")
PAINTED = """(async () => {
  const paints = performance.getEntriesByType("paint");
  const known = performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"));
  return [paints.find((each) => each.name === "first-contentful-paint")?.startTime ?? 0,
          known.reduce((sum, each) => sum + each.encodedBodySize, 0)];
})()"""


def measure() -> dict[str, float]:
    return asyncio.run(_measure())


async def _measure() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as directory, demo(Path(directory) / "d") as desk:
        desk.alert()
        desk.wait_for("positions", bool)
        before = rss_mb(desk.process.pid)
        async with chromium(Path(directory) / "profile") as page:
            paint_ms, kilobytes = await _painted(page, desk)
        percent = await _watched(desk)
        gained = rss_mb(desk.process.pid) - before
    print(
        f"Now: painted after {paint_ms:.0f} ms (target 300), {kilobytes:.0f} kB (target 150); "
        f"{TABS} pages: {percent:.1f} % of a core (target 5), {gained:.1f} MB (target 15)"
    )
    return {"paint_ms": paint_ms, "kilobytes": kilobytes, "percent": percent, "gained_mb": gained}


async def _painted(page: Page, desk: Desk) -> tuple[float, float]:
    """The median of several visits, without a cache; and what the browser fetched for one."""
    paints, fetched = [], 0.0
    await page.call("Network.enable")
    await page.call("Network.setCacheDisabled", cacheDisabled=True)
    for _ in range(PAINTS):
        await page.open(f"{desk.url}/")
        await page.until("document.querySelector('#link.live') !== null")
        paint, fetched = await page.run(PAINTED)
        paints.append(paint)
    return sorted(paints)[PAINTS // 2], fetched / 1000


async def _watched(desk: Desk) -> float:
    """Share of a core in per cent, with streams of every page open and nothing moving."""
    tokens = [await asyncio.to_thread(_admin, desk, f"ada{number}") for number in range(-(-TABS // STREAMS_EACH))]
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession())
        readers = [
            asyncio.create_task(_read(session, f"{desk.url}/events?page={PLACES[number % len(PLACES)]}", token))
            for number, token in zip(range(TABS), cycle(tokens), strict=False)
        ]
        await asyncio.sleep(2)
        began = cpu_s(desk.process.pid)
        await asyncio.sleep(WATCHED_S)
        spent = cpu_s(desk.process.pid) - began
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
    return spent / WATCHED_S * 100


def _admin(desk: Desk, name: str) -> str:
    """The token of one more person, since each may only have so many streams."""
    body = {"username": name, "password": "long enough", "role": "admin", "works_for": "owner"}
    assert desk.ask("POST", "/api/v1/users", body)[0] == 201
    return str(desk.ask("POST", f"/api/v1/users/{name}/tokens", {})[1]["token"])


async def _read(session: ClientSession, url: str, token: str) -> None:
    async with session.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=None) as answer:
        assert answer.status == 200, answer.status
        async for _ in answer.content:
            pass


if __name__ == "__main__":
    measure()
