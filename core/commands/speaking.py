"""/language: in which language the desk speaks with whoever asks."""

from __future__ import annotations

from core.commands.registry import Argument, Call, Command, Reply, Tools, reply
from core.services.users import LANGUAGES
from core.values.orders import Refused
from core.values.people import Role


async def language(tools: Tools, call: Call) -> Reply:
    """Kept for this person on every surface; the answer is in the language that was chosen."""
    wanted = call.arguments["language"].lower()
    if wanted not in LANGUAGES:
        return Refused("usage", {"usage": f"/language <{' | '.join(LANGUAGES)}>"})
    refused = await tools.office.users.speak(wanted, call.person)
    return refused or reply(tools, call, f"command.speaks_{wanted}")


COMMANDS = (Command("language", Role.VIEWER, language, (Argument("language"),)),)
