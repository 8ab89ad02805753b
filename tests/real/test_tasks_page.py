"""Tasks in a real browser: rows are made, edited and begun with the hand."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.process import demo
from tests.real.chromium import chromium
from tests.real.doing import press, send, shows, type_into, visit

pytestmark = pytest.mark.real


async def test_tm_70_a_row_made_and_edited_here_is_what_the_next_command_works_on(tmp_path: Path) -> None:
    """Queue 120 to buy, make it 70 to sell, start: the task that appears asks for just that, and stops by a press."""
    with demo(tmp_path / "d") as desk:
        async with chromium(tmp_path / "profile") as page:
            await visit(page, f"{desk.url}/tasks")
            await press(page, '[data-dialog="add-queue"]')
            await type_into(page, "#add-queue-ticker", "SBER")
            await type_into(page, "#add-queue-amount", "many")
            await send(page, "#add-queue form")
            await shows(page, "#add-queue-amount-says", "number")
            await type_into(page, "#add-queue-amount", "120")
            await send(page, "#add-queue form")
            await shows(page, "#part-queue", "0 of 120")
            await press(page, '[data-edit="edit-queue"]')
            await type_into(page, "#edit-queue-amount", "70")
            await type_into(page, "#edit-queue-side", "true")
            await send(page, "#edit-queue form")
            await shows(page, "#part-queue", "0 of 70")
            await press(page, '#part-queue [data-command="/sellbuy"]')
            await shows(page, "#part-running", "sellbuy SBER")
            await shows(page, "#part-running", "of 70")
            await shows(page, "#part-queue", "under way")
            [task] = await asyncio.to_thread(desk.items, "tasks")
            assert (task["asked"], task["side"], task["command"]) == ("70", "sell", "/sellbuy")
            await press(page, '#part-running [data-command^="/pause"]')
            await shows(page, "#part-running", "PAUSED")
            await press(page, '#part-running [data-command^="/stop"]')
            await shows(page, "#part-running", "Nothing is under way")
            assert [each for each in page.problems if "422" not in each] == []


async def test_stop_lists_are_kept_and_placed_after_a_look(tmp_path: Path) -> None:
    """Put a ticker on, take it off the shorts; placing shows the sums and asks for one press."""
    with demo(tmp_path / "d") as desk:
        async with chromium(tmp_path / "profile") as page:
            await visit(page, f"{desk.url}/tasks", width=360)
            for ticker in ("SBER", "GAZP", "BTCPERP"):
                await press(page, '[data-dialog="add-stop"]')
                await type_into(page, "#add-stop-ticker", ticker)
                await send(page, "#add-stop form")
                await shows(page, "#part-stops", ticker)
            await press(page, '[aria-label^="SBER"][data-flag="short_blacklist"]')
            await page.until("!('user' in document.querySelector('[data-flag=short_blacklist]:checked').dataset)")
            await press(page, '[data-dialog="place"]')
            await press(page, '#place [data-line^="/shorts"]')
            await shows(page, ".question", "20, 25, 30")
            await press(page, ".question .primary")
            orders = await asyncio.to_thread(desk.wait_for, "orders", lambda rows: len(rows) == 6)
            assert {order["ticker"] for order in orders} == {"GAZP", "BTCPERP"}
            assert page.problems == []


async def test_what_must_be_filled_is_said_in_the_readers_language(tmp_path: Path) -> None:
    """Beside the field, before anything is sent."""
    with demo(tmp_path / "d") as desk:
        await asyncio.to_thread(desk.say, "/language ru")
        async with chromium(tmp_path / "profile") as page:
            await visit(page, f"{desk.url}/tasks")
            for dialog, field in (("add-queue", "ticker"), ("nuke", "ticker")):
                await press(page, f"[data-dialog={dialog}]")
                await page.run(f"document.querySelector('#{dialog} form [type=submit]').click(); true")
                await shows(page, f"#{dialog} [data-about={field}]", "Заполните это поле.")
                await page.run(f"document.getElementById('{dialog}').close(); true")
            assert page.problems == []
