"""History in a real browser: curves are drawn, and the table to keep is downloaded."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.process import demo
from tests.real.chromium import Page, chromium

pytestmark = pytest.mark.real


def read(file: Path) -> str:
    """What is there so far; the browser gives a file its name once it has all of it."""
    return file.read_text(encoding="utf-8") if file.exists() else ""


async def arrived(page: Page, file: Path) -> str:
    for _ in range(400):
        if text := read(file):
            return text
        await page.run("new Promise((done) => setTimeout(done, 25))")
    raise AssertionError(f"{file.name} never came")


async def test_ao_35_curves_are_drawn_and_the_csv_is_downloaded(tmp_path: Path) -> None:
    """As many lines as the page shows; the console has no complaint."""
    with demo(tmp_path / "d", "--still") as desk:
        assert desk.alert()[0] == 200
        [position] = desk.wait_for("positions", bool)
        assert desk.ask("POST", f"/api/v1/positions/{position['id']}/close", {})[0] == 200
        desk.wait_for("positions", lambda rows: not rows)
        async with chromium(tmp_path / "profile") as page:
            downloads = tmp_path / "downloads"
            await page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))
            await page.open(f"{desk.url}/history")
            await page.until("document.querySelectorAll('figure.curve canvas').length > 2")
            shown = await page.run("document.querySelectorAll('#part-list tbody tr').length")
            await page.run("document.querySelector('a[download]').click(); true")
            table = await arrived(page, downloads / "orders.csv")
            assert len(list(csv.reader(io.StringIO(table)))) - 1 == shown
            assert page.problems == []


@pytest.mark.parametrize("path", ["/history", "/positions"])
async def test_rows_of_long_words_fit_on_a_phone(tmp_path: Path, path: str) -> None:
    """In Russian, at 360 pixels: nothing of a row is cut off."""
    with demo(tmp_path / "d", "--still") as desk:
        assert desk.alert()[0] == 200
        desk.wait_for("positions", bool)
        desk.say("/language ru")
        async with chromium(tmp_path / "profile") as page:
            await page.open(f"{desk.url}{path}", width=360)
            await page.until("document.querySelectorAll('.scroll tbody tr').length > 1")
            beyond = "[...document.querySelectorAll('.scroll')].filter((box) => box.scrollWidth > box.clientWidth)"
            assert await page.run(f"{beyond}.length") == 0
