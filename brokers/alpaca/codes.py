"""Alpaca's refusals by what the desk does about them. Its codes are coarse (40310000 is a dozen things), so the words
of the message decide; they were read in its documents, its clients' tests and its users' reports."""

from __future__ import annotations

REPEATED = "repeated_id"
OPPOSITE = "opposite_order"

_WORDS: tuple[tuple[str, str], ...] = (
    ("client_order_id must be unique", REPEATED),
    ("wash trade", OPPOSITE),
    ("insufficient qty", "held_for_orders"),
    ("pattern day trad", "day_trades"),
    ("buying power", "insufficient_margin"),
    ("insufficient balance", "insufficient_margin"),
    ("sold short", "short"),
    ("to short", "short"),
    ("fraction", "whole_shares"),
    ("qty must be integer", "whole_shares"),
    ("halted", "symbol_halted"),
    ("extended hours", "limit_only"),
    ("market hours", "market_closed"),
    ("market is closed", "market_closed"),
    ("subscription does not permit", "data_plan"),
    ("not active", "not_tradable"),
    ("not tradable", "not_tradable"),
    ("asset not found", "unknown_instrument"),
    ("could not find asset", "unknown_instrument"),
    ("invalid symbol", "unknown_instrument"),
    ("order not found", "unknown_order"),
    ("authorized to trade", "account_blocked"),
    ("restricted", "account_blocked"),
    ("blocked", "account_blocked"),
    ("rejected by user request", "account_blocked"),
    ("qty must", "bad_quantity"),
    ("notional", "too_large"),
    ("sub-penny", "bad_price"),
    ("price", "bad_price"),
)
_DAY_TRADES = 40310100


def word(status: int, code: int, message: str) -> str:
    """Our code word, equal in every language; `refused` where the venue's own message says the rest."""
    said = message.lower()
    if status == 401 or (status == 403 and (not code or "forbidden" in said)):
        return next((ours for theirs, ours in _WORDS if theirs in said), "key_refused")
    if code == _DAY_TRADES:
        return "day_trades"
    return next((ours for theirs, ours in _WORDS if theirs in said), "refused")
