"""Alerts: the hub's screen, and what came to be traded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dashboard.views import alerts
from tests.dashboard.browsing import log_in, opened_page, parts_of
from tests.dashboard.conftest import PASSPHRASE, SAMPLE, Answer, Events, House
from texts import catalogue

ROUTE = "/api/v1/alerts"


def signal(minutes: float = 1, **changes: Any) -> dict[str, Any]:
    """As a program sends it, this old."""
    at = datetime.now(UTC) - timedelta(minutes=minutes)
    usual = {"id": 7, "name": "Cycle", "symbol": "BYBIT:BTCPERP", "interval": 15, "direction": "buy", "price": "40000"}
    return {**usual, "timestamp": f"{at:%Y-%m-%dT%H:%M:%SZ}", **changes}


async def page(house: House, path: str = "/alerts", token: str = "owner-token") -> Answer:
    return await opened_page(house, path, await log_in(house, token))


async def screen(house: House, *sent: Mapping[str, Any], path: str = "/alerts") -> list[tuple[str, str]]:
    """Symbol and state of every row, once all this was sent."""
    for body in sent:
        answer = await house.post(ROUTE, body)
        assert answer.status == 201, answer.data
    shown = parts_of(await page(house, path))["signals"]
    return re.findall(
        r'<tr data-key="[^"]+" data-state="(\w+)".*?<td data-label="Symbol">([^<]+)</td>', shown, re.DOTALL
    )


async def test_tv_30_an_empty_screen_says_so(house: House) -> None:
    """And the list of what is to be traded says what to do next."""
    parts = parts_of(await page(house))
    assert "No alerts on the hub yet" in parts["signals"]
    assert '<p class="soft none">' in parts["signals"]
    assert 'href="/links"' in parts["own"]


async def test_tv_30_newest_first_and_ten_unless_more_is_asked_for(house: House) -> None:
    """The page's address may ask for 1 to 99."""
    sent = [signal(20 - n / 2, symbol=f"MOEX:T{n}") for n in range(12)]
    rows = await screen(house, *sent)
    assert [symbol for _, symbol in rows] == [f"MOEX:T{n}" for n in range(11, 1, -1)]
    assert len(await screen(house, path="/alerts?show=99")) == 12
    assert len(await screen(house, path="/alerts?show=1")) == 1


async def test_tv_30_a_busy_desk_leaves_the_screen_alone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many alerts came to be traded since, the hub's newest are shown."""
    monkeypatch.setattr(alerts, "LOOKED_AT", 2)
    await screen(house, signal(5, symbol="MOEX:OLD"), signal(4, symbol="MOEX:SBER"), signal(3, symbol="MOEX:GAZP"))
    for price in ("40000", "40000.5"):
        answer = await house.post("/tradingview-to-webhook-order", {**SAMPLE, "price": price}, token=None)
        assert answer.status == 200, answer.data
    assert [symbol for _, symbol in await screen(house)] == ["MOEX:GAZP", "MOEX:SBER"]


async def test_tv_31_32_33_closed_repeated_and_outdated(house: House) -> None:
    """A close marks its row and is none; what is said twice is one row; after 15 minutes a row is outdated."""
    twice = signal(2, symbol="MOEX:GAZP", direction="sell")
    rows = await screen(
        house,
        signal(16, symbol="MOEX:SBER"),
        signal(3),
        twice,
        {**twice, "price": "41000"},
        signal(1, direction="Close entry(s) order long"),
    )
    assert rows == [("active", "MOEX:GAZP"), ("closed", "BYBIT:BTCPERP"), ("outdated", "MOEX:SBER")]


async def test_tv_37_four_colours_have_a_legend(house: House) -> None:
    """Sell, buy, closed and outdated, outside of what changes."""
    legend = (await page(house)).data.partition('class="legend"')[2].partition("</ul>")[0]
    assert re.findall(r'<li class="(\w+)">', legend) == ["sell", "buy", "closed", "outdated"]


async def test_what_came_to_be_traded_tells_its_fate(house: House) -> None:
    """Traded, refused with the reason in words, too late; each leads to its whole story, and nothing is secret."""
    traded = await house.trade()
    await house.post("/tradingview-to-webhook-order", {**SAMPLE, "time": "2024-01-01T00:00:00Z"}, token=None)
    await house.post("/tradingview-to-webhook-order", {**SAMPLE, "long SL": "39999.5", "quantity": "1"}, token=None)
    await house.settled()
    own = parts_of(await page(house))["own"]
    assert ">traded<" in own
    assert ">stale<" in own
    assert f'href="/log?id={traded}"' in own
    assert PASSPHRASE not in own


