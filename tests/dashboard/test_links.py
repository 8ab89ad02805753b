"""Webhook links over HTTP: made, changed, used, and nobody else's business."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.dashboard.conftest import House

LINK = {
    "name": "Trend",
    "account": "Testing",
    "strategy": "SuperTrend",
    "stop_loss": "2",
    "target": "5",
    "trailing_stop": "1.5",
    "quantity": "0.5",
}


async def made(house: House, token: str = "owner-token", **changes: Any) -> dict[str, Any]:
    answer = await house.post("/api/v1/links", LINK | changes, token=token)
    assert answer.status == 201, answer.data
    found: dict[str, Any] = answer.data
    return found


async def post(house: House, link: dict[str, Any], **changes: Any) -> Any:
    """The link's own dialect."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    body = {"strategy": "SuperTrend", "symbol": "BTCPERP", "action": "BUY", "timestamp": now} | changes
    answer = await house.post(f"/hook/{link['token']}", body, token=None)
    await house.settled()
    return answer


async def rows(house: House, name: str, token: str = "owner-token") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await house.get(f"/api/v1/{name}", token)).data["items"]
    return found


async def test_ao_05_a_link_has_its_seven_fields_and_a_url_of_its_own(house: House) -> None:
    """Told back as they were said, decimals as texts; no two links share a URL."""
    link, other = await made(house), await made(house, name="Other", paper=True, trailing_stop=None)
    assert {name: link[name] for name in LINK} == LINK
    assert (other["paper"], other["trailing_stop"]) == (True, None)
    assert link["url"] == f"{house.url}/hook/{link['token']}" != other["url"]
    assert len(link["token"]) >= 43


async def test_ao_05_a_link_is_listed_changed_and_deleted(house: House) -> None:
    """What a PATCH does not say stays; null takes a percentage away; the token is never told again."""
    link = await made(house)
    path = f"/api/v1/links/{link['id']}"
    assert "token" not in (await house.get(path)).data
    changed = (await house.ask("PATCH", path, {"stop_loss": "3", "target": None, "risk_percent": 1})).data
    assert [changed[name] for name in ("stop_loss", "target", "trailing_stop")] == ["3", None, "1.5"]
    assert [changed[name] for name in ("quantity", "risk_percent")] == [None, "1"]
    assert (await house.ask("DELETE", path)).status == 200
    assert (await house.get(path)).status == 404
    assert await rows(house, "links") == []
    assert (await post(house, link)).status == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quantity": None}, "quantity"),
        ({"quantity": "0"}, "quantity"),
        ({"quantity": "NaN"}, "quantity"),
        ({"risk_percent": "1"}, "risk_percent"),
        ({"stop_loss": "0"}, "stop_loss"),
        ({"stop_loss": "-1"}, "stop_loss"),
        ({"target": "100"}, "target"),
        ({"trailing_stop": True}, "trailing_stop"),
        ({"name": " "}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"account": "Nobody"}, "account"),
        ({"account": "Ann"}, None),
        ({"strategy": None}, "strategy"),
        ({"approval": "maybe"}, "approval"),
        ({"paper": "yes"}, "paper"),
        ({"option": {"strike": "near"}}, "option"),
        ({"option": {"expiry": "2026-02-30"}}, "option"),
        ({"product": "gambling"}, "product"),
        ({"stop_lost": "2"}, "stop_lost"),
        ({"owner": "ann"}, "owner"),
    ],
)
async def test_w_45_what_a_link_cannot_be_is_named(house: House, changes: dict[str, Any], field: str | None) -> None:
    """422 with the field; the owner may use anybody's account, being an admin."""
    answer = await house.post("/api/v1/links", LINK | changes)
    if field is None:
        assert (answer.status, answer.data["owner"]) == (201, "ann")
    else:
        assert (answer.status, answer.data["error"]["field"]) == (422, field)


