"""The press behind "catch up?": an alert that was missed is made good, once."""

from __future__ import annotations

from core.commands.registry import Argument, Call, Command, Reply, Tools, reply
from core.values.orders import Refused
from core.values.people import Role


async def catch_up(tools: Tools, call: Call) -> Reply:
    status = await tools.catch_up(call.arguments["id"], call.person)
    if isinstance(status, Refused):
        return status
    return reply(tools, call, "command.caught_up", {"id": call.arguments["id"], "status": status.value})


COMMANDS = (Command("catchup", Role.APPROVER, catch_up, (Argument("id"),), hidden=True),)
