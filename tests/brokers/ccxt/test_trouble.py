"""What can be wrong with an order, a key, a clock or a venue: each is named, waited for or refused."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from core.values.errors import OutcomeUnknown, Rejected, Transient
from core.values.money import Price, Quantity
from core.values.orders import OrderState, OrderType, Purpose, Side
from tests.brokers.ccxt.harness import CcxtHarness, adapter, connected
from tests.brokers.wired import until
from tests.contracts.broker import Desk
from tests.servers.venue import KEY, SECRET, VenueServer, venue


def placings(server: VenueServer) -> int:
    """How many orders reached the venue, whatever came of them."""
    paths = ("/v5/order/create", "/fapi/v1/order", "/fapi/v1/algoOrder", "/api/v5/trade/order")
    return sum(server.calls.get(path, 0) for path in paths)


# orders


@pytest.mark.parametrize("exchange", ["bybit", "binance"])
async def test_an_order_below_the_least_value_is_refused_before_it_is_sent(desk: Desk, harness: CcxtHarness) -> None:
    """Five dollars are the least here; what only reduces may be smaller."""
    small = replace(desk.request(Side.BUY, 1, None), price=Price(harness.instrument.tick * 2))
    with pytest.raises(Rejected, match="below_minimum"):
        await desk.send(small)
    assert placings(harness.server) == 0


@pytest.mark.parametrize("exchange", ["bybit", "binance"])
async def test_the_venues_own_least_value_has_the_same_name(desk: Desk, harness: CcxtHarness) -> None:
    """A market order's value is known to the venue alone."""
    cheap = harness.instrument.tick
    await harness.set_book(cheap, cheap * 2, Quantity(harness.price), Quantity(harness.price))
    with pytest.raises(Rejected, match="below_minimum"):
        await desk.send(desk.request(Side.BUY, 1, None, OrderType.MARKET))


async def test_reducing_what_is_not_held_is_refused_by_name(desk: Desk) -> None:
    """A reduce-only order on the side of the position, or without one."""
    with pytest.raises(Rejected, match="nothing_to_reduce"):
        await desk.send(replace(desk.request(Side.SELL, 5, -3), reduce_only=True))


async def test_a_stop_beyond_its_price_is_refused_by_name(desk: Desk) -> None:
    """It would act at once."""
    await desk.buy(5, price=3)
    with pytest.raises(Rejected, match="stop_crossed"):
        await desk.send(desk.request(Side.SELL, 5, None, OrderType.STOP, stop=5))


