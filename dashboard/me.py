"""/api/v1/me: who is asking, their password and their second factor.

A changed password ends every session and web token of its person. API tokens are not of the password: they stay until
they are revoked.
"""

from __future__ import annotations

from aiohttp import web

from core.rules.noise import CHOICES
from core.values.people import Person
from dashboard.board import Board
from dashboard.bodies import read_object, text_of
from dashboard.docs import Route
from dashboard.refusals import granted, refuse
from dashboard.users import whole
from kit.http import ApiError, json_response

_CODE = {"code": "six digits, or one of those written down"}
_PRESENT = {"password?": "the present password, of who has one"}
_NOISE = {f"{name}?": " | ".join(choices) for name, choices in CHOICES.items()}
_ENDS = "change one's password; ends every session and web token, but no API token"


class Me:
    def __init__(self, board: Board) -> None:
        self._users = board.office.users
        self._second = board.office.second_factor
        self._noise = board.office.noise

    def routes(self, api: str) -> list[Route]:
        me, otp = f"{api}/me", f"{api}/me/second_factor"
        password = {"old": "the present password", "new": "8 characters or more"}
        return [
            Route("GET", me, "who is asking", self.look),
            Route("POST", f"{me}/password", _ENDS, self.password, password),
            Route("POST", otp, "begin: the secret for an authenticator, as a picture too", self.begin, _PRESENT),
            Route(
                "POST", f"{otp}/confirm", "its first code; answers with ten codes, told this once", self.confirm, _CODE
            ),
            Route("DELETE", otp, "ask for no code any more", self.stop, _CODE),
            Route("GET", f"{me}/noise", "what chats tell one, and how loud: word by name", self.noise),
            Route("PUT", f"{me}/noise", "change some of it; what is not said stays", self.choose_noise, _NOISE),
            Route("DELETE", f"{api}/users/{{id}}/second_factor", "of somebody who lost theirs (admin)", self.reset),
        ]

    async def look(self, _request: web.Request, person: Person) -> web.Response:
        """password, second_factor: whether there is one."""
        ours = self._users.by_id(person.id, person.surface) is not None
        return json_response(
            {
                "id": person.id,
                "name": person.name,
                "role": person.role.word,
                "language": person.language,
                "works_for": person.works_for,
                "password": ours,
                "second_factor": ours and await self._second.has(person.id),
            }
        )

    async def noise(self, _request: web.Request, person: Person) -> web.Response:
        return json_response(self._noise.of(person.id))

    async def choose_noise(self, request: web.Request, person: Person) -> web.Response:
        refused = await self._noise.choose(await read_object(request), person)
        if refused is not None:
            refuse(refused, person)
        return json_response(self._noise.of(person.id))

    async def password(self, request: web.Request, person: Person) -> web.Response:
        body = await read_object(request)
        self._needs_ours(person)
        changed = await self._users.change_password(person, text_of(body, "old"), body.get("new"))
        granted(changed, person)
        return json_response({"success": True})

    async def begin(self, request: web.Request, person: Person) -> web.Response:
        """With the present password: whoever found a page open must not lock its person out."""
        self._needs_ours(person)
        whole(self._users, person)
        if any(user.password_hash for user in self._users.seen(person) if user.id == person.id):
            password = text_of(await read_object(request), "password")
            granted(await self._users.by_password(person.id, password, person.surface), person)
        secret, uri = granted(await self._second.begin(person), person)
        return json_response({"secret": secret, "uri": uri, "picture": _picture(uri)})

    async def confirm(self, request: web.Request, person: Person) -> web.Response:
        whole(self._users, person)
        body = await read_object(request)
        codes = granted(await self._second.confirm(person, text_of(body, "code").strip()), person)
        return json_response({"recovery": codes})

    async def stop(self, request: web.Request, person: Person) -> web.Response:
        refused = await self._second.stop(person, text_of(await read_object(request), "code"))
        if refused is not None:
            refuse(refused, person, "code")
        return json_response({"success": True})

    async def reset(self, request: web.Request, person: Person) -> web.Response:
        user = next((u for u in self._users.seen(person) if u.id == request.match_info["id"].casefold()), None)
        if user is None:
            raise ApiError(404, "unknown_id", "there is nobody of that name")
        refused = await self._second.reset(user.id, person)
        if refused is not None:
            refuse(refused, person)
        return json_response({"success": True})

    def _needs_ours(self, person: Person) -> None:
        """Raises ApiError 422 for the people of the settings file, whose token is their login."""
        if self._users.by_id(person.id, person.surface) is None:
            raise ApiError(422, "no_password", "this login is a token of the settings, without a password")


def _picture(uri: str) -> str:
    """A QR code as SVG, which authenticators read off the screen: dark on light in every theme."""
    import segno  # noqa: PLC0415 - only where somebody turns codes on

    return segno.make_qr(uri, error="m").svg_inline(omitsize=True, light="#fff", dark="#000")
