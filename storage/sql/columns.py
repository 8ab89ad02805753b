"""What a column holds: values to the types of SQL and back, exactly.

A decimal comes back equal, in plain notation; a time comes back in UTC. `None` goes both ways.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol

from core.values.money import Price, plain

SqlValue = str | int | float | None
Row = dict[str, SqlValue]


class Stored(Protocol):
    """A row that was read, by the names of its columns."""

    def __getitem__(self, name: str, /) -> Any: ...


# Not escaped, so that people can read it and a lone surrogate cannot slip in as an escape.
encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


def time_text(moment: datetime) -> str:
    """UTC with six digits of a second: sorts as text. Raises ValueError for a naive time."""
    if moment.tzinfo is None:
        raise ValueError("a stored time must be aware")
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    t = in_utc
    day = "%04d-%02d-%02d" % (t.year, t.month, t.day)  # noqa: UP031 - a third faster than isoformat; alerts pay for it
    return "%sT%02d:%02d:%02d.%06d+00:00" % (day, t.hour, t.minute, t.second, t.microsecond)  # noqa: UP031 - as above


def time_or_none(moment: datetime | None) -> str | None:
    return None if moment is None else time_text(moment)


def read_time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def read_time_or_none(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def plain_or_none(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def read_price(text: str | None) -> Price | None:
    return None if text is None else Price(Decimal(text))


def read_texts(text: str) -> Mapping[str, str]:
    """A JSON object of strings."""
    found: Mapping[str, str] = json.loads(text)
    return found


def read_list(text: str) -> list[Any]:
    found: list[Any] = json.loads(text)
    return found
