"""Trade a spread: the far leg patiently at its own best, the near leg evened at market as the far leg fills.

A reconcile loop (behaviour.md 1.7): what the near leg lacks = far executed * ratio - near executed, both counted from
the journal's fills. While an order of the near leg is at work or in doubt, no second one is sent. The far leg is
quoted only while nothing is left to hedge, the trigger holds and both legs trade.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

from core.jobs.hedging import SINCE, Hedging, Manners, sent
from core.jobs.legs import Leg, Work, before, patient
from core.jobs.steps import CLOSED_PAUSES, cancel, judge, rest
from core.ports import TaskContext
from core.rules.spread import (
    own_best,
    passive_price,
    triggered,
)
from core.services.cards import task_trouble
from core.services.desk import Desk
from core.services.execution import Execution
from core.services.pairs import Pairs, spread_params
from core.services.worker import unbroken
from core.values.errors import Rejected, Transient
from core.values.ids import NoticeId, SpreadId, derive_id
from core.values.market import Quote
from core.values.money import plain
from core.values.notices import Notice, NoticeKind
from core.values.orders import CauseKind, Refused
from core.values.tasks import Task, TaskState

log = logging.getLogger(__name__)

KIND = "spreads"
ERROR_PAUSE_S = 60.0
STOP_TRIES = 3
SLEEP_S_MAX = 900.0
"""A clock that jumped, or a machine that slept, is noticed by then."""


class Spreads:
    """The job: a task a row."""

    kind = KIND

    def __init__(self, desk: Desk, execution: Execution, pairs: Pairs, manners: Manners) -> None:
        self._desk = desk
        self._ledger = desk.ledger
        self._execution = execution
        self._pairs = pairs
        self._manners = manners
        self._hedging = Hedging(desk, execution, pairs, manners)

    async def run(self, task: Task, context: TaskContext) -> Task:
        """Work until less than a lot of the far leg is left, and all of it is hedged."""
        async with self._working(task) as work:
            while True:
                try:
                    task = await self._counted(task, work, context)
                    if not await self._hedging.step(task, work, context):
                        continue
                    if not work.left and work.far.live is None:
                        return replace(task, state=TaskState.DONE, waits_for="", checkpoint={})
                    task = await self._look(task, work, context)
                except Transient as error:
                    if not work.even():
                        raise
                    await self._pause(task, work, context, error.reason)

    async def stop(self, task: Task, context: TaskContext) -> Task:
        """Cancel the far leg, and leave nothing unhedged. Raises Transient until that is so."""
        async with self._working(task) as work:
            for _ in range(STOP_TRIES):
                if work.far.live is not None:
                    await cancel(self._desk, work.far.live)
                task = await self._counted(task, work, context)
                if work.far.live is not None:
                    raise Transient("not_cancelled")
                try:
                    hedged = await self._hedging.step(task, work, context)
                except Rejected:  # unwound: nothing is open that is not hedged
                    hedged = True
                if hedged:
                    return replace(await self._counted(task, work, context), checkpoint={})
        raise Transient("not_hedged")

    async def _pause(self, task: Task, work: Work, context: TaskContext, reason: str) -> None:
        """Trouble is told and waited out; a far order that fills meanwhile ends the pause, since it must be hedged."""
        await work.far.refresh(self._ledger)
        await context.tell(task_trouble(self._desk.desk_id, task, reason, context.wire.now()))
        await rest(self._ledger, task, context, reason, work.far.live, ERROR_PAUSE_S)

    # what is so

    @asynccontextmanager
    async def _working(self, task: Task) -> AsyncIterator[Work]:
        """Both legs as the journal has them, their prices coming in meanwhile."""
        row = await self._desk.store.spread(SpreadId(task.arguments["row"]))
        legs = Refused("unknown_id") if row is None else self._pairs.legs(row)
        if row is None or isinstance(legs, Refused):
            raise Rejected("spread_gone", task.title)
        far = Leg("far", legs[0], row.side, before(task, "far"))
        near = Leg("near", legs[1], row.side.opposite, before(task, "near"))
        orders = await self._desk.store.orders_because(CauseKind.TASK.value, task.id)
        feed = self._desk.venues[row.account].feed
        watched = []
        try:
            for leg in (far, near):
                leg.take(orders)
                await leg.refresh(self._ledger)
                await feed.watch(leg.instrument.ticker)
                watched.append(leg.instrument.ticker)
                await self._desk.quote(row.account, leg.instrument.ticker)  # the first one must not be an old one
            yield Work(row, far, near, task.done, task.checkpoint.get(SINCE, ""))
        finally:
            for ticker in watched:
                await feed.unwatch(ticker)

    async def _counted(self, task: Task, work: Work, context: TaskContext) -> Task:
        """Progress into the task and its row; people are told of more far pieces once they are hedged."""
        await work.far.refresh(self._ledger)
        await work.near.refresh(self._ledger)
        work.row = await self._pairs.progress(work.row, work.far.done, work.near.done)
        done = work.far.done.executed
        if done > work.told and work.even():
            work.told = done
            await context.tell(self._grown(task, work))
        return replace(task, done=done, average_price=work.average if done else None)

    def _grown(self, task: Task, work: Work) -> Notice:
        row = work.row
        return Notice(
            id=NoticeId(derive_id(self._desk.desk_id, "notice", "spread.grown", row.id, plain(row.far_done.executed))),
            at=self._desk.clock.now(),
            kind=NoticeKind.INFO,
            key="spread.grown",
            params={**spread_params(row), "average": plain(round(work.average, 8))},
            about=(f"task:{task.id}",),
            owner=task.owner,
        )

    # the far leg

    async def _look(self, task: Task, work: Work, context: TaskContext) -> Task:
        """Do what this moment asks for, tell it, and rest. Nothing is left to hedge."""
        live, row = work.far.live, work.row
        if live is not None and live.state.in_doubt:
            return await self._hedging.rest(task, work, context, "answer", live)
        opens = await self._pairs.opens(work.row)
        if opens is None or opens > self._desk.clock.now():
            return await self._wait_for_session(task, work, opens, context)
        far, near = await asyncio.gather(self._quote(work, work.far), self._quote(work, work.near))
        trading, best = far.trading and near.trading, own_best(row.side, far)
        wanted = trading and triggered(row.side, passive_price(row.side, far, near, work.weight), row.price)
        if live is not None and (live.request.price != best or not wanted):
            await cancel(self._desk, live)
            gone = live.id not in self._ledger.orders
            return task if gone else await self._hedging.rest(task, work, context, "cancel", live)
        if not wanted or best is None:
            waits_for = f"price {plain(row.price)}" if trading else "session"
            return await self._hedging.rest(task, work, context, waits_for, None, 1 if trading else CLOSED_PAUSES)
        if live is None:
            request = patient(work.far, task, row, self._desk.desk_id, work.left, best)
            refused = sent(work.far, await unbroken(self._execution.work(request)))
            if refused:
                judge(refused, first=False)
        return await self._hedging.rest(task, work, context, f"fill {plain(best)}", work.far.live)

    async def _quote(self, work: Work, leg: Leg) -> Quote:
        """The stream's newest while it lives: quiet books change rarely, and asking again would say the same."""
        feed = self._desk.venues[work.row.account].feed
        known = feed.quote(leg.instrument.ticker) if feed.alive() else None
        quote = known or await self._desk.quote(work.row.account, leg.instrument.ticker)
        if quote is None:
            raise Transient("no_quote")
        return quote

    async def _wait_for_session(self, task: Task, work: Work, opens: datetime | None, context: TaskContext) -> Task:
        """The far order goes; then nothing is asked until both legs trade."""
        live = work.far.live
        if live is not None:
            await cancel(self._desk, live)
            gone = live.id not in self._ledger.orders
            return task if gone else await self._hedging.rest(task, work, context, "cancel", live)
        waits_for = "session" if opens is None else f"session {opens:%Y-%m-%dT%H:%M:%SZ}"
        task = await self._hedging.rest(task, work, context, waits_for, None, 0)
        now = self._desk.clock.now()
        log.info("waits for both legs to trade", extra={"task": task.id, "now": now.isoformat(), "until": waits_for})
        left_s = SLEEP_S_MAX if opens is None else (opens - now).total_seconds()
        await context.clock.sleep(min(left_s, SLEEP_S_MAX))
        return task
