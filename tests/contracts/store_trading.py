"""What every journal promises about orders, fills, positions, tasks and proposals."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from core.ports import Store
from core.values.changes import (
    FillTaken,
    FlagSet,
    OrderMade,
    OrderMoved,
    PositionSet,
    ProposalMade,
    ProposalMoved,
    QueueGone,
    QueueSet,
    SpreadGone,
    SpreadSet,
    TaskSet,
)
from core.values.errors import Conflict
from core.values.ids import AccountName, AlertId, OrderId, ProposalId, TaskId
from core.values.money import Price, Quantity
from core.values.orders import OrderState
from core.values.proposals import ProposalState
from core.values.spreads import LegDone
from core.values.tasks import TaskGoal, TaskState
from tests.contracts.samples import (
    BOB,
    DEMO,
    FIVE,
    HUNDRED,
    NOON,
    because_of,
    fill,
    later,
    order,
    position,
    proposal,
    queue_row,
    spread_row,
    task,
)

FIRST = AlertId("first")


class TradingContract:
    async def test_order_moves_from_what_it_was(self, store: Store) -> None:
        """An order's new state is written where the old one is what the mover thought; else Conflict."""
        await store.save(OrderMade(order("a")))
        sent = replace(order("a"), state=OrderState.SENT)
        await store.save(OrderMoved(sent, OrderState.INTENDED))
        assert await store.order(OrderId("a")) == sent
        with pytest.raises(Conflict):
            await store.save(OrderMoved(sent, OrderState.INTENDED))
        with pytest.raises(Conflict):
            await store.save(OrderMoved(order("nobody"), OrderState.INTENDED))

    async def test_live_orders_are_those_that_are_not_final(self, store: Store) -> None:
        """Every state but the four final ones is live, oldest first."""
        await store.save(*(OrderMade(order(state, state=state)) for state in OrderState))
        live = [held.state for held in await store.live_orders()]
        assert live == [state for state in OrderState if not state.final]

    async def test_orders_because(self, store: Store) -> None:
        """Orders are found by any cause of their chain, oldest first; a cause named twice counts once."""
        twice = (because_of(FIRST), because_of(AlertId("other")), because_of(FIRST))
        await store.save(OrderMade(order("b", *twice)), OrderMade(order("a", because_of(FIRST))), OrderMade(order("c")))
        assert [held.id for held in await store.orders_because("alert", FIRST)] == ["b", "a"]
        assert [held.id for held in await store.orders_because("alert", "other")] == ["b"]
        assert await store.orders_because("task", FIRST) == []

    async def test_fill_counts_once(self, store: Store) -> None:
        """The same execution of the same account is a Conflict; another account may use the same id."""
        await store.save(FillTaken(fill("1")))
        with pytest.raises(Conflict):
            await store.save(FillTaken(fill("1", price=Price(Decimal(7)))))
        await store.save(FillTaken(fill("1", account=AccountName("other"))))

    async def test_fills_by_order_and_time(self, store: Store) -> None:
        """Fills of one order, or since a moment and of one account, oldest first."""
        mine = [fill(f"{seconds}", at=later(seconds), order_id=OrderId("a")) for seconds in (30, 10)]
        other = fill("20", at=later(20), account=AccountName("other"))
        await store.save(*(FillTaken(taken) for taken in (*mine, other)))
        assert await store.fills_of(OrderId("a")) == [mine[1], mine[0]]
        assert await store.fills_since(later(20)) == [other, mine[0]]
        assert await store.fills_since(NOON, DEMO) == [mine[1], mine[0]]

    async def test_open_positions(self, store: Store) -> None:
        """A position is replaced by its id and is open while it holds something, long or short."""
        await store.save(*(PositionSet(position(name, 5)) for name in ("a", "b")), PositionSet(position("c", -5)))
        await store.save(PositionSet(position("a", 0)))
        assert await store.open_positions() == [position("b", 5), position("c", -5)]
        reopened = replace(position("a", 0), quantity=Quantity(Decimal("0.001")))
        await store.save(PositionSet(reopened))
        assert [held.id for held in await store.open_positions()] == ["a", "b", "c"]

    async def test_task_is_replaced_by_its_id(self, store: Store) -> None:
        """Saving a task again keeps its place and shows what is so now."""
        await store.save(TaskSet(task("a")), TaskSet(task("b")))
        changed = task("a", TaskGoal.STOP, attempts=3, due_at=later(5))
        await store.save(TaskSet(changed))
        assert await store.task(TaskId("a")) == changed
        assert [kept.id for kept in (await store.tasks(10)).items] == ["b", "a"]

    async def test_unfinished_tasks(self, store: Store) -> None:
        """By goal, oldest first, whenever they are due; what has ended is left out."""
        ended = [task(state.value, TaskGoal.STOP, state) for state in TaskState if state.final]
        rows = [task("late", due_at=later(60)), task("stop", TaskGoal.STOP), task("now"), *ended]
        await store.save(*(TaskSet(row) for row in rows))
        assert [kept.id for kept in await store.unfinished_tasks(TaskGoal.RUN)] == ["late", "now"]
        assert [kept.id for kept in await store.unfinished_tasks(TaskGoal.STOP)] == ["stop"]

    async def test_queue_rows(self, store: Store) -> None:
        """Replaced in place; only active ones are listed, oldest first, by owner; gone is gone."""
        rows = [queue_row("a"), queue_row("b", owner=BOB, average_price=HUNDRED), queue_row("c")]
        await store.save(*(QueueSet(row) for row in rows))
        await store.save(QueueSet(replace(rows[0], executed=FIVE, active=False)))
        assert await store.active_queue() == rows[1:]
        assert await store.active_queue(BOB) == [rows[1]]
        await store.save(QueueGone(rows[1].id), QueueGone(rows[1].id))
        assert await store.queue_row(rows[1].id) is None
        assert await store.queue_row(rows[0].id) == replace(rows[0], executed=FIVE, active=False)

    async def test_spread_rows(self, store: Store) -> None:
        """Replaced in place; only active ones are listed, oldest first, by owner; gone is gone."""
        rows = [spread_row("a"), spread_row("b", owner=BOB, far_done=LegDone(FIVE, HUNDRED)), spread_row("c")]
        await store.save(*(SpreadSet(row) for row in rows))
        await store.save(SpreadSet(replace(rows[0], near_done=LegDone(FIVE, HUNDRED), active=False)))
        assert await store.active_spreads() == rows[1:]
        assert await store.active_spreads(BOB) == [rows[1]]
        await store.save(SpreadGone(rows[1].id), SpreadGone(rows[1].id))
        assert await store.spread(rows[1].id) is None
        assert await store.spread(rows[0].id) == replace(rows[0], near_done=LegDone(FIVE, HUNDRED), active=False)

    async def test_proposal_is_answered_once(self, store: Store) -> None:
        """An answer counts for the version and state it saw; any other is a Conflict."""
        await store.save(ProposalMade(proposal("p")))
        answered = proposal("p", version=2, state=ProposalState.APPROVED, answered_by=BOB)
        await store.save(ProposalMoved(answered, 1, ProposalState.OPEN))
        assert await store.proposal(ProposalId("p")) == answered
        for version, state in ((1, ProposalState.APPROVED), (2, ProposalState.OPEN)):
            with pytest.raises(Conflict):
                await store.save(ProposalMoved(answered, version, state))
        with pytest.raises(Conflict):
            await store.save(ProposalMade(proposal("p")))

    async def test_flag_is_replaced(self, store: Store) -> None:
        """A flag holds what was set last, None before."""
        assert await store.flag("risk") is None
        await store.save(FlagSet("risk", "HALTED"))
        await store.save(FlagSet("risk", "ACTIVE"))
        assert await store.flag("risk") == "ACTIVE"
