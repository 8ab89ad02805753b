"""People and Settings in a real browser: somebody is added, gets a token and loses it; a figure is tuned."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.process import Desk, demo
from tests.real.chromium import Page, chromium
from tests.real.doing import press, send, shows, type_into, visit

pytestmark = pytest.mark.real


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    with demo(tmp_path / "d") as desk:
        yield desk


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    async with chromium(tmp_path / "profile") as page:
        yield page


async def test_somebody_is_added_gets_a_token_and_loses_it(page: Page, desk: Desk) -> None:
    """A short password is told beside its field; the token is shown once and opens the API until it is revoked."""
    await visit(page, f"{desk.url}/people")
    form = "#person-new form"
    await press(page, '[data-dialog="person-new"]')
    await type_into(page, f"{form} [name=username]", "bob")
    await type_into(page, f"{form} [name=password]", "short")
    await send(page, form)
    await page.until("document.getElementById('person-new-password').getAttribute('aria-invalid') === 'true'")
    await type_into(page, f"{form} [name=password]", "long enough")
    await send(page, form)
    await shows(page, "#everybody", "bob")
    await press(page, ".tokens summary")
    await press(page, '[data-post="/api/v1/users/bob/tokens"]')
    await page.until("document.getElementById('told').open")
    token = await page.run("document.getElementById('told-text').value")
    assert (await asyncio.to_thread(desk.ask, "GET", "/api/v1/me", None, token))[1]["id"] == "bob"
    await press(page, "#told [data-close]")
    await page.until("document.getElementById('told-text').value === ''")
    await page.until("document.querySelector('.tokens').open")  # the row was drawn anew, and stayed open
    await press(page, '.tokens [data-method="DELETE"]')
    await press(page, "#confirm-yes")
    await page.until("document.querySelector('.tokens [data-method=DELETE]') === null")
    assert (await asyncio.to_thread(desk.ask, "GET", "/api/v1/me", None, token))[0] == 401


async def test_somebody_is_changed_and_removed(page: Page, desk: Desk) -> None:
    """The form begins with what is so; removing asks first."""
    bob = {"username": "bob", "password": "long enough", "role": "viewer", "works_for": "owner"}
    await asyncio.to_thread(desk.ask, "POST", "/api/v1/users", bob)
    await visit(page, f"{desk.url}/people")
    await press(page, '[data-person="bob"]')
    assert await page.run("document.getElementById('person-edit-works').value") == "owner"
    await type_into(page, "#person-edit-role", "approver")
    await send(page, "#person-edit form")
    await shows(page, "#everybody", "approver")
    await press(page, '[data-person="bob"]')
    await press(page, "#person-remove")
    await press(page, "#confirm-yes")
    await shows(page, "#everybody", "Nobody yet")
    assert page.problems == []


async def test_codes_are_turned_on_with_the_password(page: Page, desk: Desk) -> None:
    """A wrong one is said for what it is, and shows no secret."""
    bob = {"username": "bob", "password": "long enough", "role": "viewer"}
    await asyncio.to_thread(desk.ask, "POST", "/api/v1/users", bob)
    await page.open(f"{desk.url}/login")
    await page.until("document.querySelector('#login') !== null")
    await type_into(page, "#login [name=username]", "bob")
    await type_into(page, "#login [name=password]", "long enough")
    await send(page, "#login")
    await page.until("location.pathname !== '/login'")
    await visit(page, f"{desk.url}/people")
    form = "#codes form"
    await type_into(page, f"{form} [name=password]", "nonsense")
    await send(page, form)
    await shows(page, f"{form} .answer", "password is wrong")
    assert not await page.run("document.getElementById('enrol').open")
    await type_into(page, f"{form} [name=password]", "long enough")
    await send(page, form)
    await page.until("document.getElementById('enrol').open && document.getElementById('enrol-secret').textContent")
    assert await page.run("document.querySelector('#enrol-picture svg').getBoundingClientRect().width > 100")


async def test_what_chats_tell_is_chosen(page: Page, desk: Desk) -> None:
    """Hours that are none are told beside their field; what is saved is there again."""
    await visit(page, f"{desk.url}/people")
    await type_into(page, "#noise-quiet", "late")
    await send(page, "#noise form")
    await page.until("document.getElementById('noise-quiet').getAttribute('aria-invalid') === 'true'")
    await type_into(page, "#noise-quiet", "23:00-07:00")
    await send(page, "#noise form")
    await page.until("performance.getEntriesByType('navigation')[0].type === 'reload'")
    assert (await asyncio.to_thread(desk.ask, "GET", "/api/v1/me/noise"))[1]["quiet"] == "23:00-07:00"


async def test_a_figure_is_tuned(page: Page, desk: Desk) -> None:
    """Levels are typed with blanks between; what will not do is told beside its field."""
    await visit(page, f"{desk.url}/settings")
    await type_into(page, "#f-long_levels", "5 10")
    await type_into(page, "#f-scan_rate", "no")
    await send(page, "#tunables form")
    await page.until("document.getElementById('f-scan_rate').getAttribute('aria-invalid') === 'true'")
    await type_into(page, "#f-scan_rate", "9")
    await send(page, "#tunables form")
    await shows(page, "#toasts", "Done")
    tuned = (await asyncio.to_thread(desk.ask, "GET", "/api/v1/tunables"))[1]
    assert (tuned["long_levels"], tuned["scan_rate"]) == (["5", "10"], "9")