async def test_older_ones_are_a_page_further(house: House) -> None:
    """Fifty a page, and the way back."""
    for number in range(52):
        late = {**SAMPLE, "time": "2024-01-01T00:00:00Z", "price": str(40000 + number)}
        await house.post("/tradingview-to-webhook-order", late, token=None)
    first = parts_of(await page(house))["own"]
    assert first.count("<tr data-key") == 50
    older = re.search(r'href="(/alerts\?after=\d+)"', first)
    assert older is not None
    second = parts_of(await page(house, older[1]))["own"]
    assert second.count("<tr data-key") == 2
    assert 'href="/alerts"' in second


async def test_a_link_is_named(house: House) -> None:
    """By its name, wherever it leads."""
    body = {"name": "Evening", "account": "Testing", "strategy": "Cycle", "quantity": "1", "stop_loss": "1"}
    made = (await house.post("/api/v1/links", body)).data
    alert = {"strategy": "Cycle", "symbol": "BTCPERP", "action": "BUY", "timestamp": signal(0)["timestamp"]}
    assert (await house.post(f"/hook/{made['token']}", alert, token=None)).status == 200
    await house.settled()
    assert "Evening" in parts_of(await page(house))["own"]


async def test_the_open_page_hears_of_an_alert(house: House) -> None:
    """Also of the hub's, which nothing else follows."""
    headers = await log_in(house)
    url = f"{house.url}/events?page=alerts"
    async with house.session.get(url, headers=headers) as response:
        events = Events(response.content)
        await events.news()
        await house.post(ROUTE, signal(symbol="MOEX:LKOH"))
        assert "MOEX:LKOH" in (await events.news())["signals"]


async def test_others_alerts_are_not_shown(house: House) -> None:
    """Ann runs a desk of her own: the hub and the owner's trades are not hers, nor may she tell the hub anything."""
    await house.trade()
    await house.post(ROUTE, signal())
    hers = await page(house, token="ann-token")
    assert hers.status == 200
    for theirs in ("BTCPERP", 'id="signals"', "Testing"):
        assert theirs not in hers.data
    refused = await house.post(ROUTE, signal(), token="ann-token")
    assert (refused.status, refused.data["error"]["code"]) == (403, "not_allowed")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": -1}, "id"),
        ({"id": None}, "id"),
        ({"name": ""}, "name"),
        ({"symbol": ["x"]}, "symbol"),
        ({"interval": 0}, "interval"),
        ({"direction": "hold"}, "direction"),
        ({"price": -1}, "price"),
        ({"price": "1" * 5000}, "price"),
        ({"timestamp": "yesterday"}, "timestamp"),
    ],
)
async def test_tv_36_what_the_hub_cannot_use_names_its_field(
    house: House, changes: Mapping[str, Any], field: str
) -> None:
    """422, nothing is kept, and no trace."""
    answer = await house.post(ROUTE, signal(**changes))
    assert (answer.status, answer.data["error"]["field"]) == (422, field)
    assert (await house.get(ROUTE)).data["items"] == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b"[" * 60000])
async def test_tv_36_what_is_no_alert_is_told(house: House, body: bytes) -> None:
    """The error's shape, and words about JSON."""
    answer = await house.ask("POST", ROUTE, body)
    assert (answer.status, answer.data["error"]["code"]) == (422, "body_unreadable")


@pytest.mark.parametrize("query", ["show=0", "show=100", "show=x", "show=-1", "show=" + "9" * 5000, "after=x"])
async def test_a_query_that_cannot_be_is_a_page_that_says_so(house: House, query: str) -> None:
    """422, no trace."""
    answer = await page(house, f"/alerts?{query}")
    assert (answer.status, answer.headers["Content-Type"]) == (422, "text/html; charset=utf-8")
    assert "Traceback" not in answer.data


async def test_a_script_in_a_name_is_words(house: House) -> None:
    """It is shown, and does nothing."""
    evil = "<script>alert(1)</script>"
    await house.post(ROUTE, signal(name=evil, symbol=evil))
    shown = (await page(house)).data
    assert evil not in shown
    assert "&lt;script&gt;alert(1)" in shown


async def test_the_page_speaks_russian(house: House) -> None:
    """Words, states and reasons."""
    await house.post("/api/v1/commands", {"text": "/language ru"})
    await house.post(ROUTE, signal())
    shown = (await page(house)).data
    words = catalogue("ru")
    for word in (words["page.alerts.hub"], words["value.side.buy"].upper(), words["page.alerts.active"]):
        assert word in shown
