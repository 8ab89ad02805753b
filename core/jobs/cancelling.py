"""Cancelling many orders at the pace that the broker allows. Which ones is fixed when the task begins, so that nobody's
later order is taken for one of them; a kill and a restart go on with those that still stand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from core.ports import TaskContext
from core.services.desk import Desk
from core.services.worker import unbroken
from core.values.accounts import Account
from core.values.errors import Rejected, Transient
from core.values.ids import AccountName, IntentId, OrderId
from core.values.money import Quantity
from core.values.orders import (
    Order,
    OrderRequest,
    OrderRole,
    OrderTicket,
    Purpose,
)
from core.values.tasks import Task, TaskState

KIND = "cancel"
TOLD_EVERY = timedelta(seconds=1)
AT_ONCE = 5


async def live(desk: Desk, account: AccountName) -> list[OrderTicket]:
    """Every order that works at the broker, whoever placed it. Raises Transient."""
    broker = desk.venues[account].broker
    return [*await broker.open_orders(), *await broker.stop_orders()]


async def foreign(desk: Desk, account: AccountName) -> list[OrderTicket]:
    """Those of them that are not in our journal. Raises Transient."""
    ours = desk.ledger.orders
    return [t for t in await live(desk, account) if t.order_id is None or t.order_id not in ours]


async def end(desk: Desk, account: Account, ticket: OrderTicket) -> None:
    """Cancel what the broker shows; one that is over is no error. Raises Transient."""
    order = desk.ledger.orders.get(ticket.order_id) if ticket.order_id else None
    if order is not None:
        await desk.cancel(order.id)
        return
    with suppress(Rejected):
        await desk.venues[account.name].broker.cancel(_foreign(account, ticket))


def _foreign(account: Account, ticket: OrderTicket) -> Order:
    """An order that is in nobody's journal here, as far as a broker needs to know it."""
    request = OrderRequest(
        id=OrderId(ticket.order_id or ticket.broker_id),
        intent=IntentId(ticket.broker_id),
        account=account.name,
        ticker=ticket.ticker,
        side=ticket.side,
        type=ticket.type,
        quantity=ticket.quantity,
        role=OrderRole.TASK,
        purpose=Purpose.WORKING,
        because=(),
        price=ticket.price,
        stop_price=ticket.stop_price,
        expires_at=ticket.expires_at,
        owner=account.owner,
    )
    return Order(request, ticket.state, ticket.at, ticket.at, ticket.broker_id, ticket.filled)


class Cancelling:
    """The job. Arguments: `orders`, ids of the broker."""

    kind = KIND

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def run(self, task: Task, context: TaskContext) -> Task:
        """Until none of them stands, which the broker is asked in the end."""
        assert task.account is not None, "orders have an account"
        account = self._desk.venues[task.account].account
        before: set[str] = set()
        while left := await self._left(task):
            task = _counted(task, len(left))
            await context.save(task)
            if before == (before := {ticket.broker_id for ticket in left}):
                raise Transient("orders_left", 5.0)
            await self._round(task, account, left, context)
        return replace(_counted(task, 0), state=TaskState.DONE, waits_for="")

    async def stop(self, task: Task, context: TaskContext) -> Task:  # noqa: ARG002 - the port's
        return task

    async def _left(self, task: Task) -> list[OrderTicket]:
        assert task.account is not None, "orders have an account"
        wanted = set(task.arguments["orders"].split())
        return [t for t in await live(self._desk, task.account) if t.broker_id in wanted]

    async def _round(self, task: Task, account: Account, left: Sequence[OrderTicket], context: TaskContext) -> None:
        """Each of them once, a few at a time: so one always stands in the broker's queue. Raises Transient."""
        rows, over, told_at = iter(left), 0, context.wire.now()

        async def work() -> None:
            nonlocal over, told_at
            for ticket in rows:
                await end(self._desk, account, ticket)
                over += 1
                if context.wire.now() - told_at >= TOLD_EVERY:
                    told_at = context.wire.now()
                    await unbroken(context.save(_counted(task, len(left) - over)))

        came = await asyncio.gather(*(work() for _ in range(AT_ONCE)), return_exceptions=True)
        if failures := [error for error in came if error is not None]:
            raise failures[0]


def _counted(task: Task, left: int) -> Task:
    return replace(task, done=Quantity(task.asked - Decimal(left)))
