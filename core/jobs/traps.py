"""Traps: take-profits far from the market that open a position where it comes to them (behaviour.md 1.9).

Which orders there shall be is fixed when the task begins and kept in its arguments. The job holds that list against
the journal and places what is missing, each row under an id derived from the task and the row: so a kill and a restart
end with every order once. A restore is the same with orders to take away first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from core.crashpoints import crashpoint
from core.jobs.cancelling import end
from core.jobs.pace import Pace, even
from core.jobs.stash import UNDO, put_aside
from core.ports import TaskContext
from core.rules.traps import ladder
from core.services.desk import Desk
from core.services.execution import Execution
from core.services.worker import unbroken
from core.values.errors import Rejected, Transient
from core.values.ids import AccountName, IntentId, OrderId, derive_id
from core.values.instrument import Instrument
from core.values.money import ZERO, Quantity, plain
from core.values.orders import (
    CauseKind,
    Order,
    OrderRequest,
    OrderRole,
    OrderState,
    Purpose,
    Refused,
    Side,
    TimeInForce,
)
from core.values.tasks import Task, TaskState, causes
from core.values.traps import Trap, unpacked

KIND = "traps"
SETTLE_S = 20.0
TOLD_EVERY = timedelta(seconds=1)
FINAL = frozenset({"halted", "reducing"})
"""Refusals after which nothing goes on by itself."""
UNSENT = frozenset({"never_sent", "never_arrived", "broker_busy"})
"""Reasons of orders that the broker has never had: the row is still to be placed."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What a command would place. skipped: (ticker, level, code). notional: money of it all if every trap fires."""

    traps: Sequence[Trap]
    skipped: Sequence[tuple[str, str, str]]
    notional: Decimal


async def lay_out(
    desk: Desk,
    account: AccountName,
    tickers: Sequence[str],
    side: Side,
    levels: Sequence[Decimal],
    sum_: Decimal,
    ends: datetime | None,
) -> Layout:
    """All last prices in one question; a ticker that has none, or is unknown, keeps nobody else back."""
    found = {ticker: desk.directory.find(account, ticker) for ticker in tickers}
    known = {ticker: one for ticker, one in found.items() if isinstance(one, Instrument)}
    prices = await desk.venues[account].feed.last_prices([one.ticker for one in known.values()])
    traps: list[Trap] = []
    skipped = [(ticker, "", one.code) for ticker, one in found.items() if isinstance(one, Refused)]
    notional = ZERO
    for ticker, instrument in known.items():
        if side is Side.SELL and not instrument.shortable:
            skipped.append((ticker, "", "short"))
        elif instrument.ticker not in prices:
            skipped.append((ticker, "", "no_quote"))
        else:
            made, small = ladder(instrument, prices[instrument.ticker], side, levels, sum_, ends)
            traps += made
            skipped += [(ticker, plain(level), "zero_size") for level in small]
            notional += worth(made, instrument)
    return Layout(traps, skipped, notional)


def worth(traps: Sequence[Trap], instrument: Instrument) -> Decimal:
    return sum((instrument.notional(trap.stop_price, trap.quantity) for trap in traps), ZERO)


