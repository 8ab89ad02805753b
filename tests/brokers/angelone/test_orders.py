"""Orders on their way: what goes out, what is refused, what must not rest, and what is found again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from brokers.angelone.limits import CANCEL, ORDERS, PLACE
from brokers.urgency import EXITS, TRAPS
from core.clock import ManualClock
from core.values.errors import OutcomeUnknown, Rejected, Transient
from core.values.fills import Fill
from core.values.ids import BrokerOrderId, desk_of
from core.values.money import NO_QUANTITY, Quantity
from core.values.orders import Order, OrderState, OrderTicket, OrderType, Side, TimeInForce
from tests.brokers.angelone.harness import AngelOneHarness, adapter, connected
from tests.brokers.wired import reading, until
from tests.contracts.broker import Desk
from tests.contracts.broker_desk import DESK
from tests.hurried import TEN, Hurried
from tests.servers.angelone import AngelOneServer


def immediate(desk: Desk, steps: int, price: int) -> Order:
    request = desk.request(Side.BUY, steps, price)
    return desk.journalled(replace(request, time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL))


# what goes out


async def test_a_limit_order_goes_out_as_the_document_says(desk: Desk, server: AngelOneServer) -> None:
    """For the day, within the day, in pieces, under a tag of fewer than twenty characters."""
    await desk.buy(5, price=-2)
    [body] = server.bodies
    assert len(body.pop("ordertag")) == 19
    assert body == {
        "variety": "NORMAL",
        "tradingsymbol": "SBER-EQ",
        "symboltoken": body["symboltoken"],
        "transactiontype": "BUY",
        "exchange": "NSE",
        "ordertype": "LIMIT",
        "producttype": "INTRADAY",
        "duration": "DAY",
        "price": "299.98",
        "squareoff": "0",
        "stoploss": "0",
        "quantity": "50",
        "scripconsent": "yes",
    }


async def test_a_stop_is_a_limit_well_through_its_level(desk: Desk, server: AngelOneServer) -> None:
    """At market is forbidden to programs: a percent beyond, and no farther."""
    await desk.buy(5, price=3)
    await desk.send(desk.request(Side.SELL, 5, None, OrderType.STOP, stop=-5))
    body = server.bodies[-1]
    assert (body["variety"], body["ordertype"]) == ("STOPLOSS", "STOPLOSS_LIMIT")
    assert (body["triggerprice"], body["price"]) == ("299.95", "296.95")


@pytest.mark.parametrize(
    ("product", "ticker", "word"),
    [
        ("intraday", "SBER", "INTRADAY"),
        ("delivery", "SBER", "DELIVERY"),
        ("delivery", "NIFTY", "CARRYFORWARD"),
    ],
)
async def test_the_account_says_how_long_positions_stay(
    server: AngelOneServer, clock: Hurried, product: str, ticker: str, word: str
) -> None:
    """Within the day, or to keep: derivatives have another word for it."""
    broker = adapter(server, clock, product=product)
    await broker.start()
    instrument = next(i for i in await broker.instruments() if i.ticker.startswith(ticker))
    await Desk(AngelOneHarness(broker, server, instrument, clock, Decimal(100))).buy(1, price=0)
    await broker.close()
    assert server.bodies[-1]["producttype"] == word


# what is refused, with words that say what to do


async def test_options_go_in_whole_lots(server: AngelOneServer, clock: Hurried) -> None:
    """Refused before anything is sent, with the lot's size."""
    async with connected(server, clock, "NIFTY") as harness:
        desk = Desk(harness)
        request = replace(desk.request(Side.BUY, 1, 0), quantity=Quantity(Decimal(100)))
        with pytest.raises(Rejected, match=r"bad_quantity: 100 of NIFTY.*: whole lots of 65 pieces only"):
            await desk.send(request)
    assert server.bodies == []


