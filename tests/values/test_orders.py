"""The order's life as a table: where each state may go, and what its words mean."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from core.values.ids import AccountName, IntentId, OrderId
from core.values.money import NO_QUANTITY, Quantity
from core.values.orders import (
    BY_HAND,
    FINAL_STATES,
    LEGAL_MOVES,
    Book,
    Order,
    OrderRequest,
    OrderRole,
    OrderState,
    OrderType,
    ProtectionClass,
    Purpose,
    Side,
    protection_class,
    side_of,
)

S = OrderState
AT_BROKER = {S.OPEN, S.PART_FILLED, S.FILLED, S.CANCELLED, S.REJECTED, S.EXPIRED}
MOVES = {
    S.INTENDED: {S.SENT, S.CANCELLED, S.REJECTED, S.EXPIRED},
    S.SENT: AT_BROKER | {S.UNKNOWN},
    S.UNKNOWN: AT_BROKER | {S.SENT},
    S.OPEN: AT_BROKER,
    S.PART_FILLED: AT_BROKER - {S.OPEN, S.REJECTED},
    S.FILLED: set(),
    S.CANCELLED: {S.FILLED},
    S.REJECTED: set(),
    S.EXPIRED: {S.FILLED},
}
"""DESIGN 3, written down apart from the code."""


@pytest.mark.parametrize("state", OrderState)
def test_a_state_may_go_where_the_design_says(state: OrderState) -> None:
    """And nowhere else."""
    assert LEGAL_MOVES[state] == MOVES[state]


def test_what_is_over_and_what_is_in_doubt() -> None:
    """Four ends; doubt from the first byte until somebody has told."""
    assert {state for state in S if state.final} == {S.FILLED, S.CANCELLED, S.REJECTED, S.EXPIRED} == FINAL_STATES
    assert {state for state in S if state.in_doubt} == {S.SENT, S.UNKNOWN}


def test_triggered_types_wait_for_a_price() -> None:
    """Stops and take-profits."""
    assert {kind for kind in OrderType if kind.triggered} == {OrderType.STOP, OrderType.TAKE_PROFIT}


REQUEST = OrderRequest(
    id=OrderId("o"),
    intent=IntentId("i"),
    account=AccountName("A"),
    ticker="SBER",
    side=Side.BUY,
    type=OrderType.MARKET,
    quantity=Quantity(Decimal(10)),
    role=OrderRole.TASK,
    purpose=Purpose.WORKING,
    because=(),
)


def test_what_remains_is_what_is_not_filled() -> None:
    """In pieces."""
    now, request = datetime(2026, 1, 5, tzinfo=UTC), REQUEST
    assert Order(request, S.OPEN, now, now).remaining == 10
    assert Order(request, S.PART_FILLED, now, now, filled=Quantity(Decimal(4))).remaining == 6
    assert Order(request, S.OPEN, now, now).filled == NO_QUANTITY


def test_a_side_is_the_sign_of_its_pieces() -> None:
    """Long buys, short sells."""
    assert [side_of(Decimal(text)) for text in ("0.1", "-0.1")] == [Side.BUY, Side.SELL]
    assert [side.opposite for side in Side] == [Side.SELL, Side.BUY]


def test_an_order_belongs_to_a_book_of_an_instrument_at_an_account() -> None:
    """Which is what positions are kept by."""
    assert REQUEST.key == ("A", "SBER", REQUEST.book)


def test_an_order_may_add_to_a_position_unless_it_says_otherwise() -> None:
    """Reduce-only is asked for, never assumed."""
    assert not REQUEST.reduce_only


@pytest.mark.parametrize(
    ("book", "promise"),
    [(BY_HAND, ProtectionClass.BY_HAND), ("spread:a", ProtectionClass.HEDGED), ("trade:a", ProtectionClass.MANAGED)],
)
def test_a_book_says_what_is_promised_of_it(book: Book, promise: ProtectionClass) -> None:
    """What people hold is never touched, a spread's legs hold each other, all else has its stop."""
    assert protection_class(book) is promise
