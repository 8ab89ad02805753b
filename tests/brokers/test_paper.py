"""The paper broker: the contract in each dialect, and what is its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from brokers.paper import open_broker
from brokers.paper.broker import PaperBroker
from brokers.paper.dialects import DIALECTS
from brokers.paper.market import BuiltInMarket
from core.clock import ManualClock
from core.ports import World
from core.values.accounts import Account, Mode
from core.values.errors import Broken, OutcomeUnknown, Rejected, Transient
from core.values.fills import Fill
from core.values.ids import AccountName
from core.values.instrument import Instrument
from core.values.money import Price, Quantity
from core.values.orders import Order, OrderRequest, OrderState, OrderTicket, OrderType, Side
from tests.contracts.broker import BrokerContract, Desk

WEDNESDAY_NOON = datetime(2026, 11, 18, 9, tzinfo=UTC)  # in Moscow
PRICE = Decimal("300.00")


@dataclass
class PaperHarness:
    broker: PaperBroker
    market: BuiltInMarket
    clock: ManualClock
    instrument: Instrument
    price: Decimal = PRICE

    async def set_book(self, bid: Decimal, ask: Decimal, bid_size: Decimal, ask_size: Decimal) -> None:
        self.market.set_book(self.instrument.ticker, bid, ask, bid_size, ask_size)

    async def settled(self) -> None:
        await self.broker.settled()

    def script(self, fault: str, count: int = 1) -> None:
        self.broker.script(fault, count)

    async def close_market(self) -> None:
        await self.clock.advance(15 * 3600)


async def paper(
    ticker: str = "SBER", orders: Sequence[Order] = (), fills: Sequence[Fill] = (), **settings: str
) -> PaperHarness:
    clock = ManualClock(WEDNESDAY_NOON)
    market = BuiltInMarket(1, True, clock, clock, hours="exchange")
    account = Account(AccountName("Testing"), "paper", Mode.PAPER, "RUB")
    broker = open_broker(account, settings, World(clock, clock, market, orders, fills))
    await broker.start()
    [instrument] = [i for i in await broker.instruments() if i.ticker == ticker]
    return PaperHarness(broker, market, clock, instrument)


class TestContract(BrokerContract):
    @pytest.fixture(params=[name for name, able in DIALECTS.items() if able.native_stops])
    async def harness(self, request: pytest.FixtureRequest) -> PaperHarness:
        return await paper(dialect=request.param)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk(await paper())
    await desk.book(0, 1)
    yield desk
    await desk.on.broker.close()


def harness_of(desk: Desk) -> PaperHarness:
    assert isinstance(desk.on, PaperHarness)
    return desk.on


def market_order(desk: Desk, side: Side, steps: int) -> OrderRequest:
    return desk.request(side, steps, None, OrderType.MARKET)


# ------------------------------------------------------------------------------------------------- order types


async def test_a_market_order_takes_what_the_book_shows_and_no_more(desk: Desk) -> None:
    """Market orders are immediate-or-cancel: the book's size at its price, the rest cancelled."""
    await desk.book(0, 1, ask_size=3)
    ticket = await desk.send(market_order(desk, Side.BUY, 5))
    assert (ticket.state, ticket.filled, ticket.average_price) == (OrderState.CANCELLED, desk.pieces(3), desk.at(1))


async def test_a_market_order_without_liquidity_is_rejected(desk: Desk) -> None:
    """Nothing on the other side: refused, saying why."""
    await desk.book(0, 1, ask_size=0)
    ticket = await desk.send(market_order(desk, Side.BUY, 5))
    assert (ticket.state, ticket.reason) == (OrderState.REJECTED, "no_liquidity")


async def test_a_book_offers_its_size_once(desk: Desk) -> None:
    """The second of two market orders gets what the first has left."""
    await desk.book(0, 1, ask_size=3)
    first, second = [await desk.send(market_order(desk, Side.BUY, 2)) for _ in range(2)]
    assert (first.filled, second.filled) == (desk.pieces(2), desk.pieces(1))


async def test_a_fired_stop_works_until_the_position_is_closed(desk: Desk) -> None:
    """A book too small for a market stop does not cancel it."""
    await desk.send(market_order(desk, Side.BUY, 5))
    await desk.send(desk.request(Side.SELL, 5, None, OrderType.STOP, stop=-5))
    await desk.book(-6, -5, bid_size=2)
    working = await desk.on.broker.open_orders()
    await desk.book(-9, -8)
    assert [t.state for t in working] == [OrderState.PART_FILLED]
    assert await desk.on.broker.positions() == []


