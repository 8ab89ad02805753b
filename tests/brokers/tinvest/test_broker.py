"""What is T-Invest's own behind the port: accounts, tokens, repeated keys, margin trades, lists, limits."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from brokers.tinvest import access_of
from brokers.tinvest.account import choose_account
from brokers.tinvest.client import Client
from brokers.tinvest.limits import Limits
from brokers.urgency import TRAPS
from core.clock import ManualClock, SystemClock
from core.values.errors import OutcomeUnknown, Rejected, Transient
from core.values.ids import BrokerOrderId, OrderId
from core.values.money import plain
from core.values.orders import OrderState, OrderType, Side
from tests.brokers.tinvest.harness import TInvestHarness, account_settings, adapter, connected
from tests.brokers.wired import until
from tests.contracts.broker import Desk
from tests.servers import tinvest_json as say
from tests.servers.broker import hosting
from tests.servers.tinvest import ACCOUNT, READONLY, TInvestServer

ONE = {"id": "1", "name": "Brokerage", "status": "ACCOUNT_STATUS_OPEN", "accessLevel": "ACCOUNT_ACCESS_LEVEL_READ_ONLY"}


@pytest.mark.parametrize(
    ("rows", "wanted", "code"),
    [
        ([], "", "unknown_account"),
        ([ONE], "2", "unknown_account"),
        ([ONE, ONE | {"id": "2"}], "", "account_needed"),
        ([ONE | {"status": "ACCOUNT_STATUS_CLOSED"}], "1", "account_blocked"),
        ([ONE | {"accessLevel": "ACCOUNT_ACCESS_LEVEL_NO_ACCESS"}], "", "account_blocked"),
    ],
)
def test_an_account_that_cannot_be_used_is_refused(rows: list[dict[str, Any]], wanted: str, code: str) -> None:
    """With the ids that this token does open."""
    with pytest.raises(Rejected) as caught:
        choose_account(rows, wanted)
    assert caught.value.code == code


def test_a_single_account_needs_no_name() -> None:
    """Named or not, it is that one."""
    assert choose_account([ONE], "") is ONE
    assert choose_account([ONE, ONE | {"id": "2"}], "1") is ONE


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"token": "t.wrong", "readonly_token": ""}, "token_refused"),
        ({"account_id": "7"}, "unknown_account"),
    ],
)
async def test_a_start_that_fails_says_why(server: TInvestServer, changes: dict[str, str], code: str) -> None:
    """And leaves nothing open."""
    with pytest.raises(Rejected) as caught:
        await adapter(server, (), None, None, **changes).start()
    assert caught.value.code == code


async def test_a_token_that_only_reads_cannot_trade(server: TInvestServer) -> None:
    """The venue says so, and it is a no and not a question."""
    broker = adapter(server, token=READONLY, readonly_token="")
    await broker.start()
    [sber] = [i for i in await broker.instruments() if i.ticker == "SBER"]
    desk = Desk(TInvestHarness(broker, server, sber, SystemClock()))
    with pytest.raises(Rejected, match="token_lacks_rights"):
        await desk.buy(5, price=-2)
    await broker.close()


async def test_a_token_withdrawn_meanwhile(desk: Desk, server: TInvestServer) -> None:
    """Questions stay without an answer, never empty ones; an order is refused in its own word."""
    order, _ = await desk.buy(5, price=-2)
    server.withdrawn = True
    broker = desk.on.broker
    for question in (broker.positions, broker.margin, broker.cash, broker.open_orders, broker.stop_orders):
        with pytest.raises(Transient, match="token_refused"):
            await question()
    with pytest.raises(Transient, match="token_refused"):
        await broker.find(order)
    with pytest.raises(Transient):
        await broker.cancel(order)
    with pytest.raises(Rejected, match="token_refused"):
        await desk.buy(5, price=-2)


async def test_an_order_of_another_program_can_be_cancelled(desk: Desk, server: TInvestServer) -> None:
    """By the exchange's number, which is all that the desk has of it."""
    order, ticket = await desk.buy(5, price=-2)
    nobodys = replace(order, request=replace(order.request, id=OrderId(ticket.broker_id)), broker_id=ticket.broker_id)
    await desk.on.broker.cancel(nobodys)
    assert await desk.on.broker.open_orders() == []


