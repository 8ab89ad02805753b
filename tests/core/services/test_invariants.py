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
from core.values.orders import OrderRole, OrderState, Side
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


async def test_i04_books_that_differ_from_the_broker_are_brought_to_it(tmp_path: Path) -> None:
    """At the second look, and people are called. Somebody sold at the broker: the stop shrinks, trading goes on."""
    async with opened(tmp_path) as desk:
        await desk.enter()
        _sold_elsewhere(desk, "0.2")
        await looks(desk, 1)
        assert await desk.notices("position.differs") == []
        await looks(desk, 1)
        await desk.settle()
        [told] = await desk.notices("position.differs")
        assert (told.critical, told.params["difference"]) == (True, "-0.2")
        assert desk.position.position.quantity == Decimal("0.3")
        assert "sell stop 0.3 39800" in await desk.at_broker()
        await looks(desk, 2)
        assert len(await desk.notices("position.differs")) == 1
        assert desk.engine.desk.safety.halt is None


async def test_i04_what_an_order_in_doubt_may_have_done_is_no_difference(tmp_path: Path) -> None:
    """It settles first, else its fill would be booked twice."""
    async with opened(tmp_path) as desk:
        await desk.limit("39500", long=levels("39300"))
        [entry] = desk.live(OrderRole.ENTRY)
        ledger = desk.engine.desk.ledger
        ledger.orders[entry.id] = replace(entry, state=OrderState.UNKNOWN)
        _sold_elsewhere(desk, "0.2")
        await looks(desk, 3)
        assert await desk.notices("position.differs") == []


async def test_i04_an_order_filled_beyond_itself_halts(tmp_path: Path) -> None:
    """What no broker can have told."""
    async with opened(tmp_path) as desk:
        await desk.limit("39500", long=levels("39300"))
        [entry] = desk.live(OrderRole.ENTRY)
        ledger = desk.engine.desk.ledger
        ledger.orders[entry.id] = replace(entry, state=OrderState.PART_FILLED, filled=entry.request.quantity)
        await looks(desk)
        [told] = await desk.notices("report.halted")
        assert told.params["reason"].startswith(f"I4 {entry.id}")


async def test_who_arms_over_a_breach_has_seen_it(tmp_path: Path) -> None:
    """The same one does not halt again; protection and exits go on all the while."""
    async with opened(tmp_path) as desk:
        await desk.limit("39500", long=levels("39300"))
        [entry] = desk.live(OrderRole.ENTRY)
        ledger = desk.engine.desk.ledger
        ledger.orders[entry.id] = replace(entry, state=OrderState.PART_FILLED, filled=entry.request.quantity)
        await looks(desk)
        assert desk.engine.desk.safety.state() is RiskState.HALTED
        await desk.say("/arm")
        await looks(desk, 3)
        assert desk.engine.desk.safety.state() is RiskState.ACTIVE


async def test_a_broker_that_is_away_says_nothing(tmp_path: Path) -> None:
    """A failed question is no answer, and surely not an empty one."""
    async with opened(tmp_path) as desk:
        await desk.enter()
        desk.broker().script("disconnect", 50)
        await looks(desk, 4)
        assert desk.engine.desk.safety.halt is None


def _sold_elsewhere(desk: TestDesk, pieces: str) -> None:
    """Through the broker's own program, long ago as its list of executions goes."""
    quantity, price = Quantity(Decimal(pieces)), Price(Decimal(40000))
    moment = desk.now - timedelta(days=30)
    sold = Fill(FillId("x"), TESTING, "BTCPERP", Side.SELL, quantity, price, Decimal(0), moment)
    desk.broker()._venue.ledger.take(sold)
