"""What is Alpaca's own behind the port: keys, ids, one side at a time, hours, parts of shares, lists."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from brokers.alpaca.listing import NEW_YORK
from brokers.alpaca.records import PAGE
from core.values.errors import OutcomeUnknown, Rejected, Transient
from core.values.ids import BrokerOrderId, OrderId
from core.values.money import Quantity
from core.values.orders import OrderRole, OrderState, OrderTicket, OrderType, Purpose, Side, TimeInForce
from tests.brokers.alpaca.harness import AlpacaHarness, Later, adapter, connected
from tests.brokers.wired import reading, until
from tests.contracts.broker import Desk
from tests.servers import alpaca_json as say
from tests.servers.alpaca import KEY, SECRET, AlpacaServer

KEYS = {"APCA-API-KEY-ID": KEY, "APCA-API-SECRET-KEY": SECRET}


async def by_hand(server: AlpacaServer, **body: object) -> dict[str, Any]:
    """An order of another program on the same account."""
    usual = {"symbol": "SBER", "qty": "5", "side": "buy", "type": "limit", "time_in_force": "gtc"}
    whole = {**usual, "client_order_id": "not-of-a-desk", **body}
    async with (
        aiohttp.ClientSession(headers=KEYS) as session,
        session.post(f"{server.url}/v2/orders", json=whole) as answer,
    ):
        told: dict[str, Any] = await answer.json()
        return told


def leaving(desk: Desk, steps: int, type_: OrderType = OrderType.MARKET, stop: int | None = None) -> Any:
    request = desk.request(Side.SELL, steps, None, type_, stop=stop)
    return replace(request, purpose=Purpose.EXIT, role=OrderRole.EXIT if stop is None else OrderRole.STOP)


# keys


async def test_a_key_that_is_refused_says_so_at_the_start(server: AlpacaServer) -> None:
    """By its own word, and nothing is left open."""
    with pytest.raises(Rejected, match="key_refused"):
        await adapter(server, secret_key="wrong").start()


async def test_a_key_withdrawn_meanwhile(desk: Desk, server: AlpacaServer) -> None:
    """Questions stay without an answer, never empty ones; an order is refused in its own word."""
    order, _ = await desk.buy(5, price=-2)
    server.withdrawn = True
    broker = desk.on.broker
    for question in (broker.positions, broker.margin, broker.cash, broker.open_orders, broker.stop_orders):
        with pytest.raises(Transient, match="key_refused"):
            await question()
    for asked in (broker.find, broker.cancel):
        with pytest.raises(Transient):
            await asked(order)
    with pytest.raises(Rejected, match="key_refused"):
        await desk.buy(5, price=-2)


async def test_a_key_that_ends_in_the_middle_of_an_order(desk: Desk, server: AlpacaServer) -> None:
    """Taken, the answer lost, and from then on the key is none: unknown until there is one again, then found once."""
    request = desk.request(Side.BUY, 5, -2)
    desk.on.script("accept_then_drop")
    with pytest.raises(OutcomeUnknown):
        await desk.send(request)
    server.withdrawn = True
    with pytest.raises(Transient):
        await desk.on.broker.find(desk.journalled(request))
    server.withdrawn = False
    assert (await desk.find(desk.journalled(request))).state is OrderState.OPEN
    assert len([line for line in server.lines() if line["kind"] == "order"]) == 1


# ids


async def test_an_id_that_is_taken_tells_the_first_order(desk: Desk, server: AlpacaServer) -> None:
    """Sent again after a lost answer, filled meanwhile: `must be unique` means accepted earlier."""
    request = desk.request(Side.BUY, 5, -2)
    desk.on.script("accept_then_drop")
    with pytest.raises(OutcomeUnknown):
        await desk.send(request)
    await desk.book(-3, -2)
    ticket = await desk.send(request)
    assert (ticket.order_id, ticket.state, ticket.filled) == (request.id, OrderState.FILLED, desk.pieces(5))
    assert len([line for line in server.lines() if line["kind"] == "order"]) == 1


async def test_an_id_stays_taken_after_a_cancel(desk: Desk) -> None:
    """For ever: what comes back is the order that ended."""
    order, _ = await desk.buy(5, price=-2)
    await desk.on.broker.cancel(order)
    assert (await desk.send(order.request)).state is OrderState.CANCELLED


async def test_a_taken_id_of_an_order_that_cannot_be_read_is_unknown(desk: Desk, server: AlpacaServer) -> None:
    """Neither placed nor refused, as far as anybody knows."""
    order, _ = await desk.buy(5, price=-2)
    server.canned["/v2/orders:by_client_order_id"] = {"id": "7"}
    with pytest.raises(OutcomeUnknown):
        await desk.send(order.request)


async def test_a_take_profit_is_a_limit_order_there_and_a_take_profit_here(desk: Desk, server: AlpacaServer) -> None:
    """Its level is the limit; after a restart its id still says what it is."""
    await desk.buy(5, price=3)
    request = desk.request(Side.SELL, 5, None, OrderType.TAKE_PROFIT, stop=5)
    await desk.send(request)
    assert (server.bodies[-1]["type"], server.bodies[-1]["limit_price"]) == ("limit", f"{desk.at(5)}")
    async with connected(server) as again:
        [ticket] = await again.broker.stop_orders()
        found = await again.broker.find(desk.journalled(request))
    assert (ticket.order_id, ticket.type, ticket.stop_price) == (request.id, OrderType.TAKE_PROFIT, desk.at(5))
    assert found is not None
    assert found.broker_id == ticket.broker_id


async def test_an_order_is_found_by_the_venues_id_too(desk: Desk) -> None:
    """Where our own is not known there, as of an order of another program."""
    order, ticket = await desk.buy(5, price=-2)
    other = replace(order.request, id=OrderId("00000007-0000-8000-8000-000000000000"))
    found = await desk.on.broker.find(replace(order, request=other, broker_id=ticket.broker_id))
    assert found is not None
    assert (found.order_id, found.broker_id) == (other.id, ticket.broker_id)


# what others do on the account


async def test_an_order_of_another_program_is_shown_and_can_be_cancelled(desk: Desk, server: AlpacaServer) -> None:
    """By the venue's id, which is all that the desk has of it."""
    await by_hand(server, limit_price=str(desk.at(-2)))
    [ticket] = await desk.on.broker.open_orders()
    assert ticket.order_id is None
    shown = replace(desk.request(Side.BUY, 5, -2), id=OrderId(ticket.broker_id))
    order = replace(desk.journalled(shown), broker_id=ticket.broker_id)
    assert (await desk.on.broker.cancel(order)).state is OrderState.CANCELLED
    assert await desk.on.broker.open_orders() == []


