"""/dashboard: a link that opens the dashboard for whoever asks, once and within two minutes."""

from __future__ import annotations

from core.commands.registry import Call, Command, Reply, Tools, reply
from core.values.orders import Refused
from core.values.people import Role

NOT_FROM = "api"
"""A program's token must not become a page."""


async def dashboard(tools: Tools, call: Call) -> Reply:
    """The pass stands behind the #: what fetches the link for a preview neither sends nor uses it."""
    if call.person.surface == NOT_FROM:
        return Refused("not_here", {"command": "/dashboard"})
    url = tools.office.links.base_url
    return reply(tools, call, "command.dashboard", {"url": f"{url}/enter#{tools.office.passes.draw(call.person)}"})


COMMANDS = (Command("dashboard", Role.VIEWER, dashboard, secret=True),)
