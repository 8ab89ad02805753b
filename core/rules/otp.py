"""One-time codes of a person's telephone: TOTP (RFC 6238) over HOTP (RFC 4226), SHA-1, six digits, thirty seconds."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from datetime import datetime
from urllib.parse import quote

DIGITS, STEP_S = 6, 30
SECRET_BYTES = 20
DRIFT = 1
"""Steps that the telephone's clock may be wrong, each way."""


def secret_text(raw: bytes) -> str:
    """Base32 as authenticators take it. raw: SECRET_BYTES random bytes, which need no padding."""
    return base64.b32encode(raw).decode("ascii")


def code_at(secret: str, step: int) -> str:
    """The code of one step since 1970. Raises ValueError for a secret that is no base32."""
    try:
        key = base64.b32decode(secret)
    except binascii.Error as error:
        raise ValueError("the secret is no base32") from error
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_of(secret: str, code: str, at: datetime) -> int | None:
    """The step whose code this is, about `at`; None for a wrong one. Every step is compared, in constant time."""
    now = int(at.timestamp()) // STEP_S
    found = None
    for step in range(now - DRIFT, now + DRIFT + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode(errors="replace")):
            found = step
    return found


def enrolment(secret: str, name: str, issuer: str = "Openoutcry") -> str:
    """The address that authenticators read, as key-uri-format has it."""
    return f"otpauth://totp/{quote(issuer)}:{quote(name)}?secret={secret}&issuer={quote(issuer)}"
