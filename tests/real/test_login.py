"""Signing in with a real browser: the first admin, a second factor, a link from a chat, and out again."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pyotp
import pytest

from tests.openoutcry.test_first_run import links, running
from tests.process import Desk
from tests.real.chromium import Page, chromium

pytestmark = pytest.mark.real

LIVE = "document.querySelector('#link.live') !== null"
PASSWORD = "correct horse"


@pytest.fixture
async def first(tmp_path: Path) -> AsyncIterator[tuple[Desk, Page, str]]:
    """A desk that nobody can log in to, a browser, and the link that it printed."""
    with running(tmp_path) as (desk, said):
        async with chromium(tmp_path / "profile") as page:
            yield desk, page, links(said)[0]


async def fill(page: Page, form: str, **fields: str) -> None:
    """Type into a form and send it."""
    for name, value in fields.items():
        field = f"document.querySelector('{form} [name={name}]')"
        await page.run(f"{field}.value = {json.dumps(value)}; true")
    await page.run(f"document.querySelector('{form}').requestSubmit(); true")


async def sent(page: Page, path: str, body: dict[str, str]) -> dict[str, str]:
    """What the page's own script is answered."""
    script = f"import('/static/forms.js').then((forms) => forms.send({json.dumps(path)}, {json.dumps(body)}))"
    answer: dict[str, str] = await page.run(script)
    return answer


async def test_from_the_first_link_to_the_second_factor_and_out(first: tuple[Desk, Page, str]) -> None:
    """The set-up makes the admin; the next login asks for the code; a wrong one is said; out is out."""
    _, page, url = first
    await page.open(url)
    await page.until("document.querySelector('form [name=username]') !== null")
    await fill(page, "form", username="ada", password="short")
    await page.until("document.querySelector('.answer').textContent !== ''")
    await fill(page, "form", username="ada", password=PASSWORD)
    await page.until(LIVE)
    assert await page.run("location.pathname + location.hash") == "/"
    begun = await sent(page, "/api/v1/me/second_factor", {"password": PASSWORD})
    codes = pyotp.TOTP(begun["secret"])
    written = await sent(page, "/api/v1/me/second_factor/confirm", {"code": codes.now()})
    await page.run("document.querySelector('[data-post=\"/logout\"]').click(); true")
    await page.until("document.querySelector('#login') !== null")
    await fill(page, "#login", username="ada", password="wrong horse")
    await page.until("document.querySelector('#login .answer').textContent !== ''")
    await fill(page, "#login", username="ada", password=PASSWORD)
    await page.until("!document.querySelector('#otp').hidden")
    await fill(page, "#login", otp=written["recovery"][0])
    await page.until(LIVE)
    assert not [problem for problem in page.problems if "401" not in problem and "422" not in problem]


async def test_a_page_that_asked_for_the_login_is_opened_after_it(first: tuple[Desk, Page, str]) -> None:
    """Whoever follows a bookmark lands where it leads."""
    desk, page, url = first
    assert desk.ask("POST", "/setup", {"key": url.partition("#")[2], "username": "ada", "password": PASSWORD},
                    headers={"Origin": desk.url})[0] == 200  # fmt: skip
    await page.open(f"{desk.url}/console")
    await page.until("document.querySelector('#login') !== null")
    await fill(page, "#login", username="ada", password=PASSWORD)
    await page.until(LIVE)
    assert await page.run("location.pathname") == "/console"
    told = await sent(page, "/api/v1/commands", {"text": "/dashboard"})
    link = str(told["notices"][0]["text"]).split()[-1]  # type: ignore[index] # JSON
    await page.run("document.querySelector('[data-post=\"/logout\"]').click(); true")
    await page.until("document.querySelector('#login') !== null")
    await page.open(link)
    await page.until("document.querySelector('[data-path=\"/enter\"]') !== null")
    await fill(page, "form")
    await page.until(LIVE)
    assert await page.run("location.pathname") == "/"
