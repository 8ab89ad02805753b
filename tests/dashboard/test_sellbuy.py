"""The queue of /sellbuy over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dashboard.conftest import House

PATH = "/api/v1/sellbuy"
ROW = {"ticker": "sber", "amount": 1000, "sell": False, "account": "Testing"}
FIELDS = {
    "id",
    "account",
    "figi",
    "ticker",
    "min_price_increment",
    "lot",
    "sell",
    "amount",
    "executed",
    "avg_exec_price",
    "asset_type",
    "morning_trading",
    "evening_trading",
}


async def queued(house: House, **changes: Any) -> dict[str, Any]:
    answer = await house.post(PATH, {**ROW, **changes})
    assert answer.status == 201, answer.data
    row: dict[str, Any] = answer.data
    return row


async def test_a_row_is_made_and_listed(house: House) -> None:
    """201 with the fields of the old surface; the list holds it, and so does its own route."""
    row = await queued(house, sell=True)
    assert row.keys() >= FIELDS
    assert (row["ticker"], row["amount"], row["executed"], row["lot"], row["sell"]) == ("SBER", "1000", "0", "10", True)
    assert (await house.get(f"{PATH}/")).data == {"items": [row], "next": None}
    assert (await house.get(f"{PATH}/{row['id']}")).data == row


@pytest.mark.parametrize(("executed", "active"), [(600, True), (990, True), (995, False), (1000, False), (1500, False)])
async def test_tm_18_a_row_is_active_while_a_lot_is_left(house: House, executed: int, active: bool) -> None:  # noqa: FBT001 - a table
    """Of 1000 in lots of 10."""
    row = await queued(house)
    body = {"executed": executed, "avg_exec_price": "299.5"}
    changed = (await house.ask("PATCH", f"{PATH}/{row['id']}", body)).data
    assert (changed["active"], changed["executed"], changed["avg_exec_price"]) == (active, str(executed), "299.5")
    assert len((await house.get(PATH)).data["items"]) == active
    log = (await house.get("/api/v1/log")).data["items"]
    assert [r["about"] for r in log if r["action"] == "queue.corrected"] == [row["id"]]


@pytest.mark.parametrize(
    "body", [{"executed": 0, "avg_exec_price": 1}, {"executed": 10, "avg_exec_price": 0}, {"executed": 10}]
)
async def test_a_correction_needs_pieces_and_a_price(house: House, body: dict[str, int]) -> None:
    """400 in the error shape, and the row stays as it was."""
    row = await queued(house)
    answer = await house.ask("PATCH", f"{PATH}/{row['id']}", body)
    assert (answer.status, answer.data["error"]["code"]) == (400, "bad_change")
    assert (await house.get(f"{PATH}/{row['id']}")).data == row


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": 9}, "amount"),
        ({"amount": "1.5"}, "amount"),
        ({"amount": -10}, "amount"),
        ({"sell": 1}, "sell"),
        ({"sell": None}, "sell"),
        ({"ticker": "NOSUCH"}, "ticker"),
        ({"ticker": None}, "ticker"),
        ({"ticker": None, "figi": "NOSUCH"}, "figi"),
        ({"account": "Nobody"}, "account"),
    ],
)
async def test_what_cannot_be_queued_is_refused_by_its_field(house: House, changes: dict[str, Any], field: str) -> None:
    """422, and no row."""
    answer = await house.post(PATH, {**ROW, **changes})
    assert (answer.status, answer.data["error"]["field"]) == (422, field)
    assert (await house.get(PATH)).data["items"] == []


async def test_a_row_is_taken_out(house: House) -> None:
    """Once; then it is unknown."""
    row = await queued(house)
    assert (await house.ask("DELETE", f"{PATH}/{row['id']}")).status == 200
    assert (await house.ask("DELETE", f"{PATH}/{row['id']}")).status == 404


async def test_the_queue_is_for_its_owner_and_for_traders(house: House) -> None:
    """A viewer changes nothing; another owner's row is unknown."""
    row = await queued(house)
    assert (await house.post(PATH, ROW, "viewer-token")).status == 403
    assert (await house.ask("DELETE", f"{PATH}/{row['id']}", None, "ann-token")).status == 404
    assert (await house.get(PATH, "ann-token")).data["items"] == []


async def test_tm_24_a_trade_by_hand_is_a_row_and_a_task(house: House) -> None:
    """Seen at once, and nobody corrects it while its task works."""
    await house.post("/api/v1/commands", {"text": "/buy 20 SBER @Testing"})
    [row] = (await house.get(PATH)).data["items"]
    assert (row["ticker"], row["amount"], row["command"]) == ("SBER", "20", "/buy")
    [task] = (await house.get("/api/v1/tasks")).data["items"]
    assert (task["goal"], task["state"], task["asked"], task["done"]) == ("RUN", "RUNNING", "20", "0")
    body = {"executed": 10, "avg_exec_price": 1}
    assert (await house.ask("PATCH", f"{PATH}/{row['id']}", body)).status == 409
