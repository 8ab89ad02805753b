"""A person's word on a proposal, over HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.dashboard.conftest import SAMPLE, House

STUDY = "/tradingview-to-discord-study"


async def proposed(house: House, **changes: Any) -> dict[str, Any]:
    """The proposal that a study alert makes."""
    answer = await house.post(STUDY, {**SAMPLE, **changes}, token=None)
    assert answer.status == 200, answer.data
    await house.settled()
    listed = await house.get("/api/v1/proposals")
    found: dict[str, Any] = listed.data["items"][0]
    return found


async def say(house: House, proposal: dict[str, Any], action: str, **more: Any) -> Any:
    body = {"version": proposal["version"], "action": action, **more}
    return await house.post(f"/api/v1/proposals/{proposal['id']}/answer", body)


async def test_a_study_alert_waits_for_a_word(house: House) -> None:
    """It becomes an open proposal with its checks and its risk; no order leaves before somebody says so."""
    proposal = await proposed(house)
    assert (proposal["state"], proposal["version"]) == ("open", 1)
    assert all(check["ok"] for check in proposal["checks"])
    assert proposal["risk"] is not None
    assert (await house.get("/api/v1/orders")).data["items"] == []
    alert = (await house.get("/api/v1/alerts")).data["items"][0]
    assert alert["proposal_id"] == proposal["id"]


async def test_a_check_that_fails_is_told_in_figures(house: House) -> None:
    """The card and the list say how far away the price is."""
    proposal = await proposed(house, type="limit", price="30000", **{"long SL": "29000"})
    [collar] = [check for check in proposal["checks"] if not check["ok"]]
    assert collar["text"].startswith("30000 is 25 % away")
    [card] = [n for n in (await house.get("/api/v1/notices")).data["items"] if n["key"] == "proposal.open"]
    assert collar["text"] in card["text"]


async def test_approving_sends_the_order(house: House) -> None:
    """200 the proposal, with who said it and the orders it led to; the chain of causes names alert and proposal."""
    proposal = await proposed(house)
    answer = await say(house, proposal, "approve")
    assert (answer.status, answer.data["state"], answer.data["answered_by"]) == (200, "approved", "owner")
    entry = next(o for o in (await house.get("/api/v1/orders")).data["items"] if o["role"] == "entry")
    assert entry["id"] in answer.data["order_ids"]
    assert [cause["kind"] for cause in entry["because"]] == ["alert", "proposal", "person"]
    assert entry["quantity"] == proposal["quantity"]


async def test_half_is_half_the_pieces(house: House) -> None:
    """Rounded down to the step."""
    proposal = await proposed(house)
    answer = await say(house, proposal, "half")
    assert float(answer.data["quantity"]) == pytest.approx(float(proposal["quantity"]) / 2, abs=0.001)


async def test_an_edit_is_a_new_version(house: House) -> None:
    """LE-35: limit changed to market is honoured; the old version is refused with 409 then."""
    proposal = await proposed(house, type="limit")
    edited = await say(house, proposal, "edit", changes={"type": "market", "quantity": "0.1"})
    assert (edited.status, edited.data["version"], edited.data["type"]) == (200, 2, "market")
    old = await say(house, proposal, "approve")
    assert (old.status, old.data["error"]["code"]) == (409, "old_version")
    done = await say(house, edited.data, "approve")
    entry = next(o for o in (await house.get("/api/v1/orders")).data["items"] if o["role"] == "entry")
    assert done.data["state"] == "approved"
    assert (entry["type"], entry["quantity"]) == ("market", "0.1")


async def test_a_second_answer_is_409(house: House) -> None:
    """The first valid answer wins and the others are told who it was."""
    proposal = await proposed(house)
    assert (await say(house, proposal, "reject", reason="no")).data["state"] == "rejected"
    late = await say(house, proposal, "approve")
    assert (late.status, late.data["error"]["code"]) == (409, "answered")
    assert (await house.get("/api/v1/orders")).data["items"] == []


async def test_a_hundred_clicks_make_one_order(house: House) -> None:
    """One compare-and-set: one 200, ninety-nine 409, one entry."""
    proposal = await proposed(house)
    answers = await asyncio.gather(*(say(house, proposal, "approve") for _ in range(100)))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 99
    orders = (await house.get("/api/v1/orders")).data["items"]
    assert len([o for o in orders if o["role"] == "entry"]) == 1


async def test_time_over_is_no(house: House) -> None:
    """It shows as expired by itself, and answering is 410."""
    proposal = await proposed(house)
    await house.post("/api/v1/demo/clock", {"advance_s": 301})
    shown = await house.get(f"/api/v1/proposals/{proposal['id']}")
    late = await say(house, proposal, "approve")
    assert shown.data["state"] == "expired"
    assert (late.status, late.data["error"]["code"]) == (410, "expired")


async def test_snoozing_gives_more_time(house: House) -> None:
    """A snoozed proposal outlives its first expiry and can still be approved."""
    proposal = await proposed(house)
    snoozed = await say(house, proposal, "snooze")
    await house.post("/api/v1/demo/clock", {"advance_s": 301})
    await house.post("/api/v1/demo/market", {"ticker": "BTCPERP", "bid": "39999", "ask": "40001"})
    assert snoozed.data["state"] == "snoozed"
    assert (await say(house, snoozed.data, "approve")).data["state"] == "approved"


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"version": 1, "action": "sing"}, 422, "action"),
        ({"version": "x", "action": "approve"}, 422, "version"),
        ({"action": "approve"}, 422, "version"),
        ({"version": 1, "action": "edit", "changes": {"stop": "50000"}}, 422, "stop"),
        ({"version": 1, "action": "edit", "changes": {"quantity": "0"}}, 422, "quantity"),
        ({"version": 1, "action": "edit", "changes": {"colour": "red"}}, 422, "colour"),
        ({"version": 1, "action": "edit", "changes": [1]}, 422, "changes"),
        ([], 422, None),
    ],
)
async def test_answers_that_make_no_sense_are_422(house: House, body: Any, status: int, field: str | None) -> None:
    """The field is named and the proposal stays open."""
    proposal = await proposed(house)
    answer = await house.post(f"/api/v1/proposals/{proposal['id']}/answer", body)
    assert (answer.status, answer.data["error"]["field"]) == (status, field)
    assert (await house.get(f"/api/v1/proposals/{proposal['id']}")).data["state"] == "open"


async def test_an_unknown_proposal_is_404(house: House) -> None:
    """Whoever asks."""
    answer = await house.post("/api/v1/proposals/nothing/answer", {"version": 1, "action": "approve"})
    assert answer.status == 404


async def test_a_trader_may_not_approve_their_own(house: House) -> None:
    """Approving needs the role approver."""
    proposal = await proposed(house)
    body = {"version": 1, "action": "approve"}
    answer = await house.post(f"/api/v1/proposals/{proposal['id']}/answer", body, token="ann-token")
    assert answer.status in {403, 404}
    assert (await house.get("/api/v1/orders")).data["items"] == []


async def test_commands_tell_what_the_api_did(house: House) -> None:
    """`/proposals` lists it, `/why` tells alert, proposal and person."""
    proposal = await proposed(house)
    await say(house, proposal, "approve")
    told = await house.post("/api/v1/commands", {"text": "/proposals"})
    entry = next(o for o in (await house.get("/api/v1/orders")).data["items"] if o["role"] == "entry")
    why = await house.post("/api/v1/commands", {"text": f"/why {entry['id']}"})
    assert proposal["id"] in told.data["notices"][0]["text"]
    assert proposal["id"] in why.data["notices"][0]["text"]
