"""The desk replay: the whole core, as it trades live, driven through a script of the past."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from core.clock import ManualClock
from core.jobs.strategies import LOOK_S, strategy_task
from core.services.supervisor import Supervisor
from core.values.accounts import Account
from core.values.errors import Broken
from core.values.fills import Fill
from core.values.ids import DeskId, TaskId, derive_id
from core.values.people import Person
from core.values.tasks import Task
from simulator.clocks import LeapingClock
from simulator.feed import HistoryFeed
from simulator.script import Begin, Plan, State, script
from simulator.trades import Execution, Outcome, joined

PAST_DUE = timedelta(seconds=1)
"""What is due is woken by a beat a second."""
EVER = datetime(1970, 1, 1, tzinfo=UTC)
EVERY = timedelta(minutes=1)


@dataclass(slots=True)
class Stage:
    """A desk built for it: market time, wire time, its one account, and who plays. fills: all there were, oldest first.
    rest: returns when nothing in the process can go on by itself. held: signed pieces at the broker. working: whether
    any order is live; waiting: whether anybody waits for something to become of one."""

    desk_id: DeskId
    clock: ManualClock
    wire: LeapingClock
    account: Account
    person: Person
    feed: HistoryFeed
    supervisor: Supervisor
    rest: Callable[[], Awaitable[None]]
    held: Callable[[], Awaitable[Decimal]]
    fills: Callable[[], Awaitable[Sequence[Fill]]]
    orders: Callable[[], Awaitable[int]]
    working: Callable[[], bool]
    waiting: Callable[[], bool]
    breathed: datetime = EVER
    """When everybody last had a turn, in market time."""


async def replay(plan: Plan, stage: Stage) -> Outcome:
    """Raises Broken where a run failed: what a simulation hides would cost money later."""
    state, runs = State(), []
    for event in script(plan, state):
        moment = datetime.fromtimestamp(event.at, UTC)
        await stage.clock.advance(max(0.0, (moment - stage.clock.now()).total_seconds()))
        if isinstance(event, Begin):
            runs.append(moment)
            await _begin(plan, stage, len(runs))
        else:
            await stage.feed.tell(event, stage.rest)
            await breathe(stage)
        state.running = bool(stage.supervisor.unfinished())
        state.held = await stage.held()
    fills = await stage.fills()
    return Outcome(
        joined(Execution(fill.at, fill.side, fill.quantity, fill.price, fill.fee) for fill in fills),
        tuple(runs),
        _entered(runs, fills),
        await stage.orders(),
        state.bars,
        tuple(state.played),
    )


async def _begin(plan: Plan, stage: Stage, number: int) -> None:
    task_id = TaskId(derive_id(stage.desk_id, "run", str(number)))
    ticker = plan.history.instrument.ticker
    task = strategy_task(task_id, plan.kind.name, stage.account, ticker, stage.clock.now())
    started = await stage.supervisor.start(task, stage.person)
    if not isinstance(started, Task):
        raise Broken(f"a run cannot begin: {started.code}")
    await stage.rest()


async def breathe(stage: Stage) -> None:
    """What waits for a fill that does not come goes on; what was to be tried again is, before the next price. Whatever
    else looks round now and then has a turn once a minute: a price wakes everybody whom it concerns."""
    if stage.waiting() or stage.clock.now() - stage.breathed >= EVERY:
        stage.breathed = stage.clock.now()
        stage.wire.leap(stage.wire.now() + timedelta(seconds=LOOK_S))
        await stage.rest()
    due = [task.due_at for task in stage.supervisor.unfinished() if task.due_at is not None]
    if due:
        stage.wire.leap(max(due) + PAST_DUE)
        await stage.rest()


def _entered(runs: Sequence[datetime], fills: Sequence[Fill]) -> int:
    """How many runs bought something: they do not overlap."""
    return len({bisect_right(runs, fill.at) for fill in fills if fill.side.sign > 0})