@pytest.mark.parametrize("repeats", ["state", "30057"])
async def test_a_repeated_key_tells_the_first_order(desk: Desk, server: TInvestServer, repeats: str) -> None:
    """Filled meanwhile: both documented answers come to the same ticket, and there is one order."""
    server.repeats = repeats
    request = desk.request(Side.BUY, 5, -2)
    desk.on.script("accept_then_drop")
    with pytest.raises(OutcomeUnknown):
        await desk.send(request)
    await desk.book(-3, -2)
    ticket = await desk.send(request)
    assert (ticket.order_id, ticket.state, ticket.filled) == (request.id, OrderState.FILLED, desk.pieces(5))
    assert len([line for line in server.lines() if line["kind"] == "order"]) == 1


async def test_an_order_is_found_by_the_exchanges_number_too(desk: Desk) -> None:
    """Where the venue has forgotten our key."""
    order, ticket = await desk.buy(5, price=-2)
    forgotten = replace(order, request=replace(order.request, id="00000007-0000-8000-8000-000000000000"))  # type: ignore[arg-type]  # an id of nobody
    found = await desk.on.broker.find(replace(forgotten, broker_id=BrokerOrderId(ticket.broker_id)))
    assert found is not None
    assert (found.order_id, found.broker_id) == (forgotten.id, ticket.broker_id)


async def test_what_the_venue_forgot_overnight_has_expired(desk: Desk) -> None:
    """A limit order rests for the day: one that was taken before today and is not known is over, not missing."""
    request = desk.request(Side.BUY, 5, -2)
    old = replace(desk.journalled(request), broker_id=BrokerOrderId("77"), at=datetime.now(UTC) - timedelta(days=2))
    assert (await desk.find(old)).state is OrderState.EXPIRED
    assert await desk.on.broker.find(replace(old, broker_id=None)) is None
    assert await desk.on.broker.find(replace(old, at=datetime.now(UTC))) is None


async def test_an_order_in_what_is_listed_no_longer_is_found(desk: Desk, server: TInvestServer) -> None:
    """After a restart the lists lack it; the venue is asked what it was."""
    order, _ = await desk.buy(5, price=-2)
    sber = server.instruments["SBER"]
    server.canned["Shares"] = {"instruments": []}
    server.canned["GetInstrumentBy"] = {"instrument": say.instrument(sber) | {"instrumentType": "share"}}
    broker = adapter(server, orders=(order,))
    await broker.start()
    ticket = await broker.find(order)
    await broker.close()
    assert ticket is not None
    assert (ticket.ticker, ticket.quantity, ticket.state) == ("SBER", desk.pieces(5), OrderState.OPEN)


async def test_a_trade_on_margin_is_a_persons_decision(desk: Desk) -> None:
    """Refused by its word unless the account's settings allow it."""
    with pytest.raises(Rejected, match="confirm_margin_trade"):
        await desk.send(desk.request(Side.SELL, 5, -3))


async def test_the_settings_answer_for_margin_trades(server: TInvestServer) -> None:
    """The person said yes once, for this account: a short position is opened."""
    broker = adapter(server, confirm_margin_trade=True)
    await broker.start()
    [sber] = [i for i in await broker.instruments() if i.ticker == "SBER"]
    desk = Desk(TInvestHarness(broker, server, sber, SystemClock()))
    await desk.book(0, 1)
    await desk.send(desk.request(Side.SELL, 5, -3))
    assert [h.quantity for h in await broker.positions()] == [-desk.pieces(5)]
    await broker.close()


async def test_positions_still_being_counted_are_none(harness: TInvestHarness, server: TInvestServer) -> None:
    """The venue says so itself; nothing held would be a lie."""
    server.canned["GetPositions"] = {"securities": [], "limitsLoadingInProgress": True}
    with pytest.raises(Transient):
        await harness.broker.positions()


