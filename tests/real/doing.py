"""What a person does on a page: press, type, send, read."""

from __future__ import annotations

import json

from tests.real.chromium import Page

LIVE = "document.querySelector('#link.live') !== null"


async def visit(page: Page, url: str, width: int = 1280) -> None:
    """Open a page and wait until it follows the desk."""
    await page.open(url, width=width)
    await page.until(LIVE)


async def press(page: Page, selector: str) -> None:
    """Once it is there."""
    found = f"document.querySelector({json.dumps(selector)})"
    await page.until(f"{found} !== null")
    await page.run(f"{found}.click(); true")


async def type_into(page: Page, selector: str, text: str) -> None:
    """As typed: whoever listens hears of it."""
    await page.run(
        f"(() => {{ const field = document.querySelector({json.dumps(selector)}); field.focus();"
        f" field.value = {json.dumps(text)}; field.dispatchEvent(new Event('input', {{ bubbles: true }}));"
        " field.dispatchEvent(new Event('change', { bubbles: true })); return true; })()"
    )


async def key(page: Page, name: str) -> None:
    """A press of a key where the focus is."""
    for kind in ("keyDown", "keyUp"):
        await page.call("Input.dispatchKeyEvent", type=kind, key=name, code=name)


async def shows(page: Page, selector: str, words: str) -> None:
    """Wait until the words stand there."""
    await page.until(f"(document.querySelector({json.dumps(selector)})?.innerText ?? '').includes({json.dumps(words)})")


async def send(page: Page, form: str) -> None:
    await page.run(f"document.querySelector({json.dumps(form)}).requestSubmit(); true")
