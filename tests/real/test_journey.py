"""The whole way in a real browser, on a desk that asks who is there."""

from __future__ import annotations

import asyncio
import csv
import io
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.process import ORDER_ROUTE, PROGRAM, Desk, environment, start
from tests.real.chromium import Page, chromium
from tests.real.doing import LIVE, press, send, shows, type_into, visit

pytestmark = pytest.mark.real

PASSWORD, PASSPHRASE = "correct horse battery", "what only charts know"
SETTINGS = """
[desk]
data_dir = "{folder}/d"
[server]
port = 0
[webhook]
passphrase = "{passphrase}"
approval = "ask"
[market]
still = true
[[accounts]]
name = "Testing"
broker = "paper"
"""
ALERT = {
    "ticker": "SBER",
    "exchange": "MOEX",
    "action": "buy",
    "type": "market",
    "price": "300",
    "message": "entry",
    "long SL": "288",
    "long TP": "318",
    "subaccount": "Testing",
    "passphrase": PASSPHRASE,
}


@contextmanager
def desk_of_ada(folder: Path, port: str = "0") -> Iterator[Desk]:
    """A desk whose charts ask first, on that port."""
    env = {"OPENOUTCRY_SERVER__PORT": port}
    with start("run", "--settings", settings(folder), env=env) as desk:
        yield desk.ready()


def settings(folder: Path) -> Path:
    """Ada is its admin."""
    file = folder / "settings.toml"
    if not file.exists():
        file.write_text(SETTINGS.format(folder=folder, passphrase=PASSPHRASE), encoding="utf-8")
        made = [*PROGRAM, "user", "add", "ada", "--role", "admin", "--password-stdin", "--settings", str(file)]
        subprocess.run(made, input=PASSWORD, text=True, env=environment(), check=True, timeout=60)
    return file


async def sign_in(page: Page) -> None:
    await type_into(page, "#login [name=username]", "ada")
    await type_into(page, "#login [name=password]", PASSWORD)
    await send(page, "#login")
    await page.until(LIVE)


async def test_from_the_alert_to_the_stop_and_through_a_restart(tmp_path: Path) -> None:
    """Sign in, approve what a chart asks, see fill and stop appear; lose the desk, and find all again."""
    with desk_of_ada(tmp_path) as desk:
        port = desk.url.rpartition(":")[2]
        async with chromium(tmp_path / "profile") as page:
            await page.open(f"{desk.url}/", width=360, height=740)
            await page.until("document.querySelector('#login') !== null")
            await sign_in(page)
            await page.run("window.here = true")
            status, _ = await asyncio.to_thread(desk.ask, "POST", ORDER_ROUTE, ALERT)
            assert status == 200
            await press(page, "#part-waits .actions .primary")
            for words in ("SBER", "stop 288", "all protected"):
                await shows(page, "#part-risk", words)
            await shows(page, "#part-today", "fills: 1")
            await shows(page, "#part-waits", "Nothing waits")
            assert await page.run("window.here === true"), "the page was loaded anew"
            assert page.problems == []
            await asyncio.to_thread(desk.stop)
            await page.until("document.querySelector('#link.lost') !== null")
            with desk_of_ada(tmp_path, port):
                await page.until("document.querySelector('#login') !== null")  # the restart ended all sessions
                await sign_in(page)
                for words in ("SBER", "stop 288", "all protected"):
                    await shows(page, "#part-risk", words)


async def test_a_link_is_edited_history_kept_and_the_desk_stopped(tmp_path: Path) -> None:
    """Links, CSV, kill and arm, one after the other as somebody does it on an evening."""
    with desk_of_ada(tmp_path) as desk:
        async with chromium(tmp_path / "profile") as page:
            await page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path / "downloads"))
            await page.open(f"{desk.url}/links")
            await page.until("document.querySelector('#login') !== null")
            await sign_in(page)
            await make_and_edit_a_link(page)
            await asyncio.to_thread(desk.ask, "POST", ORDER_ROUTE, ALERT)
            await visit(page, f"{desk.url}/proposals")
            await press(page, '[data-answer="approve"]')
            await shows(page, "main", "approved")
            await visit(page, f"{desk.url}/history?show=fills")
            shown = await page.run("document.querySelectorAll('#part-list tbody tr').length")
            await press(page, "a[download]")
            assert len(await table(page, tmp_path / "downloads" / "fills.csv")) - 1 == shown == 1
            await press(page, "#kill")
            await press(page, "#kill-dialog .danger")
            await shows(page, "#state", "HALTED")
            await visit(page, f"{desk.url}/")
            await press(page, '[data-command="/arm"]')
            await press(page, "#confirm-yes")
            await shows(page, "#state", "ACTIVE")
            assert page.problems == []


async def make_and_edit_a_link(page: Page) -> None:
    await press(page, "[data-new-link]")
    for field, text in (("#link-name", "trend"), ("#link-strategy", "trend v2"), ("#link-quantity", "10")):
        await type_into(page, field, text)
    await send(page, "#link-form")
    await shows(page, "#part-list", "trend v2")
    await page.run("for (const each of document.querySelectorAll('dialog[open]')) each.close(); true")
    await press(page, "[data-edit-link]")
    await type_into(page, "#link-quantity", "20")
    await send(page, "#link-form")
    await shows(page, "#part-list", "20")


async def table(page: Page, file: Path) -> list[list[str]]:
    """The downloaded file's rows, once the browser has given it its name."""
    for _ in range(400):
        text = await asyncio.to_thread(lambda: file.read_text(encoding="utf-8") if file.exists() else "")
        if text:
            return list(csv.reader(io.StringIO(text)))
        await page.run("new Promise((done) => setTimeout(done, 25))")
    raise AssertionError(f"{file.name} never came")
