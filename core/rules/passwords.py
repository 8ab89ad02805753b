"""Passwords as they are kept: scrypt (RFC 7914) with a salt of their own, parameters in the text."""

from __future__ import annotations

import base64
import hashlib
import hmac

LENGTH_MIN, LENGTH_MAX = 8, 200
_N, _R, _P = 2**15, 8, 1
"""32 MiB and about a tenth of a second: dear for whoever tries many, bearable on a small computer."""
_MEMORY_MAX = 64 * 2**20


def hash_password(password: str, salt: bytes) -> str:
    """`scrypt$N$r$p$salt$key`, the last two in base64. salt: 16 random bytes. Takes its time: call it in a thread."""
    return f"scrypt${_N}${_R}${_P}${_text(salt)}${_text(_key(password, salt, _N, _R, _P))}"


def password_fits(password: str, kept: str) -> bool:
    """In constant time for the key; with the parameters that `kept` was made with. Call it in a thread."""
    _, n, r, p, salt, key = kept.split("$")
    found = _key(password, base64.b64decode(salt), int(n), int(r), int(p))
    return hmac.compare_digest(found, base64.b64decode(key))


def _key(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    raw = password.encode(errors="surrogatepass")
    return hashlib.scrypt(raw, salt=salt, n=n, r=r, p=p, maxmem=_MEMORY_MAX, dklen=32)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
