"""Who may do what. A person is one, whatever the surface they speak through."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from core.values.ids import OWNER, UserId


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

    def may(self, role: Role) -> bool:
        return self.role >= role

    def sees(self, owner: UserId) -> bool:
        """An admin sees everything; others what they or those they work for own."""
        return self.role is Role.ADMIN or owner in {self.id, self.works_for}


def owner_person(surface: str, language: str = "en") -> Person:
    return Person(OWNER, "owner", Role.ADMIN, surface, language)
