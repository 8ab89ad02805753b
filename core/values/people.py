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
    """surface: where they speak from just now (dashboard, telegram, discord, api, cli), for the audit trail."""

    id: UserId
    name: str
    role: Role
    surface: str = "api"
    language: str = "en"

    def may(self, role: Role) -> bool:
        return self.role >= role

    def sees(self, owner: UserId) -> bool:
        """An admin sees everything; others what they own."""
        return self.role is Role.ADMIN or owner == self.id


def owner_person(surface: str, language: str = "en") -> Person:
    return Person(OWNER, "owner", Role.ADMIN, surface, language)
