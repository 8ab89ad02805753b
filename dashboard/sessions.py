"""Sessions of pages, in memory: a restart ends them all. They end when nobody uses them, and after half a day."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.values.ids import UserId
from core.values.people import Person

IDLE, LIVES = timedelta(minutes=30), timedelta(hours=12)
SESSIONS_MAX = 200


@dataclass(slots=True, eq=False)
class Session:
    """mark: of the password that it was opened with. token: the hash of the API token that opened it, where one did.
    csrf: what a page's own script shows with every request that changes something; no other site can read it."""

    person: Person
    mark: str = field(repr=False)
    began: datetime
    used: datetime
    csrf: str = field(repr=False)
    token: str = field(default="", repr=False)


class Sessions:
    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def open(self, person: Person, mark: str = "", token: str = "") -> tuple[str, Session]:
        """The key, 128 random bits, and the session. Beyond SESSIONS_MAX the oldest ends."""
        now, key = self._now(), secrets.token_urlsafe(16)
        session = self._sessions[key] = Session(person, mark, now, now, secrets.token_urlsafe(16), token)
        if len(self._sessions) > SESSIONS_MAX:
            self._sessions.popitem(last=False)
        return key, session

    def find(self, key: str, *, use: bool = True) -> Session | None:
        """The session, while it is good. use: this is a person's doing; an open page that only listens is none."""
        found, now = self._sessions.get(key), self._now()
        if found is None:
            return None
        if now - found.used >= IDLE or now - found.began >= LIVES:
            del self._sessions[key]
            return None
        if use:
            found.used = now
        return found

    def close(self, key: str) -> None:
        self._sessions.pop(key, None)

    def close_all(self, person: UserId) -> int:
        """Everywhere; how many there were."""
        theirs = [key for key, session in self._sessions.items() if session.person.id == person]
        for key in theirs:
            del self._sessions[key]
        return len(theirs)
