"""The near leg of a spread: evened at market as the far leg fills; and what is done when it does not follow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.crashpoints import crashpoint
from core.jobs.legs import Leg, Work, at_market
from core.jobs.steps import cancel, rest
from core.ports import TaskContext
from core.rules.spread import own_best
from core.services.desk import Desk
from core.services.execution import Execution
from core.services.pairs import Pairs
from core.services.worker import unbroken
from core.values.errors import Rejected, Transient
from core.values.money import Quantity
from core.values.orders import Order, OrderState, Refused, Side
from core.values.tasks import Task

SINCE = "uneven_since"


@dataclass(frozen=True, slots=True)
class Manners:
    """pause_s: between two looks. hedge_s: so long the near leg may fail to follow. unwind: then what is not hedged of
    the far leg is closed at market; else it goes on trying."""

    pause_s: float = 1.0
    hedge_s: float = 30.0
    unwind: bool = True


class Hedging:
    def __init__(self, desk: Desk, execution: Execution, pairs: Pairs, manners: Manners) -> None:
        self._desk = desk
        self._ledger = desk.ledger
        self._execution = execution
        self._pairs = pairs
        self._manners = manners

    async def step(self, task: Task, work: Work, context: TaskContext) -> bool:
        """Whether nothing is left to hedge. Else one try is made; then no more of the far leg until it has followed.

        Raises Transient where the try was refused; Rejected unwound where the policy took the far leg back.
        """
        if work.even():
            work.since, work.tried = "", None
            return True
        if work.near.live is not None:  # not over after a whole pause, or nobody knows what became of it
            await self._hold_far(work)
        else:
            await self._try(task, work, context)
        if not work.even():
            await self.rest(task, work, context, "hedge", work.near.live)
        return False

    async def _try(self, task: Task, work: Work, context: TaskContext) -> None:
        """One order for all that is missing. A try before that was not enough counts as a failure."""
        if work.tried is not None:
            await self._failed(task, work, context)
            if work.need() == work.tried:  # nothing came of it: not again at once
                await self.rest(task, work, context, "hedge", None)
        crashpoint("leg1.filled_pre_leg2")
        work.tried = work.need()
        refused = await self.take(task, work, work.near, work.near.side, work.tried)
        await work.near.refresh(self._ledger)
        if refused:
            await self._failed(task, work, context)
            raise Transient(f"not hedged: {refused}")

    async def _hold_far(self, work: Work) -> None:
        if work.far.live is not None:
            await cancel(self._desk, work.far.live)
            await work.far.refresh(self._ledger)

    async def _failed(self, task: Task, work: Work, context: TaskContext) -> None:
        """The near leg did not follow: the far order goes, and once that lasts too long, what the policy says."""
        await self._hold_far(work)
        now = context.wire.now()
        if not work.since:
            work.since = now.isoformat()
            await context.save(replace(task, checkpoint={SINCE: work.since}))
        late = now - datetime.fromisoformat(work.since) >= timedelta(seconds=self._manners.hedge_s)
        if late and self._manners.unwind and work.far.live is None:
            await self._unwind(task, work, context)

    async def _unwind(self, task: Task, work: Work, context: TaskContext) -> None:
        """Close at market what the far leg holds beyond its hedge. Raises Rejected once that is done."""
        excess = work.far.instrument.quantity_down(work.lacks / work.row.ratio)
        if excess:
            await self.take(task, work, work.far, work.far.side.opposite, excess)
            await self._ledger.until(lambda: not self._at_work(work.far), self._desk.wire, self._manners.hedge_s)
            await work.far.refresh(self._ledger)
        work.row = await self._pairs.progress(work.row, work.far.done, work.near.done)
        if work.even() and work.far.live is None:
            await context.save(replace(task, done=work.far.done.executed, checkpoint={}))
            raise Rejected("unwound", work.row.title)

    def _at_work(self, leg: Leg) -> bool:
        return leg.live is not None and leg.live.id in self._ledger.orders

    async def take(self, task: Task, work: Work, leg: Leg, side: Side, quantity: Quantity) -> str:
        """Send one order that takes the book; why it was refused, empty where it was not."""
        row, limit = work.row, None
        if not self._desk.venues[row.account].broker.capabilities.market_orders:
            quote = await self._desk.quote(row.account, leg.instrument.ticker)
            limit = None if quote is None else own_best(side.opposite, quote)
            if limit is None:
                return "no_quote"
        request = at_market(leg, task, row, self._desk.desk_id, quantity, side, limit)
        return sent(leg, await unbroken(self._execution.work(request)))

    async def rest(
        self, task: Task, work: Work, context: TaskContext, waits_for: str, live: Order | None, pauses: int = 1
    ) -> Task:
        task = replace(task, checkpoint={SINCE: work.since} if work.since else {})
        return await rest(self._ledger, task, context, waits_for, live, self._manners.pause_s * pauses)


def sent(leg: Leg, order: Order | Refused) -> str:
    """Count an order that is in the journal; why it was refused, empty where it was not."""
    if isinstance(order, Refused):
        return order.code
    leg.take([order])
    return (order.reason or "rejected") if order.state is OrderState.REJECTED else ""
