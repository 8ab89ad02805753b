"""Research in a real browser: pictures are drawn and shown, a check is done by a press, an old log is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.process import demo
from tests.real.chromium import chromium
from tests.real.doing import press, shows, visit

pytestmark = pytest.mark.real
COLLECTS = {"OPENOUTCRY_COLLECT__SYMBOLS": '["SBER"]', "OPENOUTCRY_COLLECT__DAYS": "3"}


async def test_tc_49_and_50_on_the_page(tmp_path: Path) -> None:
    """The picture comes by itself once there are candles; the check's result appears on the open page; on a phone
    nothing is wider than it."""
    with demo(tmp_path / "d", env=COLLECTS) as desk:
        async with chromium(tmp_path / "profile") as page:
            await visit(page, f"{desk.url}/research", width=360)
            await shows(page, "#part-processes", "running")
            await page.until("[...document.querySelectorAll('img.drawn')].some((img) => img.naturalWidth === 1000)")
            check = "#part-checks tr[data-key=MONGO]"
            await press(page, f"{check} button[data-post]")
            await shows(page, check, "passed")
            assert await page.run("document.documentElement.scrollWidth") <= 360
            await visit(page, f"{desk.url}/log?show=files&feed=health", width=360)
            await shows(page, "#part-files pre", "MONGO: PASSED")
            assert await page.run("document.documentElement.scrollWidth") <= 360
            busy = "/health_checks/perform"  # by night the check may be at work when it is asked for: that is a 503
            assert [problem for problem in page.problems if busy not in problem] == []
