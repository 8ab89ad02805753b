"""One person, whatever the surface: a Telegram id, a Discord id and an API token lead to the same name and role."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from core.values.ids import OWNER, UserId
from core.values.people import Person, Role, owner_person


@dataclass(frozen=True, slots=True)
class Member:
    """A person of the settings file. token: empty = none."""

    name: str
    role: Role
    telegram_id: int = 0
    discord_id: int = 0
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class DiscordLists:
    """Who may do what on Discord besides the members, by user or by role of the guild."""

    approver_users: frozenset[int] = frozenset()
    approver_roles: frozenset[int] = frozenset()
    trader_users: frozenset[int] = frozenset()
    trader_roles: frozenset[int] = frozenset()


class People:
    """Empty lists mean nobody. telegram_users act as the owner unless a member has their id. others: people of the
    database, by their API token. speaking: the person with the language that they chose.

    Members and listed people help to run the owner's desk: they see what the owner owns, and their role says what they
    may do with it.
    """

    def __init__(
        self,
        *,
        members: Sequence[Member] = (),
        telegram_users: Collection[int] = (),
        discord: DiscordLists | None = None,
        owner_token: str = "",
        language: str = "en",
        others: Callable[[str], Person | None] = lambda _token: None,
        speaking: Callable[[Person], Person] = lambda person: person,
    ) -> None:
        self._members = members
        self._telegram_users = frozenset(telegram_users)
        self._discord = discord or DiscordLists()
        self._owner_token = owner_token
        self._language = language
        self._others = others
        self._speaking = speaking

    def by_token(self, token: str) -> Person | None:
        """The bearer of an API token; every known token is compared, in constant time."""
        found: Person | None = None
        for known, person in self._tokens():
            if known and hmac.compare_digest(known.encode(), token.encode(errors="replace")):
                found = person
        return found or self._others(token)

    def _tokens(self) -> list[tuple[str, Person]]:
        return [(self._owner_token, self._owner("api")), *((m.token, self._person(m, "api")) for m in self._members)]

    def by_telegram(self, user_id: int) -> Person | None:
        """Only an allowed user is anybody; as which person, the members say."""
        if user_id not in self._telegram_users:
            return None
        member = next((m for m in self._members if m.telegram_id == user_id), None)
        return self._person(member, "telegram") if member else self._owner("telegram")

    def by_discord(self, user_id: int, role_ids: Collection[int]) -> Person | None:
        """Asked anew at every click: a role that was taken away counts no more."""
        listed = self._listed(user_id, frozenset(role_ids))
        member = next((m for m in self._members if m.discord_id == user_id), None)
        if member is not None:
            person = self._person(member, "discord")
            return person if listed is None or person.role >= listed else replace(person, role=listed)
        if listed is None:
            return None
        name = f"discord:{user_id}"
        return self._speaking(Person(UserId(name), name, listed, "discord", self._language, works_for=OWNER))

    def _listed(self, user_id: int, roles: frozenset[int]) -> Role | None:
        lists = self._discord
        if user_id in lists.approver_users or roles & lists.approver_roles:
            return Role.APPROVER
        if user_id in lists.trader_users or roles & lists.trader_roles:
            return Role.TRADER
        return None

    def _owner(self, surface: str) -> Person:
        return self._speaking(owner_person(surface, self._language))

    def _person(self, member: Member, surface: str) -> Person:
        name, role = member.name, member.role
        return self._speaking(Person(UserId(name), name, role, surface, self._language, works_for=OWNER))