async def test_two_links_of_one_owner_have_two_names(house: House) -> None:
    """In any case; a name is free again when its link is gone."""
    link = await made(house)
    answer = await house.post("/api/v1/links", LINK | {"name": "TREND"})
    assert (answer.status, answer.data["error"]["field"]) == (409, "name")
    await house.ask("DELETE", f"/api/v1/links/{link['id']}")
    await made(house)


async def test_ao_11_an_order_follows_the_answer(house: House) -> None:
    """The alert's row tells its link; the order is the link's book's, because of the alert."""
    link = await made(house)
    answer = await post(house, link)
    assert (answer.status, answer.data["status"]) == (200, "accepted")
    [alert] = await rows(house, "alerts")
    assert (alert["id"], alert["link"], alert["source"]) == (answer.data["alert_id"], link["id"], "hook")
    entry = next(order for order in await rows(house, "orders") if order["role"] == "entry")
    assert (entry["book"], entry["side"], entry["quantity"], entry["paper"]) == (link["book"], "buy", "0.5", True)
    assert entry["because"][0] == {"kind": "alert", "id": alert["id"]}


async def test_ao_05_a_rotated_token_opens_nothing_any_more(house: House) -> None:
    """The new one does."""
    link = await made(house)
    fresh = (await house.post(f"/api/v1/links/{link['id']}/rotate")).data
    assert (await post(house, link)).status == 404
    assert (await post(house, fresh)).status == 200


async def test_ao_08_an_unknown_link_is_not_found(house: House) -> None:
    """404, and nothing is in the inbox."""
    answer = await post(house, {"token": "nobody"})
    assert (answer.status, answer.data["error"]["code"]) == (404, "unknown_link")
    assert await rows(house, "alerts") == []


async def test_ao_09_another_strategy_is_ignored(house: House) -> None:
    """200 ignored, its row and the log say why, no order."""
    answer = await post(house, await made(house), strategy="Another")
    assert (answer.status, answer.data["status"]) == (200, "ignored")
    [alert] = await rows(house, "alerts")
    assert (alert["status"], alert["reason"], alert["done"]) == ("ignored", "other_strategy", True)
    assert (await rows(house, "log"))[0]["action"] == "alert.ignored"
    assert await rows(house, "orders") == []


@pytest.mark.parametrize("field", ["strategy", "symbol", "action", "timestamp"])
async def test_ao_07_a_missing_field_is_refused(house: House, field: str) -> None:
    """422 names it, nothing is kept; whatever else the body holds is tolerated."""
    link = await made(house)
    answer = await post(house, link, **{field: None})
    assert (answer.status, answer.data["error"]["field"]) == (422, field)
    assert await rows(house, "alerts") == []
    assert (await post(house, link, indicator={"macd": [1, 2]})).status == 200


async def test_ao_28_the_same_alert_five_times_is_one_order(house: House) -> None:
    """A duplicate tells the first one's id."""
    link, now = await made(house), datetime.now(UTC).isoformat()
    answers = [(await post(house, link, timestamp=now)).data for _ in range(5)]
    assert [answer["status"] for answer in answers] == ["accepted", *["duplicate"] * 4]
    assert len({answer["alert_id"] for answer in answers}) == 1
    assert len([order for order in await rows(house, "orders") if order["role"] == "entry"]) == 1


async def test_w_43_the_same_body_by_two_links_is_two_alerts(house: House) -> None:
    """The link is part of what makes an alert the same."""
    one, two, now = await made(house), await made(house, name="Two"), datetime.now(UTC).isoformat()
    statuses = [(await post(house, link, timestamp=now)).data["status"] for link in (one, two)]
    assert statuses == ["accepted", "accepted"]


async def test_ao_12_two_links_trade_independently(house: House) -> None:
    """Each keeps a book, and an exit closes its own alone."""
    one, two = await made(house), await made(house, name="Two", quantity="0.25")
    await post(house, one)
    await post(house, two)
    held = {row["book"]: row["quantity"] for row in await rows(house, "positions")}
    assert held == {one["book"]: "0.5", two["book"]: "0.25"}
    await post(house, one, action="SELL")
    assert {row["book"] for row in await rows(house, "positions")} == {two["book"]}