async def test_an_answer_that_cannot_be_read_is_none(harness: TInvestHarness, server: TInvestServer) -> None:
    """Never an empty list."""
    server.canned["GetOrders"] = {"orders": [{"orderId": "1", "instrumentUid": harness.instrument.broker_key}]}
    with pytest.raises(Transient, match="unreadable"):
        await harness.broker.open_orders()


async def test_lists_are_asked_for_once_a_day(server: TInvestServer) -> None:
    """And what was delisted overnight cannot be traded any more."""
    clock = ManualClock(datetime.now(UTC))
    async with connected(server, clock=clock) as harness:
        await harness.broker.instruments()
        assert server.calls["Shares"] == 1
        del server.instruments["GAZP"]
        await clock.advance(86400)
        assert "GAZP" not in {i.ticker for i in await harness.broker.instruments()}
        assert server.calls["Shares"] == 2
        with pytest.raises(Rejected, match="unknown_ticker"):
            await harness.broker.feed.fresh_quote("GAZP")


async def test_lists_that_fail_leave_all_as_it_was(server: TInvestServer) -> None:
    """Cut off on the new day: said so, and yesterday's can still be traded; then asked for again."""
    clock = ManualClock(datetime.now(UTC))
    async with connected(server, clock=clock) as harness:
        await clock.advance(86400)
        server.script("disconnect")
        with pytest.raises(Transient):
            await harness.broker.instruments()
        assert (await harness.broker.feed.fresh_quote("GAZP")).bid
        assert await harness.broker.instruments()


async def test_the_timetable_is_the_venues(harness: TInvestHarness) -> None:
    """By its own calendar's name in either case; a month ahead is asked for in parts."""
    start = datetime.now(UTC) + timedelta(days=1)
    span = await harness.broker.schedule(harness.instrument, start, start + timedelta(days=30))
    assert all((s.opens_at.hour, s.opens_at.minute) in {(7, 0), (11, 5), (16, 5)} for s in span)
    assert len({s.opens_at.date() for s in span}) > 20


async def test_our_table_stands_in_for_the_timetable(harness: TInvestHarness, server: TInvestServer) -> None:
    """Where the venue cannot be asked."""
    server.script("disconnect")
    start = datetime.now(UTC)
    span = await harness.broker.schedule(harness.instrument, start, start + timedelta(days=7))
    assert {s.closes_at.strftime("%H:%M") for s in span} >= {"06:50", "15:55", "20:50"}


async def test_where_no_market_orders_are_taken_the_best_price_is(desk: Desk, server: TInvestServer) -> None:
    """Auctions and weekends: the same order under the same key goes out as a best-price one, and there is one."""
    server.market_orders = False
    request = desk.request(Side.BUY, 5, None, OrderType.MARKET)
    assert (await desk.send(request)).state is OrderState.FILLED
    assert [body["orderType"] for body in server.bodies] == ["ORDER_TYPE_MARKET", "ORDER_TYPE_BESTPRICE"]
    assert {body["orderId"] for body in server.bodies} == {request.id}


async def test_an_order_beyond_a_day_is_refused(desk: Desk) -> None:
    """A limit order rests for the day; one that is to end at a moment is a stop order here."""
    request = replace(desk.request(Side.BUY, 5, -2), expires_at=datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(Rejected, match="bad_expiry"):
        await desk.send(request)


# limits


class Hurried:
    """A clock on which a real second is a hundred: the limits of a minute can be lived through."""

    RATE = 100

    def __init__(self) -> None:
        self._began = datetime.now(UTC)

    def now(self) -> datetime:
        return self._began + (datetime.now(UTC) - self._began) * self.RATE

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.RATE)


def hurried_server(path: Path) -> TInvestServer:
    server, clock = TInvestServer(path), Hurried()
    server.seconds = lambda: clock.now().timestamp()
    return server