@pytest.mark.parametrize("exchange", ["binance"])
async def test_a_taken_order_whose_answer_the_library_cannot_read_is_not_lost(
    desk: Desk, harness: CcxtHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library stumbles over the number before the desk sees the answer: whether it was taken, nobody has said."""
    tell = harness.server._order  # type: ignore[attr-defined]  # how Binance's server writes an order
    monkeypatch.setattr(harness.server, "_order", lambda order: tell(order) | {"price": "1e}}"})
    request = desk.request(Side.BUY, 5, -2)
    with pytest.raises(OutcomeUnknown, match="unreadable"):
        await desk.send(request)
    monkeypatch.undo()
    found = await harness.broker.find(desk.journalled(request))
    assert found is not None
    taken = [line for line in harness.server.lines() if line["kind"] == "order"]
    assert (found.state, len(taken)) == (OrderState.OPEN, 1)


# modes of the account


async def test_an_account_in_another_mode_does_not_start(server: VenueServer) -> None:
    """In hedge mode a venue refuses the orders of one-way mode, and ours would not close what they should."""
    server.hedged = True
    with pytest.raises(Rejected, match="position_mode"):
        await adapter(server).start()


async def test_a_mode_that_changes_meanwhile_is_named(desk: Desk, harness: CcxtHarness) -> None:
    """By the refusal of the first order."""
    harness.server.hedged = True
    with pytest.raises(Rejected, match=r"position_mode|bad_request"):
        await desk.buy(5, price=-2)


@pytest.mark.parametrize("exchange", ["bybit"])
async def test_in_hedge_mode_orders_name_the_side_they_belong_to(server: VenueServer) -> None:
    """What closes a long belongs to the long, whether or not it says that it only reduces."""
    server.hedged = True
    async with connected(server, position_mode="hedge") as harness:
        desk = Desk(harness)
        await desk.book(0, 1)
        await desk.buy(5, price=3)
        await desk.send(desk.request(Side.SELL, 3, -3))
        held = await harness.broker.positions()
        with pytest.raises(Rejected, match="position_mode"):
            await desk.send(desk.request(Side.SELL, 5, -3))
    sold = [line["asked"] for line in server.lines() if line["kind"] == "order"][-1]
    assert [h.quantity for h in held] == [desk.pieces(2)]
    assert sold["reduce_only"] is True


async def test_leverage_is_set_once_before_the_first_order(server: VenueServer) -> None:
    """Of the instrument that is traded; one that has it already is fine."""
    server.leverage[server.btc] = "7"
    async with connected(server, leverage=7) as harness:
        desk = Desk(harness)
        await desk.book(0, 1)
        await desk.buy(5, price=-2)
        await desk.buy(5, price=-2)
    asked = [n for path, n in server.calls.items() if path.endswith("leverage")]
    assert (server.leverage[server.btc], asked) == ("7", [1])


async def test_what_only_reduces_asks_for_no_leverage(server: VenueServer) -> None:
    """After a restart it is not set yet; a venue may refuse to change it while something is held, and a stop or an exit
    must not be lost over that."""
    async with connected(server) as harness:
        desk = Desk(harness)
        await desk.book(0, 1)
        await desk.buy(5, price=3)
    async with connected(server, leverage=7) as harness:
        desk = Desk(harness)
        await desk.send(replace(desk.request(Side.SELL, 5, None, OrderType.STOP, stop=-100), purpose=Purpose.EXIT))
        await desk.send(replace(desk.request(Side.SELL, 5, None, OrderType.MARKET), purpose=Purpose.EXIT))
        assert await harness.broker.positions() == []
    assert [path for path in server.calls if path.endswith("leverage")] == []


# keys


async def test_a_key_that_may_withdraw_is_refused(server: VenueServer) -> None:
    """Whoever steals it could take the money: the desk does not want to hold it."""
    server.withdraws = True
    with pytest.raises(Rejected, match="key_can_withdraw"):
        await adapter(server).start()


async def test_a_wrong_key_is_named(server: VenueServer) -> None:
    """And nothing stays behind: it may be tried again."""
    with pytest.raises(Rejected, match="token_refused"):
        await adapter(server, api_key="another").start()


async def test_a_wrong_secret_is_named(server: VenueServer) -> None:
    """The signature tells."""
    with pytest.raises(Rejected, match="token_refused"):
        await adapter(server, api_secret="another").start()


# clocks


async def test_a_venue_whose_clock_is_ahead_is_agreed_with_at_start(server: VenueServer) -> None:
    """A minute, where five seconds are allowed."""
    server.skew_ms = 60_000
    async with connected(server) as harness:
        assert (await harness.broker.margin()).equity > 0


async def test_a_clock_that_jumps_is_agreed_with_again(desk: Desk, harness: CcxtHarness) -> None:
    """The first order is refused, which proves that it was not taken; by the next the clocks agree."""
    harness.server.skew_ms = -60_000
    request = desk.request(Side.BUY, 5, 3)
    with pytest.raises(Transient, match="clock"):
        await desk.send(request)
    assert (await desk.send(request)).state is OrderState.FILLED


# venues


async def test_maintenance_is_waited_for(desk: Desk, harness: CcxtHarness) -> None:
    """Nothing was taken, and half a minute later is soon enough."""
    harness.server.maintenance = True
    with pytest.raises(Transient, match="maintained") as caught:
        await desk.buy(5, price=-2)
    harness.server.maintenance = False
    assert caught.value.retry_after_s == 30
    assert (await desk.buy(5, price=3))[1].state is OrderState.FILLED


async def test_a_delisted_symbol_is_named(desk: Desk, harness: CcxtHarness) -> None:
    """Between two looks at the list the venue's own word does."""
    harness.server.delisted = {harness.server.btc}
    with pytest.raises(Rejected, match="not_tradable"):
        await desk.buy(5, price=-2)


async def test_a_delisted_symbol_is_listed_no_more(server: VenueServer) -> None:
    """And what is still held of it is shown."""
    async with connected(server) as harness:
        desk = Desk(harness)
        await desk.book(0, 1)
        await desk.buy(5, price=3)
    server.delisted = {server.btc}
    broker = adapter(server)
    await broker.start()
    try:
        assert [i.ticker for i in await broker.instruments()] == [server.eth]
        assert [h.ticker for h in await broker.positions()] == [server.btc]
        with pytest.raises(Rejected, match="not_tradable"):
            await broker.feed.fresh_quote(server.btc)
    finally:
        await broker.close()


@pytest.mark.parametrize("exchange", ["bybit", "binance"])
async def test_a_ban_is_kept_to_without_asking_again(desk: Desk, harness: CcxtHarness) -> None:
    """Two minutes: every further call would make it longer, so none leaves."""
    harness.server.banned_s = 120
    with pytest.raises(Transient) as first:
        await desk.buy(5, price=-2)
    calls = sum(harness.server.calls.values())
    with pytest.raises(Transient) as second:
        await desk.buy(5, price=-2)
    with pytest.raises(Transient):
        await harness.broker.margin()
    assert 100 < second.value.retry_after_s <= first.value.retry_after_s <= 121
    assert sum(harness.server.calls.values()) == calls


async def test_what_stands_in_a_delisted_symbol_can_be_ended(server: VenueServer) -> None:
    """It is found and cancelled, and nothing else is overlooked because of it."""
    async with connected(server) as harness:
        desk = Desk(harness)
        await desk.book(0, 1)
        order, _ = await desk.buy(5, price=-2)
    server.delisted = {server.btc}
    broker = adapter(server, orders=(order,))
    await broker.start()
    try:
        found = await broker.find(order)
        assert found is not None
        assert found.state is OrderState.OPEN
        assert (await broker.cancel(order)).state is OrderState.CANCELLED
    finally:
        await broker.close()


async def test_no_signature_or_listen_key_reaches_a_log(
    desk: Desk, harness: CcxtHarness, caplog: pytest.LogCaptureFixture
) -> None:
    """The library's errors tell whole addresses, and its own log everything that it sends."""
    caplog.set_level(logging.DEBUG)
    harness.script("accept_then_drop")
    with pytest.raises(OutcomeUnknown) as lost:
        await desk.buy(5, price=-2)
    harness.script("disconnect")
    with pytest.raises(Transient) as cut_off:
        await harness.broker.margin()
    await harness.server.cut()
    await until(lambda: "stream broken" in caplog.text)
    told = f"{lost.value} {cut_off.value} {caplog.text} {[record.__dict__ for record in caplog.records]}"
    assert not any(word in told for word in ("signature=", "listenKey", "listen-key", "ws://", KEY, SECRET))


async def test_coins_are_never_sold_short(tmp_path: Path, exchange: str) -> None:
    """Spot sells what is held and no more."""
    async with venue(exchange, tmp_path / "coins", "spot") as server, connected(server) as harness:
        desk = Desk(harness)
        await desk.book(0, 1)
        with pytest.raises(Rejected, match=r"insufficient_margin"):
            await desk.send(desk.request(Side.SELL, 5, -3))
        assert not harness.broker.capabilities.short_selling


async def test_what_a_fee_in_coins_left_can_be_sold(tmp_path: Path) -> None:
    """A thousandth is gone of what was bought: the stop guards the rest instead of being refused for it."""
    async with venue("bybit", tmp_path / "coins", "spot") as server, connected(server) as harness:
        server.taken = Decimal("0.001")
        desk = Desk(harness)
        await desk.book(0, 1)
        await desk.buy(1000, price=3)
        request = desk.request(Side.SELL, 1000, None, OrderType.STOP, stop=-5)
        ticket = await desk.send(request)
        assert (ticket.order_id, ticket.state, ticket.quantity) == (request.id, OrderState.OPEN, desk.pieces(999))


async def test_w_21_two_accounts_trade_apart(tmp_path: Path, exchange: str) -> None:
    """At once, on the same venue, with their own hosts, leverage and streams: nothing is shared between them."""
    async with (
        venue(exchange, tmp_path / "one") as first,
        venue(exchange, tmp_path / "two") as second,
        connected(first, leverage=3) as one,
        connected(second, leverage=9) as two,
    ):
        desks = Desk(one), Desk(two)
        for desk in desks:
            await desk.book(0, 1)
        await asyncio.gather(desks[0].buy(5, price=3), desks[1].buy(7, price=3))
        held = [[h.quantity for h in await harness.broker.positions()] for harness in (one, two)]
        assert held == [[desks[0].pieces(5)], [desks[1].pieces(7)]]
        assert (first.leverage[first.btc], second.leverage[second.btc]) == ("3", "9")
