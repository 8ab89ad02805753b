"""The routes that move a still market."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.values.errors import Rejected
from dashboard.board import DemoControls
from tests.dashboard.conftest import House, opened

BOOK = {"ticker": "BTCPERP", "bid": "39799.5", "ask": 39800}


async def test_a_scripted_book_is_dealt_with_before_the_answer(house: House) -> None:
    """Once the route has answered, the stop has fired and the position is gone."""
    await house.trade()
    answer = await house.post("/api/v1/demo/market", BOOK)
    assert (answer.status, answer.data) == (200, {"success": True})
    assert (await house.get("/api/v1/positions")).data["items"] == []


async def test_the_clock_moves_only_by_the_route(house: House) -> None:
    """An hour on is an hour on."""
    before = house.board.clock.now()
    answer = await house.post("/api/v1/demo/clock/", {"advance_s": 3600})
    assert answer.status == 200
    assert (house.board.clock.now() - before).total_seconds() == 3600


async def test_a_scripted_fault_meets_the_next_order(house: House) -> None:
    """Refused by name, and the order says so."""
    answer = await house.post("/api/v1/demo/faults", {"next": "refuse", "count": 1})
    assert (answer.status, answer.data) == (200, {"success": True})
    notice = (await house.post("/api/v1/commands", {"text": "/buy 10 SBER @Testing"})).data["notices"][0]
    assert notice["kind"] == "refused"


BAD: list[tuple[str, dict[str, Any], int, str | None]] = [
    ("market", {**BOOK, "ticker": "NOSUCH"}, 404, "ticker"),
    ("market", {**BOOK, "bid": "40001"}, 422, "bid"),
    ("market", {**BOOK, "bid": "-1"}, 422, "bid"),
    ("market", {**BOOK, "ask": "lots"}, 422, "ask"),
    ("market", {**BOOK, "ask": True}, 422, "ask"),
    ("market", {"ticker": "BTCPERP", "bid": "1"}, 422, "ask"),
    ("market", {**BOOK, "bid_size": "x"}, 422, "bid_size"),
    ("market", {"bid": "1", "ask": "2"}, 422, "ticker"),
    ("clock", {}, 422, "advance_s"),
    ("clock", {"advance_s": -1}, 422, "advance_s"),
    ("clock", {"advance_s": "1e18"}, 422, "advance_s"),
    ("faults", {"next": "earthquake"}, 422, "next"),
    ("faults", {"next": "refuse", "count": 0}, 422, "count"),
    ("faults", {"next": "refuse", "count": "1.5"}, 422, "count"),
    ("faults", {"next": "delay", "self": 1}, 422, "self"),
    ("faults", {}, 422, "next"),
]


@pytest.mark.parametrize(("route", "body", "status", "field"), BAD)
async def test_what_cannot_be_used_is_refused_by_name(
    house: House, route: str, body: dict[str, Any], status: int, field: str | None
) -> None:
    """The status of the contract, and the field as it was sent."""
    answer = await house.post(f"/api/v1/demo/{route}", body)
    assert (answer.status, answer.data["error"]["field"]) == (status, field)


async def test_an_unknown_fault_is_told_those_there_are(house: House) -> None:
    """The message lists the names."""
    answer = await house.post("/api/v1/demo/faults", {"next": "earthquake"})
    assert "accept_then_drop" in answer.data["error"]["message"]


@pytest.mark.parametrize(
    ("route", "body"), [("market", BOOK), ("clock", {"advance_s": 1}), ("faults", {"next": "refuse"})]
)
async def test_outside_of_demo_they_are_403(tmp_path: Path, route: str, body: dict[str, Any]) -> None:
    """A desk without demo controls cannot be moved by hand."""
    async with opened(tmp_path, demo=None) as house:
        answer = await house.post(f"/api/v1/demo/{route}", body)
        assert (answer.status, answer.data["error"]["code"]) == (403, "market_moves")


async def test_a_market_that_moves_by_itself_is_403(tmp_path: Path) -> None:
    """The controls' own no is passed on."""

    async def market(*_: object) -> None:
        raise Rejected("market_moves")

    async def clock(_: float) -> None:
        raise Rejected("market_moves")

    async with opened(tmp_path, demo=DemoControls(market, clock, lambda *_: None)) as house:
        assert (await house.post("/api/v1/demo/market", BOOK)).status == 403
        assert (await house.post("/api/v1/demo/clock", {"advance_s": 1})).status == 403


async def test_a_viewer_moves_nothing(house: House) -> None:
    """The demo routes need the role trader."""
    answer = await house.post("/api/v1/demo/market", BOOK, token="viewer-token")
    assert answer.status == 403


async def test_the_sample_alert_is_there_in_demo_only(house: House, tmp_path: Path) -> None:
    """Elsewhere there is none to give."""
    assert (await house.get("/api/v1/demo/sample")).status == 403
