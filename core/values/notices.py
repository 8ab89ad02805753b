"""What the desk tells people: a catalogue key with parameters, rendered in each reader's language by each surface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.values.ids import OWNER, ActionId, NoticeId, UserId

Params = Mapping[str, str]


class NoticeKind(StrEnum):
    INFO = "info"
    PROGRESS = "progress"
    REFUSED = "refused"
    ERROR = "error"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class Action:
    """A button. label: catalogue key. command: what pressing it types; good for one press."""

    id: ActionId
    label: str
    command: str


@dataclass(frozen=True, slots=True)
class Line:
    """One catalogue entry with its parameters."""

    key: str
    params: Params = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """about: ids it speaks of (`order:...`, `alert:...`, `task:...`, `intent:...`). lines: entries under the first.

    critical: told at once on every surface, also after an outage. card: notices of one card show one thing as it goes
    on; a surface edits the message of the first instead of sending another.
    """

    id: NoticeId
    at: datetime
    kind: NoticeKind
    key: str
    params: Params = field(default_factory=dict)
    lines: tuple[Line, ...] = ()
    about: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    critical: bool = False
    card: str = ""
    owner: UserId = OWNER


ANYBODY = UserId("")


@dataclass(frozen=True, slots=True)
class Press:
    """A button that waits for its one press. command: the whole text that is run when pressed.

    person: the only one who may press it; ANYBODY: whoever may run the command.
    """

    id: ActionId
    person: UserId
    command: str
    expires_at: datetime
