"""Proposals: what waits for a word, with all that a yes or no needs; what became of others, who said so and where."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dashboard.browsing import HTML, acting, log_in, opened_page, parts_of
from tests.dashboard.conftest import SAMPLE, Events, House

STUDY = "/tradingview-to-discord-study"


async def parts(house: House, token: str = "owner-token", query: str = "") -> dict[str, str]:
    return parts_of(await opened_page(house, f"/proposals{query}", await log_in(house, token)))


async def proposed(house: House, **changes: str) -> dict[str, Any]:
    """The newest proposal, made by a chart's study alert."""
    assert (await house.post(STUDY, {**SAMPLE, **changes}, token=None)).status == 200
    await house.settled()
    newest: dict[str, Any] = (await house.get("/api/v1/proposals?limit=1")).data["items"][0]
    return newest


async def test_an_empty_page_says_what_to_do(house: House) -> None:
    """Where proposals come from, and where to set that."""
    shown = await parts(house)
    assert "Nothing waits for a word" in shown["waiting"]
    assert 'href="/links"' in shown["waiting"]


async def test_a_card_has_all_that_a_yes_or_no_needs(house: House) -> None:
    """Side, pieces, price, market, stop, target, risk, checks, its time, its chart, and the buttons of the chats."""
    proposal = await proposed(house)
    waiting = (await parts(house))["waiting"]
    for words in ("BTCPERP", "40,000", "39,800", "41,000", "Checks passed: ", "expires in", "market now", ">PAPER<"):
        assert words in waiting
    for word in ("Approve", "Half", "Edit", "Market now", "Snooze", "Reject"):
        assert word in waiting
    assert f'data-proposal="{proposal["id"]}" data-version="1"' in waiting
    assert f"/api/v1/charts/BTCPERP?proposal={proposal['id']}" in waiting


async def test_a_check_that_failed_is_in_words(house: House) -> None:
    """Why it would be refused stands on the card."""
    await proposed(house, price="45000", **{"long SL": "44000", "long TP": "47000"})
    waiting = (await parts(house))["waiting"]
    assert '<li class="wrong"' in waiting


async def test_what_was_answered_says_who_and_where(demo: House) -> None:
    """The card goes, and stands below with its outcome, the person and the surface; the stream shows it."""
    proposal = await proposed(demo)
    page = await opened_page(demo, "/proposals")
    headers = {"Cookie": acting(demo, page)["Cookie"]}
    async with demo.session.get(f"{demo.url}/events?page=proposals", headers=headers) as response:
        events = Events(response.content)
        assert proposal["id"] in (await events.news())["waiting"]
        body = {"version": 1, "action": "reject", "reason": "<b>too late</b>"}
        path = f"/api/v1/proposals/{proposal['id']}/answer"
        assert (await demo.post(path, body, None, headers=acting(demo, page))).status == 200
        news: dict[str, Any] = {}
        while not {"waiting", "over"} <= news.keys():
            news |= await events.news()
    assert proposal["id"] not in news["waiting"]
    for words in (">rejected</span>", "owner", "on dashboard", "&lt;b&gt;too late&lt;/b&gt;"):
        assert words in news["over"]


async def test_a_moved_price_tells_which_may_be_taken(house: House) -> None:
    """428 with the price in its answer; sent back as accept_price it is taken."""
    proposal = await proposed(house)
    await house.post("/api/v1/demo/market", {"ticker": "BTCPERP", "bid": "40400", "ask": "40400.5"})
    path = f"/api/v1/proposals/{proposal['id']}/answer"
    moved = await house.post(path, {"version": 1, "action": "approve"})
    assert (moved.status, moved.data["error"]["code"]) == (428, "price_moved")
    assert moved.data["error"]["price"] == "40400.5"
    taken = await house.post(path, {"version": 1, "action": "approve", "accept_price": moved.data["error"]["price"]})
    assert (taken.status, taken.data["state"]) == (200, "approved")


async def test_expired_shows_by_itself(house: House) -> None:
    """Its time over, the card is gone and the table says so."""
    await proposed(house)
    await house.post("/api/v1/demo/clock", {"advance_s": 301})
    shown = await parts(house)
    assert "Nothing waits" in shown["waiting"]
    assert ">expired</span>" in shown["over"]


async def test_an_edit_shows_what_it_changed(house: House) -> None:
    """Old and new, and the version that further answers name."""
    proposal = await proposed(house)
    body = {"version": 1, "action": "edit", "changes": {"stop": "39700"}}
    assert (await house.post(f"/api/v1/proposals/{proposal['id']}/answer", body)).status == 200
    waiting = (await parts(house))["waiting"]
    assert 'data-version="2"' in waiting
    assert '<s class="num">39800</s> → <b class="num">39700</b>' in waiting


async def test_what_a_chart_sends_never_becomes_a_script(house: House) -> None:
    """A picture's address that is no web address is left out; the rest is escaped."""
    await proposed(house, chart_url="javascript:alert(1)", comment="<script>alert(1)</script>")
    page = (await parts(house))["waiting"]
    assert "javascript:" not in page
    assert "<script" not in page


async def test_who_may_not_answer_sees_no_buttons_and_others_see_nothing(house: House) -> None:
    """A trader's page has no buttons; another owner's has no card."""
    await proposed(house)
    for token in ("viewer-token", "ann-token"):
        shown = await parts(house, token)
        assert "BTCPERP" not in shown["waiting"] + shown["over"]
        assert "data-answer" not in shown["waiting"]


@pytest.mark.parametrize("query", ["?after=no-number", "?after=-1", "?after=" + "9" * 300, "?after=%F0%9F%98%80"])
async def test_a_page_that_there_is_not_is_refused_in_words(house: House, query: str) -> None:
    """422 as a page, without a trace."""
    answer = await house.get(f"/proposals{query}", None, headers={**HTML, **await log_in(house)})
    assert answer.status == 422
    assert "is not the `next` of a page" in answer.data
    assert "Traceback" not in answer.data
