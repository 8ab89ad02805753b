"""/kill, /arm, /cancel: how people take risk away, and give it back."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from core.commands.registry import Argument, Ask, Call, Command, Reply, Tools, reply
from core.jobs.cancelling import KIND, end, foreign
from core.jobs.pace import seconds_to_cancel
from core.services.cards import task_params
from core.services.guardian import PROTECTIVE
from core.values.errors import Transient
from core.values.ids import OWNER, AccountName, TaskId, derive_id
from core.values.money import Quantity, plain
from core.values.notices import Line
from core.values.orders import NO_PLAN, Order, OrderRole, OrderTicket, Refused
from core.values.people import Person, Role
from core.values.tasks import Task, TaskGoal, TaskState

log = logging.getLogger(__name__)

AT_ONCE_S = 10.0
"""Cancelling that takes longer is a task."""


async def kill(tools: Tools, call: Call) -> Reply:
    """Latch HALTED at once, then cancel whatever could still add exposure. Everybody who trades here may: it only takes
    risk away."""
    new = await tools.desk.safety.kill(call.person.id, call.person.surface, "/kill")
    before = tools.desk.new_risk()
    await tools.desk.cancel_new_risk()
    left = [order for order in tools.desk.new_risk() if order.id in {o.id for o in before}]
    key = "command.killed" if new else "command.killed_before"
    counts = {"cancelled": str(len(before) - len(left)), "left": str(len(left))}
    return reply(tools, call, key, counts, _named([o for o in left if call.person.sees(o.request.owner)]))


async def arm(tools: Tools, call: Call) -> Reply:
    """By the desk's people: it lets everybody here trade again, also where they agreed to a halt that somebody with
    accounts of their own made."""
    if not call.person.sees(OWNER):
        return Refused("not_yours", {})
    freed = await tools.desk.safety.arm(call.person.id, call.person.surface)
    return reply(tools, call, "command.armed" if freed else "command.armed_before")


async def cancel(tools: Tools, call: Call) -> Reply:
    """Every order but the protective stops of managed positions; with `all` those too, after a press.

    Tasks first: one could place again what is being cancelled (W-11). What the broker's limits let last longer goes on
    as a task of its account.
    """
    word = call.arguments.get("all")
    if word is not None and word.lower() != "all":
        return Refused("usage", {"usage": "/cancel [all]"})
    everything = word is not None
    if everything and not call.confirmed:
        return _what_would_be_naked(tools, call.person)
    await _forget_plans(tools, call.person, everything=everything)
    before = {order.id for order in _cancellable(tools, call.person, everything=everything)}
    await tools.supervisor.stop_all(call.person)
    sweeps = [
        await _sweep(tools, name, _cancellable(tools, call.person, everything=everything))
        for name, venue in tools.desk.venues.items()
        if call.person.sees(venue.account.owner)
    ]
    slow = [sweep for sweep in sweeps if sweep.seconds > AT_ONCE_S]
    begun = [await _begin(tools, call, sweep) for sweep in slow]
    ended = [await _do(tools, sweep) for sweep in sweeps if sweep not in slow]
    left = _cancellable(tools, call.person, everything=everything)
    if slow:
        count, seconds = sum(len(sweep.orders) for sweep in slow), max(sweep.seconds for sweep in slow)
        return reply(tools, call, "command.cancelling", {"count": str(count), "seconds": f"{seconds:.0f}"}, begun)
    others, strange = (sum(pair[number] for pair in ended) for number in (0, 1))
    gone = len(before - {order.id for order in left}) + others
    counts = {"cancelled": str(gone), "left": str(len(left) + strange)}
    unseen = [Line("command.not_verified", {"account": sweep.account}) for sweep in sweeps if not sweep.asked]
    return reply(tools, call, "command.cancelled", counts, [*_named(left), *unseen])


@dataclass(frozen=True, slots=True)
class Sweep:
    """One account's orders to cancel. others: those of nobody here. asked: its broker was there to name them."""

    account: AccountName
    orders: Sequence[Order]
    others: Sequence[OrderTicket]
    seconds: float
    asked: bool


