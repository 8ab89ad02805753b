"""Console: what may be typed, what was said, and the hand on a still market."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from core.values.people import owner_person
from dashboard.board import DemoControls
from openoutcry.controls import Puppeteer
from tests.dashboard.browsing import acting, log_in, opened_page, parts_of
from tests.dashboard.conftest import SAMPLE, House, opened

MARKET, CLOCK, FAULTS = "/api/v1/demo/market", "/api/v1/demo/clock", "/api/v1/demo/faults"


def commands(page: str) -> list[str]:
    return re.findall(r'<button type="button" data-usage="(/\w+)', page)


async def test_every_command_of_the_table_is_offered_by_role(house: House) -> None:
    """With its usage and its help; a viewer is not offered what they may not run."""
    page = (await opened_page(house, "/console", await log_in(house))).data
    table = house.board.console.commands
    assert commands(page) == [f"/{c.name}" for c in table if not c.hidden]
    seen = commands((await opened_page(house, "/console", await log_in(house, "viewer-token"))).data)
    assert "/status" in seen
    assert "/buy" not in seen


async def test_answers_with_buttons_can_be_pressed_later(house: House) -> None:
    """A card of the list keeps its buttons; of those that show one thing, the last stands."""
    await house.post("/api/v1/commands", {"text": "/buy 20 SBER @Testing"})
    await house.settled()
    notices = parts_of(await opened_page(house, "/console", await log_in(house)))["notices"]
    assert "buy SBER" in notices
    assert len(re.findall(r'data-post="/api/v1/actions/\w+"', notices)) == 2
    assert notices.count("buy SBER (Testing)") == 1


async def test_a_newcomer_is_offered_the_sample(demo: House, tmp_path: Path) -> None:
    """Where there is one; not to who may not trade."""
    assert 'id="sample"' in (await opened_page(demo, "/console")).data
    async with opened(tmp_path / "other") as house:
        assert 'id="sample"' not in (await opened_page(house, "/console", await log_in(house))).data


async def test_a_still_market_is_moved_from_here(demo: House) -> None:
    """Book and clock by the routes that the page names."""
    page = await opened_page(demo, "/console")
    assert f'data-post="{MARKET}"' in page.data
    assert page.data.count(f'data-post="{CLOCK}"') == 3
    headers = acting(demo, page)
    before = demo.engine.clock.now()
    moved = await demo.post(CLOCK, {"advance_s": 3600}, token=None, headers=headers)
    assert moved.status == 200
    assert (demo.engine.clock.now() - before).total_seconds() >= 3600
    book = {"ticker": "SBER", "bid": "310", "ask": "310.01"}
    assert (await demo.post(MARKET, book, token=None, headers=headers)).status == 200


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        (MARKET, {"ticker": "NOSUCH", "bid": "1", "ask": "2"}, 404, "ticker"),
        (MARKET, {"ticker": "SBER", "bid": "2", "ask": "1"}, 422, "bid"),
        (MARKET, {"ticker": "SBER", "bid": "much", "ask": "1"}, 422, "bid"),
        (CLOCK, {"advance_s": "long"}, 422, "advance_s"),
        (FAULTS, {"next": "nosuch", "count": "1"}, 422, "next"),
        (FAULTS, {"next": "refuse", "count": "0"}, 422, "count"),
    ],
)
async def test_what_cannot_be_is_told_beside_its_field(
    demo: House, path: str, body: dict[str, Any], status: int, field: str
) -> None:
    """The field is named as the form has it."""
    page = await opened_page(demo, "/console")
    answer = await demo.post(path, body, token=None, headers=acting(demo, page))
    assert (answer.status, answer.data["error"]["field"]) == (status, field)


async def test_trouble_is_chosen_from_what_there_is(tmp_path: Path) -> None:
    """In words, sent by name."""
    async with opened(tmp_path, open_pages=owner_person("dashboard")) as house:
        hands = Puppeteer(house.engine.desk, house.engine.market, house.engine.clock, house.engine.lanes)
        controls = DemoControls(hands.move, hands.advance, hands.script, ("refuse", "strange"))
    async with opened(tmp_path / "again", open_pages=owner_person("dashboard"), demo=controls) as house:
        page = await opened_page(house, "/console")
        assert '<option value="refuse">refuses the order</option>' in page.data
        assert '<option value="strange">strange</option>' in page.data


async def test_who_may_not_trade_moves_nothing(house: House) -> None:
    """Neither forms nor buttons of the market."""
    page = await opened_page(house, "/console", await log_in(house, "viewer-token"))
    assert "/api/v1/demo/" not in page.data


async def test_what_people_type_stays_words(demo: House) -> None:
    """Also in what the desk answers to it."""
    page = await opened_page(demo, "/console")
    text = "/why <script>alert(1)</script>"
    await demo.post("/api/v1/commands", {"text": text}, token=None, headers=acting(demo, page))
    await demo.post("/tradingview-to-webhook-order", {**SAMPLE, "message": "<script>alert(2)</script>"}, token=None)
    await demo.settled()
    assert "<script>alert" not in (await opened_page(demo, "/console")).data
