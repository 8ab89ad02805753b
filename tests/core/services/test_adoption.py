"""Alerts that a process that stands by took in, on their way to the owner's desk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.services.receiving import Receiving
from core.values.alerts import Alert, AlertKind, AlertStatus
from core.values.orders import OrderRole, Side
from core.values.people import owner_person
from tests.desk import TestDesk, an_alert, levels, opened, price

OWNER = owner_person("test")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[TestDesk]:
    async with opened(tmp_path, risk={"entries_per_minute": 3}) as desk:
        yield desk


@pytest.fixture
def other(desk: TestDesk) -> Receiving:
    """The doors of another process on the same journal."""
    return Receiving(desk.engine.store, desk.wire, 30)


def entry(desk: TestDesk, **fields: object) -> Alert:
    at = {"side": Side.BUY, "price": price("40000"), "long": levels("39800", "41000")}
    return an_alert(AlertKind.ENTRY, desk.now, **at, **fields)


async def adopted(desk: TestDesk) -> int:
    taken = await desk.engine.adoption.adopt()
    for record in taken:
        desk.engine.drain.take(record)
    await desk.settle()
    return len(taken)


async def test_what_another_took_in_is_traded_once(desk: TestDesk, other: Receiving) -> None:
    """Accepted for its sender, received on disk; one look takes it up, and the next finds nothing."""
    receipt = await other.accept(entry(desk))
    assert receipt.status is AlertStatus.ACCEPTED
    assert (await desk.record(receipt.alert_id)).status is AlertStatus.RECEIVED
    assert [await adopted(desk), await adopted(desk)] == [1, 0]
    record = await desk.record(receipt.alert_id)
    assert (record.status, record.done) == (AlertStatus.ACCEPTED, True)
    assert len(await desk.orders(OrderRole.ENTRY)) == 1


async def test_limits_count_at_all_doors(desk: TestDesk, other: Receiving) -> None:
    """Two at the owner's and two elsewhere are one more than three: the last is throttled."""
    for _ in range(2):
        await desk.engine.intake.accept(entry(desk))
    ids = [(await other.accept(entry(desk))).alert_id for _ in range(2)]
    assert await adopted(desk) == 1
    records = [await desk.record(alert_id) for alert_id in ids]
    assert [(record.status, record.done) for record in records] == [
        (AlertStatus.ACCEPTED, True),
        (AlertStatus.THROTTLED, True),
    ]


async def test_a_stopped_bot_trades_nothing_that_came_elsewhere(desk: TestDesk, other: Receiving) -> None:
    """It is ignored and says why, as at the owner's door."""
    await desk.engine.office.bots.switch(OWNER, running=False)
    receipt = await other.accept(entry(desk))
    assert await adopted(desk) == 0
    record = await desk.record(receipt.alert_id)
    assert (record.status, record.reason, record.done) == (AlertStatus.IGNORED, "bot_stopped", True)
    assert [row.row.action for row in (await desk.engine.store.audit(1)).items] == ["alert.ignored"]


async def test_a_late_one_is_told_and_not_traded(desk: TestDesk, other: Receiving) -> None:
    """How old it is, the owner finds: it may have waited for one."""
    receipt = await other.accept(entry(desk, sent_at=desk.now - timedelta(seconds=61)))
    await adopted(desk)
    assert (await desk.record(receipt.alert_id)).status is AlertStatus.STALE
    assert await desk.orders() == []


async def test_equal_bodies_at_one_door_are_one_alert(desk: TestDesk, other: Receiving) -> None:
    """Within the window, also for a process that was started again in between."""
    alert = entry(desk, body="same")
    first = await other.accept(alert)
    anew = Receiving(desk.engine.store, desk.wire, 30)
    await anew.start()
    for door in (other, anew):
        again = await door.accept(alert)
        assert (again.status, again.alert_id) == (AlertStatus.DUPLICATE, first.alert_id)
        known = await door.first(again)
        assert known is not None
        assert known.id == first.alert_id


async def test_what_waited_for_an_owner_is_traded_by_the_next(tmp_path: Path) -> None:
    """In the order in which it came, before anything new."""
    async with opened(tmp_path) as desk:
        receipt = await Receiving(desk.engine.store, desk.wire, 30).accept(entry(desk))
    async with opened(tmp_path) as desk:
        await desk.settle()
        assert (await desk.record(receipt.alert_id)).done
        assert len(await desk.orders(OrderRole.ENTRY)) == 1
