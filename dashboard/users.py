"""GET, POST, PATCH and DELETE /api/v1/users, and their tokens: an admin's work. Passwords go in and never out."""

from __future__ import annotations

from aiohttp import web

from core.services.users import Users
from core.values.orders import Refused
from core.values.people import Person, Scope, User
from dashboard.board import Board
from dashboard.bodies import read_object
from dashboard.docs import Route
from dashboard.lists import Listing, held_listing
from dashboard.refusals import granted, refuse
from dashboard.rows import Row
from dashboard.schemas import SUCCESS, TEXT, TIME, one_of, page_of, row
from kit.http import ApiError, json_response

BODY = {
    "password": "8 characters or more",
    "first?": "",
    "last?": "",
    "role?": "viewer | trader | approver | admin",
    "language?": "en | ru",
    "works_for?": "whose desk they help to run",
}
SCOPE = {"scope?": "read | trade | admin: how much of the person's role it has; admin unless said"}
TOKENS = page_of(row(id=TEXT, scope=one_of(Scope), made_at=TIME))


class UserRoutes:
    def __init__(self, board: Board) -> None:
        self._users: Users = board.office.users

    def listing(self) -> Listing:
        async def rows(person: Person) -> list[Row]:
            return [user_row(user) for user in self._users.seen(person)]

        async def one(person: Person, key: str) -> Row | None:
            return next((user_row(user) for user in self._users.seen(person) if user.id == key.casefold()), None)

        return held_listing("users", "people of the database; all of them for an admin", rows, one)

    def routes(self, api: str) -> list[Route]:
        users = f"{api}/users"
        changed = {f"{name.rstrip('?')}?": says for name, says in BODY.items()}
        return [
            Route("POST", users, "add a person (admin)", self.create, {"username": "", **BODY}),
            Route("PATCH", f"{users}/{{id}}", "change a person (admin)", self.change, changed),
            Route("DELETE", f"{users}/{{id}}", "take a person's access away (admin)", self.remove),
            Route(
                "GET",
                f"{users}/{{id}}/tokens",
                "their API tokens, without what opens anything",
                self.tokens,
                answer=TOKENS,
            ),
            Route("DELETE", f"{users}/{{id}}/tokens/{{token}}", "revoke a token", self.drop_token, answer=SUCCESS),
            Route("POST", f"{users}/{{id}}/tokens", "a new API token, told this once (admin)", self.token, SCOPE),
        ]

    async def create(self, request: web.Request, person: Person) -> web.Response:
        made = granted(await self._users.add(await read_object(request), person), person)
        return json_response(user_row(made), status=201)

    async def change(self, request: web.Request, person: Person) -> web.Response:
        change = self._users.change(request.match_info["id"], await read_object(request), person)
        changed = granted(await change, person)
        return json_response(user_row(changed))

    async def remove(self, request: web.Request, person: Person) -> web.Response:
        granted(await self._users.remove(request.match_info["id"], person), person)
        return json_response({"success": True})

    async def token(self, request: web.Request, person: Person) -> web.Response:
        """201 a new API token of theirs, told this once."""
        scope = (await read_object(request)).get("scope", "admin") if request.can_read_body else "admin"
        token = granted(await self._users.make_token(request.match_info["id"], person, scope), person)
        return json_response({"token": token}, status=201)

    async def tokens(self, request: web.Request, person: Person) -> web.Response:
        found = self._users.tokens_seen(request.match_info["id"], person)
        if isinstance(found, Refused):
            raise ApiError(404, found.code, "there is nobody of that name")
        items = [{"id": token.id, "scope": token.scope, "made_at": token.made_at} for token in found]
        return json_response({"items": items, "next": None})

    async def drop_token(self, request: web.Request, person: Person) -> web.Response:
        whole(self._users, person)
        asked = request.match_info
        granted(await self._users.drop_token(asked["id"], asked["token"], person), person)
        return json_response({"success": True})


def whole(users: Users, person: Person) -> None:
    """Raises ApiError 403 for a token of less than its person's own role: it must not change how they get in."""
    own = users.by_id(person.id, person.surface)
    if own is not None and person.role < own.role:
        refuse(Refused("not_allowed", {"role": own.role.word}), person)


def user_row(user: User) -> Row:
    return {
        "id": user.id,
        "username": user.username,
        "first": user.first,
        "last": user.last,
        "role": user.role.word,
        "language": user.language,
        "works_for": user.works_for,
    }
