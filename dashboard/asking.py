"""What routes of research are asked: a body that may be missing, words of a list, days, flags."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from aiohttp import web

from core.commands.researching import day_of
from core.values.orders import Refused
from core.values.people import Person, Role
from dashboard.bodies import read_object
from dashboard.refusals import refuse
from kit.http import ApiError
from texts import render

Words = Mapping[str, str]
E = TypeVar("E", bound=StrEnum)


async def asked_of(request: web.Request) -> Words:
    """The query and, over it, the body's texts and flags. Raises ApiError 413, 422."""
    body = await read_object(request) if request.can_read_body else {}
    return {**request.query, **{name: _text(name, value) for name, value in body.items() if value is not None}}


def word_of(asked: Words, name: str, words: type[E]) -> E:
    """Raises ApiError 422 for none of them, and where it is missing."""
    try:
        return words(asked.get(name, "").strip().upper().replace(" ", "_"))
    except ValueError:
        known = ", ".join(word.value for word in words)
        raise ApiError(422, "bad_field", f"{name} must be one of {known}", name) from None


def day_asked(asked: Words, name: str) -> str | None:
    """As ISO 8601; None where it is not said. Raises ApiError 422."""
    text = asked.get(name, "").strip()
    day = day_of(text)
    if text and day is None:
        raise ApiError(422, "bad_field", f"{name} must be a day like 2026-01-31", name)
    return None if day is None else day.isoformat()


def paper_asked(asked: Words) -> bool:
    """Raises ApiError 422."""
    known = {"true": True, "paper": True, "false": False, "live": False}
    found = known.get(asked.get("paper", "").strip().lower())
    if found is None:
        raise ApiError(422, "bad_field", "paper must be true or false", "paper")
    return found


def need(person: Person, role: Role) -> None:
    """Raises ApiError 403."""
    if not person.may(role):
        raise ApiError(403, "not_allowed", render("refused.not_allowed", {"role": role.word}, person.language))


def begun(refused: Refused | None, person: Person) -> None:
    """Raises the ApiError of a refusal; 503 where another one is at work."""
    if refused is not None:
        refuse(refused, person, "symbol" if refused.code == "not_collected" else None)


def off(person: Person) -> ApiError:
    """Nothing is collected, so there is nothing to look at."""
    return ApiError(422, "nothing_collected", render("refused.nothing_collected", {}, person.language))


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise ApiError(422, "bad_field", f"{name} must be a text", name)
    return value
