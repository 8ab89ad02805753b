"""What people may type: a file a command or family, one table for every surface."""

from __future__ import annotations

from collections.abc import Sequence

from core.commands import (
    approving,
    catching_up,
    composing,
    entering,
    linking,
    looking,
    quieting,
    reloading,
    reporting,
    researching,
    running,
    scanning,
    speaking,
    spreading,
    stashing,
    stopping,
    tasking,
    trading,
    trapping,
    working,
)
from core.commands.registry import Command


def table() -> Sequence[Command]:
    """Every command there is, in the order in which /help shows them."""
    families = (
        trading,
        working,
        trapping,
        stashing,
        approving,
        linking,
        composing,
        catching_up,
        looking,
        spreading,
        scanning,
        running,
        researching,
        reporting,
        reloading,
        speaking,
        quieting,
        entering,
        tasking,
        stopping,
    )
    commands = [command for family in families for command in family.COMMANDS]
    return [*commands, looking.helper(commands)]
