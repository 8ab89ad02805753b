"""Instruments: looked for among thousands, and one by itself with its form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from core.values.ids import AccountName
from core.values.instrument import Instrument
from tests.dashboard.browsing import log_in, opened_page, parts_of
from tests.dashboard.conftest import Answer, Events, House

TESTING = AccountName("Testing")


async def page(house: House, query: str = "", token: str = "owner-token") -> Answer:
    return await opened_page(house, f"/instruments{query}", await log_in(house, token))


def tickers(answer: Answer) -> list[str]:
    """In the order of the rows."""
    return re.findall(r'<tr data-key="\w+:(\w+)">', parts_of(answer)["list"])


def fill(house: House, count: int) -> None:
    """Many bonds besides what the account lists already."""
    directory = house.engine.desk.directory
    account = next(a for a in directory.accounts if a.name == TESTING)
    known: Sequence[Instrument] = directory.instruments(TESTING)
    sber = next(i for i in known if i.ticker == "SBER")
    more = [replace(sber, ticker=f"ZB{n:05}", name=f"Bond <b>{n}</b>") for n in range(count)]
    directory.put(account, [*known, *more])


async def test_every_instrument_shows_its_prices_and_its_session(house: House) -> None:
    """Ticker, name, last, both sides, and that what never closes is open."""
    await house.post("/api/v1/demo/market", {"ticker": "BTCPERP", "bid": "41000", "ask": "41000.5"})
    shown = parts_of(await page(house))["list"]
    row = shown.partition("BYBIT:BTCPERP")[2].partition("</tr>")[0]
    assert "41,000.5" in row
    assert "open" in row
    assert {"SBER", "BTCPERP", "SRZ6"} <= set(tickers(await page(house)))


async def test_a_search_finds_the_ticker_first(house: House) -> None:
    """By the beginning of the ticker, by a part of the name, in any case."""
    assert tickers(await page(house, "?q=gazp")) == ["GAZP"]
    assert tickers(await page(house, "?q=sber"))[0] == "SBER"
    assert {"SRZ6", "SRH7"} <= set(tickers(await page(house, "?q=sberbank")))
    assert set(tickers(await page(house, "?kind=future"))) == {"SRZ6", "SRH7"}


async def test_what_nobody_has_says_so(house: House) -> None:
    """With the way back to all of them."""
    shown = parts_of(await page(house, "?q=nosuch"))["list"]
    assert "Nothing fits" in shown
    assert 'href="/instruments"' in shown


async def test_ten_thousand_are_shown_a_page_at_a_time(house: House) -> None:
    """Fifty rows, and the way to the next; names are never part of the page's markup."""
    fill(house, 10_000)
    first = await page(house, "?q=zb")
    assert len(tickers(first)) == 50
    assert "50 of 10,000" in first.data
    assert "from=50" in first.data
    assert "<b>7</b>" not in first.data
    second = await page(house, "?q=zb&from=9990")
    assert tickers(second) == [f"ZB{n:05}" for n in range(9990, 10_000)]
    assert tickers(await page(house, "?q=ZB07777")) == ["ZB07777"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?kind=nosuch", 422),
        ("?account=Nobody", 422),
        ("?from=-1", 422),
        ("?from=x", 422),
        ("?from=99999999999", 422),
        (f"?q={'x' * 101}", 422),
        ("?ticker=NOSUCH", 404),
        ("?ticker=%3Cscript%3E", 404),
    ],
)
async def test_a_query_that_cannot_be_is_a_clear_page(house: House, query: str, status: int) -> None:
    """With words and without a trace."""
    answer = await page(house, query)
    assert answer.status == status
    assert "Traceback" not in answer.data
    assert "<script>" not in answer.data.replace('<script type="module"', "")


