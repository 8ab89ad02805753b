"""/strategies: which there are and when they may begin; `run` begins one by hand on a symbol, whatever the hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from core.commands.registry import Argument, ArgumentKind, Call, Command, Reply, Tools, reply
from core.jobs.strategies import strategy_task
from core.services.cards import task_params
from core.values.accounts import Mode
from core.values.ids import TaskId, derive_id
from core.values.notices import Line
from core.values.orders import Refused
from core.values.people import Role

USAGE = Refused("usage", {"usage": "/strategies [run <name> <ticker>]"})


def read(words: Sequence[str]) -> Mapping[str, str] | Refused:
    match words:
        case []:
            return {"verb": "list"}
        case [verb, name, ticker] if verb.lower() == "run":
            return {"verb": "run", "name": name.lower(), "ticker": ticker}
        case _:
            return USAGE


async def strategies(tools: Tools, call: Call) -> Reply:
    if call.arguments["verb"] == "run":
        return await _run(tools, call)
    lines = [_line(tools, name) for name in sorted(tools.strategies.kinds)]
    running = [task for task in tools.supervisor.unfinished(call.person) if task.kind == tools.strategies.kind]
    lines += [Line("command.task", task_params(task)) for task in running]
    return reply(tools, call, "command.strategies", {"count": str(len(running))}, lines)


def _line(tools: Tools, name: str) -> Line:
    window = tools.strategies.kinds[name].window
    left = window.left(tools.clock_now())
    params = {"name": name, "start": f"{window.start:%H:%M}", "end": f"{window.end:%H:%M}", "zone": window.zone.key}
    if left is None:
        return Line("command.strategy", params)
    return Line("command.strategy_open", {**params, "minutes": str(left // timedelta(minutes=1))})


async def _run(tools: Tools, call: Call) -> Reply:
    if not call.person.may(Role.TRADER):
        return Refused("not_allowed", {"role": Role.TRADER.word})
    account = call.account if call.account is not None else tools.desk.directory.account(None, call.person)
    if isinstance(account, Refused):
        return account
    name = call.arguments["name"]
    kind = tools.strategies.kinds.get(name)
    if kind is None:
        return Refused("unknown_strategy", {"name": name, "names": ", ".join(sorted(tools.strategies.kinds))})
    if kind.experimental and account.mode is Mode.LIVE:
        return Refused("experimental", {"name": name})
    instrument = tools.desk.directory.only(account.name, call.arguments["ticker"])
    if isinstance(instrument, Refused):
        return instrument
    task_id = TaskId(derive_id(tools.desk.desk_id, "task", call.call_id))
    wish = strategy_task(task_id, name, account, instrument.ticker, tools.clock_now())
    wish = replace(wish, arguments={**wish.arguments, "by": call.person.id}, owner=call.person.id)
    started = await tools.supervisor.start(wish, call.person)
    if isinstance(started, Refused):
        return started
    task = await tools.supervisor.first_step(started.id)
    return reply(tools, call, "command.strategy_begun", lines=[Line("command.task", task_params(task))])


COMMANDS = (
    Command(
        "strategies",
        Role.VIEWER,
        strategies,
        (
            Argument("verb", required=False),
            Argument("name", required=False),
            Argument("ticker", ArgumentKind.TICKER, required=False),
        ),
        parse=read,
    ),
)
