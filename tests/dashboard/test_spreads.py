"""The rows of /spreads over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dashboard.conftest import House
from tests.futures import FAR, LATER

PATH = "/api/v1/spreads"
ROW = {"far": FAR, "near": "sber", "sell": True, "price": "620.5", "amount": 10, "account": "Testing"}
LEG = {"figi", "ticker", "min_price_increment", "lot", "morning_trading", "evening_trading", "asset_type"}


async def added(house: House, **changes: Any) -> dict[str, Any]:
    answer = await house.post(PATH, {**ROW, **changes})
    assert answer.status == 201, answer.data
    row: dict[str, Any] = answer.data
    return row


async def test_tm_26_a_row_has_its_ratio(house: House) -> None:
    """A future on 100 shares: 100; another ratio where one is given; 1 for two futures."""
    row = await added(house)
    assert (row["ratio"], row["price"], row["amount"], row["sell"], row["active"]) == ("100", "620.5", "10", True, True)
    assert row["far_leg"].keys() >= LEG | {"executed", "avg_exec_price"}
    assert (row["far_leg"]["ticker"], row["near_leg"]["ticker"], row["near_leg"]["lot"]) == (FAR, "SBER", "10")
    assert (await added(house, ratio="10"))["ratio"] == "10"
    assert (await added(house, near=LATER))["ratio"] == "1"
    assert len((await house.get(f"{PATH}/")).data["items"]) == 3
    assert (await house.get(f"{PATH}/{row['id']}")).data == row


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"near": "GAZP"}, "ratio"),
        ({"far": "SBER", "near": FAR}, "ratio"),
        ({"near": FAR}, "ratio"),
        ({"ratio": -1}, "ratio"),
        ({"far": "NOSUCH"}, "far"),
        ({"near": None}, "near"),
        ({"amount": 0}, "amount"),
        ({"amount": "0.5"}, "amount"),
        ({"ratio": "0.1", "amount": 10}, "amount"),
        ({"price": "cheap"}, "price"),
        ({"sell": 1}, "sell"),
        ({"account": "Nobody"}, "account"),
    ],
)
async def test_tm_26_what_is_no_spread_is_refused_by_its_field(
    house: House, changes: dict[str, Any], field: str
) -> None:
    """422, and no row."""
    answer = await house.post(PATH, {**ROW, **changes})
    assert (answer.status, answer.data["error"]["field"]) == (422, field)
    assert (await house.get(PATH)).data["items"] == []


async def test_a_person_corrects_what_a_row_has_done(house: House) -> None:
    """Both legs and the wish itself; it is done once all of the far leg is; the trail says who."""
    row = await added(house)
    leg = {"executed": 4, "avg_exec_price": "15620"}
    body = {"far_leg": leg, "near_leg": {"executed": 400, "avg_exec_price": "150.5"}, "price": "-3", "amount": 5}
    changed = (await house.ask("PATCH", f"{PATH}/{row['id']}", body)).data
    assert (changed["price"], changed["amount"], changed["far_leg"]["executed"]) == ("-3", "5", "4")
    assert (changed["near_leg"]["avg_exec_price"], changed["active"]) == ("150.5", True)
    done = {"far_leg": {"executed": 5, "avg_exec_price": "15620"}}
    assert (await house.ask("PATCH", f"{PATH}/{row['id']}", done)).data["active"] is False
    log = (await house.get("/api/v1/log")).data["items"]
    assert [r["about"] for r in log if r["action"] == "spread.changed"] == [row["id"]] * 2


async def test_a_correction_of_nothing_for_something_is_refused(house: House) -> None:
    """400, and the row stays as it was."""
    row = await added(house)
    for leg in ({"executed": 4, "avg_exec_price": 0}, {"executed": -1, "avg_exec_price": 1}):
        answer = await house.ask("PATCH", f"{PATH}/{row['id']}", {"far_leg": leg})
        assert (answer.status, answer.data["error"]["code"]) == (400, "bad_change")
    assert (await house.get(f"{PATH}/{row['id']}")).data == row


async def test_a_row_is_taken_away_by_who_may(house: House) -> None:
    """Not by a viewer, not by another owner; once."""
    row = await added(house)
    assert (await house.post(PATH, ROW, "viewer-token")).status == 403
    assert (await house.ask("DELETE", f"{PATH}/{row['id']}", None, "ann-token")).status == 404
    assert (await house.ask("DELETE", f"{PATH}/{row['id']}")).status == 200
    assert (await house.ask("DELETE", f"{PATH}/{row['id']}")).status == 404
