"""The shape of a command. One table feeds Telegram, Discord's slash commands, the console and /help."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.jobs.scan import Scanner
from core.jobs.strategies import StrategyRuns
from core.ports import Store
from core.services.approvals import Approvals
from core.services.desk import Desk
from core.services.execution import Execution
from core.services.guardian import Guardian
from core.services.office import Office
from core.services.pairs import Pairs
from core.services.research import Research
from core.services.supervisor import Supervisor
from core.services.worklist import Worklist
from core.values.accounts import Account
from core.values.alerts import AlertStatus
from core.values.ids import NoticeId, derive_id
from core.values.notices import Line, Notice, NoticeKind, Params
from core.values.orders import Refused
from core.values.people import Person, Role


class ArgumentKind(StrEnum):
    TICKER = "ticker"
    NUMBER = "number"
    WORD = "word"


@dataclass(frozen=True, slots=True)
class Argument:
    """One word of a command."""

    name: str
    kind: ArgumentKind = ArgumentKind.WORD
    required: bool = True


@dataclass(frozen=True, slots=True)
class Tools:
    """What commands work with."""

    desk: Desk
    execution: Execution
    guardian: Guardian
    approvals: Approvals
    store: Store
    healthy: Callable[[], bool]
    clock_now: Callable[[], datetime]
    supervisor: Supervisor
    worklist: Worklist
    office: Office
    pairs: Pairs
    scanner: Scanner
    catch_up: Callable[[str, Person], Awaitable[AlertStatus | Refused]]
    strategies: StrategyRuns
    research: Research = field(default_factory=Research)


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a command. arguments: by name, texts as typed. call_id: names this use, for derived order ids.

    confirmed: the press was made. account: named by `@Name` behind the arguments, else the only one.
    """

    person: Person
    arguments: Mapping[str, str]
    call_id: str
    account: Account | None = None
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """A handler's wish for a press first: what would be done, in catalogue entries. command: what the press types;
    empty: the same again."""

    key: str
    params: Params = field(default_factory=dict)
    lines: tuple[Line, ...] = ()
    command: str = ""


Reply = Notice | Refused | Ask
Handler = Callable[[Tools, Call], Awaitable[Reply]]
Parse = Callable[[Sequence[str]], Mapping[str, str] | Refused]


@dataclass(frozen=True, slots=True)
class Command:
    """Its one-line help is catalogue entry `help.<name>`.

    parse: reads typed words that follow another order than `arguments`. always: done at once and audited afterwards,
    also while the journal cannot be written, since it only takes risk away. private: the answer is for who asked alone.
    secret: it opens something, so that it is told where nobody reads along, or not at all.
    """

    name: str
    role: Role
    handler: Handler
    arguments: tuple[Argument, ...] = ()
    parse: Parse | None = None
    needs_account: bool = False
    aliases: tuple[str, ...] = ()
    hidden: bool = False
    always: bool = False
    private: bool = False
    secret: bool = False

    @property
    def usage(self) -> str:
        shown = (f"<{a.name}>" if a.required else f"[{a.name}]" for a in self.arguments)
        return " ".join([f"/{self.name}", *shown])

    def read(self, words: Sequence[str]) -> Mapping[str, str] | Refused:
        """Typed words to named arguments; Refused usage when they do not fit."""
        if self.parse is not None:
            return self.parse(words)
        least = sum(1 for a in self.arguments if a.required)
        if not least <= len(words) <= len(self.arguments):
            return Refused("usage", {"usage": self.usage})
        return {a.name: word for a, word in zip(self.arguments, words, strict=False)}


def reply(tools: Tools, call: Call, key: str, params: Params | None = None, lines: Sequence[Line] = ()) -> Notice:
    """The plain answer to a call."""
    return Notice(
        id=NoticeId(derive_id(tools.desk.desk_id, "reply", call.call_id, key)),
        at=tools.clock_now(),
        kind=NoticeKind.INFO,
        key=key,
        params=params or {},
        lines=tuple(lines),
        owner=call.person.id,
    )
