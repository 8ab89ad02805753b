"""Whose manners a paper account copies, so that a desk can be tried against the broker it will later trade with.

The figures are those of the venues' own documents; where a promise is not proven the worse one stands.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.values.capabilities import Capabilities, Idempotency, IdEncoding, RateBudget

DIALECTS: Mapping[str, Capabilities] = {
    # Its memory is the journal itself, so a repeat under the same id is always recognised.
    "paper": Capabilities(Idempotency.ALWAYS),
    # The id is a key kept for a month; stop orders are not in its streams.
    "tinvest": Capabilities(
        Idempotency.ALWAYS,
        stop_events=False,
        reduce_only=False,
        budgets=(
            RateBudget("place", 300, 60),
            RateBudget("cancel", 100, 60),
            RateBudget("orders", 200, 60),
            RateBudget("stops", 50, 60, exits=0.02, polling=0.04, entries=0.0),
            RateBudget("operations", 200, 60),
        ),
    ),
    # How long an id stays taken after the order ended is not written down: taken as no longer than it rests.
    # There a stop rides on its entry, which is not played here: on paper it follows the entry's first fill.
    "bybit": Capabilities(
        Idempotency.WHILE_OPEN, IdEncoding.HEX32, native_brackets=True, stops_wait=False, trailing_stops=True
    ),
    # An id is free again as soon as its order is filled.
    "binance": Capabilities(Idempotency.WHILE_OPEN, IdEncoding.HEX32, trailing_stops=True),
    # An id is unique for ever, that of a cancelled order too.
    "alpaca": Capabilities(Idempotency.ALWAYS, reduce_only=False, budgets=(RateBudget("trading", 200, 60),)),
    # A venue that keeps no stops and knows no reduce-only orders: all protection is the desk's own watching.
    "bare": Capabilities(Idempotency.ALWAYS, native_stops=False, stop_events=False, reduce_only=False),
    # No key, only a tag of 20 characters; programs may send limit orders only.
    "angelone": Capabilities(
        Idempotency.NEVER,
        IdEncoding.BASE32_20,
        market_orders=False,
        reduce_only=False,
        budgets=(
            RateBudget("trading", 9, 1),
            RateBudget("trading_minute", 500, 60),
            RateBudget("trading_hour", 1000, 3600),
            RateBudget("orders", 1, 1),
        ),
    ),
}
