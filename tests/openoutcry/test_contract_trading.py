"""CONTRACT sections 2, 4 and 5 where money moves, a sentence a test, held from outside."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.process import Desk, demo


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with demo(tmp_path / "d") as desk:
        yield desk


def take(desk: Desk, **changes: object) -> dict[str, Any]:
    """Send the sample with changes; its row once nothing is left to do about it."""
    status, answer = desk.alert(**changes)
    assert status == 200, answer
    rows = desk.wait_for("alerts", lambda rows: all(row["done"] for row in rows))
    return {**answer, "row": next(row for row in rows if row["id"] == answer["alert_id"])}


def refusals(desk: Desk, alert_id: str) -> list[str]:
    notices = [n for n in desk.items("notices") if f"alert:{alert_id}" in n["about"] and n["kind"] == "refused"]
    return [notice["params"]["code"] for notice in notices]


def move_clock(desk: Desk, seconds: float) -> None:
    assert desk.ask("POST", "/api/v1/demo/clock", {"advance_s": seconds})[0] == 200


def test_an_old_entry_is_stale_reported_not_traded(desk: Desk) -> None:
    """By its own time; an exit of that age goes through; one without a time is never stale."""
    at = datetime.fromisoformat(desk.items("notices")[-1]["at"]) - timedelta(seconds=90)
    said = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    old = take(desk, time=said)
    assert (old["status"], refusals(desk, old["alert_id"])) == ("stale", ["stale"])
    assert desk.items("orders") == []
    assert take(desk, time=said, message="exit")["status"] == "accepted"
    assert take(desk)["status"] == "accepted"


def test_equal_bodies_without_time_are_one_within_the_window(desk: Desk) -> None:
    """30 seconds of the first; afterwards it is another alert."""
    first, again = take(desk, message="told"), take(desk, message="told")
    assert (again["status"], again["alert_id"]) == ("duplicate", first["alert_id"])
    move_clock(desk, 31)
    assert take(desk, message="told")["status"] == "accepted"


def test_equal_bodies_with_an_id_are_one_for_thirty_days(desk: Desk) -> None:
    """On day 29 they are, on day 31 no longer."""
    first = take(desk, message="told", id="7")
    move_clock(desk, 29 * 86_400)
    assert take(desk, message="told", id="7")["alert_id"] == first["alert_id"]
    move_clock(desk, 2 * 86_400)
    assert take(desk, message="told", id="7")["status"] == "accepted"


def test_over_leverage_is_accepted_then_refused(desk: Desk) -> None:
    """200 accepted, then a notice of kind refused, no order row."""
    taken = take(desk, **{"long SL": "299.9"})
    assert (taken["status"], refusals(desk, taken["alert_id"])) == ("accepted", ["over_leverage"])
    assert desk.items("orders") == []


def test_while_halted_an_entry_is_refused_whole_and_exits_go_through(desk: Desk) -> None:
    """It does not flatten either."""
    take(desk)
    held = desk.wait_for("positions", lambda rows: rows and rows[0]["quantity"] == "830")
    desk.say("/kill")
    entry = take(desk, action="sell", **{"short SL": "312"})
    assert refusals(desk, entry["alert_id"]) == ["halted"]
    assert desk.items("positions")[0]["quantity"] == held[0]["quantity"]
    take(desk, message="exit")
    assert desk.items("positions") == []


def test_cancel_leaves_the_protective_stop_of_a_managed_position(desk: Desk) -> None:
    """/cancel all takes it too, after a press that says what would be naked."""
    take(desk)
    desk.wait_for("positions", lambda rows: rows and rows[0]["protected_by"] == "broker")
    desk.say("/cancel")
    live = [row["role"] for row in desk.items("orders") if row["state"] == "OPEN"]
    assert live == ["stop"]
    [asked] = desk.say("/cancel all")
    assert "SBER" in asked["text"]
    assert asked["kind"] == "confirm"


def test_a_new_entry_takes_the_place_of_one_that_waits(desk: Desk) -> None:
    """Two limit entries in a row: one is at work, with one stop."""
    take(desk, type="limit", price="298")
    take(desk, type="limit", price="297")
    live = [(row["role"], row["price"]) for row in desk.items("orders") if row["state"] == "OPEN"]
    assert sorted(live, key=str) == [("entry", "297"), ("stop", None)]


def test_a_fee_is_zero_unless_set(desk: Desk) -> None:
    """And the fill's price is the book's."""
    take(desk)
    [fill] = desk.wait_for("fills", lambda rows: rows)
    assert (fill["fee"], fill["price"]) == ("0", "300.01")


def test_why_tells_a_trade_from_the_id_of_its_fill(desk: Desk) -> None:
    """Alert, order and fill, times with Z."""
    taken = take(desk)
    [fill] = desk.wait_for("fills", lambda rows: rows)
    [told] = desk.say(f"/why {fill['id']}")
    assert taken["alert_id"] in told["text"]
    assert "fill 830 at 300.01" in told["text"]
    assert "+00:00" not in told["text"]


def test_a_reason_is_said_in_words_with_its_code(desk: Desk) -> None:
    """Nobody sells: the entry is rejected, and a newcomer understands why."""
    body = {"ticker": "SBER", "bid": "299.99", "ask": "300.01", "ask_size": "0"}
    assert desk.ask("POST", "/api/v1/demo/market", body)[0] == 200
    take(desk)
    said = desk.wait_for("notices", lambda rows: any(row["key"] == "order.rejected" for row in rows))
    text = next(row["text"] for row in said if row["key"] == "order.rejected")
    assert "There was nobody on the other side (no_liquidity)" in text


def test_proposals_expire_by_themselves_and_are_answered_once(tmp_path: Path) -> None:
    """409 answered or old version, 410 expired, 422 unknown action or no version, 404 unknown id."""
    with demo(tmp_path / "d", env={"OPENOUTCRY_WEBHOOK__APPROVAL": "ask"}) as desk:
        taken = take(desk)
        path = f"/api/v1/proposals/{taken['row']['proposal_id']}"
        approve = {"version": 1, "action": "approve"}
        assert desk.ask("POST", f"{path}/answer", {"version": 1, "action": "dance"})[0] == 422
        assert desk.ask("POST", f"{path}/answer", {"action": "approve"})[0] == 422
        assert desk.ask("POST", f"{path}/answer", {"version": 9, "action": "approve"})[0] == 409
        assert desk.ask("POST", "/api/v1/proposals/nobody/answer", approve)[0] == 404
        assert desk.items("orders") == []
        status, said = desk.ask("POST", f"{path}/answer", approve)
        assert (status, said["state"]) == (200, "approved")
        assert desk.ask("POST", f"{path}/answer", approve)[0] == 409
        assert taken["alert_id"] in desk.say(f"/why {said['id']}")[0]["text"]
        late = f"/api/v1/proposals/{take(desk, x='2')['row']['proposal_id']}"
        move_clock(desk, 301)
        assert desk.ask("GET", late)[1]["state"] == "expired"
        assert desk.ask("POST", f"{late}/answer", approve)[0] == 410