async def test_an_execution_of_another_program_is_nobodys(desk: Desk, server: AlpacaServer) -> None:
    """Told with the venue's order and without one of ours, by REST and stream alike."""
    async with reading(desk.on) as told:  # type: ignore[arg-type]  # the harness of this folder
        await by_hand(server, limit_price=str(desk.at(3)))
        await by_hand(server, limit_price=str(desk.at(3)), client_order_id="another")
        await desk.on.settled()
    async with connected(server) as fresh:
        fills = await fresh.broker.fills_since(fresh.clock.now() - timedelta(minutes=1))
    assert [(fill.order_id, fill.quantity) for fill in fills] == [(None, desk.pieces(5))] * 2
    assert {fill.id for fill in fills} <= {event.id for event in told if not isinstance(event, OrderTicket)}


async def test_legs_of_a_bracket_are_shown(desk: Desk, server: AlpacaServer) -> None:
    """Placed elsewhere: the stop that waits inside is a stop order, though the venue does not list it by itself."""
    await desk.buy(5, price=-2)
    [row] = server.on_orders("", {"status": "open", "limit": "5"})
    leg = {**row, "id": "leg", "client_order_id": "leg", "type": "stop", "side": "sell", "stop_price": "290"}
    server.canned["/v2/orders"] = [{**row, "order_class": "bracket", "legs": [{**leg, "status": "held"}]}]
    [stop] = await desk.on.broker.stop_orders()
    assert (stop.broker_id, stop.stop_price, stop.state) == (BrokerOrderId("leg"), Decimal(290), OrderState.OPEN)


async def test_an_order_replaced_elsewhere_is_over(desk: Desk, server: AlpacaServer) -> None:
    """By what: its reason says."""
    order, _ = await desk.buy(5, price=-2)
    [row] = server.on_orders("", {"status": "open", "limit": "5"})
    server.canned["/v2/orders:by_client_order_id"] = {**row, "status": "replaced", "replaced_by": "another"}
    ticket = await desk.find(order)
    assert (ticket.state, ticket.reason) == (OrderState.CANCELLED, "replaced by another")


