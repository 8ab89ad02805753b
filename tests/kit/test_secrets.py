"""No secret passes the sieve, in whatever form it is written."""

from __future__ import annotations

import base64
import io
import json
import logging
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.secrets import MASK, RedactingFilter, Redactor

SECRET = 'p/ss "w\u00f6rd"'


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET, safe=""),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
    ],
)
def test_a_known_secret_is_masked_in_every_form(form: str) -> None:
    """Raw, in a URL, in base64, in JSON."""
    told = Redactor([SECRET])(f"before {form} after")
    assert told.replace('"', "") == f"before {MASK} after"


@pytest.mark.parametrize(
    "text",
    [
        "https://api.telegram.org/bot123456789:AAExampleExampleExampleExampleExample0/getMe",
        "Authorization: Bearer abc.def-123",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "token t.0123456789012345678901234567890123456789_-abcd",
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str) -> None:
    """Though nobody told us of it."""
    assert MASK in Redactor()(text)
    assert not any(part in Redactor()(text) for part in ("AAExample", "abc.def", "eyJzdWIi", "0123456789"))


@given(st.text(min_size=1), st.text(), st.text())
def test_no_secret_survives(secret: str, before: str, after: str) -> None:
    """Wherever it stands."""
    told = Redactor([secret])(before + secret + after)
    assert all(secret not in piece for piece in told.split(MASK))


def test_an_empty_secret_masks_nothing() -> None:
    """It is no secret."""
    assert Redactor([""])("as it is") == "as it is"


def test_a_longer_secret_is_masked_whole() -> None:
    """Also where a shorter one begins it."""
    assert Redactor(["abc", "abcdef"])("abcdef") == MASK


def test_the_log_is_masked_in_message_arguments_and_trace() -> None:
    """Everything that a handler writes."""
    log, written = logging.getLogger("test.redaction"), io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(RedactingFilter(Redactor(["hunter22"])))
    log.addHandler(handler)
    log.propagate = False
    too_few = ("hunter22 %s %s", "one argument too few")
    try:
        try:
            int("hunter22")
        except ValueError:
            log.exception("sent %s to %s", "hunter22", {"key": "hunter22"}, stack_info=True)
        log.error(*too_few)
    finally:
        log.removeHandler(handler)
    text = written.getvalue()
    assert "hunter22" not in text
    assert "ValueError: invalid literal for int() with base 10: '***'" in text
    assert "one argument too few" in text
