"""/reload: ask the brokers again what they list, without waiting for the night."""

from __future__ import annotations

from core.commands.registry import Call, Command, Reply, Tools, reply
from core.jobs.refresh import refresh
from core.values.people import Role


async def reload(tools: Tools, call: Call) -> Reply:
    """Lists and tunables are read at each use and need no reloading; a broker that is away leaves its own as it was."""
    gone = await refresh(tools.desk)
    directory = tools.desk.directory
    count = sum(len(directory.instruments(account.name)) for account in directory.accounts)
    return reply(tools, call, "command.reloaded", {"count": str(count), "gone": ", ".join(gone) or "-"})


COMMANDS = (Command("reload", Role.TRADER, reload),)
