"""What jobs that quote have in common: rest and tell why, cancel for good, and judge a refusal."""

from __future__ import annotations

from dataclasses import replace

from core.ports import TaskContext
from core.services.desk import Desk
from core.services.ledger import Ledger
from core.services.worker import unbroken
from core.values.errors import Rejected, Transient
from core.values.orders import Order
from core.values.tasks import Task

CLOSED_PAUSES = 5
"""A closed market is looked at less often, by this factor."""
SETTLE_S = 20.0
PASSING = frozenset({"market_closed", "no_quote", "worse_than_best"})
"""Refusals that the next look at the market answers by itself."""
BUSY = frozenset({"broker_busy"})
FINAL = frozenset({"halted", "reducing"})
"""Refusals after which nothing goes on by itself."""


async def rest(
    ledger: Ledger, task: Task, context: TaskContext, waits_for: str, live: Order | None, pause_s: float
) -> Task:
    """Show what it waits for, then a pause; news of the live order ends it early."""
    task = replace(task, waits_for=waits_for)
    await context.save(task)
    known = None if live is None else ledger.orders.get(live.id)

    def news() -> bool:
        return live is not None and ledger.orders.get(live.id) is not known

    if live is None or known is not None:
        await ledger.until(news, context.wire, pause_s)
    return task


async def cancel(desk: Desk, live: Order) -> None:
    """Ask for its end and wait until all its fills are in, unless nobody can say yet."""
    after = await unbroken(desk.cancel(live.id))
    if after is not None and not after.state.in_doubt:
        await desk.ledger.until(lambda: live.id not in desk.ledger.orders, desk.wire, SETTLE_S)


def judge(code: str, *, first: bool) -> None:
    """Raises Rejected where nothing has worked yet or nothing will; Transient where trying later may help."""
    if code in PASSING:
        return
    if code in FINAL or (first and code not in BUSY):
        raise Rejected(code)
    raise Transient(code)
