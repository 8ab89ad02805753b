"""What SmartAPI's refusals mean, as the desk's own words.

Codes are those of its page on exceptions; many refusals of orders carry none, or one that says nothing, and are known
by their words alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from core.values.errors import Rejected

SESSION_OVER = frozenset({"AG8001", "AG8002", "AG8003", "AB1010", "AB1011", "AB8050", "AB8051"})
"""The token is wrong, expired or missing: nothing behind the gate has seen the request."""
UNSURE = frozenset({"AB1004", "AB2000", "AB2001", "AB1007"})
"""Trouble inside the venue, which says nothing of what became of a request."""
BAD_TOTP = "AB1050"

_WORDS: Mapping[str, str] = {
    "AB1050": "totp_refused",
    "AB1000": "login_refused",
    "AB1001": "login_refused",
    "AB1002": "login_refused",
    "AB1032": "login_refused",
    "AB1006": "account_blocked",
    "AB1009": "unknown_instrument",
    "AB1018": "unknown_instrument",
    "AB1013": "unknown_order",
    "AB4014": "bad_quantity",
    "AG7002": "static_ip",
    "AG8004": "api_key_refused",
}
_SAID = tuple(
    (re.compile(pattern, re.IGNORECASE), word)
    for pattern, word in (
        (r"static ip|unregistered ip|ip\b.*(not|un)\W?(registered|whitelisted)", "static_ip"),
        (r"api.?key", "api_key_refused"),
        (r"totp", "totp_refused"),
        (r"market.*clos|after market|outside.*hours", "market_closed"),
        (r"insufficient|margin|required funds", "insufficient_margin"),
        (r"lot.?size|multiples? of|quantity", "bad_quantity"),
        (r"price protection|circuit|price (range|band)", "price_limits"),
        (r"tick.?size|invalid price", "bad_price"),
        (r"market order", "limit_only"),
        (r"order (not found|does not exist)", "unknown_order"),
        (r"password|login id|client ?code", "login_refused"),
        (r"block", "account_blocked"),
    )
)
_TOO_MANY = re.compile(r"exceeding access rate|too many requests|rate limit", re.IGNORECASE)


def word(code: str, message: str) -> str:
    """Our code word, equal in every language; `refused` where the venue's own message says the rest."""
    return _WORDS.get(code) or next((word for said, word in _SAID if said.search(message)), "refused")


def known(code: str, message: str) -> bool:
    """Whether it is a no that names its cause."""
    return word(code, message) != "refused"


def too_many(message: str) -> bool:
    return _TOO_MANY.search(message) is not None


class Refusal(Exception):
    """The venue's definite no."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} ({code})" if code else message)
        self.code, self.message = code, message

    @property
    def word(self) -> str:
        return word(self.code, self.message)

    def rejected(self) -> Rejected:
        return Rejected(self.word, str(self))


class SessionOver(Exception):
    """The venue wants a new login. Nothing was done of what it was asked."""
