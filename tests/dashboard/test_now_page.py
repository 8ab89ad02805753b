"""Now: five questions, and what answers them."""

from __future__ import annotations

from typing import Any

from tests.dashboard.browsing import log_in, opened_page, parts_of
from tests.dashboard.conftest import SAMPLE, House

STUDY = "/tradingview-to-discord-study"
EXIT = {**SAMPLE, "message": "exit", "action": "sell"}


async def now(house: House) -> dict[str, str]:
    """The page's parts, for the owner."""
    return parts_of(await opened_page(house, "/", await log_in(house)))


async def test_an_empty_desk_says_so(house: House) -> None:
    """Nothing is held, nothing waits, nothing was earned; all is well, and Kill is there."""
    parts = await now(house)
    assert "Nothing is held" in parts["risk"]
    assert "Nothing waits" in parts["waits"]
    assert "No fills yet" in parts["today"]
    assert "all well" in parts["alive"]
    assert 'data-dialog="kill-dialog"' in parts["stop"]


async def test_what_is_at_risk_is_told_in_money(house: House) -> None:
    """Fifty coins at 40000 with a stop at 39800: 200 a coin would be lost, two million are held."""
    await house.trade()
    parts = await now(house)
    assert "10,000" in parts["risk"]
    assert "2,000,000" in parts["risk"]
    assert "all protected" in parts["risk"]
    assert "39,800" in parts["risk"]


async def test_what_waits_can_be_answered_here(house: House) -> None:
    """The newest proposal with its buttons and the version they answer."""
    await house.post(STUDY, SAMPLE, token=None)
    await house.settled()
    parts = await now(house)
    [proposal] = (await house.get("/api/v1/proposals")).data["items"]
    assert f"/api/v1/proposals/{proposal['id']}/answer" in parts["waits"]
    for word in ("Approve", "Half", "Edit", "Reject"):
        assert word in parts["waits"]
    assert '<b class="count">1</b>' in parts["waits"]


async def test_what_today_earned_is_what_was_closed_and_what_is_open(house: House) -> None:
    """Bought at 40000: open gains move with the market, and are realised once it is closed."""
    await house.trade()
    await house.post("/api/v1/demo/market", {"ticker": "BTCPERP", "bid": "40100", "ask": "40100.5"})
    parts = await now(house)
    open_before = parts["today"]
    assert "fills: 1" in open_before
    await house.post("/tradingview-to-webhook-order", {**EXIT, "price": "40100"}, token=None)
    await house.settled()
    parts = await now(house)
    by_side = {row["side"]: row for row in (await house.get("/api/v1/fills")).data["items"]}
    gain = (float(by_side["sell"]["price"]) - float(by_side["buy"]["price"])) * float(by_side["buy"]["quantity"])
    assert gain > 0
    assert f"+{gain:,.2f}" in parts["today"]
    assert "fills: 2" in parts["today"]
    assert "Nothing is held" in parts["risk"]


async def test_a_halt_is_on_top_and_can_be_lifted(house: House) -> None:
    """Who, why, and the button that arms again."""
    await house.post("/api/v1/commands", {"text": "/kill"})
    parts = await now(house)
    assert "HALTED by owner" in parts["halt"]
    assert 'data-command="/arm"' in parts["stop"]


async def test_a_viewer_can_neither_kill_nor_answer(house: House) -> None:
    """What one may not do is not offered."""
    await house.post(STUDY, SAMPLE, token=None)
    await house.settled()
    answer = await opened_page(house, "/", await log_in(house, "viewer-token"))
    assert 'id="kill"' not in answer.data
    assert "data-post=" not in parts_of(answer)["waits"]


async def test_another_persons_desk_is_not_told(house: House) -> None:
    """Neither accounts, nor trades, nor what waits."""
    await house.trade()
    await house.post(STUDY, SAMPLE, token=None)
    await house.settled()
    parts = parts_of(await opened_page(house, "/", await log_in(house, "ann-token")))
    assert "BTCPERP" not in "".join(parts.values())
    assert "Testing" not in "".join(parts.values())
    assert "fills: 0" in parts["today"]


async def test_a_script_in_a_name_stays_words(house: House) -> None:
    """Nothing that people or charts send becomes part of the page."""
    await house.post("/api/v1/commands", {"text": "/kill"})
    evil: dict[str, Any] = {**SAMPLE, "comment": "<script>alert(1)</script>"}
    await house.post("/tradingview-to-webhook-order", evil, token=None)
    await house.settled()
    answer = await opened_page(house, "/console", await log_in(house))
    assert "<script>alert" not in answer.data
