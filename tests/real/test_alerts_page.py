"""The hub's screen in a real browser (behaviour.md 3.6)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.process import Desk, demo
from tests.real.chromium import Page, chromium

pytestmark = pytest.mark.real

LIVE = "document.querySelector('#link.live') !== null"
ROWS = "[...document.querySelectorAll('#signals tbody tr')].filter((row) => !row.hidden)"
SHOWN = f"{ROWS}.map((row) => [row.children[1].textContent, row.dataset.state])"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    with demo(tmp_path / "d") as desk:
        yield desk


@pytest.fixture
async def page(tmp_path: Path, desk: Desk) -> AsyncIterator[Page]:
    """Alerts, and its stream is open."""
    async with chromium(tmp_path / "profile") as page:
        await page.open(f"{desk.url}/alerts")
        await page.until(LIVE)
        yield page


def signal(symbol: str, direction: str = "buy", age_s: float = 60, **changes: Any) -> dict[str, Any]:
    at = datetime.now(UTC) - timedelta(seconds=age_s)
    usual = {"id": 3, "name": "Cycle", "symbol": symbol, "interval": 5, "direction": direction, "price": 10}
    return {**usual, "timestamp": f"{at:%Y-%m-%dT%H:%M:%SZ}", **changes}


async def send(desk: Desk, *signals: dict[str, Any]) -> None:
    for body in signals:
        status, answer = await asyncio.to_thread(desk.ask, "POST", "/api/v1/alerts", body)
        assert status == 201, answer


async def shown(page: Page, *rows: tuple[str, str]) -> None:
    """Wait until the screen shows these symbols with these states, and no others."""
    wanted = json.dumps([list(row) for row in rows])
    await page.until(f"JSON.stringify({SHOWN}) === JSON.stringify({wanted})")


async def fill(page: Page, form: str, **values: str) -> None:
    """Type into a form, and send it."""
    for name, value in values.items():
        await page.run(f"document.querySelector('#{form} [name={name}]').value = {json.dumps(value)}; true")
    await page.run(f"document.getElementById('{form}').requestSubmit(); true")


async def test_tv_30_newest_first_ten_at_most_and_a_line_where_there_are_none(page: Page, desk: Desk) -> None:
    """As they come, without a reload."""
    assert "No alerts on the hub yet" in await page.run("document.querySelector('#signals .none').textContent")
    await send(desk, *(signal(f"MOEX:T{n}", age_s=300 - n) for n in range(12)))
    await shown(page, *((f"MOEX:T{n}", "active") for n in range(11, 1, -1)))
    assert await page.run("document.querySelector('#signals .none').hidden")
    assert page.problems == []


async def test_tv_31_32_37_closed_repeated_and_four_colours(page: Page, desk: Desk) -> None:
    """A close turns its row orange and adds none; what is repeated is one row; the legend's colours are the rows'."""
    repeated = signal("MOEX:GAZP", "sell")
    await send(desk, signal("MOEX:SBER"), repeated, {**repeated, "price": 11}, signal("MOEX:LKOH"))
    await send(desk, signal("MOEX:SBER", "Close entry(s) order long"), signal("MOEX:OLD", age_s=3600))
    await shown(
        page, ("MOEX:OLD", "outdated"), ("MOEX:LKOH", "active"), ("MOEX:GAZP", "active"), ("MOEX:SBER", "closed")
    )
    colour = "(element, what, of) => getComputedStyle(element, of)[what]"
    legend = await page.run(
        "[...document.querySelectorAll('.legend li')].map((item) => "
        f"[item.className, ({colour})(item, 'backgroundColor', '::before')])"
    )
    assert [name for name, _ in legend] == ["sell", "buy", "closed", "outdated"]
    assert len({shade for _, shade in legend}) == 4
    by_name = dict(legend)
    marks = await page.run(f"{ROWS}.map((row) => ({colour})(row.firstElementChild, 'boxShadow'))")
    for mark, name in zip(marks, ("outdated", "buy", "sell", "closed"), strict=True):
        assert by_name[name] in mark


async def test_tv_33_a_row_becomes_outdated_by_itself_and_a_closed_one_stays_closed(page: Page, desk: Desk) -> None:
    """Looked at every second here; nothing comes from the desk meanwhile."""
    await fill(page, "signals-form", refresh="1", timeout="2", show="10")
    await send(desk, signal("MOEX:SBER", age_s=116), signal("MOEX:GAZP", age_s=116))
    await send(desk, signal("MOEX:GAZP", "close", age_s=100))
    await shown(page, ("MOEX:GAZP", "closed"), ("MOEX:SBER", "active"))
    await shown(page, ("MOEX:GAZP", "closed"), ("MOEX:SBER", "outdated"))
    assert await page.run(f"{ROWS}[1].querySelector('.said').textContent") == "outdated"


async def test_tv_34_the_connection_is_told_and_mends_itself(tmp_path: Path) -> None:
    """A red border and a notice while the desk is away; both go when it is back, and what came meanwhile is there."""
    away = "getComputedStyle(document.querySelector('#signals .away')).display !== 'none'"
    with demo(tmp_path / "d") as desk:
        port = desk.url.rpartition(":")[2]
        async with chromium(tmp_path / "profile") as page:
            await page.open(f"{desk.url}/alerts")
            await page.until(LIVE)
            assert not await page.run(away)
            before = await page.run("getComputedStyle(document.getElementById('signals')).borderColor")
            await asyncio.to_thread(desk.kill)
            await page.until(away)
            assert await page.run("getComputedStyle(document.getElementById('signals')).borderColor") != before
            with demo(tmp_path / "d", "--port", port) as again:
                await send(again, signal("MOEX:SBER"))
                await page.until(LIVE)
                assert not await page.run(away)
                await shown(page, ("MOEX:SBER", "active"))


async def test_tv_35_settings_outlive_a_reload_and_reset_brings_back_the_usual(page: Page, desk: Desk) -> None:
    """What is no number of one or two digits is refused; Reset clears the rows as well, and they can be had again."""
    await send(desk, *(signal(f"MOEX:T{n}", age_s=300 - n) for n in range(3)))
    await page.until(f"{ROWS}.length === 3")
    for wrong in ("0", "100", "x", ""):
        await fill(page, "signals-form", show=wrong)
        assert "1 to 99" in await page.run("document.querySelector('#signals-form .answer').textContent")
    await fill(page, "signals-form", show="2", timeout="30", refresh="7")
    await page.until(f"{ROWS}.length === 2")
    await page.open(f"{desk.url}/alerts")
    await page.until(LIVE)
    await page.until(f"{ROWS}.length === 2")
    kept = "[...document.querySelectorAll('#signals-form input')].map((input) => input.value)"
    assert await page.run(kept) == ["2", "30", "7"]
    await page.run("document.getElementById('signals-reset').click(); true")
    await page.until(f"{ROWS}.length === 0")
    assert await page.run(kept) == ["10", "15", "5"]
    await page.open(f"{desk.url}/alerts")
    await page.until(LIVE)
    assert await page.run(f"{ROWS}.length") == 0
    await page.run("document.getElementById('signals-earlier').click(); true")
    await page.until(f"{ROWS}.length === 3")


async def test_tv_36_developers_send_json_and_bad_json_is_told(page: Page, desk: Desk) -> None:
    """Too little, no JSON, what the hub cannot use, each in words; the example goes through and appears."""
    answer = "document.querySelector('#signals-send .answer').textContent"

    async def attempt(text: str) -> None:
        await page.run(f"document.getElementById('signals-json').value = {json.dumps(text)}; true")
        await page.run("document.getElementById('signals-send').requestSubmit(); true")

    example = await page.run("document.getElementById('signals-json').value")
    await attempt("{}")
    assert "Five characters" in await page.run(answer)
    await attempt("{'id': 1}")
    assert "not JSON" in await page.run(answer)
    await page.until("document.querySelector('.toast.error') !== null")
    await attempt('{"id": "x", "name": "n"}')
    await page.until(f"{answer}.startsWith('id must')")
    await attempt(example)
    await shown(page, ("BYBIT:BTCPERP", "active"))
