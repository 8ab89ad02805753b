"""Some buttons wait for words: what to edit, why not. The next message of who pressed, in that chat, is the answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.telegram.access import Speaker
from core.commands.registry import Command
from core.ports import Clock, Store
from core.values.changes import FlagSet
from core.values.notices import ANYBODY, Press

OPEN_FOR = timedelta(minutes=10)
EDIT = "edit"


class Dialogue:
    """Kept in the store, so that a restart does not swallow an answer."""

    def __init__(self, store: Store, wire: Clock, commands: Sequence[Command]) -> None:
        self._store = store
        self._wire = wire
        self._role = next((command.role for command in commands if command.name == EDIT), None)

    async def open(self, offered: Press | None, speaker: Speaker) -> str:
        """Begin one, where this press asks for it and the person may: the question's key, else empty. The button stays:
        it changes nothing yet."""
        question = "" if offered is None else _question(offered.command)
        if offered is None or not question or offered.person not in {speaker.person.id, ANYBODY}:
            return ""
        if self._role is None or not speaker.person.may(self._role):
            return ""
        until = self._wire.now() + OPEN_FOR
        await self._store.save(FlagSet(_key(speaker), f"{until.isoformat()} {offered.command}"))
        return question

    async def close(self, speaker: Speaker) -> str | None:
        """End it; the command that waited for its last words."""
        kept = await self._store.flag(_key(speaker))
        if not kept:
            return None
        await self._store.save(FlagSet(_key(speaker), ""))
        until, _, command = kept.partition(" ")
        return command if self._wire.now() < datetime.fromisoformat(until) else None


def _question(command: str) -> str:
    """What is asked before this is typed."""
    if command.startswith(f"/{EDIT} "):
        return "telegram.edit"
    return "telegram.reason" if command.startswith("/reason ") and len(command.split()) == 2 else ""


def _key(speaker: Speaker) -> str:
    return f"telegram:edit:{speaker.chat}:{speaker.user_id}"
