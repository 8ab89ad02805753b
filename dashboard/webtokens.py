"""JSON web tokens (RFC 7519, HS256) for programs that log in with a name and a password.

Access and refresh tokens carry a mark of the password they were given for: they end when it is changed, and when their
person leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from core.services.users import Users
from core.values.ids import UserId
from core.values.people import Person

ACCESS_LIVES, REFRESH_LIVES = timedelta(hours=24), timedelta(days=7)
ACCESS, REFRESH = "access", "refresh"
_ALGORITHM = "HS256"


class WebTokens:
    """now: real time. A token says only whose it is: role and language come from its person's row."""

    def __init__(self, key: bytes, users: Users, now: Callable[[], datetime]) -> None:
        self._key = key
        self._users = users
        self._now = now

    def pair(self, person: Person) -> Mapping[str, str]:
        """Both, for somebody of the database."""
        return {
            ACCESS: self._sign(person.id, ACCESS, ACCESS_LIVES),
            REFRESH: self._sign(person.id, REFRESH, REFRESH_LIVES),
        }

    def renewed(self, refresh: str) -> str | None:
        """A new access token; None for what is no good refresh token."""
        person = self._read(refresh, REFRESH)
        return None if person is None else self._sign(person.id, ACCESS, ACCESS_LIVES)

    def person(self, access: str) -> Person | None:
        return self._read(access, ACCESS)

    def _sign(self, user: UserId, kind: str, lives: timedelta) -> str:
        import jwt  # noqa: PLC0415 - it brings ten megabytes of ciphers along, and few desks sign

        now = self._now()
        claims = {"sub": user, "kind": kind, "mark": self._users.mark(user), "iat": now, "exp": now + lives}
        return jwt.encode(claims, self._key, _ALGORITHM)

    def _read(self, token: str, kind: str) -> Person | None:
        if token.count(".") != 2:
            return None
        import jwt  # noqa: PLC0415 - see above

        rules: Any = {"require": ["sub", "exp", "kind", "mark"], "verify_exp": False, "verify_iat": False}
        try:
            claims = jwt.decode(token, self._key, [_ALGORITHM], options=rules)
        except (jwt.InvalidTokenError, ValueError):
            return None
        user = UserId(str(claims["sub"]))
        fresh = isinstance(claims["exp"], int) and self._now().timestamp() < claims["exp"]
        mark = self._users.mark(user)
        if claims["kind"] != kind or not fresh or not mark or claims["mark"] != mark:
            return None
        return self._users.by_id(user, "api")
