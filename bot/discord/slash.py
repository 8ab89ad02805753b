"""Slash commands from the one command table, and a slash command as the line that a person would have typed."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from bot.words import help_line
from core.commands.registry import Argument, ArgumentKind, Command
from core.values.orders import Refused
from texts import render

_STRING, _NUMBER = 3, 10
_TYPES = {ArgumentKind.TICKER: _STRING, ArgumentKind.WORD: _STRING, ArgumentKind.NUMBER: _NUMBER}
_ACCOUNT = Argument("account", required=False)
DESCRIPTION_MAX = 100


def definitions(commands: Sequence[Command], language: str) -> list[dict[str, Any]]:
    """What Discord is told to offer, in its own JSON."""
    return [
        {
            "type": 1,
            "name": command.name,
            "description": help_line(command, language)[:DESCRIPTION_MAX] or command.name,
            "options": [_option(argument, language) for argument in _arguments(command)],
        }
        for command in commands
        if not command.hidden
    ]


def _arguments(command: Command) -> list[Argument]:
    """Needed ones first, as Discord wants them; the account comes last where one may be named."""
    found = sorted(command.arguments, key=lambda argument: not argument.required)
    return [*found, _ACCOUNT] if command.needs_account else found


def _option(argument: Argument, language: str) -> dict[str, Any]:
    return {
        "type": _TYPES[argument.kind],
        "name": argument.name,
        "description": render(f"discord.option_{argument.kind.value}", {}, language)[:DESCRIPTION_MAX],
        "required": argument.required,
    }


def line_of(commands: Sequence[Command], name: str, options: Mapping[str, object]) -> str:
    """`/name` with its words in the order in which the command reads them: `100 GAZP`, but `GAZP 5000`."""
    given = {key: text_of(value) for key, value in options.items()}
    account = given.pop("account", "")
    command = next((c for c in commands if c.name == name), None)
    words = list(given.values()) if command is None else _in_order(command, given)
    return " ".join([f"/{name}", *words, *([f"@{account}"] if account else [])])


def _in_order(command: Command, given: Mapping[str, str]) -> list[str]:
    declared = [given[argument.name] for argument in command.arguments if argument.name in given]
    for words in itertools.permutations(declared):
        read = command.read(words)
        if not isinstance(read, Refused) and all(read.get(key) == value for key, value in given.items()):
            return list(words)
    return declared


def text_of(value: object) -> str:
    """A number as it was typed: Discord sends doubles, whose shortest form is what the person wrote."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
