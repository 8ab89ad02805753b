"""Positions: what is held and what protects it; what works at the brokers; live told apart from paper."""

from __future__ import annotations

import re
from dataclasses import replace

from core.services.desk import Venue
from core.values.accounts import Mode
from core.values.ids import AccountName
from tests.dashboard.browsing import log_in, opened_page, parts_of
from tests.dashboard.conftest import SAMPLE, House

LIMIT = {**SAMPLE, "type": "limit", "price": "39900"}
OTHER = {**SAMPLE, "ticker": "ETHPERP", "price": "2500", "long SL": "2400", "long TP": "2700"}


async def parts(house: House, token: str = "owner-token") -> dict[str, str]:
    return parts_of(await opened_page(house, "/positions", await log_in(house, token)))


def go_live(house: House) -> None:
    """The paper account is called a live one from now on."""
    desk, name = house.board.desk, AccountName("Testing")
    venue = desk.venues[name]
    desk.venues[name] = Venue(replace(venue.account, mode=Mode.LIVE), venue.broker, venue.feed)


async def test_an_empty_page_says_where_positions_come_from(house: House) -> None:
    """And where to go."""
    shown = await parts(house)
    assert "Nothing is held" in shown["held"]
    assert 'href="/"' in shown["held"]


async def test_a_position_is_shown_with_what_protects_it(house: House) -> None:
    """Pieces, average, last, profit, both levels to be edited in place, and what they would bring."""
    await house.trade()
    held = (await parts(house))["held"]
    for words in ("BTCPERP", "40,000.5", "stop at the broker", 'name="stop"', 'value="39800"', 'value="41000"'):
        assert words in held
    assert "\N{MINUS SIGN}10,025.00" in held
    assert 'data-method="PATCH"' in held
    assert 'data-confirm="Close 50 BTCPERP on Testing at market now?"' in held
    assert "/api/v1/charts/BTCPERP?account=Testing&amp;position=" in held


async def test_profit_follows_the_market(house: House) -> None:
    """With its sign and in the account's currency."""
    await house.trade()
    await house.post("/api/v1/demo/market", {"ticker": "BTCPERP", "bid": "40100", "ask": "40100.5"})
    [row] = (await house.get("/api/v1/positions")).data["items"]
    held = (await parts(house))["held"]
    assert f"+{float(row['profit']):,.2f}" in held
    assert "USDT" in held


async def test_ao_34_live_and_paper_are_told_apart(house: House) -> None:
    """Positions and orders of each stand under their own heading, live before paper."""
    await house.trade()
    shown = await parts(house)
    assert ">PAPER</span> Positions: 1" in shown["held"]
    assert ">PAPER</span> Working orders: 2" in shown["orders"]
    assert "LIVE" not in shown["held"] + shown["orders"]
    go_live(house)
    assert ">LIVE</span> Positions: 1" in (await parts(house))["held"]


async def test_what_is_unprotected_comes_first(house: House) -> None:
    """A managed position whose stop somebody took away stands before newer ones, and says so."""
    await house.trade()
    [asked] = (await house.post("/api/v1/commands", {"text": "/cancel all"})).data["notices"]
    await house.post(f"/api/v1/actions/{asked['actions'][0]['id']}")
    await house.settled()
    await house.post("/api/v1/demo/market", {"ticker": "ETHPERP", "bid": "2499.9", "ask": "2500"})
    await house.post("/tradingview-to-webhook-order", OTHER, token=None)
    await house.settled()
    held = (await parts(house))["held"]
    assert re.findall(r'<article class="card holding( bare)?" .* aria-label="(\w+)">', held) == [
        (" bare", "BTCPERP"),
        ("", "ETHPERP"),
    ]
    assert "NO STOP" in held


async def test_working_orders_can_be_cancelled_where_that_takes_risk_away(house: House) -> None:
    """An entry has its button, a stop has none."""
    await house.trade()
    assert 'data-method="DELETE"' not in (await parts(house))["orders"]
    await house.post("/tradingview-to-webhook-order", LIMIT, token=None)
    await house.settled()
    orders = (await parts(house))["orders"]
    [entry] = [r for r in (await house.get("/api/v1/orders")).data["items"] if r["role"] == "entry" and r["price"]]
    assert f'data-post="/api/v1/orders/{entry["id"]}" data-method="DELETE"' in orders


async def test_intermediate_targets_are_shown(house: House) -> None:
    """How many pieces each closes, and where."""
    body = {**SAMPLE, "tp1 Mult": "1", "tp2 Mult": "2", "tp Close": "25"}
    await house.post("/tradingview-to-webhook-order", body, token=None)
    await house.settled()
    held = (await parts(house))["held"]
    [position] = house.board.desk.ledger.positions.values()
    assert len(position.plan.parts) == 2
    for part in position.plan.parts:
        assert f"{part.quantity} @ {part.price:,}" in held


async def test_a_viewer_changes_nothing(house: House) -> None:
    """Neither levels nor buttons for who may not trade; nothing of the owner's for others."""
    await house.trade()
    for token in ("viewer-token", "ann-token"):
        shown = await parts(house, token)
        assert "BTCPERP" not in shown["held"] + shown["orders"]
        assert "Testing" not in shown["held"] + shown["orders"]