async def test_a_stop_may_wait_for_its_position(desk: Desk) -> None:
    """A reduce-only stop placed before the entry stands, and closes what the entry opened."""
    stop = desk.request(Side.SELL, 5, None, OrderType.STOP, stop=-5)
    ticket = await desk.send(replace(stop, reduce_only=True))
    await desk.send(market_order(desk, Side.BUY, 5))
    await desk.book(-6, -5)
    assert ticket.state is OrderState.OPEN
    assert await desk.on.broker.positions() == []


async def test_a_reduce_only_order_that_fires_too_late_ends(desk: Desk) -> None:
    """Stop and target of one position: the second to fire finds nothing to do and opens nothing."""
    await desk.send(market_order(desk, Side.BUY, 5))
    stop = replace(desk.request(Side.SELL, 5, None, OrderType.STOP, stop=-5), reduce_only=True)
    await desk.send(stop)
    await desk.send(replace(desk.request(Side.SELL, 5, None, OrderType.TAKE_PROFIT, stop=9), reduce_only=True))
    await desk.book(9, 10)
    await desk.book(-6, -5)
    ticket = await desk.find(desk.journalled(stop))
    assert (ticket.state, ticket.reason) == (OrderState.CANCELLED, "nothing_to_reduce")
    assert await desk.on.broker.positions() == []


async def test_an_exit_without_a_position_is_rejected(desk: Desk) -> None:
    """A reduce-only order that arrives too late opens nothing."""
    ticket = await desk.send(replace(market_order(desk, Side.SELL, 5), reduce_only=True))
    assert (ticket.state, ticket.reason) == (OrderState.REJECTED, "nothing_to_reduce")


async def test_an_order_ends_at_its_time(desk: Desk) -> None:
    """expires_at is kept on the market's clock, and the stream says EXPIRED though no quote came."""
    request = desk.request(Side.BUY, 5, -2)
    request = replace(request, expires_at=WEDNESDAY_NOON + timedelta(minutes=120))
    ticket = await desk.send(request)
    await asyncio.sleep(0)
    await harness_of(desk).clock.advance(7200)
    await desk.on.broker.close()
    told = [event async for event in desk.on.broker.events() if isinstance(event, OrderTicket)]
    assert [event.state for event in told] == [OrderState.OPEN, OrderState.EXPIRED]
    assert (await desk.find(desk.journalled(request, ticket))).state is OrderState.EXPIRED


# --------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("bad_quantity", {"quantity": Quantity(Decimal(0))}),
        ("bad_quantity", {"quantity": Quantity(Decimal(15))}),
        ("bad_price", {"price": Price(Decimal("299.995"))}),
        ("bad_price", {"price": None}),
        ("bad_price", {"type": OrderType.STOP}),
        ("unknown_ticker", {"ticker": "SBERP"}),
        ("insufficient_margin", {"quantity": Quantity(Decimal(20_000))}),
    ],
)
async def test_a_wrong_order_is_refused_with_its_code(desk: Desk, code: str, changes: dict[str, object]) -> None:
    """Each rule of the venue has its own word, and a refused order leaves nothing behind."""
    request = replace(desk.request(Side.BUY, 5, -2), **changes)  # type: ignore[arg-type]  # fields by name
    with pytest.raises(Rejected) as caught:
        await desk.send(request)
    assert caught.value.code == code
    assert await desk.on.broker.find(desk.journalled(request)) is None


