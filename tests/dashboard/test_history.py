"""Tables of what was traded, and history that its owner does not want to see any more."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from dashboard.history import table
from tests.dashboard.conftest import House
from tests.dashboard.test_links import made, post, rows


async def lines(house: House, name: str, query: str = "", token: str = "owner-token") -> list[dict[str, str]]:
    answer = await house.get(f"/api/v1/{name}.csv{query}", token)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/csv; charset=utf-8"), answer.data
    return list(csv.DictReader(io.StringIO(answer.data)))


async def a_round_trip(house: House) -> dict[str, Any]:
    """In at 40000.5, out at 39999.5, half a coin, by a link."""
    link = await made(house)
    await post(house, link)
    await post(house, link, action="SELL")
    return link


async def test_ao_35_orders_come_as_a_table(house: House) -> None:
    """As many lines as the list has rows, oldest first, with what behaviour.md 5.8 asks for."""
    link = await a_round_trip(house)
    found = await lines(house, "orders")
    assert [line["id"] for line in found] == [row["id"] for row in reversed(await rows(house, "orders"))]
    entry, exit_ = next(x for x in found if x["role"] == "entry"), next(x for x in found if x["role"] == "exit")
    names = ("account", "link", "strategy", "symbol", "side", "qty", "price", "status", "mode", "pnl")
    assert [entry[name] for name in names] == [
        "Testing", link["name"], "SuperTrend", "BTCPERP", "buy", "0.5", "40000.5", "FILLED", "paper", "",
    ]  # fmt: skip
    assert [exit_[name] for name in ("side", "price", "pnl")] == ["sell", "39999.5", "-0.5"]


async def test_ao_35_fills_and_positions_come_as_tables(house: House) -> None:
    """Closed positions, too, with what they realised."""
    await a_round_trip(house)
    assert [line["side"] for line in await lines(house, "fills")] == ["buy", "sell"]
    [position] = await lines(house, "positions")
    assert [position[name] for name in ("qty", "status", "pnl")] == ["0", "closed", "-0.5"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?account=testing", 2),
        ("?account=Ann", 0),
        ("?ticker=btcperp&mode=paper", 2),
        ("?ticker=SBER", 0),
        ("?mode=live", 0),
        ("?to=2020-01-01", 0),
        ("?from=2020-01-01T00:00:00Z", 2),
    ],
)
async def test_ao_35_a_table_holds_what_its_filter_asks_for(house: House, query: str, count: int) -> None:
    """Account and ticker in any case; a day begins in UTC."""
    await a_round_trip(house)
    assert len(await lines(house, "fills", query)) == count


@pytest.mark.parametrize("query", ["?mode=real", "?from=yesterday", "?to=2026-13-01"])
async def test_a_filter_that_is_none_is_refused(house: House, query: str) -> None:
    """422."""
    assert (await house.get(f"/api/v1/orders.csv{query}")).status == 422


async def test_ao_35_a_table_without_lines_has_its_names(house: House) -> None:
    """So that a program can read it."""
    text = (await house.get("/api/v1/orders.csv")).data
    assert text.startswith("id,time,account,link,strategy,symbol,side,")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_ao_35_no_text_is_a_formula(text: str) -> None:
    """An apostrophe stands in front; inner quotes and commas are quoted."""
    [_, [cell, other]] = list(csv.reader(io.StringIO(table(["a", "b"], [{"a": text, "b": 'x", y'}]), newline="")))
    assert (cell, other) == (f"'{text}", 'x", y')


async def test_ao_35_a_links_name_is_no_formula(house: House) -> None:
    """Names are people's, and people may be strangers to each other."""
    link = await made(house, name='=HYPERLINK("x")')
    await post(house, link)
    assert {line["link"] for line in await lines(house, "orders")} == {"'" + link["name"]}


async def test_ao_36_hidden_history_is_out_of_sight_and_in_the_journal(house: House) -> None:
    """Confirmed, audited, and the open position's own orders stay."""
    link = await a_round_trip(house)
    await post(house, link)
    before = {row["id"]: row["state"] for row in await rows(house, "orders")}
    assert (await house.ask("DELETE", "/api/v1/history")).status == 428
    assert len(await rows(house, "orders")) == len(before)
    assert (await house.ask("DELETE", "/api/v1/history?confirm=true")).status == 200
    shown = await rows(house, "orders")
    assert {row["state"] for row in shown} == {"OPEN"}
    assert {line["id"] for line in await lines(house, "orders")} == {row["id"] for row in shown}
    assert await rows(house, "fills") == []
    assert len(await rows(house, "positions")) == 1
    for order_id, state in before.items():
        assert (await house.get(f"/api/v1/orders/{order_id}")).data["state"] == state
    log = await rows(house, "log")
    assert (log[0]["action"], log[0]["actor"]) == ("history.hidden", "owner")
    assert await house.engine.store.verify_audit() is None


async def test_ao_36_only_ones_own_history_is_hidden(house: House) -> None:
    """Also for an admin, who sees everybody's."""
    anns = await made(house, "ann-token", account="Ann")
    await post(house, anns)
    await post(house, anns, action="EXIT")
    count = len(await rows(house, "orders", "ann-token"))
    await house.ask("DELETE", "/api/v1/history?confirm=true")
    assert len(await rows(house, "orders", "ann-token")) == count
    assert (await house.ask("DELETE", "/api/v1/history?confirm=true", token="viewer-token")).status == 403


async def test_ao_36_what_comes_after_is_shown(house: House) -> None:
    """Up to a moment that may be said."""
    await a_round_trip(house)
    early = (house.engine.clock.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    await house.ask("DELETE", f"/api/v1/history?confirm=true&to={early}")
    assert len(await rows(house, "fills")) == 2
