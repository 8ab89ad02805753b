"""Tokens: drawn, shown once, kept as hashes."""

from __future__ import annotations

import hashlib
import secrets


def draw_token() -> str:
    """256 random bits, fit for a URL."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is kept of it: of so many random bits a plain hash is enough, and looking it up takes equally long."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
