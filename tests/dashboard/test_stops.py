"""Lists, tunables and stashes over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dashboard.conftest import House

STOPS = "/api/v1/stops"
TUNABLES = "/api/v1/tunables"
ORDERS = "/api/v1/stop_orders"
USUAL = {
    "long_levels": ["15", "20", "25"],
    "short_levels": ["20", "25", "30"],
    "stop_sum": "300000",
    "stop_minutes": "120",
    "nuke_levels": ["0", "1", "5", "7"],
    "scan_rate": "7.5",
}
TESTING = {"account": "Testing"}


async def listed(house: House, **flags: Any) -> dict[str, Any]:
    answer = await house.post(STOPS, {"ticker": "sber", "whitelist": True, **flags})
    assert answer.status == 201, answer.data
    row: dict[str, Any] = answer.data
    return row


async def tickers(house: House, name: str) -> list[str]:
    return [row["ticker"] for row in (await house.get(f"/api/v1/{name}/")).data["items"]]


async def test_tm_67_a_row_of_the_lists_has_the_old_fields(house: House) -> None:
    """201, found under its id, in the list, changed and taken away."""
    row = await listed(house)
    assert row.keys() >= {"id", "figi", "ticker", "min_price_increment", "lot", "whitelist"}
    assert (row["ticker"], row["lot"], row["min_price_increment"]) == ("SBER", "10", "0.01")
    path = f"{STOPS}/{row['id']}"
    assert (await house.get(path)).data == row
    assert (await house.get(STOPS)).data["items"] == [row]
    changed = await house.ask("PATCH", path, {"short_blacklist": True})
    assert (changed.status, changed.data["short_blacklist"]) == (200, True)
    assert (await house.ask("DELETE", path)).status == 200
    assert ((await house.get(path)).status, await tickers(house, "stops")) == (404, [])


@pytest.mark.parametrize(
    ("flags", "stops", "shorts"),
    [
        ({}, ["SBER"], ["SBER"]),
        ({"stop_blacklist": True}, [], ["SBER"]),
        ({"short_blacklist": True}, ["SBER"], []),
        ({"whitelist": False}, [], []),
    ],
)
async def test_tm_40_stops_and_shorts_list_what_they_take(
    house: House, flags: dict[str, bool], stops: list[str], shorts: list[str]
) -> None:
    """White and not black of their own side; every row is in stop_lists."""
    await listed(house, **flags)
    assert (await tickers(house, "stops"), await tickers(house, "shorts")) == (stops, shorts)
    assert await tickers(house, "stop_lists") == ["SBER"]


async def test_tm_66_a_ticker_has_one_row(house: House) -> None:
    """A second POST changes the first."""
    first = await listed(house)
    second = await listed(house, stop_blacklist=True)
    assert second == {**first, "stop_blacklist": True}
    assert len((await house.get("/api/v1/stop_lists")).data["items"]) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"ticker": "NOSUCH"}, "ticker"),
        ({}, "ticker"),
        ({"ticker": 5}, "ticker"),
        ({"ticker": "SBER", "whitelist": 1}, "whitelist"),
        ({"ticker": "SBER", "stop_blacklist": "yes"}, "stop_blacklist"),
    ],
)
async def test_what_cannot_be_listed_is_refused_by_its_field(house: House, body: Any, field: str) -> None:
    """422, and no row."""
    answer = await house.post(STOPS, body)
    assert (answer.status, answer.data["error"]["field"]) == (422, field)
    assert await tickers(house, "stop_lists") == []


async def test_lists_are_for_their_owner_and_for_traders(house: House) -> None:
    """A viewer changes nothing; another's rows are unknown."""
    row = await listed(house)
    for method, path in (("POST", STOPS), ("PATCH", f"{STOPS}/{row['id']}"), ("PUT", TUNABLES), ("POST", ORDERS)):
        body = {"ticker": "SBER"} if path == STOPS else {}
        assert (await house.ask(method, path, body, "viewer-token")).status == 403
    assert (await house.get(f"{STOPS}/{row['id']}", "ann-token")).status == 404
    assert (await house.ask("DELETE", f"{STOPS}/{row['id']}", None, "ann-token")).status == 404