async def test_ao_06_another_owners_link_does_not_exist(house: House) -> None:
    """Not listed, and 404 for every verb."""
    link = await made(house)
    path = f"/api/v1/links/{link['id']}"
    assert await rows(house, "links", "ann-token") == []
    for method, where, body in (("GET", path, None), ("PATCH", path, {"name": "x"}), ("DELETE", path, None)):
        assert (await house.ask(method, where, body, "ann-token")).status == 404
    assert (await house.post(f"{path}/rotate", token="ann-token")).status == 404
    assert (await house.post("/api/v1/links", LINK, token="ann-token")).data["error"]["code"] == "unknown_account"
    assert (await made(house, "ann-token", account="Ann"))["owner"] == "ann"


async def test_a_viewer_makes_no_links(house: House) -> None:
    """403."""
    assert (await house.post("/api/v1/links", LINK, token="viewer-token")).status == 403
    assert (await house.post("/api/v1/bot", {"running": False}, token="viewer-token")).status == 403


async def test_ao_29_a_stopped_bot_ignores_new_alerts(house: House) -> None:
    """What it holds keeps its stop, others' bots go on."""
    link, anns = await made(house), await made(house, "ann-token", account="Ann")
    await post(house, link)
    assert (await house.post("/api/v1/bot", {"running": False})).data == {"running": False}
    assert (await post(house, link, action="EXIT")).data["status"] == "ignored"
    assert (await rows(house, "alerts"))[0]["reason"] == "bot_stopped"
    [position] = await rows(house, "positions")
    assert (position["protected_by"], position["stop"]) == ("broker", position["stop"])
    assert (await post(house, anns)).data["status"] == "accepted"


async def test_ao_30_what_was_ignored_is_not_replayed(house: House) -> None:
    """After the start only what comes then is taken up; the ignored alert sent again is known."""
    link, now = await made(house), datetime.now(UTC).isoformat()
    await house.post("/api/v1/bot", {"running": False})
    await post(house, link, timestamp=now)
    await house.post("/api/v1/bot", {"running": True})
    await house.settled()
    assert (await post(house, link, timestamp=now)).data["status"] == "duplicate"
    assert await rows(house, "orders") == []
    assert (await post(house, link)).data["status"] == "accepted"
    assert len(await rows(house, "positions")) == 1


@pytest.mark.parametrize("body", [{}, {"running": "no"}, {"running": None}])
async def test_a_bot_runs_or_not(house: House, body: dict[str, Any]) -> None:
    """Anything but true or false is a 422."""
    assert (await house.post("/api/v1/bot", body)).status == 422


async def test_a_paused_link_is_ignored_until_it_goes_on(house: House) -> None:
    """Its row says so."""
    link = await made(house)
    await house.ask("PATCH", f"/api/v1/links/{link['id']}", {"running": False})
    assert (await post(house, link)).data["status"] == "ignored"
    assert (await rows(house, "alerts"))[0]["reason"] == "link_paused"
    await house.ask("PATCH", f"/api/v1/links/{link['id']}", {"running": True})
    assert (await post(house, link)).data["status"] == "accepted"


async def test_a_link_that_asks_makes_proposals(house: House) -> None:
    """An approved one is traded in the link's book, with its stop and target in percent of the price."""
    await post(house, await made(house, approval="ask"))
    [proposal] = await rows(house, "proposals")
    assert (proposal["state"], proposal["quantity"], proposal["stop"]) == ("open", "0.5", "39400.5")
    path = f"/api/v1/proposals/{proposal['id']}/answer"
    await house.post(path, {"version": 1, "action": "approve"})
    await house.settled()
    [position] = await rows(house, "positions")
    assert (position["trailing"], position["book"].partition(":")[0]) == ("1.5", "link")


