"""What a run of fills realised, told backwards from the positions that they led to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from core.values.fills import Fill
from core.values.money import ZERO


def realised(fills: Sequence[Fill], held: Decimal, averages: Iterable[Decimal]) -> Decimal | None:
    """Price difference times pieces closed by `fills` (oldest first, of one book), at weighted-average cost, before
    fees and point value. held: signed pieces after the last of them. averages: what the pieces cost of the position
    that is open, if one is, and then of those that were closed, newest first, at their end.

    A position that shrinks keeps its average and one that grows has a weighted one, so that each step can be undone.
    None where a fill crossed zero or an average is missing: then it cannot be told.
    """
    gained, earlier = ZERO, iter(averages)
    average = next(earlier, None) if held else None
    for fill in reversed(fills):
        if held == 0:
            average = next(earlier, None)
        before = held - fill.signed
        if average is None or before * held < 0:
            return None
        if before * fill.signed < 0:
            gained += (fill.price - average) * fill.quantity * (1 if before > 0 else -1)
        elif before != 0:
            average = (average * abs(held) - fill.price * fill.quantity) / abs(before)
        held = before
    return gained
