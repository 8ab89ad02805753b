"""GET /events: what changed, and only to people we know."""

from __future__ import annotations

import asyncio
import json

from aiohttp import ClientResponse

from dashboard.live import STREAMS_MAX
from tests.dashboard.conftest import PASSPHRASE, Events, House


async def _open(house: House, token: str = "owner-token") -> ClientResponse:
    return await house.session.get(f"{house.url}/events", headers={"Authorization": f"Bearer {token}"})


async def test_the_first_event_is_the_whole_picture(house: House) -> None:
    """Everything the page shows, in one event, without a secret."""
    await house.trade()
    async with await _open(house) as response:
        assert response.content_type == "text/event-stream"
        news = await Events(response.content).news()
    assert {"state", "prices", "positions", "accounts", "alerts", "orders", "fills", "notices"} <= news.keys()
    assert news["state"]["risk_state"] == "ACTIVE"
    assert news["positions"][0]["protected_by"] == "broker"
    assert {"BTCPERP", "SBER"} <= {row["ticker"] for row in news["prices"]}
    assert PASSPHRASE not in json.dumps(news)


async def test_later_events_hold_only_what_changed(house: House) -> None:
    """A new book sends that price alone, without the lists that stayed as they were."""
    async with await _open(house) as response:
        events = Events(response.content)
        await events.news()
        await house.post("/api/v1/demo/market", {"ticker": "SBER", "bid": "290", "ask": "290.02"})
        news = await events.news()
    assert [(row["ticker"], row["bid"]) for row in news["prices"]] == [("SBER", "290")]
    assert "orders" not in news
    assert "notices" not in news


async def test_a_trade_arrives_without_asking(house: House) -> None:
    """Alert, order, fill and position come by themselves."""
    async with await _open(house) as response:
        events = Events(response.content)
        seen = await events.news()
        await house.trade()
        while not (seen["positions"] and seen["positions"][0]["protected_by"] and seen["alerts"][0]["order_ids"]):
            seen |= await events.news()
    assert seen["fills"][0]["quantity"] == "50"


async def test_a_halt_is_shown(house: House) -> None:
    """The state says who halted and why."""
    async with await _open(house) as response:
        events = Events(response.content)
        await events.news()
        await house.post("/api/v1/commands", {"text": "/kill"})
        news = await events.news()
        while "state" not in news:
            news = await events.news()
    assert news["state"]["risk_state"] == "HALTED"
    assert news["state"]["halt"]["by"] == "owner"


async def test_a_stream_shows_only_what_its_person_owns(house: House) -> None:
    """Ann's page is empty of the owner's trades."""
    await house.trade()
    async with await _open(house, "ann-token") as response:
        news = await Events(response.content).news()
    assert [row["name"] for row in news["accounts"]] == ["Ann"]
    assert news["positions"] == news["orders"] == news["alerts"] == news["fills"] == []


async def test_streams_end_when_the_desk_closes(house: House) -> None:
    """Not ready any more: open pages must not hold up the shutdown."""
    async with await _open(house) as response:
        events = Events(response.content)
        await events.news()
        house.moods["ready"] = False
        await events.end()


async def test_the_session_of_a_stream_may_end(house: House) -> None:
    """After the log-out the stream of that page ends too."""
    login = await house.post("/login", {"token": "owner-token"}, None, headers={"Origin": house.url})
    cookie = {"Cookie": login.headers["Set-Cookie"].partition(";")[0]}
    house.session.cookie_jar.clear()
    async with house.session.get(f"{house.url}/events", headers=cookie) as response:
        events = Events(response.content)
        await events.news()
        await house.post("/logout", {}, None, headers={**cookie, "Origin": house.url})
        await events.end()


async def test_streams_are_bounded(house: House) -> None:
    """One page too many is 503, and a closed page makes room."""
    opened = [await _open(house) for _ in range(STREAMS_MAX)]
    refused = await house.get("/events")
    assert (refused.status, refused.data["error"]["code"]) == (503, "too_many_streams")
    for response in opened:
        response.close()
    async with asyncio.timeout(10):  # the desk notices at the next beat
        while (again := await _open(house)).status == 503:
            again.close()
    assert again.status == 200
    again.close()