async def test_no_limit_is_exceeded_by_a_burst(server: TInvestServer) -> None:
    """A hundred and twenty calls against fifty a minute: all are answered, and the venue never had to refuse."""
    clock = ManualClock(datetime.now(UTC))
    server.seconds = lambda: clock.now().timestamp()
    client = Client(access_of(account_settings(server)), Limits(clock))
    await client.open()
    method, body = "StopOrdersService/GetStopOrders", {"accountId": ACCOUNT, "status": "STOP_ORDER_STATUS_ACTIVE"}
    calls = [asyncio.create_task(client.call(method, body, TRAPS)) for _ in range(120)]
    waiting = client.limits._of(method)._waiting
    while not all(call.done() for call in calls):
        await until(lambda: sum(call.done() for call in calls) + len(waiting) == len(calls))
        await clock.advance(1)
    await client.close()
    assert (server.exceeded, server.calls["GetStopOrders"]) == ([], 120)
    assert all(call.result() for call in calls)


async def test_what_is_left_of_each_budget_is_told(server: TInvestServer) -> None:
    """A call less after each call, by the budget's name."""
    async with connected(server) as desk:
        before = desk.broker.calls_left()
        await desk.broker.stop_orders()
        after = desk.broker.calls_left()
        assert set(after) == {budget.name for budget in desk.broker.capabilities.budgets}
        assert after["stops"] == before["stops"] - 1


async def test_two_accounts_of_a_token_share_its_limits(server: TInvestServer) -> None:
    """The venue counts them together."""
    async with connected(server) as one, connected(server) as other:
        assert one.broker._client.limits is other.broker._client.limits


# the proof

HIDDEN = ("accept_then_drop", "accept_then_500", "accept_then_garbage", "drop")


async def sent_until_known(desk: Desk, rng: random.Random, number: int) -> None:
    """As the desk does it: asked about, and sent again under its id where the venue knows nothing."""
    triggered = number % 4 == 0
    kind, stop = (OrderType.STOP, 5 + number) if triggered else (OrderType.LIMIT, None)
    request = desk.request(Side.BUY, 1, None if triggered else rng.choice([-2, 3]), kind, stop=stop)
    order = desk.journalled(request)
    for _ in range(20):
        try:
            with suppress(OutcomeUnknown):
                await desk.send(request)
            if await desk.on.broker.find(order) is not None:
                return
        except Transient as error:
            await asyncio.sleep(error.retry_after_s / Hurried.RATE)
    raise AssertionError(f"{request.id} never became known")


@pytest.mark.proof
@pytest.mark.parametrize("repeats", ["state", "30057"])
async def test_proof_that_a_lost_answer_doubles_nothing(tmp_path: Path, rounds: int, repeats: str) -> None:
    """Orders and stops accepted and cut off, or cut off before: each is there once."""
    server, rng = hurried_server(tmp_path / "ledger"), random.Random(rounds)
    server.repeats = repeats
    async with hosting(server), connected(server, wire=Hurried()) as harness:
        desk = Desk(harness)
        await desk.book(0, 1, bid_size=10**6, ask_size=10**6)
        for number in range(rounds):
            server.script(rng.choice(HIDDEN))
            await sent_until_known(desk, rng, number)
        made = [line["client_id"] for line in server.lines() if line["kind"] == "order"]
    assert (len(made), len(set(made))) == (rounds, rounds)
    print(f"\n0 doubled of {rounds} orders cut off ({repeats}): below {plain(Decimal(3) / rounds * 100)} % at 95 %")


async def test_a_lost_answer_doubles_nothing(tmp_path: Path) -> None:
    """The proof's round, a few times."""
    server, rng = hurried_server(tmp_path / "ledger"), random.Random(1)
    async with hosting(server), connected(server, wire=Hurried()) as harness:
        desk = Desk(harness)
        await desk.book(0, 1)
        for number in range(12):
            server.script(HIDDEN[number % len(HIDDEN)])
            await sent_until_known(desk, rng, number)
        made = [line["client_id"] for line in server.lines() if line["kind"] == "order"]
    assert (len(made), len(set(made))) == (12, 12)
