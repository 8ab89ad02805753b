"""Whose position a fill changes."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from core.values.money import ZERO, Quantity
from core.values.orders import BY_HAND, Book


def share_out(held: Mapping[Book, Decimal], book: Book, change: Decimal) -> list[tuple[Book, Quantity]]:
    """Which books take how many pieces (positive) of a signed `change` that an order of `book` brought.

    A book keeps what it trades. Only trades by hand against what the desk holds close that first: whoever sells by
    hand what an alert bought has closed the alert's position, and must not end up long and short at once.
    """
    left = abs(change)
    shares: dict[Book, Decimal] = {}
    if book == BY_HAND:
        for other in sorted(held, key=lambda name: name != BY_HAND):
            if held[other] * change < 0 and left:
                taken = min(left, abs(held[other]))
                shares[other] = taken
                left -= taken
    if left:
        shares[book] = shares.get(book, ZERO) + left
    return [(name, Quantity(pieces)) for name, pieces in shares.items()]
