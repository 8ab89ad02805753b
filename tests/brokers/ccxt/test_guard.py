"""No entry without its stop: what rides, what must stand first, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from core.values.errors import Rejected
from core.values.fills import Fill
from core.values.ids import IntentId
from core.values.money import Price
from core.values.orders import ExitPlan, OrderRequest, OrderRole, OrderState, OrderType, Purpose, Side
from tests.brokers.ccxt.harness import CcxtHarness
from tests.contracts.broker import Desk


def entry(desk: Desk, *, stop: int = -100, price: int | None = None) -> OrderRequest:
    """Five steps long, to be stopped `stop` ticks from here."""
    kind = OrderType.MARKET if price is None else OrderType.LIMIT
    request = desk.request(Side.BUY, 5, price, kind)
    return replace(request, plan=ExitPlan(stop=desk.at(stop)), intent=IntentId("trade"))


def lately(desk: Desk) -> datetime:
    return desk.on.clock.now() - timedelta(seconds=5)


def stop_of(desk: Desk, request: OrderRequest) -> OrderRequest:
    """The desk's own."""
    plan = request.plan
    assert plan is not None
    assert plan.stop is not None
    own = desk.request(Side.SELL, 5, None, OrderType.STOP, stop=int((plan.stop - desk.at(0)) / desk.on.instrument.tick))
    return replace(own, role=OrderRole.STOP, purpose=Purpose.EXIT, intent=request.intent)


@pytest.mark.parametrize("exchange", ["bybit", "okx"])
async def test_le_15_a_stop_rides_on_its_entry(desk: Desk, harness: CcxtHarness) -> None:
    """One request brings entry and stop; the stop stands from the first fill on, for just its size."""
    request = entry(desk)
    ticket = await desk.send(request)
    [body] = harness.server.attached.values()
    [stop] = await harness.broker.stop_orders()
    assert ticket.state is OrderState.FILLED
    assert (Price(Decimal(body["stopLoss"])), body.get("tpslMode", "Partial")) == (desk.at(-100), "Partial")
    assert (stop.side, stop.quantity, stop.stop_price, stop.order_id) == (
        Side.SELL,
        desk.pieces(5),
        desk.at(-100),
        None,
    )


@pytest.mark.parametrize("exchange", ["bybit", "okx"])
async def test_the_desks_stop_takes_the_place_of_the_riding_one(desk: Desk, harness: CcxtHarness) -> None:
    """Two would not do more than one; ours is the one that can be moved."""
    request = entry(desk)
    await desk.send(request)
    own = stop_of(desk, request)
    await desk.send(own)
    assert [t.order_id for t in await harness.broker.stop_orders()] == [own.id]


@pytest.mark.parametrize("exchange", ["bybit", "okx"])
async def test_a_riding_stop_that_fires_first_is_the_desks(desk: Desk, harness: CcxtHarness) -> None:
    """The price is through the level before the desk's stop is placed: that stop is told as filled, by its own id."""
    request = entry(desk)
    await desk.send(request)
    await desk.book(-200, -199)
    own = stop_of(desk, request)
    ticket = await desk.send(own)
    fills = [f for f in await harness.broker.fills_since(lately(desk)) if f.side is Side.SELL]
    assert (ticket.order_id, ticket.state, ticket.filled) == (own.id, OrderState.FILLED, desk.pieces(5))
    assert [(f.order_id, f.quantity) for f in fills] == [(own.id, desk.pieces(5))]
    assert await harness.broker.positions() == []


@pytest.mark.parametrize("exchange", ["binance"])
async def test_le_16_no_entry_goes_where_no_stop_stands(desk: Desk, harness: CcxtHarness) -> None:
    """Binance takes no attached stop, and ccxt would drop it in silence: without one that stands nothing is sent."""
    with pytest.raises(Rejected, match="no_stop"):
        await desk.send(entry(desk))
    assert [line for line in harness.server.lines() if line["kind"] == "request"] == []


@pytest.mark.parametrize("exchange", ["binance"])
async def test_le_15_the_stop_stands_first(desk: Desk, harness: CcxtHarness) -> None:
    """Reduce-only and before there is anything to reduce; then the entry goes."""
    request = entry(desk)
    own = stop_of(desk, request)
    await desk.send(own)
    ticket = await desk.send(request)
    assert ticket.state is OrderState.FILLED
    assert [t.order_id for t in await harness.broker.stop_orders()] == [own.id]