async def test_an_address_that_is_not_registered_is_told_as_such(desk: Desk, server: AngelOneServer) -> None:
    """Orders come from registered addresses only; everything else still answers."""
    server.elsewhere = True
    with pytest.raises(Rejected, match="static_ip"):
        await desk.buy(5, price=-2)
    assert await desk.on.broker.open_orders() == []


async def test_an_order_that_the_book_refuses_is_told_as_refused(desk: Desk, server: AngelOneServer) -> None:
    """The venue took it and refused it a moment later: the ticket says so, and why."""
    server.late = True
    _, ticket = await desk.buy(10_000_000, price=-2)
    assert (ticket.state, ticket.filled) == (OrderState.REJECTED, NO_QUANTITY)
    assert "Insufficient Funds" in ticket.reason


async def test_an_order_for_a_moment_is_refused(desk: Desk) -> None:
    """Everything here rests for the day."""
    request = replace(desk.request(Side.BUY, 1, -2), expires_at=TEN + timedelta(minutes=5))
    with pytest.raises(Rejected, match="bad_expiry"):
        await desk.send(request)


# what must not rest


async def test_the_rest_of_an_immediate_order_is_cancelled(desk: Desk, server: AngelOneServer) -> None:
    """There are none here: what the book does not give within a second is taken back."""
    await desk.book(0, 1, ask_size=2)
    ticket = await desk.send(immediate(desk, 5, 3).request)
    assert (ticket.state, ticket.filled, server.calls["cancelOrder"]) == (OrderState.CANCELLED, desk.pieces(2), 1)


async def test_an_immediate_order_of_a_desk_that_died_is_ended(server: AngelOneServer, clock: Hurried) -> None:
    """Gone between placing it and cancelling its rest: the next start does it."""
    async with connected(server, clock) as harness:
        desk = Desk(harness)
        await desk.book(0, 1, ask_size=2)
        order = immediate(desk, 5, 3)
        server.mute = True
        server.script("accept_then_drop")
        with pytest.raises(OutcomeUnknown):
            await desk.send(order.request)
    server.mute = False
    assert server.working()
    async with connected(server, clock, orders=(order,)) as harness:
        await until(lambda: not server.working())
        ticket = await Desk(harness).find(order)
    assert (ticket.state, ticket.filled) == (OrderState.CANCELLED, desk.pieces(2))


async def test_what_comes_after_hours_is_not_left_for_the_next_morning(desk: Desk, server: AngelOneServer) -> None:
    """The venue would keep it; the desk takes it back and says that the market is closed."""
    server.books.closed = server.keeps = True
    with pytest.raises(Rejected, match="market_closed"):
        await desk.buy(5, price=-2)
    assert [row["status"] for row in server._kept.values()] == ["cancelled after market order"]


async def test_what_was_kept_unseen_is_taken_back(desk: Desk, server: AngelOneServer) -> None:
    """The answer to an order after hours was lost: found in the book, it is cancelled there."""
    server.books.closed = server.keeps = True
    server.script("accept_then_drop")
    with pytest.raises(OutcomeUnknown):
        await desk.buy(5, price=-2)
    await until(lambda: [row["status"] for row in server._kept.values()] == ["cancelled after market order"])


async def test_a_stop_after_hours_waits_for_the_morning(desk: Desk, server: AngelOneServer) -> None:
    """Orders end with the day: what is held over night is protected when the market opens, and nobody cancels it."""
    server.books.closed = server.keeps = True
    request = desk.request(Side.SELL, 5, None, OrderType.STOP, stop=-5)
    ticket = await desk.send(request)
    assert ticket.state is OrderState.OPEN
    assert [t.order_id for t in await desk.on.broker.stop_orders()] == [request.id]
    assert (await desk.on.broker.open_orders(), server.calls["cancelOrder"]) == ([], 0)


async def test_a_cancel_is_one_call_and_a_look(desk: Desk, server: AngelOneServer) -> None:
    """Nine a second is all there is, and after a kill each of them counts."""
    order, ticket = await desk.buy(5, price=-2)
    before = server.calls["details"]
    await desk.on.broker.cancel(desk.journalled(order.request, ticket))
    assert (server.calls["cancelOrder"], server.calls["details"] - before) == (1, 1)


