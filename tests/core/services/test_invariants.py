"""A running desk finds its own breaches and halts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from weakref import WeakKeyDictionary

from core.services.desk import Desk
from core.services.invariants import ASK_EVERY, Invariants
from core.values.accounts import RiskState
from core.values.fills import Position
from core.values.money import Quantity
from core.values.orders import OrderRole, OrderState
from tests.desk import TestDesk, levels, opened

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


async def test_i04_books_that_differ_from_the_broker_halt(tmp_path: Path) -> None:
    """Found at the second look, told to people with both figures, and entries are refused from then on."""
    async with opened(tmp_path) as desk:
        await desk.enter()
        _doubled_in_memory(desk)
        await looks(desk, 1)
        assert desk.engine.desk.safety.halt is None
        await looks(desk, 1)
        [told] = await desk.notices("report.halted")
        assert told.critical
        assert told.params["reason"].startswith("I4 Testing BTCPERP: the books hold")
        await desk.enter()
        assert await desk.refusals() == ["halted"]


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
        await desk.enter()
        _doubled_in_memory(desk)
        await looks(desk)
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


def _doubled_in_memory(desk: TestDesk) -> None:
    ledger = desk.engine.desk.ledger
    [(key, position)] = ledger.positions.items()
    assert isinstance(position, Position)
    ledger.positions[key] = replace(position, quantity=Quantity(position.quantity * 2))