async def test_the_streams_word_spares_questions(desk: Desk, server: AlpacaServer) -> None:
    """Placed and cancelled where answers come before what they tell is so: two calls of 200 a minute."""
    server.slow = True
    order, ticket = await desk.buy(5, price=3)
    rests, resting = await desk.buy(5, price=-2)
    ended = await desk.on.broker.cancel(replace(rests, broker_id=resting.broker_id))
    assert (ticket.state, resting.state, ended.state) == (OrderState.FILLED, OrderState.OPEN, OrderState.CANCELLED)
    assert server.calls["/v2/orders"] == 2
    assert server.calls[f"/v2/orders/{resting.broker_id}"] == 1
    assert f"/v2/orders/{order.broker_id}" not in server.calls


async def test_where_the_stream_says_nothing_the_venue_is_asked(desk: Desk, server: AlpacaServer) -> None:
    """The same tickets, some calls dearer."""
    server.slow = server.deaf = True
    _, ticket = await desk.buy(5, price=3)
    rests, resting = await desk.buy(5, price=-2)
    ended = await desk.on.broker.cancel(replace(rests, broker_id=resting.broker_id))
    assert (ticket.state, resting.state, ended.state) == (OrderState.FILLED, OrderState.OPEN, OrderState.CANCELLED)


# one side at a time


async def test_the_rest_of_an_entry_makes_way_for_its_stop(desk: Desk, server: AlpacaServer) -> None:
    """Filled in part, the venue takes no stop beside it: what is held is protected, and no more is bought."""
    order, _ = await desk.buy(5, price=-2)
    await desk.book(-3, -2, ask_size=2)
    stop = leaving(desk, 2, OrderType.STOP, stop=-9)
    ticket = await desk.send(stop)
    entry = await desk.find(order)
    assert (ticket.order_id, ticket.state) == (stop.id, OrderState.OPEN)
    assert (entry.state, entry.filled) == (OrderState.CANCELLED, desk.pieces(2))


async def test_the_rest_that_makes_way_may_take_a_moment_to_end(desk: Desk, server: AlpacaServer) -> None:
    """The venue says yes to a cancel before the order is over."""
    server.slow = True
    await desk.buy(5, price=-2)
    await desk.book(-3, -2, ask_size=2)
    assert (await desk.send(leaving(desk, 2, OrderType.STOP, stop=-9))).state is OrderState.OPEN


async def test_nothing_of_ours_makes_way_for_an_entry(desk: Desk) -> None:
    """A stop stands: buying more is refused in words, and the stop stays."""
    await desk.buy(5, price=3)
    stop = leaving(desk, 5, OrderType.STOP, stop=-9)
    await desk.send(stop)
    with pytest.raises(Rejected, match="opposite_order"):
        await desk.buy(1, price=3)
    assert [ticket.order_id for ticket in await desk.on.broker.stop_orders()] == [stop.id]


async def test_what_others_placed_does_not_make_way(desk: Desk, server: AlpacaServer) -> None:
    """The stop is refused, and a person's order is left alone."""
    await desk.buy(5, price=3)
    await by_hand(server, limit_price=str(desk.at(-2)))
    with pytest.raises(Rejected, match="opposite_order"):
        await desk.send(leaving(desk, 5, OrderType.STOP, stop=-9))
    assert len(await desk.on.broker.open_orders()) == 1


async def test_shares_that_another_order_holds_are_waited_for(desk: Desk) -> None:
    """An exit beside a standing stop: nothing was taken, and it may be tried again in a moment. An entry's are not."""
    await desk.buy(5, price=3)
    await desk.send(leaving(desk, 5, OrderType.STOP, stop=-9))
    with pytest.raises(Transient):
        await desk.send(leaving(desk, 5))
    with pytest.raises(Rejected, match="held_for_orders"):
        await desk.send(desk.request(Side.SELL, 5, -3))


# hours


def session_now() -> list[dict[str, str]]:
    """The whole day is one session, none of it regular."""
    today = datetime.now(UTC).astimezone(NEW_YORK).date().isoformat()
    return [{"date": today, "open": "0000", "close": "0001", "session_open": "0000", "session_close": "2359"}]


async def test_a_stop_may_be_placed_while_the_market_is_closed(desk: Desk) -> None:
    """It waits anyhow, and what is held overnight is protected at the open."""
    await desk.buy(5, price=3)
    stop = leaving(desk, 5, OrderType.STOP, stop=-9)
    server = desk.on.server  # type: ignore[attr-defined]  # the harness of this folder
    desk.on.clock.ahead += timedelta(minutes=2)  # type: ignore[attr-defined]  # as above
    server.canned["/v2/clock"] = say.clock(datetime.now(UTC), closed=True)
    assert (await desk.send(stop)).state is OrderState.OPEN


