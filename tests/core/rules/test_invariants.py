"""Each invariant of the books on books that keep it and on books that break it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from core.rules.invariants import beyond, differs, doubled, overfilled
from core.values.fills import Position
from core.values.ids import AccountName, IntentId, OrderId, PositionId
from core.values.money import Price, Quantity
from core.values.orders import ALERTS, Order, OrderRequest, OrderRole, OrderState, OrderType, Purpose, Side

NOW = datetime(2026, 3, 2, tzinfo=UTC)
ACCOUNT = AccountName("Testing")


def order(order_id: str = "1", filled: str = "0", state: OrderState = OrderState.OPEN, **changes: Any) -> Order:
    request = OrderRequest(
        id=OrderId(order_id),
        intent=IntentId("a"),
        account=ACCOUNT,
        ticker="SBER",
        side=Side.BUY,
        type=OrderType.MARKET,
        quantity=Quantity(Decimal(10)),
        role=OrderRole.ENTRY,
        purpose=Purpose.ENTRY,
        because=(),
        book=ALERTS,
    )
    return Order(replace(request, **changes), state, NOW, NOW, filled=Quantity(Decimal(filled)))


def closing(pieces: int, side: Side = Side.SELL) -> Order:
    return order(role=OrderRole.EXIT, side=side, quantity=Quantity(Decimal(pieces)))


def held(pieces: int) -> dict[Any, Position]:
    key = (ACCOUNT, "SBER", ALERTS)
    return {key: Position(PositionId("p"), *key, Quantity(Decimal(pieces)), Price(Decimal(300)), NOW, NOW)}


def test_i02_an_intent_has_one_entry() -> None:
    """Two of one alert are a breach; the stop beside it and another alert's entry are none."""
    stop, other = order("2", role=OrderRole.STOP), order("3", intent=IntentId("b"))
    assert doubled([order(), stop, other]) == []
    [found] = doubled([order(), order("2")])
    assert (found.number, found.about) == ("I2", "a")


@pytest.mark.parametrize(
    ("filled", "state", "sound"),
    [
        ("0", OrderState.OPEN, True),
        ("4", OrderState.PART_FILLED, True),
        ("4", OrderState.UNKNOWN, True),
        ("0", OrderState.PART_FILLED, False),
        ("10", OrderState.PART_FILLED, False),
        ("11", OrderState.OPEN, False),
        ("-1", OrderState.OPEN, False),
    ],
)
def test_i04_fills_stay_within_their_order(filled: str, state: OrderState, sound: bool) -> None:  # noqa: FBT001 - a table's column
    """A live order has less filled than it asks for, and some where it says so."""
    assert (overfilled([order(filled=filled, state=state)]) == []) is sound


@pytest.mark.parametrize(
    ("exits", "position", "sound"),
    [
        ([closing(10)], 10, True),
        ([closing(4), closing(6)], 10, True),
        ([closing(10, Side.BUY)], -10, True),
        ([closing(11)], 10, False),
        ([closing(10), closing(10)], 10, False),
        ([closing(10)], -10, False),
        ([closing(1)], 0, False),
    ],
)
def test_i06_exits_come_to_no_more_than_the_position(exits: list[Order], position: int, sound: bool) -> None:  # noqa: FBT001 - a table's column
    """All of them together, and against it."""
    assert (beyond(exits, held(position)) == []) is sound


@pytest.mark.parametrize(
    ("ours", "difference", "sound"),
    [("100", "0", True), ("100", "9", True), ("100", "10", False), ("0", "-10", False), ("10000", "50", True)],
)
def test_i04_the_broker_holds_what_the_books_hold(ours: str, difference: str, sound: bool) -> None:  # noqa: FBT001 - a table's column
    """Within a step of ten, or half a percent for fees in kind."""
    assert differs(Decimal(ours), Decimal(difference), Decimal(10)) is not sound
