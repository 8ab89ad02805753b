"""GET /api/v1/NAME and /{id}."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from core.values.changes import ProposalMade, TaskSet
from core.values.ids import AccountName, AlertId, ProposalId, TaskId
from core.values.money import Price, Quantity
from core.values.orders import OrderType, Side
from core.values.proposals import Check, Proposal, ProposalState
from core.values.tasks import Task, TaskGoal, TaskState
from tests.dashboard.conftest import PASSPHRASE, House

LISTS = ["alerts", "orders", "fills", "positions", "accounts", "instruments", "notices", "log", "proposals", "tasks"]
FIELDS = {
    "alerts": "id received_at source link account ticker action status reason proposal_id order_ids fields",
    "orders": "id broker_id at account ticker side role type quantity filled price stop_price average_price state "
    "because paper",
    "fills": "id order_id quantity price fee at",
    "positions": "id account ticker quantity average_price last_price profit protection protected_by stop target "
    "trailing unprotected_s paper",
    "accounts": "name broker mode currency equity free_collateral risk_state",
    "instruments": "ticker exchange kind currency lot tick step last bid ask trading",
    "notices": "id at kind key text about actions",
    "log": "id at actor action about",
    "proposals": "id version state account ticker side type quantity price stop targets risk checks chart_url picture "
    "expires_at answered_by surface order_ids",
    "tasks": "id command title account ticker side goal state asked done average_price waits_for started_at ended_at",
}
NOW = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


def _proposal() -> Proposal:
    return Proposal(
        id=ProposalId("p-1"),
        version=1,
        state=ProposalState.OPEN,
        alert=AlertId("a-1"),
        account=AccountName("Testing"),
        ticker="SBER",
        side=Side.BUY,
        type=OrderType.MARKET,
        quantity=Quantity(Decimal(10)),
        price=Price(Decimal("300.5")),
        stop=None,
        targets=(Price(Decimal(310)),),
        risk=Decimal(15),
        created_at=NOW,
        expires_at=NOW,
        checks=(Check("collar", ok=True, text="refused.collar"),),
    )


def _task() -> Task:
    return Task(TaskId("t-1"), "work", "/buy", "Buying", {}, TaskGoal.RUN, TaskState.RUNNING, NOW)


async def _rows(house: House, name: str, token: str = "owner-token") -> list[dict[str, Any]]:
    answer = await house.get(f"/api/v1/{name}", token)
    assert answer.status == 200, answer.data
    rows: list[dict[str, Any]] = answer.data["items"]
    return rows


@pytest.mark.parametrize("name", LISTS)
async def test_every_list_has_its_fields_and_each_row_can_be_asked_for(house: House, name: str) -> None:
    """After one trade every list has rows with the fields of the contract, and /{id} answers the same row."""
    await house.trade()
    await house.engine.store.save(ProposalMade(_proposal()), TaskSet(_task()))
    row = (await _rows(house, name))[0]
    assert set(FIELDS[name].split()) <= row.keys()
    key = row["name" if name == "accounts" else "ticker" if name == "instruments" else "id"]
    for path in (f"/api/v1/{name}/{key}", f"/api/v1/{name}/{key}/"):
        one = await house.get(path)
        assert (one.status, one.data) == (200, row)


@pytest.mark.parametrize("name", LISTS)
async def test_an_unknown_id_is_404(house: House, name: str) -> None:
    """A row that is not there is 404, in the one error shape."""
    answer = await house.get(f"/api/v1/{name}/nothing")
    assert answer.status == 404
    assert answer.data["success"] is False
    assert answer.data["error"]["code"] == "not_found"


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("limit", ["0", "1001", "-1", "ten", "", "1.5", "٣", "99999999999999999999"])
async def test_a_limit_out_of_range_is_422(house: House, name: str, limit: str) -> None:
    """1..1000, plain digits; anything else is refused by name."""
    answer = await house.get(f"/api/v1/{name}", params={"limit": limit})
    assert (answer.status, answer.data["error"]["field"]) == (422, "limit")


@pytest.mark.parametrize("name", LISTS)
async def test_a_bad_after_is_422(house: House, name: str) -> None:
    """`after` is what a page gave as `next`; nothing else is understood."""
    answer = await house.get(f"/api/v1/{name}?after=yesterday")
    assert (answer.status, answer.data["error"]["field"]) == (422, "after")


@pytest.mark.parametrize("name", ["orders", "instruments", "log"])
async def test_pages_follow_each_other(house: House, name: str) -> None:
    """Following `next` in steps of one tells every row once, in the order of the whole list, and ends with null."""
    await house.trade()
    whole = await _rows(house, name)
    assert len(whole) > 2
    page = await house.get(f"/api/v1/{name}/?limit=1")
    found = page.data["items"]
    while page.data["next"] is not None:
        page = await house.get(f"/api/v1/{name}", params={"limit": "1", "after": page.data["next"]})
        found += page.data["items"]
    assert found == whole


async def test_lists_are_newest_first(house: House) -> None:
    """The target, which is only sent once the entry has filled, stands first."""
    await house.trade()
    assert (await _rows(house, "orders"))[0]["role"] == "target"


async def test_an_alert_tells_what_became_of_it_and_no_secret(house: House) -> None:
    """The alert names its orders and its fields; the passphrase is nowhere in any answer."""
    alert_id = await house.trade()
    row = (await house.get(f"/api/v1/alerts/{alert_id}")).data
    orders = await _rows(house, "orders")
    entry = next(order for order in orders if order["role"] == "entry")
    assert entry["id"] in row["order_ids"]
    assert (row["status"], row["source"], row["account"], row["ticker"]) == ("accepted", "order", "Testing", "BTCPERP")
    assert row["fields"]["long SL"] == "39800"
    assert entry["because"][0] == {"kind": "alert", "id": alert_id}
    for name in LISTS:
        assert PASSPHRASE not in str(await _rows(house, name))


async def test_a_position_shows_its_protection_in_plain_decimals(house: House) -> None:
    """Quantity, prices and profit are decimal strings; the stop stands at the broker."""
    await house.trade()
    (row,) = await _rows(house, "positions")
    assert (row["quantity"], row["stop"], row["target"], row["trailing"]) == ("50", "39800", "41000", None)
    assert (row["protection"], row["protected_by"], row["unprotected_s"]) == ("managed", "broker", 0)
    assert isinstance(row["profit"], str)
    assert row["opened_at"].endswith("Z")
    assert row["paper"] is True


async def test_an_instrument_says_what_it_is(house: House) -> None:
    """Kind, currency, expiry and base asset of a future, prices as strings."""
    rows = {row["ticker"]: row for row in await _rows(house, "instruments")}
    future = next(row for row in rows.values() if row["kind"] == "future")
    assert (future["basic_asset"], future["basic_asset_size"], future["trading"]) == ("SBER", "100", True)
    assert future["expiry"].endswith("Z")
    assert (rows["SBER"]["lot"], rows["SBER"]["tick"], rows["SBER"]["expiry"]) == ("10", "0.01", None)
    assert rows["BTCPERP"]["last"] == "40000"


async def test_a_notice_is_words_in_lines(house: House) -> None:
    """The text is the catalogue's words: the head, then one line for each of its lines."""
    texts = [row["text"] for row in await _rows(house, "notices")]
    started = texts[-1].splitlines()
    assert started[0].startswith("The desk is open: ACTIVE.")
    assert len(started) > 2


