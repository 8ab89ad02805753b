"""Buy or sell patiently at the own-side best: never crossing, never twice (behaviour.md 1.6).

A reconcile loop: what is left = asked - fills of this task's orders, read from the journal. The order rests while the
best of its own side stays; at any change it is cancelled and what is left is placed anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from core.jobs.steps import CLOSED_PAUSES, cancel, judge, rest
from core.ports import TaskContext
from core.rules.closing import SCHEDULE_AHEAD
from core.rules.sessions import in_the_morning
from core.rules.spread import own_best
from core.services.cards import task_trouble
from core.services.desk import Desk
from core.services.execution import Execution
from core.services.worker import unbroken
from core.services.worklist import Worklist
from core.values.errors import Rejected, Transient
from core.values.ids import IntentId, OrderId, QueueId, derive_id
from core.values.instrument import Instrument
from core.values.money import ZERO, Price, Quantity, plain
from core.values.orders import (
    CauseKind,
    Order,
    OrderRequest,
    OrderRole,
    OrderState,
    OrderType,
    Purpose,
    Refused,
    TimeInForce,
)
from core.values.tasks import Task, TaskGoal, TaskState, causes

KIND = "sellbuy"


@dataclass(frozen=True, slots=True)
class Tally:
    """What this task's orders came to, from the journal."""

    orders: Sequence[Order]

    @property
    def done(self) -> Quantity:
        return Quantity(sum((o.filled for o in self.orders), ZERO))

    @property
    def value(self) -> Decimal:
        """Pieces times price, summed up."""
        return sum((o.filled * o.average_price for o in self.orders if o.average_price is not None), ZERO)

    @property
    def average(self) -> Price | None:
        return Price(self.value / self.done) if self.done else None

    @property
    def live(self) -> Order | None:
        return next((o for o in self.orders if not o.state.final), None)


