"""People of the database: added and changed by admins, known by a token or by name and password."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import secrets
from collections import OrderedDict, deque
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from core.ports import Clock, Store
from core.rules.passwords import LENGTH_MAX, LENGTH_MIN, hash_password, password_fits
from core.services.tokens import draw_token, token_hash
from core.values.changes import Audited, FlagSet, TokenGone, TokenMade, UserMade, UserSet
from core.values.errors import Conflict
from core.values.ids import OWNER, UserId
from core.values.orders import Refused
from core.values.people import ApiToken, Person, Role, Roll, Scope, User

log = logging.getLogger(__name__)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}", re.ASCII)
_RESERVED = frozenset({OWNER, "desk"})
LANGUAGES = ("en", "ru")
SPOKEN = "languages"
"""The flag that keeps what language those chose who are not of the database: JSON, by person."""
TEXT_MAX = 100
TRIES, TRIES_WITHIN = 5, timedelta(minutes=1)
PASSWORD_TRIES = 30
"""Wrong passwords for one name, from wherever, before it has to wait: more than the doors let through from one address,
or one stranger could lock a person out."""
CLI = "cli"
HASHES_AT_ONCE = 2
"""Each takes tens of megabytes."""
LOGINS_WAITING_MAX = PASSWORD_TRIES
"""More are sent away: they come from many addresses at once, and would else be a queue of minutes."""


class Users:
    """reserved: names of the settings' people, which nobody may take. language: of new people.

    Refused: not_allowed, unknown_id, bad_field, name_taken, too_many_logins, wrong_password.
    """

    def __init__(self, store: Store, clock: Clock, reserved: Collection[str] = (), language: str = "en") -> None:
        self._store = store
        self._clock = clock
        self._language = language
        self._spoken: dict[str, str] = {}
        self._reserved = _RESERVED | {name.casefold() for name in reserved}
        self._users: dict[UserId, User] = {}
        self._tokens: dict[str, ApiToken] = {}
        self._throttle = Throttle(PASSWORD_TRIES)
        self._hashing = asyncio.Semaphore(HASHES_AT_ONCE)
        self._logging_in = 0
        self._writing = asyncio.Lock()

    def load(self, roll: Roll, spoken: str | None = None) -> None:
        """Take over what the journal holds, and nothing else. spoken: its flag SPOKEN."""
        self._spoken = json.loads(spoken or "{}")
        self._users = {user.id: user for user in roll.users}
        self._tokens = {token.hash: token for token in roll.tokens}

    # who is it

    def by_token(self, token: str, surface: str = "api") -> Person | None:
        found = self._tokens.get(token_hash(token))
        user = None if found is None else self._there(found.user)
        return None if user is None or found is None else user.person(surface).at_most(found.scope.role)

    def by_id(self, user_id: UserId, surface: str) -> Person | None:
        user = self._there(user_id)
        return None if user is None else user.person(surface)

    async def by_password(self, username: str, password: str, surface: str) -> Person | Refused:
        """As long for a name that nobody has as for a wrong password, and the same answer."""
        now, name = self._clock.now(), username.casefold()[:TEXT_MAX]
        if not self._throttle.allows(name, now) or self._logging_in >= HASHES_AT_ONCE + LOGINS_WAITING_MAX:
            return Refused("too_many_logins", {})
        self._throttle.failed(name, now)  # until it fits: many at the same time are many tries
        user = self._there(UserId(name))
        kept = user.password_hash if user and user.password_hash else _nobody()
        self._logging_in += 1
        try:
            async with self._hashing:
                fits = await asyncio.to_thread(password_fits, password[: LENGTH_MAX + 1], kept)
        finally:
            self._logging_in -= 1
        if user is None or not user.password_hash or not fits:
            log.warning("wrong name or password", extra={"surface": surface})
            return Refused("wrong_password", {})
        self._throttle.forget(name)
        return user.person(surface)

    def has(self, user_id: UserId) -> bool:
        """Whether this is somebody of the database, also one who left."""
        return user_id in self._users

    def mark(self, user_id: UserId) -> str:
        """Another one once their password is another; empty for who is not of the database, or left it."""
        user = self._there(user_id)
        return "" if user is None else token_hash(f"{user.id} {user.password_hash}")[:16]

    def none_yet(self) -> bool:
        """Nobody is or was in the database."""
        return not self._users

    def again(self, person: Person) -> Person | None:
        """The same person as of now; None for one who left. Whoever is not of the database stays as they are."""
        user = self._there(person.id)
        if user is not None:
            return user.person(person.surface)
        return None if self.has(person.id) else self.speaking(person)

    def speaking(self, person: Person) -> Person:
        """Somebody who is not of the database, with the language that they chose."""
        return replace(person, language=self._spoken.get(person.id, person.language))

    def _there(self, user_id: UserId | None) -> User | None:
        user = None if user_id is None else self._users.get(user_id)
        return user if user is not None and user.deleted_at is None else None

    # looking

    def seen(self, person: Person) -> list[User]:
        """Newest first: an admin sees everybody, others themselves."""
        there = (user for user in reversed(self._users.values()) if user.deleted_at is None)
        return [user for user in there if person.may(Role.ADMIN) or user.id == person.id]

    # doing

    async def add(self, said: Mapping[str, object], by: Person) -> User | Refused:
        """`username, password, first, last, role, language, works_for`; only the first two are needed, and instead of
        the password the command line brings its hash."""
        if not by.may(Role.ADMIN):
            return Refused("not_allowed", {"role": Role.ADMIN.word})
        username = said.get("username")
        if not isinstance(username, str) or not _NAME.fullmatch(username):
            return _bad("username", username)
        user_id = UserId(username.casefold())
        if user_id in self._reserved or user_id in self._users:
            return Refused("name_taken", {"name": "username", "value": username})
        if "password" not in said and by.surface != CLI:
            return _bad("password", "empty")
        rest = {name: value for name, value in said.items() if name != "username"}
        hashed = rest.pop("password_hash", "") if by.surface == CLI else ""
        new = User(user_id, username, Role.VIEWER, password_hash=str(hashed), language=self._language)
        user = await self._said(new, rest)
        if isinstance(user, Refused):
            return user
        try:
            await self._store.save(UserMade(user), self._audit(by, "user.added", user))
        except Conflict:
            return Refused("name_taken", {"name": "username", "value": username})
        self._users[user.id] = user
        return user

    async def change(self, user_id: str, said: Mapping[str, object], by: Person) -> User | Refused:
        """Everything but the username."""
        async with self._writing:
            before = self._to_change(user_id, by)
            if isinstance(before, Refused):
                return before
            user = await self._said(before, said)
            if isinstance(user, Refused):
                return user
            return await self._set(user, by, "user.changed")

    async def _set(self, user: User, by: Person, action: str) -> User:
        """Whoever calls holds `_writing` since the row was read: two changes at once are both kept."""
        await self._store.save(UserSet(user), self._audit(by, action, user))
        self._users[user.id] = user
        return user

    async def speak(self, language: str, by: Person) -> Refused | None:
        """What everybody may change of themselves: in which language the desk speaks with them, on every surface."""
        if language not in LANGUAGES:
            return _bad("language", language)
        async with self._writing:
            user = self._there(by.id)
            if user is not None:
                await self._set(replace(user, language=language), by, "user.changed")
            else:
                self._spoken[by.id] = language
                await self._store.save(FlagSet(SPOKEN, json.dumps(self._spoken)))
        return None

    async def remove(self, user_id: str, by: Person) -> User | Refused:
        """They open nothing any more from now on; what they own stays, and the name is never used again."""
        async with self._writing:
            before = self._to_change(user_id, by)
            if isinstance(before, Refused):
                return before
            gone = replace(before, deleted_at=self._clock.now(), password_hash="")
            user = await self._set(gone, by, "user.removed")
        self._tokens = {kept: token for kept, token in self._tokens.items() if token.user != user.id}
        return user

    async def make_token(self, user_id: str, by: Person, scope: object = Scope.ADMIN) -> str | Refused:
        """A new API token, told this once."""
        token = draw_token()
        kept = await self.keep_token(user_id, token_hash(token), by, scope)
        return kept if isinstance(kept, Refused) else token

    async def keep_token(self, user_id: str, hashed: str, by: Person, scope: object = Scope.ADMIN) -> User | Refused:
        """A new API token, of which only the hash is told to the desk. scope: read, trade or admin."""
        user = self._to_change(user_id, by)
        if isinstance(user, Refused):
            return user
        if scope not in list(Scope):
            return _bad("scope", scope)
        made = ApiToken(hashed, user.id, self._clock.now(), Scope(str(scope)))
        await self._store.save(TokenMade(made), self._audit(by, "user.token", user))
        self._tokens[made.hash] = made
        return user

    async def drop_token(self, user_id: str, token_id: str, by: Person) -> ApiToken | Refused:
        """It opens nothing from now on. An admin's word, or its own person's."""
        user = self._mine(user_id, by)
        if isinstance(user, Refused):
            return user
        found = next((token for token in self.tokens(user.id) if token.id == token_id), None)
        if found is None:
            return Refused("unknown_id", {"id": token_id[:TEXT_MAX]})
        await self._store.save(TokenGone(found.hash), self._audit(by, "user.token_gone", user))
        self._tokens.pop(found.hash, None)
        return found

    def tokens(self, user_id: UserId) -> list[ApiToken]:
        """Those that open something now, newest first."""
        return [token for token in reversed(self._tokens.values()) if token.user == user_id]

    def tokens_seen(self, user_id: str, by: Person) -> list[ApiToken] | Refused:
        """An admin sees everybody's, others their own."""
        user = self._mine(user_id, by)
        return user if isinstance(user, Refused) else self.tokens(user.id)

    def _mine(self, user_id: str, by: Person) -> User | Refused:
        """Themselves; for an admin, anybody."""
        found = next((user for user in self.seen(by) if user.id == user_id.casefold()), None)
        return found or Refused("unknown_id", {"id": user_id[:TEXT_MAX]})

    async def change_password(self, by: Person, old: str, new: object) -> User | Refused:
        """A person's own. Every session and JWT of theirs ends by it, since `mark` is another one then."""
        fits = await self.by_password(by.id, old, by.surface)
        if isinstance(fits, Refused):
            return fits
        async with self._writing:
            before = self._there(by.id)
            user = None if before is None else await self._said(before, {"password": new})
            if user is None or isinstance(user, Refused):
                return user or Refused("unknown_id", {"id": by.id})
            return await self._set(user, by, "user.password")

    def _to_change(self, user_id: str, by: Person) -> User | Refused:
        if not by.may(Role.ADMIN):
            return Refused("not_allowed", {"role": Role.ADMIN.word})
        return self._there(UserId(user_id.casefold())) or Refused("unknown_id", {"id": user_id[:TEXT_MAX]})

    async def _said(self, user: User, said: Mapping[str, object]) -> User | Refused:
        for name, value in said.items():
            if name == "password":
                hashed = await self._hashed(value)
                after = None if hashed is None else replace(user, password_hash=hashed)
            else:
                after = self._with(user, name, value)
            if after is None:
                return _bad(name, "" if name == "password" else value)
            user = after
        return user

    async def _hashed(self, password: object) -> str | None:
        if not isinstance(password, str) or not LENGTH_MIN <= len(password) <= LENGTH_MAX:
            return None
        async with self._hashing:
            return await asyncio.to_thread(hash_password, password, secrets.token_bytes(16))

    def _with(self, user: User, name: str, value: object) -> User | None:
        text = value.strip() if isinstance(value, str) and (value.isprintable() and len(value) <= TEXT_MAX) else None
        match name:
            case "first":
                return None if text is None else replace(user, first=text)
            case "last":
                return None if text is None else replace(user, last=text)
            case "language":
                return replace(user, language=text) if text in LANGUAGES else None
            case "role":
                role = next((role for role in Role if role.word == text), None)
                return None if role is None else replace(user, role=role)
            case "works_for":
                known = value is None or text == OWNER or self._there(UserId(text or "")) is not None
                return replace(user, works_for=UserId(text) if text else None) if known else None
        return None

    def _audit(self, by: Person, action: str, user: User) -> Audited:
        log.info(action, extra={"user": user.id, "by": by.id})
        data = {"role": user.role.word, "works_for": user.works_for or ""}
        return Audited(self._clock.now(), by.id, by.surface, action, user.id, data)


class Throttle:
    """Failed tries by name; names are bounded, the one unused for longest goes first."""

    def __init__(self, tries: int = TRIES, names_max: int = 1000) -> None:
        self._tries = tries
        self._failed: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._names_max = names_max

    def allows(self, name: str, now: datetime) -> bool:
        failed = self._failed.get(name, ())
        return sum(1 for at in failed if now - at < TRIES_WITHIN) < self._tries

    def failed(self, name: str, now: datetime) -> None:
        self._failed.setdefault(name, deque(maxlen=self._tries)).append(now)
        self._failed.move_to_end(name)
        if len(self._failed) > self._names_max:
            self._failed.popitem(last=False)

    def forget(self, name: str) -> None:
        self._failed.pop(name, None)


def _bad(name: str, value: object) -> Refused:
    return Refused("bad_field", {"name": name[:TEXT_MAX], "value": "" if value is None else str(value)[:TEXT_MAX]})


def _nobody() -> str:
    """A hash that no password fits, to be compared with when a name is unknown."""
    return f"scrypt$32768$8$1${'A' * 22}==${'A' * 43}="
