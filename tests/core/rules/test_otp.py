"""TOTP as RFC 6238 and other people's authenticators have it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from core.rules.otp import DRIFT, STEP_S, code_at, enrolment, secret_text, step_of

SECRET = secret_text(b"12345678901234567890")
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("second", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037"), (20000000000, "353130")],
)
def test_the_rfcs_own_examples(second: int, code: str) -> None:
    """Appendix B of RFC 6238, its last six digits."""
    assert code_at(SECRET, second // STEP_S) == code


def test_another_library_agrees() -> None:
    """Codes and the address that authenticators read."""
    theirs = pyotp.TOTP(SECRET)
    for minutes in range(0, 10_000, 97):
        at = NOW + timedelta(minutes=minutes)
        assert theirs.at(at) == code_at(SECRET, int(at.timestamp()) // STEP_S)
    read = pyotp.parse_uri(enrolment(SECRET, "ann b"))
    assert (read.secret, read.name, read.issuer) == (SECRET, "ann b", "Openoutcry")


@pytest.mark.parametrize("steps", range(-4, 5))
def test_a_telephone_may_be_a_little_wrong(steps: int) -> None:
    """One step each way, and no more."""
    now = int(NOW.timestamp()) // STEP_S
    found = step_of(SECRET, code_at(SECRET, now + steps), NOW)
    assert found == (now + steps if abs(steps) <= DRIFT else None)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "ÿ", "0" * 5000])
def test_what_is_no_code_fits_nothing(code: str) -> None:
    """And raises nothing."""
    assert step_of(SECRET, code, NOW) is None
