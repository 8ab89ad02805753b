"""People: one's own login, and for admins everybody's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.rules.noise import CHATS, EVENTS, Level
from core.services.users import LANGUAGES
from core.values.ids import OWNER
from core.values.people import ApiToken, Person, Role, Scope, User
from dashboard.board import Board
from dashboard.view import Model, Query, View, Wakes


@dataclass(frozen=True, slots=True)
class Line:
    """Somebody of the database. form: what their edit form begins with."""

    user: User
    second: bool
    tokens: Sequence[ApiToken]
    form: Mapping[str, object]


async def model(board: Board, person: Person, _query: Query) -> Model:
    """me: None for people of the settings file, whose token is their login."""
    users, admin = board.office.users, person.may(Role.ADMIN)
    second = board.office.second_factor.among(await board.store.roll())
    seen = users.seen(person)
    return {
        "me": next((user for user in seen if user.id == person.id), None),
        "second": person.id in second,
        "tokens": users.tokens(person.id),
        "admin": admin,
        "lines": [_line(user, user.id in second, users.tokens(user.id)) for user in seen] if admin else [],
        "members": board.roof.members if admin else [],
        "masters": [OWNER, *(user.id for user in seen)],
        "roles": [role.word for role in Role],
        "scopes": [scope.value for scope in Scope],
        "languages": LANGUAGES,
        "noise": board.office.noise.of(person.id),
        "events": EVENTS,
        "levels": [level.value for level in Level],
        "chats": CHATS,
    }


def _line(user: User, second: bool, tokens: Sequence[ApiToken]) -> Line:  # noqa: FBT001 - a field's value, no switch
    form = {"first": user.first, "last": user.last, "role": user.role.word, "language": user.language}
    return Line(user, second, tokens, {**form, "works_for": user.works_for or ""})


VIEW = View("people", model, parts=("tokens", "list"), wakes=Wakes.JOURNAL, scripts=("people.js",))