@dataclass(slots=True)
class Tally:
    """What became of the rows. placed: at the broker, or on the way there. refused: `TICKER price: code`."""

    placed: list[Order] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class Traps:
    """The job. Arguments: `traps`, packed; of a restore also `gone`, broker ids to cancel, and `undo`, what stood."""

    kind = KIND

    def __init__(self, desk: Desk, execution: Execution) -> None:
        self._desk = desk
        self._ledger = desk.ledger
        self._execution = execution

    async def run(self, task: Task, context: TaskContext) -> Task:
        """Until every row stands, was refused, or is known to nobody."""
        assert task.account is not None, "traps have an account"
        pace = even(self._desk.venues[task.account].broker.capabilities, context.wire)
        await self._take_away(task, pace)
        tally, told_at = Tally(), context.wire.now()
        orders = await self._orders(task)
        for number, trap in enumerate(unpacked(task.arguments["traps"])):
            await self._row(task, number, trap, orders, tally, pace)
            if context.wire.now() - told_at >= TOLD_EVERY:
                told_at = context.wire.now()
                await context.save(_counted(task, tally))
        await self._known(tally)
        return replace(_counted(task, tally), state=TaskState.DONE, waits_for="")

    async def stop(self, task: Task, context: TaskContext) -> Task:  # noqa: ARG002 - the port's
        """What stands is meant to stand; nothing more is placed."""
        orders = await self._orders(task)
        return replace(task, done=Quantity(Decimal(sum(not _unsent(order) for order in orders.values()))))

    async def _orders(self, task: Task) -> dict[OrderId, Order]:
        kept = await self._desk.store.orders_because(CauseKind.TASK.value, task.id)
        return {order.id: self._ledger.orders.get(order.id, order) for order in kept}

    async def _take_away(self, task: Task, pace: Pace) -> None:
        """What a restore does first: keep what stands as a stash of its own, then cancel what is not to stay."""
        gone = set(task.arguments.get("gone", "").split())
        if not gone:
            return
        assert task.account is not None, "traps have an account"
        account = self._desk.venues[task.account].account
        await put_aside(self._desk, account, UNDO, unpacked(task.arguments["undo"]), task.started_at)
        for ticket in await self._desk.venues[task.account].broker.stop_orders():
            if ticket.broker_id in gone:
                await pace.turn()
                await unbroken(end(self._desk, account, ticket))
                crashpoint("restore.mid")

    # one row

    async def _row(
        self, task: Task, number: int, trap: Trap, orders: dict[OrderId, Order], tally: Tally, pace: Pace
    ) -> None:
        """Place it unless it was. Raises Rejected where nothing will go, Transient where the broker takes none now."""
        order_id, order = self._newest(task, number, orders)
        if order is None or order.state is OrderState.INTENDED:
            sent = await self._placed(task, trap, order_id, pace)
            if isinstance(sent, Refused):
                if sent.code in FINAL:
                    raise Rejected(sent.code)
                tally.refused.append(_named(trap, sent.code))
                return
            order = sent
            crashpoint("restore.mid" if "undo" in task.arguments else "traps.mid")
        if _unsent(order):
            raise Transient(order.reason)
        if order.state is OrderState.REJECTED:
            tally.refused.append(_named(trap, order.reason or "rejected"))
        else:
            tally.placed.append(order)

    def _newest(self, task: Task, number: int, orders: dict[OrderId, Order]) -> tuple[OrderId, Order | None]:
        """The order of a row, or the id that its next one will have."""
        attempt = 0
        while True:
            order_id = OrderId(derive_id(self._desk.desk_id, "trap", task.id, str(number), str(attempt)))
            order = orders.get(order_id)
            if order is None or not _unsent(order):
                return order_id, order
            attempt += 1

    async def _placed(self, task: Task, trap: Trap, order_id: OrderId, pace: Pace) -> Order | Refused:
        assert task.account is not None, "traps have an account"
        if trap.expires_at is not None and trap.expires_at <= self._desk.clock.now():
            return Refused("time_over")
        if isinstance(found := self._desk.directory.find(task.account, trap.ticker), Refused):
            return found
        await pace.turn()
        sending = self._execution.work(self._request(task, trap, order_id))
        return await unbroken(sending, lambda: self._desk.call_off(order_id))

    def _request(self, task: Task, trap: Trap, order_id: OrderId) -> OrderRequest:
        assert task.account is not None, "traps have an account"
        dated = trap.expires_at is not None
        return OrderRequest(
            id=order_id,
            intent=IntentId(task.id),
            account=task.account,
            ticker=trap.ticker,
            side=trap.side,
            type=trap.type,
            quantity=trap.quantity,
            role=OrderRole.TASK,
            purpose=Purpose.TRAP,
            because=causes(task),
            price=trap.price,
            stop_price=trap.stop_price,
            time_in_force=TimeInForce.GOOD_TILL_DATE if dated else TimeInForce.GOOD_TILL_CANCEL,
            expires_at=trap.expires_at,
            owner=task.owner,
        )

    async def _known(self, tally: Tally) -> None:
        """Wait until the broker has told of each; of those that it never tells, the reconciler tells people."""
        ids = {order.id for order in tally.placed}

        def told() -> bool:
            now = (self._ledger.orders.get(order_id) for order_id in ids)
            return not any(order.state.in_doubt for order in now if order is not None)

        await self._ledger.until(told, self._desk.wire, SETTLE_S)


def _unsent(order: Order) -> bool:
    return order.state.final and not order.filled and order.broker_id is None and order.reason in UNSENT


def _named(trap: Trap, code: str) -> str:
    return f"{trap.ticker} {plain(trap.stop_price)}: {code}"


def _counted(task: Task, tally: Tally) -> Task:
    told = {"reason": ", ".join(tally.refused)} if tally.refused else {}
    return replace(task, done=Quantity(Decimal(len(tally.placed))), checkpoint=told)
