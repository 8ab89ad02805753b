"""/stash and /restore: put stop orders aside under a name, and bring them back after a look at what that would do."""

from __future__ import annotations

from decimal import Decimal

from core.commands.registry import Argument, Ask, Call, Command, Reply, Tools, reply
from core.commands.trapping import begin
from core.jobs.pace import seconds_to_place
from core.jobs.stash import compare, kept, stash, told
from core.jobs.traps import KIND
from core.rules.traps import Return, trap_of
from core.values.accounts import Account
from core.values.ids import TaskId, derive_id
from core.values.money import Quantity
from core.values.notices import Line
from core.values.orders import OrderTicket, Refused
from core.values.people import Role
from core.values.tasks import Task, TaskGoal, TaskState
from core.values.traps import USUAL, Stash, packed

NAME_MAX = 40
SHOWN_MAX = 50


def _name(call: Call) -> str:
    return call.arguments.get("name", USUAL)[:NAME_MAX]


async def put_aside(tools: Tools, call: Call) -> Reply:
    """The orders stay where they are."""
    assert call.account is not None, "the command needs an account"
    made = await stash(tools.desk, call.account, _name(call), call.person)
    if isinstance(made, Refused):
        return made
    params = {"count": str(len(made.traps)), "name": made.name, "account": made.account}
    return reply(tools, call, "command.stashed", params)


async def restore(tools: Tools, call: Call) -> Reply:
    """A press first, always: what it would place, keep, cancel and leave out. `all` behind the name places also what
    the price has passed."""
    account, word = call.account, call.arguments.get("all", "")
    assert account is not None, "the command needs an account"
    if word.lower() not in {"", "all"}:
        return Refused("usage", {"usage": "/restore [name] [all]"})
    found = await kept(tools.desk, account, _name(call))
    if isinstance(found, Refused):
        return found
    held_back = tools.desk.safety.held_back(account.name)
    if held_back is not None:
        return held_back
    plan, standing = await compare(tools.desk, account, found, all_=bool(word))
    params, lines = _params(tools, account, found, plan), _lines(plan)
    if not plan.place and not plan.gone:
        return reply(tools, call, "command.restored_already", params, lines)
    if not call.confirmed:
        return Ask("command.restore_ask", params, tuple(lines))
    return await begin(tools, call, _task(tools, call, account, plan, standing), params, [])


def _params(tools: Tools, account: Account, found: Stash, plan: Return) -> dict[str, str]:
    able = tools.desk.venues[account.name].broker.capabilities
    return {
        "name": found.name,
        "account": account.name,
        "made_at": found.made_at.isoformat(timespec="seconds"),
        "place": str(len(plan.place)),
        "kept": str(plan.kept),
        "gone": str(len(plan.gone)),
        "passed": str(len(plan.passed)),
        "unpriced": str(len(plan.unpriced)),
        "count": str(len(plan.place)),
        "seconds": f"{seconds_to_place(able, len(plan.place) + len(plan.gone)):.0f}",
    }


def _lines(plan: Return) -> list[Line]:
    lines = [Line("command.restore_gone", told(trap_of(ticket))) for ticket in plan.gone]
    lines += [Line("command.restore_passed", told(trap)) for trap in plan.passed]
    lines += [Line("command.restore_unpriced", told(trap)) for trap in plan.unpriced]
    lines += [Line("command.restore_place", told(trap)) for trap in plan.place]
    return lines[:SHOWN_MAX]


def _task(tools: Tools, call: Call, account: Account, plan: Return, standing: list[OrderTicket]) -> Task:
    return Task(
        id=TaskId(derive_id(tools.desk.desk_id, "task", call.call_id, "restore")),
        kind=KIND,
        command="/restore",
        title="restore",
        arguments={
            "by": call.person.id,
            "traps": packed(plan.place),
            "gone": " ".join(ticket.broker_id for ticket in plan.gone),
            "undo": packed([trap_of(ticket) for ticket in standing]),
            "words": "_orders",
        },
        goal=TaskGoal.RUN,
        state=TaskState.WAITING,
        started_at=tools.clock_now(),
        account=account.name,
        asked=Quantity(Decimal(len(plan.place))),
        owner=account.owner,
    )


COMMANDS = (
    Command("stash", Role.TRADER, put_aside, (Argument("name", required=False),), needs_account=True),
    Command(
        "restore",
        Role.TRADER,
        restore,
        (Argument("name", required=False), Argument("all", required=False)),
        needs_account=True,
    ),
)
