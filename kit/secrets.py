"""Secrets never reach a log, a chat, an error or a page: the last sieve, after not writing them in the first place."""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = "***"

# What secrets look like that nobody told us of. Telegram's stand in request URLs, so library errors quote them.
_SHAPES = re.compile(
    r"""\d{6,12}:[A-Za-z0-9_-]{30,}            # Telegram bot token
    |   (?<=bearer[ ])[^\s"',]+                # Authorization: Bearer
    |   \beyJ[\w-]+\.[\w-]+\.[\w-]*            # JWT
    |   \bt\.[A-Za-z0-9_-]{40,}                # T-Invest
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


class Redactor:
    """Masks known secrets, in every form they may be written in, and what looks like one."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.add(*values)

    def add(self, *values: str) -> None:
        """Learn more secrets; empty ones are no secrets."""
        for value in values:
            if value:
                self._known |= _forms(value)
        if self._known:
            longest_first = sorted(self._known, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def __call__(self, text: str) -> str:
        if self._pattern is not None:
            text = self._pattern.sub(MASK, text)
        return _SHAPES.sub(MASK, text)


def _forms(value: str) -> set[str]:
    raw = value.encode(errors="surrogatepass")
    encoded = {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
    return {
        value,
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        quote(raw, safe=""),
        quote_plus(raw),
        *encoded,
        *(form.rstrip("=") for form in encoded),
    }


class RedactingFilter(logging.Filter):
    """Put on handlers: masks the message with its arguments, the exception's text and the stack."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact
        self._formatter = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):  # arguments that do not fit the format: show both
            message = f"{record.msg} {record.args!r}"
        record.msg, record.args = self._redact(message), None
        if record.exc_info and not record.exc_text:
            record.exc_text = self._formatter.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self._redact(record.exc_text)
        record.exc_info = None  # formatters print exc_text; some would render exc_info anew, unmasked
        if record.stack_info:
            record.stack_info = self._redact(record.stack_info)
        return True
