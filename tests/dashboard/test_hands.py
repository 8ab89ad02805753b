"""A person's hands on one position or order: stop and target moved, closed, cancelled."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dashboard.conftest import SAMPLE, House

LIMIT = {**SAMPLE, "type": "limit", "price": "39900"}


async def held(house: House) -> dict[str, Any]:
    """Fifty coins at 40000, stop at 39800, target at 41000."""
    await house.trade()
    [position] = (await house.get("/api/v1/positions")).data["items"]
    return dict(position)


async def live(house: House, role: str) -> list[dict[str, Any]]:
    rows = (await house.get("/api/v1/orders")).data["items"]
    return [row for row in rows if row["role"] == role and row["state"] == "OPEN"]


async def test_a_stop_that_a_person_moves_stands_at_the_broker(house: House) -> None:
    """The new one stands for all of it, on a tick towards the entry, and the old one is gone; the trail says who."""
    position = await held(house)
    answer = await house.ask("PATCH", f"/api/v1/positions/{position['id']}", {"stop": "39850.01"})
    assert answer.status == 200, answer.data
    assert answer.data["stop"] == "39850.5"
    assert answer.data["target"] == "41000"
    await house.settled()
    [stop] = await live(house, "stop")
    assert (stop["stop_price"], stop["quantity"]) == ("39850.5", position["quantity"])
    [row] = [r for r in (await house.get("/api/v1/log")).data["items"] if r["action"] == "position.amended"]
    assert (row["actor"], row["data"]["stop"]) == ("owner", "39850.5")


async def test_a_target_is_moved_and_taken_away(house: House) -> None:
    """A price moves it, null takes it away; the stop stays."""
    position = await held(house)
    path = f"/api/v1/positions/{position['id']}"
    assert (await house.ask("PATCH", path, {"target": "41500"})).data["target"] == "41500"
    await house.settled()
    assert [order["price"] for order in await live(house, "target")] == ["41500"]
    assert (await house.ask("PATCH", path, {"target": None})).data["target"] is None
    await house.settled()
    assert await live(house, "target") == []
    assert len(await live(house, "stop")) == 1


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"stop": "40100"}, "stop_crossed", "stop"),
        ({"stop": None}, "stop_needed", "stop"),
        ({"target": "39000"}, "target_crossed", "target"),
        ({"stop": "0"}, "bad_field", "stop"),
        ({"stop": "-1"}, "bad_field", "stop"),
        ({"stop": "soon"}, "bad_field", "stop"),
        ({"target": [1]}, "bad_field", "target"),
        ({}, "bad_field", "stop"),
    ],
)
async def test_levels_that_will_not_do_are_refused(house: House, body: dict[str, Any], code: str, field: str) -> None:
    """422 that names the field; the plan stays as it was."""
    position = await held(house)
    answer = await house.ask("PATCH", f"/api/v1/positions/{position['id']}", body)
    assert answer.status == 422
    assert (answer.data["error"]["code"], answer.data["error"]["field"]) == (code, field)
    [after] = (await house.get("/api/v1/positions")).data["items"]
    assert (after["stop"], after["target"]) == ("39800", "41000")


async def test_a_position_is_closed_once(house: House) -> None:
    """At market, with its protection; a second press finds it being closed, or gone."""
    position = await held(house)
    path = f"/api/v1/positions/{position['id']}/close"
    assert (await house.post(path)).status == 200
    assert (await house.post(path)).status in {404, 422}
    await house.settled()
    assert (await house.get("/api/v1/positions")).data["items"] == []
    rows = (await house.get("/api/v1/orders")).data["items"]
    assert sum(1 for row in rows if row["role"] == "exit") == 1
    assert not [row for row in rows if row["state"] == "OPEN"]


async def test_an_entry_is_cancelled_and_a_stop_is_not(house: House) -> None:
    """What could still add risk goes; what protects stays, with words."""
    await held(house)
    [stop] = await live(house, "stop")
    refused = await house.ask("DELETE", f"/api/v1/orders/{stop['id']}")
    assert (refused.status, refused.data["error"]["code"]) == (422, "order_protects")
    assert len(await live(house, "stop")) == 1
    over = [row for row in (await house.get("/api/v1/orders")).data["items"] if row["state"] == "FILLED"]
    gone = await house.ask("DELETE", f"/api/v1/orders/{over[0]['id']}")
    assert (gone.status, gone.data["error"]["code"]) == (422, "order_over")


async def test_a_resting_entry_is_cancelled(house: House) -> None:
    """200 with the order as it is afterwards."""
    assert (await house.post("/tradingview-to-webhook-order", LIMIT, token=None)).status == 200
    await house.settled()
    [entry] = await live(house, "entry")
    answer = await house.ask("DELETE", f"/api/v1/orders/{entry['id']}")
    assert (answer.status, answer.data["state"]) == (200, "CANCELLED")


@pytest.mark.parametrize(
    ("method", "path"),
    [("PATCH", "positions/{id}"), ("POST", "positions/{id}/close"), ("DELETE", "orders/{stop}")],
)
async def test_strangers_find_nothing(house: House, method: str, path: str) -> None:
    """404 for another owner's and for what there is not; nothing moves."""
    position = await held(house)
    [stop] = await live(house, "stop")
    body = {"stop": "39900"} if method == "PATCH" else {}
    mine = "/api/v1/" + path.format(id=position["id"], stop=stop["id"])
    assert (await house.ask(method, mine, body, "ann-token")).status == 404
    assert (await house.ask(method, "/api/v1/" + path.format(id="nothing", stop="nothing"), body)).status == 404
    [after] = (await house.get("/api/v1/positions")).data["items"]
    assert after["stop"] == "39800"
