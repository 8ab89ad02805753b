"""Links that open the dashboard once: the first admin's set-up, and a short-lived way in for who asks in a chat.

Kept in memory, as hashes: a restart makes them worthless.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.ports import Clock
from core.services.tokens import draw_token, token_hash
from core.values.people import Person

SETUP_LIVES, ENTRY_LIVES = timedelta(hours=24), timedelta(minutes=2)
PASSES_MAX = 100


@dataclass(frozen=True, slots=True)
class _Pass:
    person: Person | None
    until: datetime


class Passes:
    """clock: real time. A pass of no person is for the set-up."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._passes: OrderedDict[str, _Pass] = OrderedDict()

    def draw(self, person: Person | None = None) -> str:
        """A new pass: for a person's way in, or for the set-up. An earlier one of the same is worthless now."""
        self._passes = OrderedDict((k, p) for k, p in self._passes.items() if not _same(p.person, person))
        token = draw_token()
        lives = SETUP_LIVES if person is None else ENTRY_LIVES
        self._passes[token_hash(token)] = _Pass(person, self._clock.now() + lives)
        if len(self._passes) > PASSES_MAX:
            self._passes.popitem(last=False)
        return token

    def enter(self, token: str) -> Person | None:
        """Use a person's pass up; None for one that is used, too old, or none at all."""
        found = self._good(token)
        if found is None or found.person is None:
            return None
        del self._passes[token_hash(token)]
        return found.person

    def sets_up(self, token: str) -> bool:
        """Whether this opens the set-up; it does until `done`."""
        found = self._good(token)
        return found is not None and found.person is None

    def done(self, token: str) -> None:
        self._passes.pop(token_hash(token), None)

    def _good(self, token: str) -> _Pass | None:
        found = self._passes.get(token_hash(token))
        return found if found is not None and self._clock.now() < found.until else None


def _same(one: Person | None, other: Person | None) -> bool:
    return (one and one.id) == (other and other.id)
