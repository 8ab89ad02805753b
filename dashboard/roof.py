"""What only the roof knows: what the settings say, which brokers there are, who stands in the settings file."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from core.services.people import Member
from core.values.orders import Refused
from core.values.people import Person


@dataclass(frozen=True, slots=True)
class Setting:
    """One value in force. key: as in the file, like `risk.collar_percent`. value: as the file would say it; of a
    secret only whether there is one, with `secret` true. source: default, file, environment or start."""

    key: str
    value: str
    source: str
    secret: bool = False


@dataclass(frozen=True, slots=True)
class AccountField:
    """One key of a broker's accounts. kind: text, number, flag or choice. value: what holds where nothing is said."""

    name: str
    kind: str
    value: str = ""
    choices: Sequence[str] = ()
    secret: bool = False
    required: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What a chart's message would do. problems: field and what to do about it."""

    says: Sequence[str]
    problems: Sequence[tuple[str, str]]


async def _nobody_hears(_person: Person) -> Refused:
    return Refused("no_updater")


@dataclass(frozen=True, slots=True)
class Roof:
    """publish: hands a raw alert, as a program would send it, to the hub, and returns its id; raises ApiError 422 or
    503. lint: reads a chart's message and sends nothing; it takes its time, so call it in a thread. update: asks the
    machine for the newest version; refuses with `no_updater` where nobody would hear it, `one_at_a_time` while it is at
    that."""

    settings: Sequence[Setting] = ()
    limits_off: Sequence[str] = ()
    members: Sequence[Member] = ()
    brokers: Mapping[str, Sequence[AccountField]] = field(default_factory=dict)
    publish: Callable[[bytes], Awaitable[str]] | None = None
    lint: Callable[[bytes], Reading] | None = None
    update: Callable[[Person], Awaitable[Refused | None]] = _nobody_hears