async def test_a_stop_that_waits_for_the_morning_can_be_cancelled(desk: Desk, server: AngelOneServer) -> None:
    """By the variety that the venue gives it."""
    server.books.closed = server.keeps = True
    request = desk.request(Side.SELL, 5, None, OrderType.STOP, stop=-5)
    ticket = await desk.send(request)
    server._kept[ticket.broker_id]["variety"] = "AMO"
    ended = await desk.on.broker.cancel(desk.journalled(request, ticket))
    assert ended.state is OrderState.CANCELLED


# what is found again


async def test_a_lost_order_is_found_by_its_tag_after_a_restart(server: AngelOneServer, clock: Hurried) -> None:
    """The journal knows its id, the venue its tag; there is one."""
    async with connected(server, clock) as harness:
        desk = Desk(harness)
        order = desk.journalled(desk.request(Side.BUY, 5, -2))
        server.script("accept_then_drop")
        with pytest.raises(OutcomeUnknown):
            await desk.send(order.request)
    async with connected(server, clock, orders=(order,)) as harness:
        found = await Desk(harness).find(order)
        assert (found.order_id, found.state) == (order.id, OrderState.OPEN)
        assert [t.order_id for t in await harness.broker.open_orders()] == [order.id]
    assert len(server.made()) == 1


async def test_an_order_that_nobody_remembers_still_tells_its_desk(server: AngelOneServer, clock: Hurried) -> None:
    """The tag holds the desk's id, so another desk on this account is noticed."""
    async with connected(server, clock) as harness:
        await Desk(harness).buy(5, price=-2)
    async with connected(server, clock) as harness:
        [ticket] = await harness.broker.open_orders()
        assert ticket.order_id is not None
        assert desk_of(ticket.order_id) == DESK


async def test_another_programs_order_is_nobodys(harness: AngelOneHarness, server: AngelOneServer) -> None:
    """Listed, without an id of ours."""
    await Desk(harness).buy(5, price=-2)
    [row] = map(server.told_of, server.working())
    server.canned["getOrderBook"] = [{**row, "ordertag": tag} for tag in ("mine", None)]
    assert [t.order_id for t in await harness.broker.open_orders()] == [None, None]


async def test_an_order_that_has_another_number_by_now_is_found_by_its_tag(desk: Desk, server: AngelOneServer) -> None:
    """Kept over night, it is told under a new one."""
    order, _ = await desk.buy(5, price=-2)
    [row] = map(server.told_of, server.working())
    server.canned["getOrderBook"] = [{**row, "orderid": "77", "uniqueorderid": "u77"}]
    server._numbers.clear()
    server._numbers.update({row.broker_id: "77" for row in server.working()})
    assert (await desk.find(order)).broker_id == "77"


async def test_yesterdays_order_is_over(harness: AngelOneHarness) -> None:
    """The book begins anew each morning: an order that was taken and is not in it rests no more."""
    desk = Desk(harness)
    order = replace(
        desk.journalled(desk.request(Side.BUY, 5, -2)),
        at=harness.clock.now() - timedelta(days=1),
        broker_id=BrokerOrderId("2611170001"),
        filled=desk.pieces(2),
    )
    ticket = await desk.find(order)
    assert (ticket.state, ticket.filled) == (OrderState.EXPIRED, desk.pieces(2))


