"""Who may do what. A person is one, whatever the surface they speak through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum, StrEnum

from core.values.accounts import AddedAccount
from core.values.ids import OWNER, AccountName, UserId
from core.values.links import Link


class Role(IntEnum):
    """Each role may do all that the ones below it may."""

    VIEWER = 1
    TRADER = 2
    APPROVER = 3
    ADMIN = 4

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Person:
    """surface: where they speak from just now (dashboard, telegram, discord, api, cli), for the audit trail.

    works_for: whose desk they help to run besides their own: what that person owns they see, and may do what their
    role allows with it.
    """

    id: UserId
    name: str
    role: Role
    surface: str = "api"
    language: str = "en"
    works_for: UserId | None = None

    @property
    def master(self) -> UserId:
        """Whose desk they run: new accounts, links and the bot switch are that one's."""
        return self.works_for or self.id

    def may(self, role: Role) -> bool:
        return self.role >= role

    def at_most(self, role: Role) -> Person:
        """The same person with no more than this role."""
        return self if self.role <= role else replace(self, role=role)

    def sees(self, owner: UserId) -> bool:
        """An admin sees everything; others what they or those they work for own."""
        return self.role is Role.ADMIN or owner in {self.id, self.works_for}


@dataclass(frozen=True, slots=True)
class User:
    """A person of the database. id: the username in lower case, so that no two differ by case alone, and never used
    again after they left. password_hash: as `core.rules.passwords` writes it; empty = no password opens anything."""

    id: UserId
    username: str
    role: Role
    first: str = ""
    last: str = ""
    password_hash: str = field(default="", repr=False)
    language: str = "en"
    works_for: UserId | None = None
    deleted_at: datetime | None = None

    def person(self, surface: str) -> Person:
        return Person(self.id, self.username, self.role, surface, self.language, self.works_for)


class Scope(StrEnum):
    """How much of its person's role a token carries."""

    READ = "read"
    TRADE = "trade"
    ADMIN = "admin"

    @property
    def role(self) -> Role:
        """The most that its bearer may do."""
        return {Scope.READ: Role.VIEWER, Scope.TRADE: Role.APPROVER, Scope.ADMIN: Role.ADMIN}[self]


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A bearer token of a user, by its SHA-256: the token itself is kept nowhere."""

    hash: str = field(repr=False)
    user: UserId
    made_at: datetime
    scope: Scope = Scope.ADMIN

    @property
    def id(self) -> str:
        """Its name where people speak of it: enough of the hash to tell it from others, of no use to open anything."""
        return self.hash[:12]


@dataclass(frozen=True, slots=True)
class Roll:
    """Everybody of the database and what they brought: read once at start. users: also those who left. accounts,
    links: without those that were deleted. credentials: as the vault sealed them, by account, with their owner."""

    users: Sequence[User] = ()
    tokens: Sequence[ApiToken] = ()
    accounts: Sequence[AddedAccount] = ()
    links: Sequence[Link] = ()
    credentials: Mapping[AccountName, tuple[str, UserId]] = field(default_factory=dict)


def owner_person(surface: str, language: str = "en") -> Person:
    return Person(OWNER, "owner", Role.ADMIN, surface, language)