async def test_orders_that_are_over_are_forgotten_and_others_never(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand by default, here two: the eldest go, with their fills a while later; what works stays, and fills."""
    monkeypatch.setattr("brokers.paper.broker.KEPT", 2)
    desk = Desk(await paper())
    await desk.book(0, 1)
    resting = desk.request(Side.BUY, 1, -5)
    await desk.send(resting)
    sent = [desk.request(Side.BUY, 1, 1) for _ in range(12)]
    for request in sent:
        await desk.send(request)
    known = [await desk.on.broker.find(desk.journalled(request)) for request in sent]
    assert [ticket is not None for ticket in known] == [False] * 10 + [True] * 2
    assert len(await desk.on.broker.fills_since(WEDNESDAY_NOON)) == 10
    await desk.book(-10, -5)
    assert await desk.on.broker.open_orders() == []
    assert sum(holding.quantity for holding in await desk.on.broker.positions()) == 13 * desk.on.instrument.lot


async def test_a_dialect_without_market_orders_refuses_them() -> None:
    """Angel One takes limit orders only from programs."""
    desk = Desk(await paper(dialect="angelone"))
    with pytest.raises(Rejected, match="no_market_orders"):
        await desk.send(market_order(desk, Side.BUY, 5))


# ------------------------------------------------------------------------------------------------------ money


async def test_tm_46_stop_orders_use_no_margin(desk: Desk) -> None:
    """Free collateral is the same after a hundred waiting take-profits."""
    before = await desk.on.broker.margin()
    for level in range(100):
        request = desk.request(Side.BUY, 1000, -100 - level, OrderType.TAKE_PROFIT, stop=-100 - level)
        await desk.send(replace(request, reduce_only=False))
    assert len(await desk.on.broker.stop_orders()) == 100
    assert await desk.on.broker.margin() == before


async def test_positions_and_working_orders_hold_margin() -> None:
    """Notional over leverage: 1,000 shares at 300 bought and 1,000 bid for at 298 hold 119,600 of collateral."""
    desk = Desk(await paper())
    await desk.book(0, 1)
    await desk.send(desk.request(Side.BUY, 100, 1))
    await desk.book(-1, 1)
    await desk.send(desk.request(Side.BUY, 100, -200))
    margin = await desk.on.broker.margin()
    assert margin.equity == Decimal(1_000_000) - 10  # bought a cent above the middle
    assert margin.equity - margin.free == (300 * 1000 + 298 * 1000) / Decimal(5)


async def test_an_order_that_only_reduces_needs_no_margin() -> None:
    """With every rouble tied up, closing is still possible, and turning round beyond it is not."""
    desk = Desk(await paper(cash="60000"))
    await desk.book(0, 1)
    await desk.send(desk.request(Side.BUY, 99, 1))
    await desk.book(-1000, -999)
    with pytest.raises(Rejected, match="insufficient_margin"):
        await desk.buy(10, price=-999)
    assert (await desk.send(desk.request(Side.SELL, 99, -1000))).state is OrderState.FILLED


async def test_fees_are_a_percentage_of_the_notional() -> None:
    """0.05 % of 50 shares at 300.01, taken from cash and equity."""
    desk = Desk(await paper(fee_percent="0.05"))
    await desk.book(0, 1)
    await desk.send(market_order(desk, Side.BUY, 5))
    [fill] = await desk.on.broker.fills_since(WEDNESDAY_NOON)
    assert fill.fee == Decimal("7.50025")
    assert await desk.on.broker.cash() == {"RUB": "999992.49975"}


async def test_profit_of_a_round_trip_is_cash(desk: Desk) -> None:
    """Bought at 300.01, sold at 301.00: 99 kopecks on each of 50 shares."""
    await desk.send(market_order(desk, Side.BUY, 5))
    await desk.book(100, 101)
    await desk.send(market_order(desk, Side.SELL, 5))
    assert await desk.on.broker.cash() == {"RUB": "1000049.5"}


# ----------------------------------------------------------------------------------------------------- streams


async def test_settled_waits_for_the_reader(desk: Desk) -> None:
    """When it returns, the reader has dealt with every consequence of the book before."""
    await desk.buy(5, price=-2)
    seen: list[OrderState] = []
    stream = desk.on.broker.events()
    await anext(stream)
    await desk.book(-3, -2)

    async def read() -> None:
        async for event in stream:
            await harness_of(desk).clock.sleep(0)
            if isinstance(event, OrderTicket):
                seen.append(event.state)

    reader = asyncio.create_task(read())
    await asyncio.sleep(0)
    await desk.on.settled()
    assert seen[-1] is OrderState.FILLED
    await desk.on.broker.close()
    await reader


async def test_a_disconnect_tells_the_last_fills_again(desk: Desk) -> None:
    """The stream may repeat, and after a cut it does."""
    await desk.send(market_order(desk, Side.BUY, 5))
    harness_of(desk).script("disconnect")
    await desk.on.broker.close()
    fills = [event.id async for event in desk.on.broker.events() if isinstance(event, Fill)]
    assert len(fills) == 2
    assert len(set(fills)) == 1


async def test_a_dialect_without_stop_events_keeps_quiet_about_stops() -> None:
    """T-Invest's streams tell the trade of a fired stop, never the stop itself."""
    desk = Desk(await paper(dialect="tinvest"))
    await desk.book(0, 1)
    await desk.buy(5, price=1)
    stop = desk.request(Side.SELL, 5, None, OrderType.STOP, stop=-5)
    await desk.send(stop)
    await desk.book(-6, -5)
    await desk.on.broker.close()
    told = [event async for event in desk.on.broker.events() if event.order_id == stop.id]
    assert [type(event) for event in told] == [Fill]


# ------------------------------------------------------------------------------------------------------ faults


async def test_a_scripted_refusal_leaves_nothing(desk: Desk) -> None:
    """refuse is a plain no, once."""
    harness_of(desk).script("refuse")
    with pytest.raises(Rejected):
        await desk.buy(5, price=-2)
    await desk.buy(5, price=-2)
    assert len(await desk.on.broker.open_orders()) == 1


async def test_429_is_another_name_and_carries_its_wait(desk: Desk) -> None:
    """The alias, a count of two, and the wait that was scripted."""
    harness_of(desk).broker.script("429", count=2, retry_after=7)
    for _ in range(2):
        with pytest.raises(Transient) as caught:
            await desk.buy(5, price=-2)
        assert caught.value.retry_after_s == 7
    await desk.buy(5, price=-2)


async def test_a_placing_while_disconnected_is_unknown(desk: Desk) -> None:
    """A cut line while placing proves nothing."""
    harness_of(desk).script("disconnect")
    with pytest.raises(OutcomeUnknown):
        await desk.buy(5, price=-2)


async def test_a_delayed_order_arrives_later(desk: Desk) -> None:
    """delay holds the order back on the wire's clock; the book it meets is the later one."""
    harness_of(desk).broker.script("delay", seconds=5)
    placing = asyncio.create_task(desk.buy(5, price=3))
    await asyncio.sleep(0)
    await desk.book(2, 3)
    await harness_of(desk).clock.advance(5)
    _, ticket = await placing
    assert ticket.average_price == desk.at(3)


async def test_an_unknown_fault_names_those_there_are(desk: Desk) -> None:
    """A typo in a script is told with the whole list."""
    with pytest.raises(ValueError, match="accept_then_drop"):
        harness_of(desk).script("explode")


# ---------------------------------------------------------------------------------------------------- restarts


async def test_a_restart_goes_on_from_the_journal(desk: Desk) -> None:
    """Position, cash, what is left of a working order, and the numbering of fills all come back."""
    order, ticket = await desk.buy(5, price=-2)
    await desk.book(-3, -2, ask_size=2)
    fills = await desk.on.broker.fills_since(WEDNESDAY_NOON)
    journal = replace(order, state=OrderState.PART_FILLED, broker_id=ticket.broker_id)
    again = Desk(await paper(orders=[journal], fills=fills))
    assert [h.quantity for h in await again.on.broker.positions()] == [again.pieces(2)]
    await again.book(-3, -2, ask_size=9)
    after = await again.on.broker.fills_since(WEDNESDAY_NOON)
    assert [fill.quantity for fill in after] == [again.pieces(2), again.pieces(3)]
    assert len({fill.id for fill in after}) == 2
    assert (await again.find(journal)).state is OrderState.FILLED


async def test_a_stop_stands_after_a_restart(desk: Desk) -> None:
    """A protective stop in the journal waits again and fires."""
    entry, ticket = await desk.buy(5, price=3)
    fills = await desk.on.broker.fills_since(WEDNESDAY_NOON)
    stop = desk.request(Side.SELL, 5, None, OrderType.STOP, stop=-5)
    opened = replace(desk.journalled(stop), state=OrderState.OPEN)
    filled = replace(entry, state=OrderState.FILLED, broker_id=ticket.broker_id)
    again = Desk(await paper(orders=[filled, opened], fills=fills))
    await again.book(-6, -5)
    assert await again.on.broker.positions() == []


async def test_an_order_in_doubt_that_left_no_fill_did_not_happen(desk: Desk) -> None:
    """SENT before the crash: this venue's memory is the journal, so the honest answer is None."""
    sent = desk.journalled(desk.request(Side.BUY, 5, -2))
    again = Desk(await paper(orders=[sent]))
    assert await again.on.broker.find(sent) is None


async def test_an_order_in_doubt_with_a_fill_did_happen(desk: Desk) -> None:
    """A journalled fill proves the order, whatever state the crash left it in."""
    order, _ = await desk.buy(5, price=3)
    fills = await desk.on.broker.fills_since(WEDNESDAY_NOON)
    again = Desk(await paper(orders=[replace(order, state=OrderState.UNKNOWN, broker_id=None)], fills=fills))
    assert (await again.find(order)).state is OrderState.FILLED


@pytest.mark.parametrize(
    "settings", [{"cash": "plenty"}, {"fee_percent": "-1"}, {"dialect": "klingon"}, {"latency_ms": "NaN"}]
)
async def test_unusable_settings_name_the_account_and_the_key(settings: dict[str, str]) -> None:
    """A paper account with a wrong figure does not open."""
    with pytest.raises(Broken, match=f"Testing: {next(iter(settings))}"):
        await paper("SBER", (), (), **settings)


async def test_an_order_travels_for_its_latency() -> None:
    """latency_ms passes on the wire's clock before the order meets the book."""
    desk = Desk(await paper(latency_ms="250"))
    placing = asyncio.create_task(desk.send(market_order(desk, Side.BUY, 5)))
    await asyncio.sleep(0)
    assert await desk.on.broker.positions() == []
    await harness_of(desk).clock.advance(1)
    assert (await placing).state is OrderState.FILLED
