"""Reading what is asked: JSON bodies, numbers, pages of a list."""

from __future__ import annotations

import json
from decimal import Decimal

from aiohttp import web

from core.values.money import parse_decimal
from kit.http import ApiError, read_body

LIMIT_MAX = 1000
LIMIT_USUAL = 100

Body = dict[str, object]


class NumberText(str):
    """A JSON number as it was written: no float ever stands between the wire and a Decimal."""

    __slots__ = ()


async def read_object(request: web.Request) -> Body:
    """Raises ApiError 413, or 422 for anything but a JSON object."""
    raw = await read_body(request)
    try:
        body = json.loads(raw, parse_float=NumberText, parse_int=NumberText, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ApiError(422, "body_unreadable", "the body is not JSON") from None
    if not isinstance(body, dict):
        raise ApiError(422, "body_unreadable", "the body is not a JSON object")
    return body


def _no_constant(text: str) -> None:
    raise ValueError(text)


def text_of(body: Body, field: str) -> str:
    """A text that is not blank. Raises ApiError 422."""
    value = body.get(field)
    if not isinstance(value, str) or isinstance(value, NumberText) or not value.strip():
        raise ApiError(422, "bad_field", f"{field} must be a text", field)
    if "\0" in value or not _is_unicode(value):
        raise ApiError(422, "bad_field", f"{field} holds what no text may hold", field)
    return value


def _is_unicode(text: str) -> bool:
    """JSON's escapes can name lone surrogates, which no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def number_of(body: Body, field: str) -> Decimal:
    """A number, as JSON number or text. Raises ApiError 422."""
    value = body.get(field)
    number = parse_decimal(value) if isinstance(value, str) else None
    if number is None:
        raise ApiError(422, "bad_field", f"{field} must be a number", field)
    return number


def pieces_of(body: Body, field: str) -> Decimal:
    """Whole and more than 0. Raises ApiError 422."""
    number = number_of(body, field)
    if number <= 0 or number % 1:
        raise ApiError(422, "bad_field", f"{field} must be whole pieces", field)
    return number


def flag_of(body: Body, field: str) -> bool:
    """Raises ApiError 422."""
    value = body.get(field)
    if not isinstance(value, bool):
        raise ApiError(422, "bad_field", f"{field} must be true or false", field)
    return value


def number_or_none(body: Body, field: str) -> Decimal | None:
    return None if body.get(field) is None else number_of(body, field)


def page_asked(request: web.Request) -> tuple[int, str | None]:
    """limit and after. Raises ApiError 422 for a limit out of range; `after` is judged by whoever reads the list."""
    raw = request.query.get("limit", str(LIMIT_USUAL))
    limit = int(raw) if raw.isascii() and raw.isdecimal() and len(raw) <= len(str(LIMIT_MAX)) else 0
    if not 1 <= limit <= LIMIT_MAX:
        raise ApiError(422, "bad_limit", f"limit must be 1..{LIMIT_MAX}", "limit")
    return limit, request.query.get("after")


def bad_after() -> ApiError:
    return ApiError(422, "bad_after", "after is not the `next` of a page", "after")
