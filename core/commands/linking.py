"""/links, and what /pause and /resume do with links and the bot."""

from __future__ import annotations

from core.commands.composing import begin
from core.commands.registry import Argument, Call, Command, Handler, Reply, Tools, reply
from core.commands.tasking import ask_tasks
from core.values.links import Link
from core.values.money import ZERO, plain
from core.values.notices import Line
from core.values.orders import Refused
from core.values.people import Role


async def links(tools: Tools, call: Call) -> Reply:
    """Those that the person may see, and whether their bot runs; `new`: make one."""
    what = call.arguments.get("what", "").lower()
    if what == "new":
        return await begin(tools, call)
    if what:
        return Refused("usage", {"usage": "/links [new]"})
    found = tools.office.links.seen(call.person)
    bot = "running" if tools.office.bots.state(call.person) else "stopped"
    return reply(tools, call, "command.links", {"count": str(len(found)), "bot": bot}, [_line(link) for link in found])


def _line(link: Link) -> Line:
    percents = {"stop": link.stop_loss, "target": link.target, "trailing": link.trailing_stop}
    size = plain(link.quantity) if link.quantity is not None else f"{plain(link.risk_percent or ZERO)} %"
    return Line(
        "command.link",
        {
            "name": link.name,
            "account": ", ".join(
                [link.account, *(f"{share.name} x {plain(share.multiplier)}" for share in link.accounts)]
            ),
            "strategy": link.strategy,
            "size": size,
            **{name: "off" if percent is None else f"{plain(percent)} %" for name, percent in percents.items()},
            "mode": "PAPER" if link.paper else "as its account",
            "approval": "ask" if link.ask else "none",
            "state": "running" if link.running else "paused",
            "id": link.id,
        },
    )


def switching(verb: str, *, running: bool) -> Handler:
    """The handler of /pause or /resume: `bot`, `link NAME`, `task ID`, or a task's id alone; nothing: all tasks."""

    async def handler(tools: Tools, call: Call) -> Reply:
        what, name = call.arguments.get("what", ""), call.arguments.get("name", "")
        match what.lower():
            case "bot":
                refused = await tools.office.bots.switch(call.person, running=running)
                return refused or reply(tools, call, f"command.bot_{verb}")
            case "link":
                link = tools.office.links.named(name, call.person)
                if link is None:
                    return Refused("unknown_id", {"id": name})
                changed = await tools.office.links.run(link.id, call.person, running=running)
                if isinstance(changed, Refused):
                    return changed
                return reply(tools, call, "command.link_now", {}, [_line(changed)])
            case "task":
                what = name
        return await ask_tasks(tools, call, verb, what)

    return handler


_WHAT = (Argument("what", required=False), Argument("name", required=False))
COMMANDS = (
    Command("links", Role.VIEWER, links, (Argument("what", required=False),), private=True),
    Command("pause", Role.TRADER, switching("pause", running=False), _WHAT),
    Command("resume", Role.TRADER, switching("resume", running=True), _WHAT),
)
