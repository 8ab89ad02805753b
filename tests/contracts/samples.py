"""Values to fill a journal with: plain ones by hand, any others by Hypothesis."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from core.values.alerts import Alert, AlertKind, Levels, Source
from core.values.changes import Audited
from core.values.fills import Fill, Position
from core.values.ids import (
    AccountName,
    AlertId,
    FillId,
    IntentId,
    NoticeId,
    OrderId,
    PositionId,
    ProposalId,
    QueueId,
    SpreadId,
    TaskId,
    UserId,
)
from core.values.money import NUMBER_MAX, Price, Quantity
from core.values.notices import Notice, NoticeKind
from core.values.orders import (
    ALERTS,
    Cause,
    CauseKind,
    Order,
    OrderRequest,
    OrderRole,
    OrderState,
    OrderType,
    Purpose,
    Side,
)
from core.values.proposals import Proposal, ProposalState
from core.values.spreads import SpreadRow
from core.values.tasks import QueueRow, Task, TaskGoal, TaskState

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BOB = UserId("bob")
DEMO = AccountName("demo")
FIVE = Quantity(Decimal(5))
HUNDRED = Price(Decimal(100))
HUNDRED_PIECES = Quantity(Decimal(100))

# Hypothesis finds these for every field of the type, so that a new field is in the round-trip tests by itself.
st.register_type_strategy(Decimal, st.decimals(-NUMBER_MAX, NUMBER_MAX, allow_nan=False, allow_infinity=False))
# Fixed offsets: Python calls a time in the hour that a zone repeats unequal to the same moment anywhere else.
st.register_type_strategy(
    datetime,
    st.datetimes(
        min_value=datetime(1971, 1, 1),  # noqa: DTZ001 - bounds are naive by Hypothesis' rule
        timezones=st.builds(lambda hours: timezone(timedelta(hours=hours)), st.integers(-12, 14)),
    ),
)


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def alert(**changes: Any) -> Alert:
    return Alert(
        **{
            "source": Source.ORDER,
            "received_at": NOON,
            "body": '{"ticker": "SBER"}',
            "kind": AlertKind.ENTRY,
            "ticker": "SBER",
            "side": Side.BUY,
            "price": HUNDRED,
            "long": Levels(stop=Price(Decimal("99.5"))),
            **changes,
        }
    )


def order(name: str, *causes: Cause, state: OrderState = OrderState.INTENDED, **changes: Any) -> Order:
    """changes: of the request."""
    request = OrderRequest(
        **{
            "id": OrderId(name),
            "intent": IntentId("intent"),
            "account": DEMO,
            "ticker": "SBER",
            "side": Side.BUY,
            "type": OrderType.LIMIT,
            "quantity": FIVE,
            "role": OrderRole.ENTRY,
            "purpose": Purpose.ENTRY,
            "because": causes,
            "book": ALERTS,
            "price": HUNDRED,
            **changes,
        }
    )
    return Order(request, state, NOON, NOON)


def because_of(alert_id: AlertId) -> Cause:
    return Cause(CauseKind.ALERT, alert_id)


def fill(name: str, **changes: Any) -> Fill:
    given: dict[str, Any] = {
        "id": FillId(name),
        "account": DEMO,
        "ticker": "SBER",
        "side": Side.BUY,
        "quantity": FIVE,
        "price": HUNDRED,
        "fee": Decimal("0.05"),
        "at": NOON,
    }
    return Fill(**given | changes)


def position(name: str, quantity: int) -> Position:
    return Position(PositionId(name), DEMO, "SBER", ALERTS, Quantity(Decimal(quantity)), HUNDRED, NOON, NOON)


def notice(name: str, **changes: Any) -> Notice:
    given: dict[str, Any] = {"id": NoticeId(name), "at": NOON, "kind": NoticeKind.INFO, "key": "test.key"}
    return Notice(**given | changes)


def task(name: str, goal: TaskGoal = TaskGoal.RUN, state: TaskState = TaskState.RUNNING, **changes: Any) -> Task:
    return Task(TaskId(name), "sellbuy", "/sellbuy", "title", {"ticker": "SBER"}, goal, state, NOON, **changes)


def queue_row(name: str, **changes: Any) -> QueueRow:
    return QueueRow(QueueId(name), DEMO, "SBER", Side.BUY, HUNDRED_PIECES, NOON, **changes)


def spread_row(name: str, **changes: Any) -> SpreadRow:
    given: dict[str, Any] = {"side": Side.SELL, "price": Decimal("-12.5"), "amount": FIVE, "ratio": HUNDRED_PIECES}
    return SpreadRow(SpreadId(name), DEMO, "SRZ6", "SBER", made_at=NOON, **given | changes)


def proposal(name: str, **changes: Any) -> Proposal:
    given: dict[str, Any] = {
        "id": ProposalId(name),
        "version": 1,
        "state": ProposalState.OPEN,
        "alert": AlertId("a"),
        "account": DEMO,
        "ticker": "SBER",
        "side": Side.BUY,
        "type": OrderType.LIMIT,
        "quantity": FIVE,
        "price": HUNDRED,
        "stop": None,
        "targets": (),
        "risk": Decimal(1),
        "created_at": NOON,
        "expires_at": later(60),
    }
    return Proposal(**given | changes)


def audited(about: str, **data: str) -> Audited:
    return Audited(NOON, BOB, "api", "test", about, data)