async def test_tunables_are_those_of_the_settings_until_somebody_sets_them(house: House) -> None:
    """Some or all, for oneself; numbers or texts."""
    assert (await house.get(TUNABLES)).data == USUAL
    body = {"long_levels": [10, "12.5"], "stop_sum": "250000.50", "nuke_levels": "0, 2"}
    changed = {**USUAL, "long_levels": ["10", "12.5"], "stop_sum": "250000.5", "nuke_levels": ["0", "2"]}
    answer = await house.ask("PUT", TUNABLES, body)
    assert (answer.status, answer.data) == (200, changed)
    assert (await house.get(TUNABLES)).data == changed
    assert (await house.get(TUNABLES, "ann-token")).data == USUAL


async def test_tm_71_decimals_are_kept_digit_by_digit(house: House) -> None:
    """0.1 is 0.1, and so is a number of thirteen places."""
    await house.ask("PUT", TUNABLES, {"stop_sum": 0.1, "scan_rate": "0.3000000000001", "long_levels": [0.1, 0.2]})
    now = (await house.get(TUNABLES)).data
    assert (now["stop_sum"], now["scan_rate"], now["long_levels"]) == ("0.1", "0.3000000000001", ["0.1", "0.2"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("long_levels", []), ("long_levels", [0]), ("long_levels", [100]), ("long_levels", ["x"]),
        ("long_levels", None), ("nuke_levels", [-1]), ("stop_sum", 0), ("stop_sum", [1, 2]), ("stop_minutes", "NaN"),
        ("scan_rate", True), ("nothing", 1), ("short_levels", [1] * 21),
    ],
)  # fmt: skip
async def test_a_figure_that_cannot_be_changes_none(house: House, name: str, value: Any) -> None:
    """422 by its name, also beside one that could."""
    answer = await house.ask("PUT", TUNABLES, {"stop_minutes": 60, name: value})
    assert (answer.status, answer.data["error"]["field"]) == (422, name)
    assert (await house.get(TUNABLES)).data == USUAL


async def test_tm_67_stash_and_restore(house: House) -> None:
    """Kept, listed as the old surface did, and brought back; a look first changes nothing."""
    await house.post("/api/v1/demo/market", {"ticker": "SBER", "bid": "200", "ask": "200"})
    await house.post("/api/v1/commands", {"text": "/nuke SBER 100000 @Testing"})
    assert (await house.post(f"{ORDERS}/stash", TESTING)).status == 200
    rows = (await house.get(ORDERS)).data["items"]
    assert [(r["lots"], r["stop_price"], r["price"], r["order_type"], r["sell"]) for r in rows] == [
        (lots, price, price, 1, False) for lots, price in (("12", "198"), ("13", "190"), ("13", "186"))
    ]
    await house.post("/api/v1/commands", {"text": "/cancel"})
    look = await house.post(ORDERS, {**TESTING, "dry_run": True})
    assert (look.status, look.data["notices"][0]["kind"]) == (200, "confirm")
    assert len(house.engine.desk.ledger.orders) == 0
    done = await house.post(ORDERS, TESTING)
    assert (done.status, done.data["notices"][0]["key"]) == (200, "command.traps_placed")
    assert len(house.engine.desk.ledger.orders) == 3
    [stash] = (await house.get("/api/v1/stashes")).data["items"]
    assert (stash["name"], len(stash["orders"])) == ("usual", 3)


async def test_w_12_asking_changes_nothing(house: House) -> None:
    """GET tells the stash, however often; an empty account and an unknown stash are 404 with a word."""
    assert (await house.get(ORDERS)).data == {"items": [], "next": None}
    for path in (f"{ORDERS}/stash", ORDERS):
        answer = await house.post(path, TESTING)
        assert (answer.status, bool(answer.data["error"]["message"])) == (404, True)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "two words"}, "name"),
        ({"name": "@x"}, "name"),
        ({"account": "Nobody"}, "account"),
        ({"all": 1}, "all"),
    ],
)
async def test_what_cannot_be_restored_is_refused_by_its_field(house: House, body: Any, field: str) -> None:
    """422."""
    answer = await house.post(ORDERS, {**TESTING, **body})
    assert (answer.status, answer.data["error"]["field"]) == (422, field)


async def test_tm_67_health_and_ticker(house: House) -> None:
    """An empty 200; twelve fields in any case of letters, 404 for what nobody trades."""
    assert (await house.get("/api/v1/health/")).data == ""
    found = (await house.get("/api/v1/ticker/sber/")).data
    assert (len(found), found["ticker"], found["lot"]) == (12, "SBER", "10")
    assert (await house.get("/api/v1/ticker/NOPE")).status == 404
