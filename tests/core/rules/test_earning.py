"""What fills realised, told backwards: the same as forwards."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core.rules.earning import realised
from core.values.fills import Fill, Position, apply
from core.values.ids import AccountName, FillId, PositionId
from core.values.money import NO_QUANTITY, Price, Quantity
from core.values.orders import BY_HAND, Side

D = Decimal
NOW = datetime(2026, 1, 5, tzinfo=UTC)
FLAT = Position(PositionId("p"), AccountName("A"), "SBER", BY_HAND, NO_QUANTITY, Price(D(1)), NOW, NOW)
steps = st.lists(st.tuples(st.integers(-50, 50).filter(bool), st.integers(1, 1000)), min_size=1, max_size=12)


def fill(number: int, pieces: int, price: int) -> Fill:
    side = Side.BUY if pieces > 0 else Side.SELL
    place = (FillId(str(number)), AccountName("A"), "SBER")
    return Fill(*place, side, Quantity(D(abs(pieces))), Price(D(price)), D(0), NOW)


@given(steps, st.integers(0, 11))
def test_backwards_is_forwards(told: list[tuple[int, int]], known: int) -> None:
    """Of any run of fills, the last ones realised what the books say, unless nothing was held in between."""
    now, gained, empty = FLAT, D(0), False
    for number, each in enumerate(told):
        before, now = now, apply(now, fill(number, *each))
        if number >= known:
            gained += now.realised - before.realised
            empty |= before.quantity * now.quantity < 0 or (number < len(told) - 1 and not now.is_open)
    fills = [fill(number, *each) for number, each in enumerate(told)][known:]
    found = realised(fills, now.quantity, now.average_price)
    if empty:
        assert found is None
    else:
        assert found is not None
        assert abs(found - gained) < D("1e-9")


def test_what_was_closed_is_counted_at_its_cost() -> None:
    """100 held at 10, 40 sold at 12 and the rest at 9: 80 less 60."""
    fills = [fill(1, -40, 12), fill(2, -60, 9)]
    assert realised(fills, D(0), D(10)) == D(20)


def test_opening_realises_nothing() -> None:
    """Neither does growing."""
    assert realised([fill(1, 10, 10), fill(2, 10, 20)], D(20), D(15)) == 0
