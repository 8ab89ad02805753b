"""T-Invest's business codes by what the desk does about them (its errors page; codes 30xxx to 90xxx).

A code decides, whatever the HTTP status: live gateways have sent 40003 with a 500.
"""

from __future__ import annotations

from collections.abc import Mapping

REPEATED_KEY = 30057
UNKNOWN_ORDER = frozenset({50005, 50006})
TOO_LATE = frozenset({30059, 30060})
"""A cancel that met an order which is over."""
INTERNAL = range(70000, 80000)
TOO_MANY = range(80000, 90000)
NO_MARKET_ORDERS = frozenset({30068, 30103})
"""Only limit or best-price orders now."""
NO_MARGIN_ACCOUNT = frozenset({30051})

_GROUPS: Mapping[str, tuple[int, ...]] = {
    "bad_quantity": (30015, 30016, 30080),
    "bad_price": (30017, 30018, 30078, 30085, 30100),
    "price_limits": (30099,),
    "insufficient_margin": (30034, 30042),
    "market_closed": (30079, 30092, 30097, 30098),
    "exchange_refused": (30095, 30096),
    "not_tradable": (30052,),
    "limit_only": (30068,),
    "bestprice_only": (30103,),
    "too_large": (30109, 90001, 90003),
    "confirm_margin_trade": (30240,),
    "no_margin_account": (30051,),
    "test_needed": (30101, 90002),
    "account_blocked": (30081, 30082, 30255, 40004),
    "token_lacks_rights": (40002,),
    "token_refused": (40003,),
    "unknown_instrument": (50002,),
    "unknown_account": (50004,),
    "unknown_order": (50005, 50006),
}
_WORDS = {code: word for word, codes in _GROUPS.items() for code in codes}


def word(code: int) -> str:
    """Our code word, equal in every language; `refused` where the venue's own message says the rest."""
    return _WORDS.get(code, "refused")
