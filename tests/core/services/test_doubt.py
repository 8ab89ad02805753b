"""What the desk does while nobody knows what became of an order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.values.alerts import AlertKind
from core.values.errors import Transient
from core.values.ids import OrderId
from core.values.orders import Order, OrderRequest, OrderRole, OrderState, OrderType, Side
from tests.desk import an_alert, levels, opened, price


async def test_an_answer_that_the_journal_did_not_take_is_asked_for(tmp_path: Path) -> None:
    """The broker has the order and the disk says no: found in simulation, where it stood as SENT for ever."""
    async with opened(tmp_path, listening=False) as desk:
        ledger, absorb = desk.engine.desk.ledger, desk.engine.desk.ledger.absorb

        async def no(*_: object) -> None:
            ledger.absorb = absorb  # type: ignore[method-assign]  # the disk fails once
            raise Transient("disk full")

        ledger.absorb = no  # type: ignore[method-assign, assignment]
        await desk.let_in(
            an_alert(
                AlertKind.ENTRY, desk.now, side=Side.BUY, order_type=OrderType.LIMIT, price=price("39500"),
                long=levels("39300"), sent_at=desk.now,
            )
        )  # fmt: skip
        await desk.breathe()
        await desk.wait(3)
        assert [o.state for o in desk.live(OrderRole.ENTRY)] == [OrderState.OPEN]


async def test_i05_a_stop_that_the_journal_did_not_take_is_placed_a_second_later(tmp_path: Path) -> None:
    """The disk says no while the guardian places a stop: found in simulation, where it waited for the next fill."""
    async with opened(tmp_path, account={"dialect": "alpaca"}) as desk:
        intend = desk.engine.desk.intend

        async def once_no(*requests: OrderRequest, **also: Any) -> Any:
            if requests[0].role is OrderRole.STOP:
                desk.engine.desk.intend = intend  # type: ignore[method-assign]  # the disk fails once
                raise Transient("disk full")
            return await intend(*requests, **also)

        desk.engine.desk.intend = once_no  # type: ignore[method-assign]
        await desk.enter()
        assert await desk.at_broker() == []
        await desk.engine.protection.monitor.look()
        await desk.settle()
        assert len(await desk.at_broker()) == 1


async def test_a_way_out_that_the_journal_did_not_take_is_tried_again(tmp_path: Path) -> None:
    """The disk says no between deciding to leave and marking it as sent: found in simulation, where the decision was
    taken for an order at work, and waited for, for ever."""
    async with opened(tmp_path) as desk:
        await desk.enter()
        send = desk.engine.desk.send

        async def once_no(order_id: OrderId) -> Order:
            desk.engine.desk.send = send  # type: ignore[method-assign]  # the disk fails once
            raise Transient("disk full")

        desk.engine.desk.send = once_no  # type: ignore[method-assign]
        [position] = desk.engine.desk.ledger.positions.values()
        desk.engine.guardian.leave(position, "stop")
        await desk.wait(5)
        assert await desk.holds() == {}
