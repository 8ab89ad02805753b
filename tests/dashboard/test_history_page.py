"""History: orders and fills that one looks for, the same as a table to keep; profit by day and equity."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal

import pytest

from core.services.earnings import EquityKeeper
from tests.dashboard.browsing import HTML, log_in, opened_page, parts_of
from tests.dashboard.conftest import SAMPLE, Answer, House

EXIT = {**SAMPLE, "message": "exit", "action": "sell", "price": "40100"}


async def page(house: House, query: str = "", token: str = "owner-token") -> Answer:
    return await opened_page(house, f"/history{query}", await log_in(house, token))


async def rows(house: House, query: str = "") -> int:
    """Lines that the page's table shows."""
    return parts_of(await page(house, query))["list"].count("<tr data-key=")


async def traded(house: House) -> None:
    """Bought at 40000.5, sold at 40100."""
    await house.trade()
    await house.post("/api/v1/demo/market", {"ticker": "BTCPERP", "bid": "40100", "ask": "40100.5"})
    await house.post("/tradingview-to-webhook-order", EXIT, token=None)
    await house.settled()


async def test_an_empty_history_says_where_orders_come_from(house: House) -> None:
    """And where to go; there is nothing to download."""
    shown = parts_of(await page(house))["list"]
    assert "No orders yet" in shown
    assert "csv" not in shown


async def test_orders_and_fills_are_shown(house: House) -> None:
    """Entry, stop, target and exit; two fills, with price and fee."""
    await traded(house)
    assert await rows(house) == 4
    assert await rows(house, "?show=fills") == 2
    fills = parts_of(await page(house, "?show=fills"))["list"]
    assert "40,000.5" in fills
    assert ">PAPER<" in fills


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("side=buy", 1),
        ("side=sell", 3),
        ("ticker=btcperp", 4),
        ("ticker=SBER", 0),
        ("account=testing&mode=paper", 4),
        ("mode=live", 0),
        ("from=2020-01-01&to=2099-12-31", 4),
        ("to=2020-01-01", 0),
    ],
)
async def test_ao_35_the_table_to_keep_has_the_lines_of_the_filter(house: House, query: str, count: int) -> None:
    """As many lines in the CSV that the page links as the page shows."""
    await traded(house)
    answer = await page(house, f"?{query}")
    assert parts_of(answer)["list"].count("<tr data-key=") == count
    links = re.findall(r'href="(/api/v1/orders\.csv[^"]*)"', answer.data)
    assert len(links) == (1 if count else 0)
    for link in links:
        table = list(csv.reader(io.StringIO((await house.get(link.replace("&amp;", "&"))).data)))
        assert len(table) - 1 == count


async def test_a_last_day_is_meant_with_all_its_hours(house: House) -> None:
    """Today as first and last day finds what was traded today."""
    await traded(house)
    today = house.board.clock.now().date().isoformat()
    assert await rows(house, f"?from={today}&to={today}") == 4
    assert f'value="{today}"' in (await page(house, f"?to={today}")).data


async def test_ao_36_what_is_hidden_is_asked_about_and_gone(house: House) -> None:
    """The button asks, says that the journal keeps it; afterwards only what goes on is left."""
    await traded(house)
    answer = await page(house)
    assert 'data-post="/api/v1/history?confirm=true" data-method="DELETE" data-confirm="' in answer.data
    assert (await house.ask("DELETE", "/api/v1/history?confirm=true")).status == 200
    assert await rows(house) == 0


async def test_profit_by_day_is_what_was_closed_after_fees(house: House) -> None:
    """One day, the position's gain less its fees, in the account's currency."""
    await traded(house)
    fills = (await house.get("/api/v1/fills")).data["items"]
    by_side = {fill["side"]: Decimal(fill["price"]) * Decimal(fill["quantity"]) for fill in fills}
    fees = sum(Decimal(fill["fee"]) for fill in fills)
    [series] = (await house.get("/api/v1/earnings")).data["series"]
    assert series["currency"] == "USDT"
    [point] = series["points"]
    assert point["day"] == house.board.clock.now().date().isoformat()
    assert Decimal(point["value"]) == by_side["sell"] - by_side["buy"] - fees
    assert (await house.get("/api/v1/earnings?ticker=SBER")).data["series"] == []
    assert (await house.get("/api/v1/earnings", "ann-token")).data["series"] == []


async def test_equity_is_kept_by_day(house: House) -> None:
    """What was kept before stands; today's is of this moment; only of accounts that one may see."""
    before = house.board.clock.now().date().isoformat()
    assert await EquityKeeper(house.engine.desk).keep() == 2
    await house.post("/api/v1/demo/clock", {"advance_s": 86400})
    series = {each["name"]: each["points"] for each in (await house.get("/api/v1/equity")).data["series"]}
    assert [point["day"] for point in series["Testing"]] == [before, house.board.clock.now().date().isoformat()]
    assert [point["value"] for point in series["Testing"]] == ["1000000", "1000000"]
    seen = (await house.get("/api/v1/equity", "ann-token")).data["series"]
    assert [each["name"] for each in seen] == ["Ann"]


async def test_another_persons_history_is_not_told(house: House) -> None:
    """Neither lines nor accounts, whatever is asked for."""
    await traded(house)
    for query in ("", "?show=fills", "?account=Testing", "?ticker=BTCPERP"):
        shown = parts_of(await page(house, query, "ann-token"))["list"]
        assert "<tr data-key=" not in shown
    assert "Testing" not in (await page(house, "", "ann-token")).data


@pytest.mark.parametrize(
    "query",
    [
        "?from=yesterday",
        "?to=2026-13-40",
        "?to=9999-12-31",
        "?from=0001-01-01T00:00:00%2B14:00",
        "?side=up",
        "?mode=gold",
        "?show=everything",
        "?after=first",
    ],
)
async def test_a_filter_that_is_none_is_refused_in_words(house: House, query: str) -> None:
    """422 as a page, and no trace."""
    answer = await house.get(f"/history{query}", None, headers={**HTML, **await log_in(house)})
    assert answer.status == 422, answer.data
    assert "Traceback" not in answer.data


@pytest.mark.parametrize("name", ["ticker", "account"])
@pytest.mark.parametrize("value", ["<script>alert(1)</script>", "%00", "x" * 5000, "%ED%A0%80", "' OR 1=1 --"])
async def test_strange_words_find_nothing_and_stay_words(house: House, name: str, value: str) -> None:
    """A page without lines, in which what was typed is no HTML."""
    await traded(house)
    answer = await page(house, f"?{name}={value}")
    assert answer.status == 200
    assert parts_of(answer)["list"].count("<tr data-key=") == 0
    assert "<script>alert" not in answer.data