async def test_extended_hours_are_a_persons_decision(server: AlpacaServer) -> None:
    """Without the setting the market is closed then."""
    server.canned["/v2/clock"] = say.clock(datetime.now(UTC), closed=True)
    server.canned["/v2/calendar"] = session_now()
    async with connected(server) as harness:
        with pytest.raises(Rejected, match="market_closed"):
            await Desk(harness).buy(5, price=-2)


async def test_in_extended_hours_limit_orders_of_the_day_are_sent(server: AlpacaServer) -> None:
    """Nothing else is taken then."""
    server.canned["/v2/clock"] = say.clock(datetime.now(UTC), closed=True)
    server.canned["/v2/calendar"] = session_now()
    async with connected(server, extended_hours=True) as harness:
        desk = Desk(harness)
        await desk.buy(5, price=-2)
        limit = desk.request(Side.BUY, 5, -2)
        for other in (
            desk.request(Side.BUY, 5, None, OrderType.MARKET),
            replace(limit, time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL),
        ):
            with pytest.raises(Rejected, match="limit_only"):
                await desk.send(other)
    [body] = server.bodies
    assert (body["extended_hours"], body["time_in_force"], body["type"]) == (True, "day", "limit")


async def test_the_timetable_is_the_venues(harness: AlpacaHarness) -> None:
    """In New York's time; a month ahead, and days long gone when they are asked for."""
    start = datetime(2026, 1, 5, tzinfo=UTC)
    span = await harness.broker.schedule(harness.instrument, start, start + timedelta(days=5))
    assert [(s.opens_at.hour, s.opens_at.minute, s.closes_at.hour) for s in span] == [(14, 30, 21)] * 5
    ahead = await harness.broker.schedule(harness.instrument, datetime.now(UTC), datetime.now(UTC) + timedelta(days=30))
    assert len(ahead) > 18


async def test_our_table_stands_in_for_the_calendar(harness: AlpacaHarness, server: AlpacaServer) -> None:
    """Where the venue cannot be asked: Thanksgiving is closed, and the day after ends early."""
    server.canned["/v2/calendar"] = {"message": "down"}
    start = datetime(2027, 11, 22, tzinfo=UTC)
    span = await harness.broker.schedule(harness.instrument, start, start + timedelta(days=5))
    assert [session.closes_at.hour for session in span] == [21, 21, 21, 18]


async def test_an_order_ends_at_its_moment(server: AlpacaServer) -> None:
    """The venue knows no such orders: the desk ends it, and it has expired."""
    clock = Later()
    async with connected(server, clock=clock) as harness, reading(harness) as told:
        desk = Desk(harness)
        ends = clock.now() + timedelta(minutes=10)
        request = replace(desk.request(Side.BUY, 5, -2), time_in_force=TimeInForce.GOOD_TILL_DATE, expires_at=ends)
        await desk.send(request)
        clock.ahead += timedelta(minutes=11)
        await until(lambda: [e for e in told if isinstance(e, OrderTicket) and e.state is OrderState.EXPIRED])
        assert await harness.broker.open_orders() == []


async def test_an_order_whose_moment_passed_while_the_desk_was_down(desk: Desk, server: AlpacaServer) -> None:
    """It is ended at the next start."""
    ends = desk.on.clock.now() + timedelta(minutes=10)
    request = replace(desk.request(Side.BUY, 5, -2), time_in_force=TimeInForce.GOOD_TILL_DATE, expires_at=ends)
    order = desk.journalled(request, await desk.send(request))
    clock = Later()
    clock.ahead = timedelta(minutes=11)
    async with connected(server, (order,), clock=clock) as later, reading(later) as told:
        await until(lambda: [e for e in told if isinstance(e, OrderTicket) and e.state is OrderState.EXPIRED])


# parts of shares, short sales, day trades


async def test_shares_are_traded_whole_unless_a_person_says_otherwise(desk: Desk, server: AlpacaServer) -> None:
    """Half a share is refused before anything is sent."""
    with pytest.raises(Rejected, match="bad_quantity"):
        await desk.send(replace(desk.request(Side.BUY, 1, -2), quantity=Quantity(Decimal("0.5"))))
    assert server.bodies == []


async def test_parts_of_shares_rest_for_the_day(server: AlpacaServer) -> None:
    """Whole ones until they are cancelled; the venue takes no others."""
    async with connected(server, fractional=True) as harness:
        desk = Desk(harness)
        for quantity in ("0.5", "2"):
            await desk.send(replace(desk.request(Side.BUY, 1, -2), quantity=Quantity(Decimal(quantity))))
        assert [body["time_in_force"] for body in server.bodies] == ["day", "gtc"]


