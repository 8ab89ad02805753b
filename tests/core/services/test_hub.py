"""The hub over a real journal: kept once, told to everybody, never traded."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.ports import Store, Target
from core.services.hub import QUEUE_MAX, Hub
from core.values.alerts import AlertStatus, Receipt, Source
from core.values.errors import Transient
from core.values.raw import RawAlert
from storage.sqlite import open_store
from storage.sqlite.store import SqliteStore
from targets.console import Console
from tests.desk import opened
from tests.targets.samples import RAW, SENT_AT, raw
from webhook_receiver.dialect_hub import as_alert


def no_cut() -> None:
    raise AssertionError("this socket was not slow")


async def publish(hub: Hub, alert: RawAlert = RAW) -> Receipt:
    return await hub.publish(as_alert(alert, received_at=SENT_AT, body="{}"), alert)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = await open_store(tmp_path / "desk.db", ManualClock(SENT_AT))
    yield store
    await store.close()


def hub_of(store: Store, *targets: Target, meters: tuple[Target, ...] = ()) -> Hub:
    clock = ManualClock(SENT_AT)
    return Hub(store, clock.now, clock, targets, meters)


async def test_tv_42_a_repeated_alert_is_told_again_and_kept_once(store: SqliteStore) -> None:
    """The row is done at once: nothing is left to trade, also after a restart."""
    hub = hub_of(store)
    subscriber = hub.subscribe(no_cut)
    first, second = await publish(hub), await publish(hub)
    assert (first.status, second.status) == (AlertStatus.ACCEPTED, AlertStatus.DUPLICATE)
    assert first.alert_id == second.alert_id
    assert [await subscriber.next(), await subscriber.next()] == [RAW.to_json()] * 2
    (row,) = (await store.alerts(10)).items
    assert (row.alert.source, row.status, row.done) == (Source.HUB, AlertStatus.ACCEPTED, True)
    assert await store.waiting_alerts() == []


async def test_an_alert_is_another_one_by_any_of_its_fields(store: SqliteStore) -> None:
    """Seven rows."""
    hub = hub_of(store)
    others = [
        raw(number=3),
        raw(name="x"),
        raw(symbol="x"),
        raw(interval=1),
        raw(direction="SELL"),
        raw(price=None),
        raw(sent_at=SENT_AT + timedelta(seconds=1)),
    ]
    for alert in (RAW, *others):
        await publish(hub, alert)
    assert len((await store.alerts(100)).items) == 8


async def test_a_meter_is_written_and_nobody_is_told(store: SqliteStore) -> None:
    """/carbon-alert's way: one line for each time it comes, one row in all."""
    told: list[str] = []
    written: list[str] = []
    hub = hub_of(store, Console(told.append), meters=(Console(written.append),))
    hub.start()
    for _ in range(2):
        await hub.meter(as_alert(RAW, received_at=SENT_AT, body="{}"), RAW)
    await publish(hub)
    await hub.close()
    assert (len(told), len(written)) == (1, 2)
    assert len((await store.alerts(10)).items) == 1


async def test_a_target_may_be_a_meter_too(store: SqliteStore) -> None:
    """It has one place, and gets what comes by either way, in order."""
    lines: list[str] = []
    both = Console(lines.append)
    hub = hub_of(store, both, meters=(both,))
    hub.start()
    first, second = raw(number=1), raw(number=2)
    await publish(hub, first)
    await hub.meter(as_alert(second, received_at=SENT_AT, body="{}"), second)
    await hub.close()
    assert [json.loads(line.removeprefix("Console: "))["id"] for line in lines] == [1, 2]
    assert len(hub.outlets) == 1


async def test_desks_that_follow_each_other_come_to_rest(store: SqliteStore) -> None:
    """What another desk told is passed on only when it is new."""
    hub = hub_of(store)
    subscriber = hub.subscribe(no_cut)
    for _ in range(3):
        await hub.relay(as_alert(RAW, received_at=SENT_AT, body="{}"), RAW)
    subscriber.close()
    assert [await subscriber.next(), await subscriber.next()] == [RAW.to_json(), None]


async def test_a_slow_socket_is_cut_off_and_not_felt(store: SqliteStore) -> None:
    """Its queue holds 64; the other socket gets everything."""
    cuts: list[bool] = []
    hub = hub_of(store)
    slow, quick = hub.subscribe(lambda: cuts.append(True)), hub.subscribe(no_cut)
    for number in range(QUEUE_MAX + 5):
        await publish(hub, raw(number=number))
        assert await quick.next() == raw(number=number).to_json()
    assert (cuts, hub.cut) == ([True], 1)
    assert await slow.next() is None


async def test_tv_27_a_closing_hub_sends_what_waits_and_refuses_the_rest(store: SqliteStore) -> None:
    """Sockets get what was queued for them, then the end."""
    lines: list[str] = []
    hub = hub_of(store, Console(lines.append))
    subscriber = hub.subscribe(no_cut)
    hub.start()
    for number in range(100):
        await publish(hub, raw(number=number))
        await subscriber.next()
    await publish(hub)
    await hub.close()
    assert len(lines) == 101
    assert [await subscriber.next(), await subscriber.next()] == [RAW.to_json(), None]
    with pytest.raises(Transient):
        await publish(hub)
    await hub.close()


async def test_a_hub_alert_never_trades_even_after_a_crash(tmp_path: Path) -> None:
    """A row that came in just before the power went is not traded by the next start."""
    async with opened(tmp_path) as desk:
        hub = hub_of(desk.engine.store)
        alert = raw(symbol="BYBIT:BTCPERP", sent_at=desk.now)
        await hub.publish(as_alert(alert, received_at=desk.now, body="{}"), alert)
    async with opened(tmp_path) as desk:
        assert await desk.orders() == []
        assert await desk.notices("refusal.head") == []
