"""One strategy at work on one symbol: every price is shown to it, and what it wants to stand is made so.

A reconcile loop like every job: the entry that lives, what is held and what was paid are read from the books, so a
restart goes on with what is so. What a run holds has its own book, and the stop of its plan stands or is watched
before anything else. However a run ends, nothing of it is left standing or held.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from core.jobs.runs import Run, counted, entry, update_of
from core.jobs.steps import BUSY, PASSING, cancel
from core.ports import Feed, TaskContext
from core.ports.strategies import Bid, Environment, StrategyKind
from core.rules.closing import CLOSE_LEAD, SCHEDULE_AHEAD, closes_at
from core.services.desk import Desk, Venue
from core.services.execution import Execution
from core.services.lanes import Lanes
from core.services.later import woken
from core.services.worker import unbroken
from core.values.accounts import Account
from core.values.errors import Rejected, Transient
from core.values.ids import TaskId
from core.values.instrument import Instrument
from core.values.market import Quote
from core.values.money import NO_QUANTITY, Price, Quantity
from core.values.orders import (
    Book,
    CauseKind,
    Key,
    Order,
    OrderRole,
    OrderState,
    Refused,
)
from core.values.tasks import Task, TaskGoal, TaskState

KIND = "strategy"
LOOK_S = 0.5
"""A run looks this often even where no price comes: orders fill and time passes without one."""
STALE = timedelta(seconds=7)
"""Prices this old are not shown to a strategy; fills are never too old."""


def strategy_task(task_id: TaskId, strategy: str, account: Account, ticker: str, now: datetime) -> Task:
    """A run that is to begin. One strategy runs once on a symbol of an account at a time."""
    return Task(
        id=task_id,
        kind=KIND,
        command="/strategies",
        title=f"{strategy} {ticker}",
        arguments={"strategy": strategy},
        goal=TaskGoal.RUN,
        state=TaskState.WAITING,
        started_at=now,
        account=account.name,
        ticker=ticker,
        owner=account.owner,
    )


class StrategyRuns:
    """The job. kinds: every strategy there is, by name."""

    kind = KIND

    def __init__(self, desk: Desk, execution: Execution, lanes: Lanes, kinds: Mapping[str, StrategyKind]) -> None:
        self._desk, self._ledger = desk, desk.ledger
        self._execution, self._lanes, self.kinds = execution, lanes, dict(kinds)
        self._runs: defaultdict[tuple[int, str], list[Run]] = defaultdict(list)
        self._heard: set[int] = set()
        self._ledger.listeners.append(self._moved)

    async def run(self, task: Task, context: TaskContext) -> Task:
        """Until the strategy ends it, or the day does."""
        if "over" not in task.checkpoint:
            run = await self._begin(task)
            venue = self._desk.venues[run.key[0]]
            await self._listen(run, venue.feed)
            try:
                task = await self._work(run, task, context)
            finally:
                failed = sys.exception()  # the strategy's, most likely: its bid must not be filled hours later
                if isinstance(failed, Exception) and not isinstance(failed, Transient):
                    await self._withdraw(task)
                self._runs[id(venue.feed), run.instrument.ticker].remove(run)
                await venue.feed.unwatch(run.instrument.ticker)
        await self._leave(task)
        return replace(await self._counted(task), state=TaskState.DONE, waits_for="")

    async def stop(self, task: Task, context: TaskContext) -> Task:  # noqa: ARG002 - the port's
        """PAUSE: no entry stays behind, what is held keeps its stop. STOP: nothing is held either, unless the desk was
        halted: then what people hold stays as protected as it is."""
        if task.goal is TaskGoal.STOP and self._desk.safety.halt is None:
            await self._leave(task)
        else:
            await self._withdraw(task)
        return await self._counted(task)

    # begin and end

    async def _begin(self, task: Task) -> Run:
        """Raises Rejected for a strategy or ticker that is not there."""
        kind = self.kinds.get(task.arguments.get("strategy", ""))
        if kind is None:
            raise Rejected("unknown_strategy", task.arguments.get("strategy", ""))
        key, instrument = self._key(task), self._instrument(task)
        venue = self._desk.venues[key[0]]
        await self._withdraw(task)  # what an earlier try left; a strategy that begins anew wants what it wants
        margin = await venue.broker.margin()
        held, average = self._held(key)
        closes_at = await self._closes_at(venue, instrument)
        env = Environment(
            instrument,
            self._desk.clock.now(),
            closes_at=closes_at,
            held=held,
            average=average,
            cash=margin.free,
        )
        made = await self._desk.store.orders_because(CauseKind.TASK.value, task.id)
        entries = sum(order.request.role is OrderRole.ENTRY for order in made)
        return Run(key, instrument, kind.begin(env), env, entries)

    async def _closes_at(self, venue: Venue, instrument: Instrument) -> datetime | None:
        """When the trading day ends; None where the schedule names no end."""
        now = self._desk.clock.now()
        horizon = now + SCHEDULE_AHEAD
        return closes_at(await venue.broker.schedule(instrument, now - SCHEDULE_AHEAD, horizon), now, horizon)

    async def _leave(self, task: Task) -> None:
        """Cancel and close. Raises Transient where that has to be tried again."""
        await self._withdraw(task)
        key = self._key(task)
        if self._entries(key):  # what becomes of it nobody knows yet; filled, it would have to be closed
            raise Transient("entry_unsure")
        position = self._ledger.position(key)
        if position is None:
            return
        way, _ = await self._execution.exiting.next_try(position, None, "strategy", task.id)
        refused = await self._lanes.do(key[:2], lambda: unbroken(self._execution.exiting.exit(way)))
        if refused is not None:
            raise Transient(refused.code)

    async def _withdraw(self, task: Task) -> None:
        for order in self._entries(self._key(task)):
            await cancel(self._desk, order)

    # prices

    async def _listen(self, run: Run, feed: Feed) -> None:
        """One listener a feed: it hands every price to the runs of its symbol."""
        if id(feed) not in self._heard:
            self._heard.add(id(feed))
            feed.listen(lambda quote: self._quoted(feed, quote))
        self._runs[id(feed), run.instrument.ticker].append(run)
        await feed.watch(run.instrument.ticker)

    def _quoted(self, feed: Feed, quote: Quote) -> None:
        for run in self._runs.get((id(feed), quote.ticker), ()):
            if (update := update_of(quote)) is not None:
                run.waiting.append(update)
                run.news.set()

    def _moved(self, key: Key) -> None:
        for runs in self._runs.values():
            for run in runs:
                if run.key == key:
                    run.holds(*self._held(key))
                    run.moved = True
                    run.news.set()

    # work

    async def _work(self, run: Run, task: Task, context: TaskContext) -> Task:
        """Show what is so, ask, make what is wanted so; until it is over. Fills first, then prices."""
        env = run.env
        while not env.over:
            run.news.clear()
            await self._fills_first(run)
            self._ask(run)
            if env.closes_at is not None and env.now >= env.closes_at - CLOSE_LEAD:
                env.over = True
            if not env.over:
                await self._make_so(run, task)
            if run.moved:
                run.moved = False
                task = await self._counted(task)
            if task.waits_for != (waits_for := run.waits_for()):
                task = replace(task, waits_for=waits_for)
            await context.save(task)
            if not env.over:
                await woken(run.news, self._desk.wire, LOOK_S)
        result = run.strategy.make_execution_result()
        task = replace(task, checkpoint={**task.checkpoint, **result, "over": run.why or "strategy"})
        await context.save(task)
        return task

    async def _fills_first(self, run: Run) -> None:
        """A price at or through an order of its own means a fill that may be on its way: a moment is waited for it."""
        known = self._ledger.position(run.key)
        if run.crossed():
            await self._ledger.until(lambda: self._ledger.position(run.key) is not known, self._desk.wire, LOOK_S)

    def _ask(self, run: Run) -> None:
        """What it held for a moment alone, so that it hears of what was bought also where a stop sold it at once; then
        each price that waits, oldest first; where fills came without one, the last price again."""
        env = run.env
        env.now = self._desk.clock.now()
        for env.held, env.average in run.held[:-1]:
            if env.recent and not env.over:
                run.ask()
        run.held.clear()
        env.held, env.average = self._held(run.key)
        fresh = [update for update in run.waiting if env.now - update.at <= STALE]
        run.waiting.clear()
        if not fresh and run.moved and env.recent:
            fresh = [env.last]
        for update in fresh:
            if env.over:
                break
            env.recent.append(update)
            run.ask()

    def _held(self, key: Key) -> tuple[Quantity, Price | None]:
        """Pieces of a book, and what they cost."""
        position = self._ledger.position(key)
        return (NO_QUANTITY, None) if position is None else (position.quantity, position.average_price)

    async def _make_so(self, run: Run, task: Task) -> None:
        env, standing = run.env, next(iter(self._entries(run.key)), None)
        if standing is not None:
            asked = (standing.request.price, standing.request.quantity)
            if env.bid is None or asked != (env.bid.price, env.bid.quantity):
                await cancel(self._desk, standing)
        elif env.bid is not None and env.bid is not run.tried:
            await self._enter(run, task, env.bid)
        position = self._ledger.position(run.key)
        if position is not None and position.plan.target != env.offer:
            await self._ledger.plan(run.key, lambda plan: replace(plan, target=env.offer))

    async def _enter(self, run: Run, task: Task, bid: Bid) -> None:
        """One order for one wish: where the broker ends it, it is not sent again."""
        sent = await unbroken(self._execution.open(entry(run, task, bid, self._desk.desk_id)))
        if isinstance(sent, Refused) and sent.code in PASSING | BUSY:
            return
        run.tried = bid
        run.entries += 1
        if isinstance(sent, Refused):
            run.why, run.env.over = sent.code, True
        elif sent.state is OrderState.REJECTED:
            run.why, run.env.over = sent.reason or "rejected", True

    # what is so

    def _key(self, task: Task) -> Key:
        assert task.account is not None, "a run has an account"
        assert task.ticker is not None, "a run has a symbol"
        return (task.account, task.ticker, Book(f"strategy:{task.arguments.get('strategy', '')}"))

    def _instrument(self, task: Task) -> Instrument:
        """Raises Rejected for one that is not there."""
        account, ticker, _ = self._key(task)
        found = self._desk.directory.find(account, ticker)
        if isinstance(found, Refused):
            raise Rejected(found.code, ticker)
        return found

    def _entries(self, key: Key) -> list[Order]:
        return [order for order in self._ledger.live(*key) if order.request.role is OrderRole.ENTRY]

    async def _counted(self, task: Task) -> Task:
        kept = await self._desk.store.orders_because(CauseKind.TASK.value, task.id)
        return counted(task, [self._ledger.orders.get(order.id, order) for order in kept], self._instrument(task))
