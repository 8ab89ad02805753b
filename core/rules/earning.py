"""What a run of fills realised, told backwards from the position that they led to."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from core.values.fills import Fill
from core.values.money import ZERO


def realised(fills: Sequence[Fill], held: Decimal, average: Decimal) -> Decimal | None:
    """Price difference times pieces closed by `fills` (oldest first, all of one position), at weighted-average cost,
    before fees and point value. held: signed pieces after the last of them. average: what those cost, or what the
    last ones had cost. None where the position was empty in between: then what came before cannot be told.

    A position that shrinks keeps its average and one that grows has a weighted one, so that each step can be undone.
    """
    gained, last = ZERO, len(fills) - 1
    for number, fill in reversed(list(enumerate(fills))):
        before = held - fill.signed
        if before * held < 0 or (held == 0 and number != last):
            return None
        if before * fill.signed < 0:
            gained += (fill.price - average) * fill.quantity * (1 if before > 0 else -1)
        elif before != 0:
            average = (average * abs(held) - fill.price * fill.quantity) / abs(before)
        held = before
    return gained