class SellBuy:
    """The job. pause_s: between two looks at the market, on the wire's clock."""

    kind = KIND

    def __init__(self, desk: Desk, execution: Execution, worklist: Worklist, pause_s: float = 1.0) -> None:
        self._desk = desk
        self._ledger = desk.ledger
        self._execution = execution
        self._worklist = worklist
        self._pause_s = pause_s

    async def run(self, task: Task, context: TaskContext) -> Task:
        """Work until less than a lot is left."""
        while True:
            tally = await self._tally(task)
            task = await self._counted(task, tally)
            if not self._left(task, tally):
                await self._close_row(task)
                return replace(task, state=TaskState.DONE, waits_for="")
            task = await self._look(task, tally, context)

    async def stop(self, task: Task, context: TaskContext) -> Task:  # noqa: ARG002 - the port's
        """Cancel the live order and count what it brought. One that nobody knows of is cancelled once it is found."""
        tally = await self._tally(task)
        if tally.live is not None:
            await cancel(self._desk, tally.live)
        task = await self._counted(task, await self._tally(task))
        if task.goal is TaskGoal.STOP:
            await self._close_row(task)
        return task

    # counting

    async def _tally(self, task: Task) -> Tally:
        kept = await self._desk.store.orders_because(CauseKind.TASK.value, task.id)
        return Tally([self._ledger.orders.get(order.id, order) for order in kept])

    async def _counted(self, task: Task, tally: Tally) -> Task:
        """Progress into the task and its row of the queue, which may have had some before."""
        row = task.arguments.get("row")
        if row:
            before = Decimal(task.arguments.get("executed") or 0)
            value = tally.value + before * Decimal(task.arguments.get("average") or 0)
            executed = before + tally.done
            average = Price(value / executed) if executed else None
            await self._worklist.progress(QueueId(row), Quantity(executed), average)
        return replace(task, done=tally.done, average_price=tally.average)

    async def _close_row(self, task: Task) -> None:
        row = task.arguments.get("row")
        if row:
            await self._worklist.close(QueueId(row))

    def _left(self, task: Task, tally: Tally) -> Quantity:
        """Whole steps that are not filled yet."""
        return self._instrument(task).quantity_down(max(task.asked - tally.done, ZERO))

    def _instrument(self, task: Task) -> Instrument:
        assert task.account is not None, "a trade has an account"
        assert task.ticker is not None, "a trade has a ticker"
        found = self._desk.directory.find(task.account, task.ticker)
        if isinstance(found, Refused):
            raise Rejected(found.code, task.ticker)
        return found

    # one look at the market

    async def _look(self, task: Task, tally: Tally, context: TaskContext) -> Task:
        """Do what this moment asks for, tell it, and rest."""
        assert task.account is not None, "a trade has an account"
        assert task.side is not None, "a trade has a side"
        live, instrument = tally.live, self._instrument(task)
        if live is not None and live.state.in_doubt:
            return await self._rest(task, context, "answer", live)
        quote = await self._desk.quote(task.account, instrument.ticker)
        if quote is None:
            raise Transient("no_quote")
        if not quote.trading or await self._sleeps_late(task, instrument):
            return await self._wait_for_session(task, live, context)
        best = own_best(task.side, quote)
        if best is None:
            return await self._wait_for_book(task, live, context)
        if live is not None and live.request.price != best:
            await cancel(self._desk, live)
            return task if live.id not in self._ledger.orders else await self._rest(task, context, "cancel", live)
        if live is None:
            live = await self._place(task, tally, best)
        return await self._rest(task, context, f"fill {plain(best)}" if live else "quote", live)

    async def _sleeps_late(self, task: Task, instrument: Instrument) -> bool:
        """It is morning, and its owner leaves it alone then (`/stops nomorning`)."""
        if not in_the_morning(instrument.calendar, self._desk.clock.now()):
            return False
        rows = await self._desk.store.stop_lists(task.owner)
        return any(row.ticker == instrument.ticker and not row.morning for row in rows)

    async def _wait_for_session(self, task: Task, live: Order | None, context: TaskContext) -> Task:
        if live is not None:
            await cancel(self._desk, live)
            task = await self._counted(task, await self._tally(task))
        opens = await self._opening(task)
        return await self._rest(task, context, f"session {opens}".strip(), None, self._pause_s * CLOSED_PAUSES)

    async def _opening(self, task: Task) -> str:
        """When it trades next, by the broker's schedule; empty where that does not say."""
        assert task.account is not None, "a trade has an account"
        now = self._desk.clock.now()
        broker = self._desk.venues[task.account].broker
        ahead = await broker.schedule(self._instrument(task), now, now + SCHEDULE_AHEAD)
        found = next((session.opens_at for session in ahead if session.opens_at > now), None)
        return "" if found is None else found.strftime("%Y-%m-%dT%H:%MZ")

    async def _wait_for_book(self, task: Task, live: Order | None, context: TaskContext) -> Task:
        """An empty side: the order stays as it is, people are told once."""
        if task.waits_for != "book":
            await context.tell(task_trouble(self._desk.desk_id, task, "empty_book", context.wire.now()))
        return await self._rest(task, context, "book", live)

    async def _rest(
        self, task: Task, context: TaskContext, waits_for: str, live: Order | None, pause_s: float | None = None
    ) -> Task:
        return await rest(self._ledger, task, context, waits_for, live, pause_s or self._pause_s)

    # orders

    async def _place(self, task: Task, tally: Tally, price: Price) -> Order | None:
        """The next order of this task, for all that is left. None: refused, but the next look may do better."""
        sent = await unbroken(self._execution.work(self._request(task, tally, price)))
        if isinstance(sent, Order) and sent.state is not OrderState.REJECTED:
            return sent
        judge(sent.code if isinstance(sent, Refused) else sent.reason or "rejected", first=not tally.orders)
        return None

    def _request(self, task: Task, tally: Tally, price: Price) -> OrderRequest:
        assert task.account is not None, "a trade has an account"
        assert task.ticker is not None, "a trade has a ticker"
        assert task.side is not None, "a trade has a side"
        return OrderRequest(
            id=OrderId(derive_id(self._desk.desk_id, "task", task.id, str(len(tally.orders)))),
            intent=IntentId(task.id),
            account=task.account,
            ticker=task.ticker,
            side=task.side,
            type=OrderType.LIMIT,
            quantity=self._left(task, tally),
            role=OrderRole.TASK,
            purpose=Purpose.WORKING,
            because=causes(task),
            price=price,
            time_in_force=TimeInForce.DAY,
            arrival=price,
            owner=task.owner,
        )
