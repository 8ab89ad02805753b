"""What every part of the Discord room works with, and the one question asked before anything else: who is it?"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import discord

from core.commands.console import Console
from core.ports import Clock, Store
from core.services.people import People
from core.values.alerts import Receipt
from core.values.orders import Refused
from core.values.people import Person

Payload = Callable[[str, Person], Awaitable[Receipt | Refused]]
"""A typed order's JSON, and who typed it -> what became of it at the door."""

SEEN_MAX = 1000


@dataclass(frozen=True, slots=True)
class Places:
    """The desk's one guild and its channels; 0 = there is none."""

    guild: int
    study: int
    log: int = 0
    error: int = 0


class Seen:
    """Ids of what was handled: a resumed gateway tells its last events again. Bounded, oldest forgotten."""

    def __init__(self) -> None:
        self._ids: OrderedDict[int, None] = OrderedDict()

    def first(self, event_id: int) -> bool:
        """Whether this is the first time."""
        if event_id in self._ids:
            return False
        self._ids[event_id] = None
        if len(self._ids) > SEEN_MAX:
            self._ids.popitem(last=False)
        return True


@dataclass(frozen=True, slots=True)
class Office:
    console: Console
    people: People
    store: Store
    wire: Clock
    places: Places
    language: str
    payload: Payload
    seen: Seen = field(default_factory=Seen)

    def who(self, user: discord.abc.User, guild_id: int | None, channel_id: int | None) -> Person | None:
        """The person behind this very click or text: in our guild, in the study channel, on a list. Else None.

        Asked anew each time, of the roles that came with the event.
        """
        if guild_id != self.places.guild or channel_id != self.places.study or not self.places.guild:
            return None
        if not isinstance(user, discord.Member) or user.bot:
            return None
        roles = list(user._roles)  # noqa: SLF001 - `roles` leaves out those that the guild's cache does not know yet
        return self.people.by_discord(user.id, roles)
