"""The fields of one alert: found under any spelling of their name, refused under the one that was sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from core.values.money import parse_decimal
from kit.http import ApiError

_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM = Decimal(10) ** 11  # as seconds that would be the year 5138
_NOTHING = frozenset({"", "nan", "na", "n/a", "null", "none"})
"""What charts write for a plot that has no value."""
_POSITIONS = frozenset({"long", "short", "flat"})


@lru_cache(maxsize=512)
def fold(name: str) -> str:
    """`long SL`, `long_SL` and `Long-sl` are one field."""
    return name.lower().replace(" ", "").replace("_", "").replace("-", "")


# Every name that a dialect reads, as it spells it. A body that spells them so, too, needs no folding.
_OURS = frozenset(
    [
        *("passphrase", "subaccount", "exchange", "ticker", "message", "action", "type", "price", "chart_url"),
        *("time", "timestamp", "timenow", "id", "stratId", "name", "stratName", "strategy", "symbol", "direction"),
        *(f"{side} {what}" for side in ("long", "short") for what in ("SL", "TP", "Breakeven")),
        *("interval", "market_position", "tp Close", *(f"tp{n} Mult" for n in range(1, 21))),
    ]
)
_SPELLED = {fold(name): name for name in _OURS}


class Fields:
    """Values are text (numbers too), None, bool, or nested. Every method raises ApiError 422 naming the field."""

    __slots__ = ("_sent", "_values")

    def __init__(self, raw: Mapping[str, object]) -> None:
        self._values = raw
        self._sent: Mapping[str, str] = {}
        if not raw.keys() <= _OURS:
            self._sent = {_SPELLED.get(fold(name), name): name for name in raw}
            self._values = {ours: raw[sent] for ours, sent in self._sent.items()}

    def sent_as(self, name: str) -> str:
        """The name as it was sent; ours where it was not."""
        return self._sent.get(name, name)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def has(self, name: str) -> bool:
        value = self._values.get(name)
        return value is not None and value != ""

    def raw(self, name: str) -> str | None:
        """Text as it stands, unchecked: for fields that nothing hangs on. None when absent or no text."""
        value = self._values.get(name)
        return value if isinstance(value, str) else None

    def text(self, name: str) -> str:
        """Without surrounding space; empty when absent or null."""
        value = self._values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.refuse(name, "not_text", "must be a plain text or number")
        if "{{" in value:
            raise self.refuse(name, "placeholder", "is a placeholder that was not filled in")
        return value.strip()

    def needed_text(self, name: str) -> str:
        text = self.text(name)
        if not text:
            raise self.refuse(name, "missing", "is missing")
        return text

    def number(self, name: str) -> Decimal | None:
        """None when absent, null, NaN or empty."""
        value = self._values.get(name)
        if value is None:
            return None
        number = parse_decimal(value) if isinstance(value, str) else None
        if number is None:  # anything but the usual
            text = self.text(name)
            number = parse_decimal(text)
            if number is None and text.lower() not in _NOTHING:
                raise self.refuse(name, "not_a_number", "is not a number that can be used")
        return number

    def positive(self, name: str) -> Decimal:
        number = self.number(name)
        if number is None:
            raise self.refuse(name, "missing", "is missing")
        if number <= 0:
            raise self.refuse(name, "not_positive", "must be above zero")
        return number

    def positive_or_none(self, name: str) -> Decimal | None:
        """Zero reads as none, too."""
        number = self.number(name)
        if number is not None and number < 0:
            raise self.refuse(name, "not_positive", "must not be negative")
        return number or None

    def moment(self, *names: str) -> datetime | None:
        """The first of these that is there: ISO 8601 with a zone, or epoch seconds or milliseconds."""
        for name in names:
            if text := self.text(name):
                moment = _moment(text)
                if moment is None:
                    raise self.refuse(name, "not_a_time", "is not a time: ISO 8601 with Z, or epoch seconds")
                return moment
        return None

    def market_position(self) -> str:
        """long, short or flat; empty where it is absent or anything else, since nothing is traded by it."""
        word = (self.raw("market_position") or "").strip().lower()
        return word if word in _POSITIONS else ""

    def refuse(self, name: str, code: str, why: str) -> ApiError:
        sent = self.sent_as(name)
        return ApiError(422, code, f"{sent} {why}", sent)


@lru_cache(maxsize=256)  # when a bar closes, all charts send the same second
def _moment(text: str) -> datetime | None:
    try:
        if _ISO.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
        number = parse_decimal(text)
        if number is None or number < 0:
            return None
        micros = number * (1_000 if number >= _MILLISECONDS_FROM else 1_000_000)
        return _EPOCH + timedelta(microseconds=int(micros))
    except (ValueError, OverflowError):  # month 13; a year beyond the calendar
        return None