async def test_the_charts_dialect_comes_by_a_link(house: House) -> None:
    """The account is the link's, whatever `subaccount` says; its own stop counts where it risks less."""
    link = await made(house, stop_loss="50", trailing_stop=None, target=None)
    body = {
        "ticker": "BTCPERP", "action": "sell", "price": 40000, "message": "entry", "short SL": 40200,
        "short TP": 39000, "subaccount": "Ann",
    }  # fmt: skip
    assert (await house.post(f"/hook/{link['token']}", body, token=None)).data["status"] == "accepted"
    await house.settled()
    [position] = await rows(house, "positions")
    assert [position[name] for name in ("account", "quantity", "stop", "target")] == [
        "Testing", "-0.5", "40200", "39000",
    ]  # fmt: skip


async def test_the_hubs_dialect_comes_by_a_link(house: House) -> None:
    """A direction opens, `close` closes."""
    link = await made(house)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = {"stratId": 1, "stratName": "SuperTrend", "symbol": "BYBIT:BTCPERP", "interval": 5, "timestamp": now}
    for direction, held in (("sell", ["-0.5"]), ("Close entry(s) order short", [])):
        answer = await house.post(f"/hook/{link['token']}", body | {"direction": direction}, token=None)
        await house.settled()
        assert answer.data["status"] == "accepted", answer.data
        assert [row["quantity"] for row in await rows(house, "positions")] == held


@pytest.mark.parametrize(("symbol", "code"), [("NOBODY", "unknown_ticker"), ("MARS:BTCPERP", "unknown_exchange")])
async def test_an_unknown_symbol_is_refused_at_the_door(house: House, symbol: str, code: str) -> None:
    """422 names the field."""
    answer = await post(house, await made(house), symbol=symbol)
    assert (answer.status, answer.data["error"]["code"], answer.data["error"]["field"]) == (422, code, "symbol")


@pytest.mark.parametrize(
    ("option", "code"), [(None, "option_rule_needed"), ({"strike": "99999"}, "no_option"), ({}, "no_option")]
)
async def test_w_45_option_actions_need_a_rule_that_names_one(house: House, option: Any, code: str) -> None:
    """422: this market lists no options."""
    answer = await post(house, await made(house, option=option), action="BUY_CALL")
    assert (answer.status, answer.data["error"]["code"]) == (422, code)


async def test_a_links_token_is_told_once_and_kept_nowhere(house: House, tmp_path: Any) -> None:
    """Neither journal, list, log row nor alert knows it, even where the body holds it."""
    link = await made(house)
    await post(house, link, key=link["token"])
    told = [await rows(house, name) for name in ("links", "alerts", "log")]
    assert link["token"] not in str(told)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert link["token"].encode() not in kept


async def test_ao_10_the_answer_waits_for_no_broker(house: House) -> None:
    """A hundred alerts are answered while the broker still holds the first order back for five seconds."""
    assert house.board.demo is not None
    house.board.demo.faults("delay", 1000, {"seconds": 5})
    links = [await made(house, name=f"L{number}") for number in range(10)]
    now = datetime.now(UTC).isoformat()
    body = {"strategy": "SuperTrend", "symbol": "BTCPERP", "action": "BUY", "timestamp": now}
    for number in range(10):
        for link in links:
            answer = await house.post(f"/hook/{link['token']}", body | {"n": number}, token=None)
            assert answer.data["status"] == "accepted"
    states = {order["state"] for order in await rows(house, "orders")}
    assert states <= {"INTENDED", "SENT"}
    assert len(await rows(house, "alerts")) == 100


async def test_a_link_names_its_accounts(house: House) -> None:
    """None beside its own at first; an unknown one is 422 by its field."""
    link = await made(house)
    assert link["accounts"] == []
    refused = await house.ask("PATCH", f"/api/v1/links/{link['id']}", {"accounts": [{"name": "Nobody"}]})
    assert refused.status in {404, 422}
