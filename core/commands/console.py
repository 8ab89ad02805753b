"""From a typed line to notices: find the command, ask whether the person may, parse, run, render nothing."""

from __future__ import annotations

import itertools
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from difflib import get_close_matches

from core.commands import composing
from core.commands.registry import Ask, Call, Command, Reply, Tools
from core.services import telling
from core.values.changes import Audited, PressOffered, PressUsed
from core.values.errors import Conflict, DeskError
from core.values.ids import ActionId, NoticeId, derive_id
from core.values.notices import ANYBODY, Action, Notice, NoticeKind, Press
from core.values.orders import Refused
from core.values.people import Person

log = logging.getLogger(__name__)

PRESS_LIVES = timedelta(minutes=5)
LINE_MAX, NAME_MAX = 1000, 60


class Console:
    """Every surface talks through `run`; buttons through `press`."""

    def __init__(self, tools: Tools, commands: Sequence[Command]) -> None:
        self._tools = tools
        self._uses = itertools.count()
        self.commands = commands
        self._by_name: Mapping[str, Command] = {name: c for c in commands for name in (c.name, *c.aliases)}

    async def run(self, text: str, person: Person, call_id: str | None = None) -> list[Notice]:
        """Run one line for a person. Never raises for what they typed: the answer is a notice that says what to do.

        call_id: the surface's own id of the message, so that a message told twice is one command.
        """
        words = text[:LINE_MAX].split()
        if words and not words[0].startswith("/") and await self.waits_for(person):
            words.insert(0, "/answer")
        name = words[0].lstrip("/").partition("@")[0].lower() if words else ""
        if name == "press" and len(words) == 2:
            return await self.press(ActionId(words[1]), person)
        return [await self._answer(name, words[1:], text, person, call_id or self._call_id(person))]

    async def waits_for(self, person: Person) -> bool:
        """Whether plain words of this person answer a question of ours."""
        return await composing.waits(self._tools.store, person, self._tools.clock_now())

    async def press(self, action: ActionId, person: Person) -> list[Notice]:
        """Use a confirmation, once, by the person it was offered to."""
        now = self._tools.clock_now()
        offered = await self._tools.store.press(action)
        call_id = f"press:{action}"
        if offered is None or offered.expires_at < now or offered.person not in {person.id, ANYBODY}:
            return [self._refusal(Refused("press_gone", {}), person, call_id)]
        words = offered.command.split()
        name = words[0].lstrip("/")
        allowed = self._allowed(name, person)
        if isinstance(allowed, Refused):  # the button stays for somebody who may
            return [self._refusal(allowed, person, call_id)]
        try:
            await self._tools.store.save(PressUsed(action, now))
        except Conflict:
            return [self._refusal(Refused("press_gone", {}), person, call_id)]
        return [await self._answer(name, words[1:], offered.command, person, call_id, confirmed=True)]

    def _allowed(self, name: str, person: Person) -> Command | Refused:
        command = self._by_name.get(name)
        if command is None:
            return Refused("unknown_command", {"command": name[:NAME_MAX], "near": self._near(name[:NAME_MAX])})
        return command if person.may(command.role) else Refused("not_allowed", {"role": command.role.word})

    def _near(self, name: str) -> str:
        """What they may have meant, and where all of it stands."""
        shown = [command.name for command in self.commands if not command.hidden]
        return ", ".join(f"/{each}" for each in [*get_close_matches(name, shown, n=2), "help"])

    async def _answer(
        self, name: str, words: Sequence[str], text: str, person: Person, call_id: str, *, confirmed: bool = False
    ) -> Notice:
        command = self._allowed(name, person)
        if isinstance(command, Refused):
            return self._refusal(command, person, call_id)
        call = self._call(command, words, person, call_id)
        if isinstance(call, Refused):
            return self._refusal(call, person, call_id)
        try:
            if not command.always:
                await self._audit(text, person)
            answer = await command.handler(self._tools, replace(call, confirmed=confirmed))
            if command.always:
                await self._audit_if_it_can(text, person)
        except DeskError as error:
            log.warning("command failed", extra={"command": name, "reason": str(error)})
            return replace(
                self._refusal(Refused("failed", {"reason": str(error)}), person, call_id), kind=NoticeKind.ERROR
            )
        return await self._as_notice(answer, text, person, call_id)

    def _call(self, command: Command, words: Sequence[str], person: Person, call_id: str) -> Call | Refused:
        named = [word[1:] for word in words if word.startswith("@")]
        arguments = command.read([word for word in words if not word.startswith("@")])
        if isinstance(arguments, Refused):
            return arguments
        account = self._tools.desk.directory.account(named[0] if named else None, person)
        if isinstance(account, Refused):
            if command.needs_account or named:
                return account
            return Call(person, arguments, call_id)
        return Call(person, arguments, call_id, account)

    async def _as_notice(self, answer: Reply, text: str, person: Person, call_id: str) -> Notice:
        if isinstance(answer, Notice):
            return answer
        if isinstance(answer, Refused):
            return self._refusal(answer, person, call_id)
        return await self._offer(answer, text, person, call_id)

    async def _offer(self, ask: Ask, text: str, person: Person, call_id: str) -> Notice:
        now = self._tools.clock_now()
        action = ActionId(secrets.token_hex(8))
        press = Press(action, person.id, ask.command or text, now + PRESS_LIVES)
        await self._tools.store.save(PressOffered(press))
        return Notice(
            id=NoticeId(derive_id(self._tools.desk.desk_id, "confirm", call_id)),
            at=now,
            kind=NoticeKind.CONFIRM,
            key=ask.key,
            params=ask.params,
            lines=ask.lines,
            actions=(Action(action, "action.confirm", f"/press {action}"),),
            owner=person.id,
        )

    def _refusal(self, refused: Refused, person: Person, call_id: str) -> Notice:
        now = self._tools.clock_now()
        return telling.refused_notice(self._tools.desk.desk_id, refused, now, f"call:{call_id}", owner=person.id)

    async def _audit(self, text: str, person: Person) -> None:
        now = self._tools.clock_now()
        await self._tools.store.save(
            Audited(now, person.id, person.surface, "command", "console", {"text": text[:200]})
        )

    async def _audit_if_it_can(self, text: str, person: Person) -> None:
        try:
            await self._audit(text, person)
        except DeskError as error:
            log.critical("a command is not in the journal", extra={"by": person.id, "reason": str(error)})

    def _call_id(self, person: Person) -> str:
        return f"{person.surface}:{self._tools.clock_now().isoformat()}:{next(self._uses)}:{secrets.token_hex(4)}"
