"""/kill, /arm, /cancel: how people take risk away, and give it back."""

from __future__ import annotations

from dataclasses import replace

from core.commands.registry import Argument, Ask, Call, Command, Reply, Tools, reply
from core.services.guardian import PROTECTIVE
from core.values.money import plain
from core.values.notices import Line
from core.values.orders import NO_PLAN, Order, OrderRole, Refused
from core.values.people import Person, Role


async def kill(tools: Tools, call: Call) -> Reply:
    """Latch HALTED at once, then cancel whatever could still add exposure."""
    new = await tools.desk.safety.kill(call.person.id, call.person.surface, "/kill")
    before = tools.desk.new_risk()
    await tools.desk.cancel_new_risk()
    left = [order for order in tools.desk.new_risk() if order.id in {o.id for o in before}]
    key = "command.killed" if new else "command.killed_before"
    counts = {"cancelled": str(len(before) - len(left)), "left": str(len(left))}
    return reply(tools, call, key, counts, _named([o for o in left if call.person.sees(o.request.owner)]))


async def arm(tools: Tools, call: Call) -> Reply:
    freed = await tools.desk.safety.arm(call.person.id, call.person.surface)
    return reply(tools, call, "command.armed" if freed else "command.armed_before")


async def cancel(tools: Tools, call: Call) -> Reply:
    """Every order but the protective stops of managed positions; with `all` those too, after a press."""
    word = call.arguments.get("all")
    if word is not None and word.lower() != "all":
        return Refused("usage", {"usage": "/cancel [all]"})
    everything = word is not None
    if everything and not call.confirmed:
        return _what_would_be_naked(tools, call.person)
    await _forget_plans(tools, call.person, everything=everything)
    before = _cancellable(tools, call.person, everything=everything)
    await tools.supervisor.stop_all(call.person)  # first: a task could place again what is being cancelled (W-11)
    await tools.desk.cancel_all(_cancellable(tools, call.person, everything=everything))
    left = _cancellable(tools, call.person, everything=everything)
    gone = {order.id for order in before} - {order.id for order in left}
    counts = {"cancelled": str(len(gone)), "left": str(len(left))}
    return reply(tools, call, "command.cancelled", counts, _named(left))


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