async def test_a_part_of_a_share_is_not_sold_short(server: AlpacaServer) -> None:
    """In words."""
    async with connected(server, fractional=True) as harness:
        request = replace(Desk(harness).request(Side.SELL, 1, 3), quantity=Quantity(Decimal("0.5")))
        with pytest.raises(Rejected, match="short"):
            await Desk(harness).send(request)


async def test_an_account_without_short_sales_lists_nothing_to_short(server: AlpacaServer) -> None:
    """The risk gate reads it there."""
    server.fields = {"shorting_enabled": False}
    async with connected(server) as harness:
        assert not harness.instrument.shortable


async def test_tc_53_day_trades_that_are_used_up_end_entries(server: AlpacaServer) -> None:
    """Where the venue still counts them: an entry that could not be left today is refused, an exit is not."""
    server.fields = {"daytrade_count": 3, "equity": "20000", "pattern_day_trader": False}
    async with connected(server) as harness:
        desk = Desk(harness)
        await desk.book(0, 1)
        with pytest.raises(Rejected, match="day_trades"):
            await desk.buy(1, price=-2)
        await desk.send(replace(desk.request(Side.BUY, 1, -2), purpose=Purpose.EXIT))


# lists


async def test_lists_are_asked_for_once_a_day(server: AlpacaServer) -> None:
    """And what was delisted overnight cannot be traded any more."""
    clock = Later()
    async with connected(server, clock=clock) as harness:
        await harness.broker.instruments()
        assert server.calls["/v2/assets"] == 1
        del server.instruments["GAZP"]
        clock.ahead += timedelta(days=1)
        assert {i.ticker for i in await harness.broker.instruments()} == {"SBER"}
        with pytest.raises(Rejected, match="unknown_ticker"):
            await harness.broker.feed.fresh_quote("GAZP")


async def test_a_list_that_fails_leaves_all_as_it_was(server: AlpacaServer) -> None:
    """Cut off on the new day: said so, and yesterday's can still be traded; then asked for again."""
    clock = Later()
    async with connected(server, clock=clock) as harness:
        clock.ahead += timedelta(days=1)
        server.script("disconnect")
        with pytest.raises(Transient):
            await harness.broker.instruments()
        assert (await harness.broker.feed.fresh_quote("GAZP")).bid
        assert await harness.broker.instruments()


async def test_executions_of_many_pages_are_all_told(desk: Desk, server: AlpacaServer) -> None:
    """A hundred a page."""
    start = desk.on.clock.now() - timedelta(seconds=5)
    await desk.buy(120, price=-2)
    server.mute = True
    for _ in range(120):
        await desk.book(-3, -2, ask_size=1)
    async with connected(server) as fresh:
        fills = await fresh.broker.fills_since(start)
    assert len({fill.id for fill in fills}) == 120
    assert sum(fill.quantity for fill in fills) == desk.pieces(120)


async def test_open_orders_of_many_pages_are_all_told(desk: Desk, server: AlpacaServer) -> None:
    """However many share the moment at which a page ends."""
    for _ in range(PAGE + 7):
        server.venue.accept(desk.request(Side.BUY, 1, -900))
    assert len(await desk.on.broker.open_orders()) == PAGE + 7


async def test_an_answer_that_cannot_be_read_is_none(desk: Desk, server: AlpacaServer) -> None:
    """Never an empty list."""
    for path, question in (
        ("/v2/orders", desk.on.broker.open_orders),
        ("/v2/positions", desk.on.broker.positions),
        ("/v2/account", desk.on.broker.margin),
    ):
        server.canned[path] = [{"id": "1"}]
        with pytest.raises(Transient, match="unreadable"):
            await question()


async def test_what_is_left_of_each_budget_is_told(harness: AlpacaHarness) -> None:
    """A call less after each call, by the budget's name."""
    before = harness.broker.calls_left()
    await harness.broker.positions()
    after = harness.broker.calls_left()
    assert set(after) == {budget.name for budget in harness.broker.capabilities.budgets}
    assert (after["trading"], after["prices"]) == (before["trading"] - 1, before["prices"])


async def test_two_accounts_of_a_key_share_its_limits(server: AlpacaServer) -> None:
    """The venue counts them together."""
    async with connected(server) as one, connected(server) as other:
        await one.broker.positions()
        assert one.broker.calls_left() == other.broker.calls_left()
