"""/noise: what the chats tell whoever asks, and how loud."""

from __future__ import annotations

from core.commands.registry import Argument, Call, Command, Reply, Tools, reply
from core.rules.noise import CHOICES, EVENTS, Level
from core.values.notices import Line
from core.values.orders import Refused
from core.values.people import Role

USAGE = (
    "/noise [all | " + " | ".join(CHOICES) + "] [on | silent | off | 22:00-07:00 | telegram | discord], /noise reset"
)


async def noise(tools: Tools, call: Call) -> Reply:
    """Without a word: how it is. `all`, or a level alone: every event at once."""
    what, value = (call.arguments.get(name, "").lower() for name in ("what", "how"))
    chosen = tools.office.noise
    if what == "reset" and not value:
        await chosen.reset(call.person)
    elif what:
        if what in set(Level) and not value:
            what, value = "all", what
        said = dict.fromkeys(EVENTS, value) if what == "all" else {what: value}
        if await chosen.choose(said, call.person) is not None:
            return Refused("usage", {"usage": USAGE})
    lines = [
        Line("command.noise_word", {"name": name, "level": word}) for name, word in chosen.of(call.person.id).items()
    ]
    return reply(tools, call, "command.noise", {}, lines)


COMMANDS = (Command("noise", Role.VIEWER, noise, (Argument("what", required=False), Argument("how", required=False))),)