async def _sweep(tools: Tools, account: AccountName, orders: Sequence[Order]) -> Sweep:
    mine, asked = [order for order in orders if order.request.account == account], True
    try:
        others = await foreign(tools.desk, account)
    except Transient:
        others, asked = [], False
    types = [*(order.request.type for order in mine), *(ticket.type for ticket in others)]
    able = tools.desk.venues[account].broker.capabilities
    return Sweep(account, mine, others, seconds_to_cancel(able, types), asked)


async def _do(tools: Tools, sweep: Sweep) -> tuple[int, int]:
    """Cancel it all now; of those that are nobody's here, how many are gone and how many still work."""
    await tools.desk.cancel_all(list(sweep.orders))
    account = tools.desk.venues[sweep.account].account
    left = {ticket.broker_id for ticket in sweep.others}
    try:
        for ticket in sweep.others:
            await end(tools.desk, account, ticket)
        left &= {ticket.broker_id for ticket in await foreign(tools.desk, sweep.account)} if left else set()
    except Transient as error:
        log.warning("not verified", extra={"account": sweep.account, "reason": error.reason})
    return len(sweep.others) - len(left), len(left)


async def _begin(tools: Tools, call: Call, sweep: Sweep) -> Line:
    """What the broker has not told of yet is cancelled once it does; the rest is a task's."""
    await tools.desk.cancel_all([order for order in sweep.orders if order.broker_id is None])
    ids = [order.broker_id for order in sweep.orders if order.broker_id is not None]
    ids += [ticket.broker_id for ticket in sweep.others]
    task = Task(
        id=TaskId(derive_id(tools.desk.desk_id, "task", call.call_id, "cancel", sweep.account)),
        kind=KIND,
        command="/cancel",
        title="cancel",
        arguments={"by": call.person.id, "orders": " ".join(ids), "words": "_orders"},
        goal=TaskGoal.RUN,
        state=TaskState.WAITING,
        started_at=tools.clock_now(),
        account=sweep.account,
        asked=Quantity(Decimal(len(ids))),
        owner=tools.desk.venues[sweep.account].account.owner,
    )
    started = await tools.supervisor.start(task, call.person)
    if isinstance(started, Refused):
        return Line("refused.already_running", started.params)
    return Line("command.task", task_params(await tools.supervisor.first_step(started.id)))


def _cancellable(tools: Tools, person: Person, *, everything: bool) -> list[Order]:
    return [o for o in _seen(tools, person) if everything or o.request.role is not OrderRole.STOP]


async def _forget_plans(tools: Tools, person: Person, *, everything: bool) -> None:
    """What is cancelled must not come back: the guardian works from the positions' plans."""
    for key, position in list(tools.desk.ledger.positions.items()):
        if person.sees(position.owner):
            await tools.desk.ledger.plan(key, lambda plan: NO_PLAN if everything else replace(plan, target=None))


def _what_would_be_naked(tools: Tools, person: Person) -> Ask:
    naked = [p for p in tools.desk.ledger.positions.values() if p.managed and person.sees(p.owner)]
    lines = [
        Line("command.would_be_naked", {"ticker": p.ticker, "quantity": plain(p.quantity), "account": p.account})
        for p in naked
    ]
    orders = _seen(tools, person)
    protective = sum(1 for order in orders if order.request.role in PROTECTIVE)
    return Ask("command.cancel_all", {"orders": str(len(orders)), "protective": str(protective)}, tuple(lines))


def _seen(tools: Tools, person: Person) -> list[Order]:
    return [order for order in tools.desk.ledger.orders.values() if person.sees(order.request.owner)]


def _named(orders: list[Order]) -> list[Line]:
    return [
        Line("command.order_left", {"id": o.id, "ticker": o.request.ticker, "state": o.state.value}) for o in orders
    ]


COMMANDS = (
    Command("kill", Role.TRADER, kill, always=True),
    Command("arm", Role.APPROVER, arm),
    Command("cancel", Role.TRADER, cancel, (Argument("all", required=False),)),
)
