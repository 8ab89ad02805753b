"""What people may type: a file a command or family, one table for every surface."""

from __future__ import annotations

from collections.abc import Sequence

from core.commands import approving, looking, stopping, trading
from core.commands.registry import Command


def table() -> Sequence[Command]:
    """Every command there is, in the order in which /help shows them."""
    commands = [*trading.COMMANDS, *approving.COMMANDS, *looking.COMMANDS, *stopping.COMMANDS]
    return [*commands, looking.helper(commands)]
