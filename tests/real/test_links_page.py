"""Links and accounts in a real browser: made, pasted, edited, paused; the bot's switch."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.process import Desk, demo
from tests.real.chromium import Page, chromium
from tests.real.doing import press, send, shows, type_into, visit

pytestmark = pytest.mark.real

BOT = "document.querySelector('#part-bot .badge').textContent"
MESSAGE = '{"strategy": "x", "symbol": "{{ticker}}", "action": "buy", "timestamp": "{{timenow}}"}'
LINK = {"name": "Evening", "account": "Testing", "strategy": "Cycle", "quantity": "10", "stop_loss": "2"}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    with demo(tmp_path / "d") as desk:
        yield desk


@pytest.fixture
async def page(tmp_path: Path, desk: Desk) -> AsyncIterator[Page]:
    async with chromium(tmp_path / "profile") as page:
        await visit(page, f"{desk.url}/links")
        yield page


async def fill(page: Page, form: str, **values: str) -> None:
    """Type into a form's fields, and send it."""
    for name, value in values.items():
        await type_into(page, f"{form} [name={name}]", value)
    await send(page, form)


async def test_a_link_is_made_and_its_url_works(page: Page, desk: Desk) -> None:
    """What will not do is told beside its field; then URL and message are shown once, and an alert that comes by them
    is traded."""
    await press(page, "[data-new-link]")
    await fill(page, "#link-form", name="Evening", strategy="Cycle", stop_loss="2")
    await page.until("document.querySelector('#link-quantity').getAttribute('aria-invalid') === 'true'")
    await fill(page, "#link-form", quantity="10")
    await page.until("document.getElementById('told-dialog').open")
    url = await page.run("document.getElementById('told-url-text').value")
    message = json.loads(await page.run("document.getElementById('told-message-text').value"))
    assert message["strategy"] == "Cycle"
    body = {**message, "symbol": "SBER", "action": "buy", "timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
    path = url.removeprefix(desk.url)
    status, answer = await asyncio.to_thread(desk.ask, "POST", path, body, "")
    assert (status, answer["status"]) == (200, "accepted")
    await shows(page, "#links", "Evening")
    assert url not in await page.run("document.querySelector('main').innerHTML.replace(/<dialog.*/s, '')")
    # the two refusals of the form are all that the browser complained of
    assert len(page.problems) == 1
    assert "422" in page.problems[0]


async def test_a_link_is_edited_and_paused(page: Page, desk: Desk) -> None:
    """The form begins with what is so; what is emptied is off; the row shows it without a reload."""
    assert (await asyncio.to_thread(desk.ask, "POST", "/api/v1/links", LINK))[0] == 201
    await shows(page, "#links", "Evening")
    await press(page, "[data-edit-link]")
    assert await page.run("document.getElementById('link-stop').value") == "2"
    await fill(page, "#link-form", stop_loss="", target="3.5")
    await shows(page, "#links", "\N{EN DASH} / 3.5 % / \N{EN DASH}")
    assert not await page.run("document.getElementById('link-dialog').open")
    [link] = await asyncio.to_thread(desk.items, "links")
    assert (link["stop_loss"], link["target"], link["quantity"]) == (None, "3.5", "10")
    await press(page, '#links [data-method="PATCH"]')
    await shows(page, "#links", "paused")
    assert page.problems == []


async def test_a_link_is_deleted_after_a_press(page: Page, desk: Desk) -> None:
    """From its form, which names it."""
    await asyncio.to_thread(desk.ask, "POST", "/api/v1/links", LINK)
    await shows(page, "#links", "Evening")
    await press(page, "[data-edit-link]")
    await press(page, "#link-remove")
    await shows(page, "#confirm-says", "Evening")
    await press(page, "#confirm-yes")
    await shows(page, "#links", "No links yet")
    assert await asyncio.to_thread(desk.items, "links") == []


async def test_ao_37_the_bots_switch_reflects_its_state(page: Page, desk: Desk) -> None:
    """Stopped here after a press, started from a chat: the page shows it either way."""
    assert await page.run(BOT) == "on"
    await press(page, "#part-bot [data-post]")
    await press(page, "#confirm-yes")
    await page.until(f"{BOT} === 'off'")
    assert (await asyncio.to_thread(desk.ask, "GET", "/api/v1/bot"))[1] == {"running": False}
    await asyncio.to_thread(desk.say, "/resume bot")
    await page.until(f"{BOT} === 'on'")


async def test_an_account_is_added_and_tried(page: Page, desk: Desk) -> None:
    """Each broker has its own form; the new account stands in the list and answers."""
    await press(page, "[data-new-account]")
    await type_into(page, "#account-broker", "alpaca")
    seen = "[...document.querySelectorAll('#account-dialog form')].filter((form) => !form.hidden)"
    assert await page.run(f"{seen}.map((form) => form.dataset.broker)") == ["alpaca"]
    assert await page.run(f"{seen}[0].elements.secret_key.type") == "password"
    await type_into(page, "#account-broker", "paper")
    await fill(page, "form[data-broker=paper]", name="Second", cash="5000", currency="USDT")
    await shows(page, "#accounts", "5,000.00")
    await press(page, '[data-post="/api/v1/accounts/Second/test"]')
    await shows(page, "#toasts", "Second answers")
    assert page.problems == []


async def test_a_message_is_checked(page: Page) -> None:
    """Problems by field; a good one is said to be fine."""
    await fill(page, "#lint-form", message='{"strategy": "x"}')
    await page.until("document.querySelectorAll('#lint-answer .wrong').length > 0")
    await fill(page, "#lint-form", message=MESSAGE)
    await shows(page, "#lint-answer", "It is fine")
