"""/tasks and /stop: people and the work that goes on without them. /pause and /resume are in `linking`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from core.commands.registry import Argument, Call, Command, Reply, Tools, reply
from core.services.cards import task_params
from core.values.ids import TaskId
from core.values.notices import Line
from core.values.orders import Refused
from core.values.people import Person, Role
from core.values.tasks import Task

Ask = Callable[[TaskId, Person], Awaitable[Task | None]]


async def tasks(tools: Tools, call: Call) -> Reply:
    """What is not finished, oldest first."""
    found = tools.supervisor.unfinished(call.person)
    if not found:
        return reply(tools, call, "command.no_tasks")
    titles = ", ".join(task.title for task in found)
    return reply(
        tools, call, "command.tasks", {"count": str(len(found)), "titles": titles}, [task_line(task) for task in found]
    )


def task_line(task: Task) -> Line:
    """A task as lists tell it."""
    return Line("command.task" if task.waits_for else "command.task_rests", task_params(task))


async def start_batch(tools: Tools, call: Call, tasks: Sequence[Task]) -> list[Line]:
    """Begin tasks side by side: they know each other, so that one report tells what they came to."""
    lines = []
    batch = " ".join(task.id for task in tasks if tools.supervisor.twin(task) is None)
    for task in tasks:
        wish = replace(task, arguments={**task.arguments, "batch": batch})
        started = await tools.supervisor.start(wish, call.person)
        if isinstance(started, Refused):
            lines.append(Line("refused.already_running", started.params))
        else:
            lines.append(task_line(await tools.supervisor.first_step(started.id)))
    return lines


async def ask_tasks(tools: Tools, call: Call, verb: str, wanted: str) -> Reply:
    """Stop, pause or resume the task named by its id or the end of it, or all of the person's."""
    seen = tools.supervisor.unfinished(call.person)
    found = [t for t in seen if t.id.endswith(wanted) and (wanted or t.command != "/cancel")]  # that one stops, too
    if wanted and len(found) != 1:
        return Refused("unknown_id", {"id": wanted})
    if not found:
        return reply(tools, call, "command.no_tasks")
    ask: Ask = getattr(tools.supervisor, verb)
    told = await asyncio.gather(*(ask(task.id, call.person) for task in found))
    now = [task for task in told if task is not None]
    left = [task for task in now if not task.state.final]
    counts = {"count": str(len(now)), "left": str(len(left))}
    return reply(tools, call, f"command.{verb}", counts, [task_line(task) for task in now])


async def stop(tools: Tools, call: Call) -> Reply:
    return await ask_tasks(tools, call, "stop", call.arguments.get("id", ""))


COMMANDS = (
    Command("tasks", Role.VIEWER, tasks),
    Command("stop", Role.TRADER, stop, (Argument("id", required=False),)),
)