async def test_people_see_what_they_own(house: House) -> None:
    """Another owner's rows are absent from lists and 404 by id; one's own account is there."""
    await house.trade()
    for name in ("alerts", "orders", "fills", "positions", "notices"):
        hidden = (await _rows(house, name))[0]["id"]
        assert await _rows(house, name, "ann-token") == []
        assert (await house.get(f"/api/v1/{name}/{hidden}", "ann-token")).status == 404
    assert [row["name"] for row in await _rows(house, "accounts", "ann-token")] == ["Ann"]
    assert (await house.get("/api/v1/accounts/Testing", "ann-token")).status == 404


async def test_the_log_is_for_admins(house: House) -> None:
    """The audit trail holds everybody's deeds: a trader is refused."""
    assert (await house.get("/api/v1/log", "ann-token")).status == 403
    assert (await house.get("/api/v1/log/1", "ann-token")).status == 403


async def test_a_body_that_is_no_json_comes_whole(house: House) -> None:
    """Fields of a body that only the lenient reader understood are the body's text."""
    await house.trade()
    (record,) = (await house.engine.store.alerts(1)).items
    odd = replace(record.alert, body="{ticker: BTCPERP, depth: NaN}", timed=True)
    await house.engine.store.accept_alert(odd, AlertId("odd"), "odd-key")
    row = (await house.get("/api/v1/alerts/odd")).data
    assert row["fields"] == {"body": "{ticker: BTCPERP, depth: NaN}"}
    big = replace(odd, body='{"n": ' + "9" * 5000 + ', "x": NaN, "p": 0.1}')
    await house.engine.store.accept_alert(big, AlertId("big"), "big-key")
    row = (await house.get("/api/v1/alerts/big")).data
    assert row["fields"] == {"n": "9" * 5000, "x": "NaN", "p": "0.1"}


async def test_a_broker_that_cannot_be_asked_leaves_its_figures_out(house: House) -> None:
    """What is known of the account is told; its money is null, not a made-up figure, and hides no other account."""
    assert house.board.demo is not None
    house.board.demo.faults("disconnect", 1, {})
    answer = await house.get("/api/v1/accounts")
    assert {row["equity"] for row in answer.data["items"]} == {None}
    assert None not in {row["equity"] for row in (await house.get("/api/v1/accounts")).data["items"]}