async def test_another_persons_account_is_nobodys(house: House) -> None:
    """Its name says nothing, and what it alone lists is unknown."""
    fill(house, 3)
    assert (await page(house, "?account=Testing", "ann-token")).status == 422
    assert (await page(house, "?ticker=ZB00001", "ann-token")).status == 404
    assert (await house.get("/api/v1/tickers?q=zb", "ann-token")).data["items"] == []
    assert (await house.get("/api/v1/tickers?account=Testing", "ann-token")).status == 422


async def test_one_instrument_tells_its_terms(house: House) -> None:
    """Lot, tick, expiry and what lies under it."""
    shown = parts_of(await page(house, "?ticker=SRZ6"))["quote"]
    for words in ("future, MOEX", "Expires", "2026-12", "100</span>", "/instruments?ticker=SBER", "Short selling"):
        assert words in shown


async def test_one_instrument_shows_what_is_held_and_ordered(house: House) -> None:
    """The position with its stop, the orders at the broker, the fills; and the chart asks for its own account."""
    await house.trade()
    answer = await page(house, "?ticker=BTCPERP")
    held = parts_of(answer)["held"]
    assert "+50" in held
    assert "39,800" in held
    assert "Fills: 1" in held
    assert 'data-chart="/api/v1/charts/BTCPERP?account=Testing"' in answer.data


async def test_its_form_types_the_commands_of_the_chats(house: House) -> None:
    """Buy, sell and close on the account that is shown; a viewer is offered none."""
    answer = await page(house, "?ticker=SBER")
    for line in (
        "/buy {amount} {ticker} {sum} @{account}",
        "/sell {amount} {ticker} {sum} @{account}",
        "/dump {ticker} @{account}",
    ):
        assert f'data-line="{line}"' in answer.data
    assert "data-line=" not in (await page(house, "?ticker=SBER", "viewer-token")).data


async def test_a_price_moves_on_the_open_page(demo: House) -> None:
    """The rows that are shown follow their books."""
    url = f"{demo.url}/events?page=instruments&q=BTCPERP"
    opened = await opened_page(demo, "/instruments?q=BTCPERP")
    cookie = opened.headers["Set-Cookie"].partition(";")[0]
    async with demo.session.get(url, headers={"Cookie": cookie}) as response:
        events = Events(response.content)
        await events.news()
        await demo.post("/api/v1/demo/market", {"ticker": "BTCPERP", "bid": "43210", "ask": "43210.5"})
        assert "43,210" in (await events.news())["list"]


async def test_hours_tell_until_when(house: House) -> None:
    """A market with sessions closes and opens; the page names the moment."""
    directory = house.engine.desk.directory
    account = next(a for a in directory.accounts if a.name == TESTING)
    exchange = [replace(i, calendar="MOEX-shares") if i.ticker == "SBER" else i for i in directory.instruments(TESTING)]
    directory.put(account, exchange)
    broker = house.engine.desk.venues[TESTING].broker
    sber = directory.instrument(TESTING, "SBER")
    now = house.engine.clock.now()
    sessions = await broker.schedule(sber, now, now + timedelta(days=7))
    ahead = next(s for s in sessions if s.closes_at > now)
    moment = ahead.closes_at if ahead.opens_at <= now else ahead.opens_at
    quote = parts_of(await page(house, "?ticker=SBER"))["quote"]
    assert moment.strftime('datetime="%Y-%m-%dT%H:%M:%S') in quote
    assert ("open" if ahead.opens_at <= now else "closed") in quote


async def test_tickers_complete_themselves(house: House) -> None:
    """What fits, the likeliest first, no more than twenty."""
    fill(house, 100)
    items = (await house.get("/api/v1/tickers?q=zb0000")).data["items"]
    assert [item["ticker"] for item in items] == [f"ZB0000{n}" for n in range(10)]
    assert len((await house.get("/api/v1/tickers?q=z")).data["items"]) == 20
    assert (await house.get("/api/v1/tickers?kind=x")).data["error"]["field"] == "kind"
    assert (await house.get("/api/v1/tickers", None)).status == 401
