"""A running desk finds its own breaches and halts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from weakref import WeakKeyDictionary

from core.services.desk import Desk
from core.services.invariants import ASK_EVERY, Invariants
from core.values.accounts import RiskState
from core.values.fills import Fill
from core.values.ids import FillId
from core.values.money import Price, Quantity
from core.values.orders import Order, OrderRole, OrderState, OrderTicket, Side
from tests.desk import TESTING, TestDesk, levels, opened

LOOKING: WeakKeyDictionary[Desk, Invariants] = WeakKeyDictionary()


async def looks(desk: TestDesk, times: int = 2) -> None:
    """So many, far enough apart for the brokers to be asked at each."""
    invariants = LOOKING.setdefault(desk.engine.desk, Invariants(desk.engine.desk, desk.engine.reconciler))
    for _ in range(times):
        await invariants.look()
        await desk.wire.advance(ASK_EVERY.total_seconds())


async def test_a_sound_desk_trades_on(tmp_path: Path) -> None:
    """With an entry, its stop and target, and all of it closed again."""
    async with opened(tmp_path) as desk:
        await desk.enter()
        await looks(desk, 3)
        await desk.exit()
        await looks(desk, 3)
        assert desk.engine.desk.safety.state() is RiskState.ACTIVE


async def test_i04_what_was_paid_in_is_booked_as_by_hand(tmp_path: Path) -> None:
    """At the second look, and people are told; trading goes on."""
    async with opened(tmp_path) as desk:
        await desk.enter()
        _moved(desk, Side.BUY, "0.2")
        await looks(desk, 1)
        assert await desk.notices("position.differs") == []
        await looks(desk, 3)
        [told] = await desk.notices("position.differs")
        assert (told.critical, told.params["difference"]) == (True, "0.2")
        held = {view.protection.value: view.position.quantity for view in desk.positions()}
        assert held == {"managed": Decimal("0.5"), "by_hand": Decimal("0.2")}
        assert desk.engine.desk.safety.state(TESTING) is RiskState.ACTIVE


async def test_i04_a_broker_that_shows_less_costs_no_position_its_stop(tmp_path: Path) -> None:
    """Its answer may lag: the stop stays, nothing new is opened there, people are called once, until it agrees."""
    async with opened(tmp_path) as desk:
        await desk.enter()
        before = await desk.at_broker()
        _moved(desk, Side.SELL, "0.5")
        await looks(desk, 4)
        await desk.settle()
        [told] = await desk.notices("position.less")
        assert (told.critical, told.params["difference"]) == (True, "-0.5 BTCPERP")
        assert desk.position.position.quantity == Decimal("0.5")
        assert await desk.at_broker() == before
        held_back = desk.engine.desk.safety.held_back(TESTING)
        assert held_back is not None
        assert held_back.code == "books_differ"
        _moved(desk, Side.BUY, "0.5")
        await looks(desk, 1)
        assert desk.engine.desk.safety.state(TESTING) is RiskState.ACTIVE


async def test_i04_what_the_books_wait_for_is_no_difference(tmp_path: Path) -> None:
    """A broker says filled before it tells the fill: it would be booked twice."""
    async with opened(tmp_path) as desk:
        await desk.limit("39500", long=levels("39300"))
        [entry] = desk.live(OrderRole.ENTRY)
        _moved(desk, Side.BUY, "0.5")
        told = _ticket(desk, entry, OrderState.FILLED, "0.5")
        await desk.engine.desk.ledger.absorb(TESTING, told)
        await looks(desk, 3)
        assert await desk.notices("position.differs") == []


async def test_a_part_told_before_its_fill_is_no_breach(tmp_path: Path) -> None:
    """What is filled is what fills say."""
    async with opened(tmp_path) as desk:
        await desk.limit("39500", long=levels("39300"))
        [entry] = desk.live(OrderRole.ENTRY)
        told = _ticket(desk, entry, OrderState.PART_FILLED, "0.1")
        await desk.engine.desk.ledger.absorb(TESTING, told)
        await looks(desk, 3)
        assert desk.engine.desk.safety.halt is None


async def test_i04_what_an_order_in_doubt_may_have_done_is_no_difference(tmp_path: Path) -> None:
    """It settles first, else its fill would be booked twice."""
    async with opened(tmp_path) as desk:
        await desk.limit("39500", long=levels("39300"))
        [entry] = desk.live(OrderRole.ENTRY)
        ledger = desk.engine.desk.ledger
        ledger.orders[entry.id] = replace(entry, state=OrderState.UNKNOWN)
        _moved(desk, Side.SELL, "0.2")
        await looks(desk, 3)
        assert await desk.notices("position.differs") == []


async def test_i04_an_order_filled_beyond_itself_halts(tmp_path: Path) -> None:
    """What no broker can have told."""
    async with opened(tmp_path) as desk:
        await desk.limit("39500", long=levels("39300"))
        [entry] = desk.live(OrderRole.ENTRY)
        _overfill(desk, entry)
        await looks(desk)
        [told] = await desk.notices("report.halted")
        assert told.params["reason"].startswith(f"I4 {entry.id}")


async def test_who_arms_over_a_breach_has_seen_it(tmp_path: Path) -> None:
    """The same one does not halt again; protection and exits go on all the while."""
    async with opened(tmp_path) as desk:
        await desk.limit("39500", long=levels("39300"))
        [entry] = desk.live(OrderRole.ENTRY)
        _overfill(desk, entry)
        await looks(desk)
        assert desk.engine.desk.safety.state() is RiskState.HALTED
        await desk.say("/arm")
        await looks(desk, 3)
        assert desk.engine.desk.safety.state() is RiskState.ACTIVE


async def test_a_breach_while_halted_anyway_halts_after_the_arming(tmp_path: Path) -> None:
    """Whoever armed had not heard of it."""
    async with opened(tmp_path) as desk:
        await desk.limit("39500", long=levels("39300"))
        [entry] = desk.live(OrderRole.ENTRY)
        await desk.say("/kill")
        _overfill(desk, entry)
        await looks(desk, 3)
        await desk.say("/arm")
        await looks(desk, 2)
        halt = desk.engine.desk.safety.halt
        assert halt is not None
        assert halt.by == "desk"


async def test_a_broker_that_is_away_says_nothing(tmp_path: Path) -> None:
    """A failed question is no answer, and surely not an empty one."""
    async with opened(tmp_path) as desk:
        await desk.enter()
        desk.broker().script("disconnect", 50)
        await looks(desk, 4)
        assert desk.engine.desk.safety.halt is None


def _ticket(desk: TestDesk, order: Order, state: OrderState, filled: str) -> OrderTicket:
    request = order.request
    assert order.broker_id is not None
    told = (order.id, order.broker_id, request.ticker, request.side, request.type, request.quantity, state, desk.now)
    return OrderTicket(*told, filled=Quantity(Decimal(filled)))


def _moved(desk: TestDesk, side: Side, pieces: str) -> None:
    """Into or out of the account, with no execution that the broker would still tell."""
    quantity, price = Quantity(Decimal(pieces)), Price(Decimal(40000))
    moment = desk.now - timedelta(days=30)
    fill = Fill(FillId(f"{side} {pieces}"), TESTING, "BTCPERP", side, quantity, price, Decimal(0), moment)
    desk.broker()._venue.ledger.take(fill)


def _overfill(desk: TestDesk, order: Order) -> None:
    """Make its row say what cannot be: all of it is filled, and a part is still open."""
    row = replace(order, state=OrderState.PART_FILLED, filled=order.request.quantity)
    desk.engine.desk.ledger.orders[order.id] = row