async def test_ao_26_a_partial_fill_is_told_with_its_average(desk: Desk, harness: AngelOneHarness) -> None:
    """Sixty of a hundred, then the rest at another price."""
    async with reading(harness) as told:
        order, _ = await desk.buy(10, price=5)
        await desk.book(0, 1, ask_size=6)
        request = desk.request(Side.BUY, 10, 2)
        await desk.send(request)
        await until(lambda: [e for e in told if isinstance(e, OrderTicket) and e.state is OrderState.PART_FILLED])
        await desk.book(1, 2)
        await until(lambda: [f for f in told if isinstance(f, Fill) and f.order_id == request.id][1:])
        ticket = await desk.find(desk.journalled(request))
    fills = [f for f in told if isinstance(f, Fill) and f.order_id == request.id]
    assert [fill.quantity for fill in fills] == [desk.pieces(6), desk.pieces(4)]
    assert ticket.average_price == (desk.at(1) * 6 + desk.at(2) * 4) / 10
    assert order.id != request.id


async def test_ao_27_outages_are_waited_out_under_the_same_tag(desk: Desk, server: AngelOneServer) -> None:
    """Three times too busy, each time with how long to wait; then it is placed, once."""
    request = desk.request(Side.BUY, 5, 3)
    server.script("too_many_requests", 3)
    for _ in range(3):
        with pytest.raises(Transient) as caught:
            await desk.send(request)
        assert caught.value.retry_after_s > 0
    await desk.send(request)
    assert len(server.made()) == 1
    assert [h.quantity for h in await desk.on.broker.positions()] == [desk.pieces(5)]


# limits


async def test_no_limit_is_exceeded_by_a_burst(server: AngelOneServer) -> None:
    """Thirty orders and five looks at the book at once against nine and one a second: all are answered, and the venue
    never had to refuse."""
    clock = ManualClock(TEN)
    server.clock, server.strict = clock, 1.0
    client = adapter(server, clock)._client
    await client.open()
    await client.session.current()
    calls = [asyncio.create_task(client.ask(CANCEL, {"variety": "NORMAL", "orderid": "1"})) for _ in range(30)]
    calls += [asyncio.create_task(client.ask(ORDERS)) for _ in range(5)]
    lines = [rates._waiting for rates in client.limits._rates.values()]
    while not all(call.done() for call in calls):
        await until(lambda: sum(call.done() for call in calls) + sum(map(len, lines)) == len(calls))
        await clock.advance(0.25)
    told = await asyncio.gather(*calls, return_exceptions=True)
    await client.close()
    assert server.exceeded == []
    assert [str(answer)[:13] for answer in told] == ["unknown_order"] * 30 + ["None"] * 5


async def test_exits_go_before_traps(server: AngelOneServer) -> None:
    """A window full of traps keeps room for an exit."""
    clock = ManualClock(TEN)
    server.clock = clock
    broker = adapter(server, clock)
    limits = broker._client.limits
    sent: list[str] = []

    async def take(urgency: int, name: str) -> None:
        await limits.take(PLACE, urgency)
        sent.append(name)

    traps = [asyncio.create_task(take(TRAPS, "trap")) for _ in range(20)]
    await asyncio.sleep(0)
    exit_ = asyncio.create_task(take(EXITS, "exit"))
    await asyncio.sleep(0)
    assert "exit" in sent
    assert sent.count("trap") < 9
    for task in (*traps, exit_):
        task.cancel()
    await asyncio.gather(*traps, exit_, return_exceptions=True)


async def test_what_is_left_of_each_budget_is_told(harness: AngelOneHarness) -> None:
    """By the names of the capabilities."""
    assert set(harness.broker.calls_left()) == {budget.name for budget in harness.broker.capabilities.budgets}


async def test_two_accounts_of_a_client_share_its_limits(server: AngelOneServer, clock: Hurried) -> None:
    """The venue counts them together."""
    one, other = adapter(server, clock), adapter(server, clock)
    assert one._client.limits is other._client.limits


async def test_a_hundred_questions_cost_one(harness: AngelOneHarness, server: AngelOneServer) -> None:
    """The book may be read once a second: who asks while it is waited for gets the same."""
    await harness.broker.open_orders()
    before = server.calls["getOrderBook"]
    await asyncio.gather(*(harness.broker.open_orders() for _ in range(100)))
    assert server.calls["getOrderBook"] - before <= 2
