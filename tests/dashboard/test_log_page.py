"""Log: what was said, one intent's whole life, and the audit trail with its chain."""

from __future__ import annotations

import re
import sqlite3
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.dashboard.browsing import log_in, opened_page, parts_of
from tests.dashboard.conftest import SAMPLE, Answer, House

STUDY = "/tradingview-to-discord-study"


async def log(house: House, query: str = "", token: str = "owner-token") -> Answer:
    return await opened_page(house, f"/log{query}", await log_in(house, token))


async def life(house: House, asked: str) -> str:
    """The timeline's words, tags left out."""
    part = parts_of(await log(house, f"?id={asked}"))["life"]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", part)).split())


async def send(house: House, route: str = "/tradingview-to-webhook-order", **changes: Any) -> str:
    answer = await house.post(route, {**SAMPLE, **changes}, token=None)
    await house.settled()
    return str(answer.data["alert_id"])


def in_order(text: str, *words: str) -> bool:
    """Whether the words stand in the text in this order."""
    at = 0
    for word in words:
        at = text.find(word, at) + 1
        if not at:
            return False
    return True


async def test_an_empty_log_says_what_to_do_next(house: House) -> None:
    """For who owns nothing yet."""
    assert "Run /status" in parts_of(await log(house, token="ann-token"))["list"]


async def test_notices_are_filtered_by_kind_and_words(house: House) -> None:
    """Each row leads to the life that it belongs to."""
    alert = await house.trade()
    shown = parts_of(await log(house))["list"]
    assert "buy 50 BTCPERP" in shown
    assert f"/log?id={alert}" in shown
    only = parts_of(await log(house, "?q=btcperp&kind=info"))["list"]
    assert "entry, Testing" in only
    assert "The desk is open" not in only
    assert "Nothing fits" in parts_of(await log(house, "?q=nosuchword"))["list"]


async def test_ao_38_an_alerts_chain_is_told_in_its_order(house: House) -> None:
    """Alert, queued, the orders with the stop first, the fill, the target; and the exit that ended it."""
    alert = await house.trade()
    told = await life(house, alert)
    assert in_order(told, "Alert", "queued", "Order · entry", "Order · stop", "OPEN", "FILLED", "Fill · entry", "50")
    assert in_order(told, "Fill · entry", "Order · target", "INTENDED", "OPEN")
    await house.post("/api/v1/demo/market", {"ticker": "BTCPERP", "bid": "39790", "ask": "39790.5"})
    await house.settled()
    told = await life(house, alert)
    assert in_order(told, "Fill · entry", "Order · stop", "FILLED", "Fill · stop", "sell 50")
    assert "closed" in told


async def test_every_id_of_a_life_leads_to_the_whole_of_it(house: House) -> None:
    """Its order, its fill and its position tell what its alert tells."""
    alert = await house.trade()
    [fill] = (await house.get("/api/v1/fills")).data["items"]
    [position] = (await house.get("/api/v1/positions")).data["items"]
    whole = await life(house, alert)
    for asked in (fill["id"], fill["order_id"], position["id"]):
        assert await life(house, asked) == whole


async def test_a_proposal_is_told_with_its_checks_and_its_answer(house: House) -> None:
    """Who said what, between the alert and the orders."""
    alert = await send(house, STUDY)
    [proposal] = (await house.get("/api/v1/proposals")).data["items"]
    await house.post(
        f"/api/v1/proposals/{proposal['id']}/answer",
        {"version": proposal["version"], "action": "half", "reason": "<b>small</b>"},
    )
    await house.settled()
    told = await life(house, alert)
    assert in_order(told, "Alert", "Proposal", "approved", "Checks", "Answer", "half", "owner", "Order · entry", "Fill")
    assert "<b>small</b>" not in (await log(house, f"?id={alert}")).data
    assert await life(house, proposal["id"]) == told


async def test_a_refusal_is_told_with_its_words(house: House) -> None:
    """The code on top, what it means below."""
    await house.post("/api/v1/commands", {"text": "/kill"})
    told = await life(house, await send(house))
    assert "refused: halted" in told
    assert "Refused: halted" in told


async def test_a_task_has_a_life_too(house: House) -> None:
    """Who began it, and its orders."""
    await house.post("/api/v1/commands", {"text": "/buy 20 SBER @Testing"})
    await house.settled()
    [task] = (await house.get("/api/v1/tasks")).data["items"]
    told = await life(house, task["id"])
    assert in_order(told, "buy SBER", "Task", "started", "owner", "Order · task", "OPEN")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?kind=nosuch", 422),
        ("?after=nosuch", 422),
        ("?show=nosuch", 422),
        ("?show=audit&after=-1", 422),
        (f"?q={'x' * 101}", 422),
        ("?id=nosuch", 404),
        ("?id=%3Cscript%3Ealert(1)%3C/script%3E", 404),
    ],
)
async def test_a_query_that_cannot_be_is_a_clear_page(house: House, query: str, status: int) -> None:
    """With words and without a trace."""
    answer = await log(house, query)
    assert answer.status == status
    assert "Traceback" not in answer.data
    assert "alert(1)" not in answer.data


async def test_nobody_reads_what_is_anothers(house: House) -> None:
    """Neither rows nor a life by its id; and the trail is for admins."""
    alert = await house.trade()
    assert "BTCPERP" not in (await log(house, token="ann-token")).data
    assert (await log(house, f"?id={alert}", "ann-token")).status == 404
    page = await log(house, "?show=audit", "ann-token")
    assert page.status == 403
    assert "Audit trail" not in (await log(house, token="ann-token")).data
    assert (await house.get("/api/v1/audit", "ann-token")).status == 403


async def test_the_trail_tells_who_did_what(house: House) -> None:
    """Numbered, newest first, each row with its hash; looked through by words."""
    await house.trade()
    await house.post("/api/v1/commands", {"text": "/why <b>now</b>"})
    shown = parts_of(await log(house, "?show=audit"))["list"]
    assert "order.filled" in shown
    assert "&lt;b&gt;now&lt;/b&gt;" in shown
    [newest, *_] = (await house.get("/api/v1/log")).data["items"]
    assert newest["hash"] in shown
    only = parts_of(await log(house, "?show=audit&q=order.filled"))["list"]
    assert "order.filled" in only
    assert "order.sent" not in only


async def test_the_chain_is_read_through(house: House, tmp_path: Path) -> None:
    """Whole as the desk wrote it; a row changed behind its back is named."""
    await house.trade()
    said = (await house.get("/api/v1/audit")).data
    assert (said["whole"], said["first_misfit"]) == (True, None)
    assert said["rows"] > 3
    with sqlite3.connect(tmp_path / "desk.sqlite3") as db:
        triggers = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in triggers:
            db.execute(f"DROP TRIGGER {name}")
        db.execute("UPDATE audit SET actor = 'nobody' WHERE rowid = 2")
    said = (await house.get("/api/v1/audit")).data
    assert (said["whole"], said["first_misfit"]) == (False, 2)
