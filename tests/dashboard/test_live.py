"""GET /events: the parts of a page that changed, and only to people we know."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from aiohttp import ClientResponse

from core.values.people import owner_person
from dashboard.live import STREAMS_EACH, STREAMS_MAX, understood
from dashboard.recent import reading
from dashboard.view import View
from dashboard.views import VIEWS
from tests.dashboard.browsing import cookie_of, log_in, opened_page
from tests.dashboard.conftest import PASSPHRASE, Events, House
from tests.dashboard.test_users import added, token_of, with_everybody


async def _open(house: House, token: str = "owner-token", page: str = "now", **more: str) -> ClientResponse:
    headers = {"Authorization": f"Bearer {token}", **more}
    return await house.session.get(f"{house.url}/events?page={page}", headers=headers)


async def test_the_first_event_is_the_whole_page(house: House) -> None:
    """Every part of it, in one event, without a secret."""
    await house.trade()
    async with await _open(house) as response:
        assert response.content_type == "text/event-stream"
        news = await Events(response.content).news()
    assert {"state", "hand", "alive", "risk", "waits", "today", "stop"} <= news.keys()
    assert "ACTIVE" in news["state"]
    assert "BTCPERP" in news["risk"]
    assert PASSPHRASE not in "".join(news.values())


async def test_a_page_that_was_just_opened_is_told_nothing(demo: House) -> None:
    """The mark on the page says what it shows: the stream begins with a beat."""
    page = await opened_page(demo)
    mark = page.data.partition('data-mark="')[2].partition('"')[0]
    async with demo.session.get(
        f"{demo.url}/events?page=now&at={mark}", headers={"Cookie": cookie_of(page)}
    ) as response:
        assert (await response.content.readline()) == b"event: beat\n"


async def test_later_events_hold_only_what_changed(house: House) -> None:
    """A halt changes the state and how to stop, not what is earned."""
    async with await _open(house) as response:
        events = Events(response.content)
        await events.news()
        await house.post("/api/v1/commands", {"text": "/kill"})
        news = await events.news()
        while "state" not in news:
            news = await events.news()
    assert "HALTED" in news["state"]
    assert "owner" in news["halt"]
    assert "today" not in news


async def test_after_a_break_only_what_changed_meanwhile_is_told(house: House) -> None:
    """Last-Event-ID is what the page shows; nonsense gets everything."""
    async with await _open(house, page="console") as response:
        events = Events(response.content)
        await events.news()
        seen = events.last_id
    await house.post("/api/v1/commands", {"text": "/kill"})
    async with await _open(house, page="console", **{"Last-Event-ID": seen}) as response:
        news = await Events(response.content).news()
    assert news.keys() == {"state", "notices"}
    async with await _open(house, page="console", **{"Last-Event-ID": "no.such"}) as response:
        assert "hand" in await Events(response.content).news()


async def test_a_trade_arrives_without_asking(house: House) -> None:
    """Position and stop come by themselves."""
    async with await _open(house) as response:
        events = Events(response.content)
        seen = await events.news()
        await house.trade()
        while "all protected" not in seen["risk"] or "39,800" not in seen["risk"]:
            seen |= await events.news()
        while "fills: 1" not in seen["today"]:
            seen |= await events.news()


async def test_a_new_price_arrives_without_asking(house: House) -> None:
    """What is open gains with the market."""
    await house.trade()
    async with await _open(house) as response:
        events = Events(response.content)
        seen = await events.news()
        await house.post("/api/v1/demo/market", {"ticker": "BTCPERP", "bid": "40200", "ask": "40201"})
        while "+" not in seen["today"]:
            seen |= await events.news()


async def test_a_stream_shows_only_what_its_person_owns(house: House) -> None:
    """Ann's page is empty of the owner's trades."""
    await house.trade()
    async with await _open(house, "ann-token") as response:
        news = await Events(response.content).news()
    assert "Testing" not in "".join(news.values())
    assert "BTCPERP" not in "".join(news.values())


async def test_a_page_that_is_none_has_no_stream(house: House) -> None:
    """404."""
    answer = await _open(house, page="nothing")
    assert answer.status == 404
    answer.close()


async def test_streams_end_when_the_desk_closes(house: House) -> None:
    """Not ready any more: open pages must not hold up the shutdown."""
    async with await _open(house) as response:
        events = Events(response.content)
        await events.news()
        house.moods["ready"] = False
        await events.end()


async def test_the_session_of_a_stream_may_end(house: House) -> None:
    """After the log-out the stream of that page ends too."""
    page = await log_in(house)
    async with house.session.get(f"{house.url}/events", headers=page) as response:
        events = Events(response.content)
        await events.news()
        await house.post("/logout", {}, None, headers={**page, "Origin": house.url})
        await events.end()


async def test_streams_are_bounded(house: House) -> None:
    """One page of a person too many is 503 for them alone, and a closed page makes room."""
    opened = [await _open(house) for _ in range(STREAMS_EACH)]
    refused = await house.get("/events")
    assert (refused.status, refused.data["error"]["code"]) == (503, "too_many_streams")
    async with await _open(house, "ann-token") as others:
        assert others.status == 200
    async with asyncio.timeout(10):
        await Events(opened[0].content).news()  # none of those that were open was cut
    for response in opened:
        response.close()
    async with asyncio.timeout(10):  # the desk notices at the next beat
        while (again := await _open(house)).status == 503:
            again.close()
    assert again.status == 200
    again.close()


async def test_streams_of_everybody_are_bounded(tmp_path: Path) -> None:
    """However many people there are."""
    async with with_everybody(tmp_path) as full:
        tokens = []
        for number in range(STREAMS_MAX // STREAMS_EACH):
            await added(full, username=f"bob{number}")
            tokens.append(await token_of(full, f"bob{number}"))
        opened = [await _open(full, token) for token in tokens for _ in range(STREAMS_EACH)]
        assert {response.status for response in opened} == {200}
        async with await _open(full) as refused:
            assert refused.status == 503
        for response in opened:
            response.close()


class Asked(Mapping[str, str]):
    """A query that remembers which names were looked for."""

    def __init__(self, held: dict[str, str]) -> None:
        self._held = held
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self._held[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
async def test_a_page_reads_what_it_says_and_nothing_else(house: House, view: View) -> None:
    """So that no invented name of an address has a page drawn once more."""
    asked = Asked({})
    await view.model(reading(house.board), owner_person("dashboard"), asked)
    if view.name == "instruments":
        one = Asked({"ticker": "BTCPERP"})
        await view.model(reading(house.board), owner_person("dashboard"), one)
        asked.names |= one.names
    assert asked.names == view.query
    said = dict.fromkeys(view.query, "x")
    assert understood(view, {**said, "page": view.name, "at": "mark", "invented": "1"}) == said
