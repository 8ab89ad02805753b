"""A refusal of the core as an answer of the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn, TypeVar

from core.values.orders import Refused
from core.values.people import Person
from kit.http import ApiError
from texts import render

Found = TypeVar("Found")
STATUSES: Mapping[str, int] = {
    "not_allowed": 403,
    "unknown_id": 404,
    "name_taken": 409,
    "account_in_use": 409,
    "no_updater": 409,
    "too_many_logins": 429,
    "one_at_a_time": 503,
    "wrong_password": 401,
    "wrong_code": 401,
}
"""HTTP status by code; others are 422."""
FIELDS: Mapping[str, str] = {
    "unknown_account": "account",
    "account_needed": "account",
    "unknown_ticker": "ticker",
    "which_ticker": "ticker",
}


def refuse(refused: Refused, person: Person, field: str | None = None) -> NoReturn:
    """Raises the ApiError of a refusal, in the person's words. field: where the refusal alone does not tell it."""
    field = field or FIELDS.get(refused.code) or refused.params.get("name")
    words = render(f"refused.{refused.code}", refused.params, person.language)
    raise ApiError(STATUSES.get(refused.code, 422), refused.code, words, field)


def granted(found: Found | Refused, person: Person) -> Found:
    """What the core gave. Raises the ApiError of its refusal."""
    if isinstance(found, Refused):
        refuse(found, person)
    return found