@pytest.mark.parametrize("exchange", ["binance"])
async def test_a_stop_of_another_trade_does_not_count(desk: Desk, harness: CcxtHarness) -> None:
    """Each entry has its own."""
    request = entry(desk)
    await desk.send(stop_of(desk, request))
    with pytest.raises(Rejected, match="no_stop"):
        await desk.send(replace(request, intent=IntentId("another")))


@pytest.mark.parametrize("exchange", ["binance"])
async def test_a_cancelled_stop_does_not_count(desk: Desk, harness: CcxtHarness) -> None:
    """What was taken away guards nothing."""
    request = entry(desk)
    own = stop_of(desk, request)
    await harness.broker.cancel(desk.journalled(own, await desk.send(own)))
    with pytest.raises(Rejected, match="no_stop"):
        await desk.send(request)


async def test_an_entry_that_needs_no_stop_goes_without(desk: Desk, harness: CcxtHarness) -> None:
    """What a person or a link asks for without one is their affair."""
    ticket = await desk.send(desk.request(Side.BUY, 5, 3))
    assert ticket.state is OrderState.FILLED
    assert await harness.broker.stop_orders() == []


@pytest.mark.parametrize("exchange", ["bybit", "okx"])
async def test_a_stop_that_a_person_set_stays(desk: Desk, harness: CcxtHarness) -> None:
    """On the venue's own pages, at another level: it is not ours to take away when our own stands."""
    request = entry(desk)
    by_hand = {"stopLoss": str(desk.at(-500)), "tpslMode": "Partial"}
    hand = replace(desk.request(Side.BUY, 3, 3), id="hand")  # type: ignore[arg-type]  # no id of any desk
    harness.server.attached["hand"] = by_hand
    harness.server.venue.accept(hand)
    await harness.server._flush()
    await desk.send(request)
    await desk.send(stop_of(desk, request))
    levels = {t.stop_price for t in await harness.broker.stop_orders()}
    assert levels == {desk.at(-500), desk.at(-100)}
    assert len(await harness.broker.stop_orders()) == 2


@pytest.mark.parametrize("exchange", ["bybit", "okx"])
async def test_a_limit_entry_carries_its_stop_too(desk: Desk, harness: CcxtHarness) -> None:
    """It guards what fills, when it fills, also in parts."""
    await desk.send(entry(desk, price=-2))
    before = await harness.broker.stop_orders()
    await desk.book(-3, -2, ask_size=2)
    [stop] = await harness.broker.stop_orders()
    assert before == []
    assert stop.quantity == desk.pieces(2)


async def test_fills_of_both_kinds_are_told_once(desk: Desk, harness: CcxtHarness) -> None:
    """An entry with its stop, and the stop's end: two executions, each under its order's id."""
    request = entry(desk)
    own = stop_of(desk, request)
    first, second = (request, own) if harness.server.exchange != "binance" else (own, request)
    await desk.send(first)
    await desk.send(second)
    await desk.book(-200, -199)
    fills: list[Fill] = list(await harness.broker.fills_since(lately(desk)))
    assert {(fill.order_id, fill.side) for fill in fills} == {(request.id, Side.BUY), (own.id, Side.SELL)}


@pytest.mark.parametrize("exchange", ["binance"])
async def test_a_stop_that_fired_into_nothing_stands_no_more(desk: Desk, harness: CcxtHarness) -> None:
    """Its price traded, no order came of it (as was seen on the demo venue): after a minute it counts as expired, so
    that the guardian places another."""
    request = entry(desk)
    own = stop_of(desk, request)
    order = desk.journalled(own, await desk.send(own))
    now = harness.server.ms()
    harness.server.stuck = {own.id: now - 1_000}
    soon = await desk.find(order)
    harness.server.stuck = {own.id: now - 61_000}
    later = await desk.find(order)
    assert (soon.state, later.state) == (OrderState.OPEN, OrderState.EXPIRED)
    assert await harness.broker.stop_orders() == []
