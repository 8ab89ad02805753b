"""From the inbox to the desk: every accepted alert once, in order, and no backlog traded."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.services import drain
from core.values.alerts import Alert, AlertKind, AlertStatus
from core.values.orders import OrderRole, OrderState, Side
from tests.crash import die
from tests.desk import TestDesk, an_alert, copy_of, levels, opened, price

D = Decimal
PROTECTED = ["sell limit 0.5 41000", "sell stop 0.5 39800"]


def entry(desk: TestDesk, **fields: object) -> Alert:
    known = {"side": Side.BUY, "price": price("40000"), "long": levels("39800", "41000"), "sent_at": desk.now}
    return an_alert(AlertKind.ENTRY, desk.now, **(known | fields))


async def accepted(data_dir: Path, *kinds: AlertKind) -> None:
    """Alerts that are on disk and were never looked at: the power went."""
    async with opened(data_dir) as desk:
        desk.engine.intake.on_accepted = lambda _record: None
        for kind in kinds:
            await desk.let_in(replace(entry(desk), kind=kind))


async def test_what_was_accepted_before_a_crash_is_traded_after_it(data_dir: Path) -> None:
    """Still fresh: once, and done."""
    await accepted(data_dir, AlertKind.ENTRY)
    async with opened(data_dir) as desk:
        assert await desk.at_broker() == PROTECTED
    async with opened(data_dir) as desk:
        assert len(await desk.orders(OrderRole.ENTRY)) == 1


async def test_i_10_a_backlog_of_old_entries_is_told_and_not_traded(data_dir: Path) -> None:
    """After an hour and more of outage: stale, done, no order."""
    await accepted(data_dir, AlertKind.ENTRY, AlertKind.ENTRY)
    async with opened(data_dir, later=timedelta(seconds=61)) as desk:
        records = (await desk.engine.store.alerts(10)).items
        assert [(r.status, r.done, r.reason) for r in records] == [(AlertStatus.STALE, True, "stale")] * 2
        assert (await desk.orders(), await desk.refusals()) == ([], ["stale", "stale"])


async def test_exits_may_be_older_than_entries(data_dir: Path) -> None:
    """An exit of ten minutes ago still closes the position."""
    async with opened(data_dir) as desk:
        await desk.enter()
    await accepted(data_dir, AlertKind.EXIT)
    async with opened(data_dir, later=timedelta(minutes=10)) as desk:
        assert (await desk.holds(), await desk.at_broker()) == ({}, [])


async def test_what_was_decided_and_not_sent_is_taken_back_when_its_time_is_over(data_dir: Path) -> None:
    """The stop stands, the entry waits at a busy broker, the power goes for two minutes: nothing is left."""
    async with opened(data_dir) as desk:
        desk.broker().script("delay", seconds=100)
        await desk.let_in(entry(desk))
        await desk.breathe()
        assert [o.state for o in desk.live()] == [OrderState.INTENDED, OrderState.SENT]
        dead = copy_of(data_dir)
    async with opened(dead, later=timedelta(minutes=2)) as desk:
        [record] = (await desk.engine.store.alerts(10)).items
        assert (record.done, record.reason) == (True, "stale")
        assert (await desk.holds(), await desk.at_broker(), desk.live()) == ({}, [], [])


async def test_an_entry_that_was_traded_is_not_called_stale(data_dir: Path) -> None:
    """Filled, then the power went before the alert was done: what is left to do is done, whatever its age."""
    die(data_dir, "fill.post_commit")
    async with opened(data_dir, later=timedelta(minutes=2)) as desk:
        [record] = (await desk.engine.store.alerts(10)).items
        assert (record.done, record.reason) == (True, "")
        assert await desk.at_broker() == PROTECTED


async def test_alerts_of_one_instrument_keep_their_order(desk: TestDesk) -> None:
    """Long, short, long, exit: accepted in one burst, done one after the other."""
    kinds = [(AlertKind.ENTRY, Side.BUY), (AlertKind.ENTRY, Side.SELL), (AlertKind.ENTRY, Side.BUY)]
    for kind, side in kinds:
        await desk.let_in(replace(entry(desk), kind=kind, side=side, short=levels("40200")))
    await desk.let_in(an_alert(AlertKind.EXIT, desk.now))
    await desk.settle()
    assert [o.request.side for o in await desk.orders(OrderRole.ENTRY)] == [side for _, side in kinds]
    assert (await desk.holds(), await desk.at_broker()) == ({}, [])


async def test_instruments_do_not_wait_for_each_other(desk: TestDesk) -> None:
    """One broker call hangs; the other instrument is through long before."""
    desk.broker().script("delay", seconds=100)
    await desk.let_in(entry(desk))
    await desk.breathe()
    other = await desk.let_in(entry(desk, ticker="ETHPERP", price=price("3200"), long=levels("3100")))
    await desk.breathe()
    assert (await desk.record(other)).done
    assert "ETHPERP" in await desk.holds()
    assert "BTCPERP" not in await desk.holds()


async def test_an_alert_for_an_account_that_is_gone_is_refused_and_done(data_dir: Path) -> None:
    """The settings changed while it waited."""
    await accepted(data_dir, AlertKind.ENTRY)
    async with opened(data_dir, account={"name": "Renamed"}) as desk:
        [record] = (await desk.engine.store.alerts(10)).items
        assert (record.done, record.reason) == (True, "unknown_account")
        assert await desk.refusals() == ["unknown_account"]


async def test_a_poison_alert_is_told_and_blocks_nobody(desk: TestDesk) -> None:
    """An entry that slipped in without a side: done as failed, and the next one is traded."""
    record = await desk.take(entry(desk, side=None))
    assert (record.done, record.reason) == (True, "failed")
    assert await desk.refusals() == ["failed"]
    await desk.enter()
    assert await desk.at_broker() == PROTECTED


async def test_a_broker_that_cannot_be_reached_makes_an_alert_wait(desk: TestDesk) -> None:
    """Not lost, not refused: tried again."""
    desk.broker().script("disconnect", 2)
    alert_id = await desk.let_in(entry(desk))
    await desk.breathe()
    assert not (await desk.record(alert_id)).done
    await desk.wait(5)
    await desk.settle()
    assert (await desk.record(alert_id)).done
    assert await desk.at_broker() == PROTECTED


async def test_what_does_not_fit_in_memory_waits_in_the_inbox_and_is_not_overtaken(desk: TestDesk) -> None:
    """The desk holds as many as it may; one has to wait in the inbox, and so has the next, though there is room."""
    for seconds, ticker, at, stop in ((2, "ETHPERP", "3200", "3100"), (6, "BTCPERP", "40000", "39800")):
        desk.broker().script("delay", seconds=seconds)
        await desk.let_in(entry(desk, ticker=ticker, price=price(at), long=levels(stop)))
        await desk.breathe()
    crowd = [an_alert(AlertKind.INFO, desk.now, message="crowd") for _ in range(drain.WAITING_MAX - 2)]
    await asyncio.gather(*map(desk.let_in, crowd))
    await desk.let_in(an_alert(AlertKind.INFO, desk.now, ticker="SBER", message="first"))
    await desk.wait(3)
    assert "ETHPERP" in await desk.holds()
    await desk.let_in(an_alert(AlertKind.INFO, desk.now, ticker="SBER", message="second"))
    await desk.breathe()
    assert not [n for n in await desk.notices("alert.told") if n.params["ticker"] == "SBER"]
    await desk.wait(5)
    while await desk.engine.store.waiting_alerts():
        await desk.settle()
        await desk.breathe()
    told = [n.params["message"] for n in await desk.notices("alert.told") if n.params["ticker"] == "SBER"]
    assert told == ["first", "second"]


async def test_what_comes_in_while_the_desk_starts_is_not_left_lying(data_dir: Path) -> None:
    """The door is open before recovery is done."""
    async with opened(data_dir) as desk:
        assert desk.engine.intake.on_accepted == desk.engine.drain.take
        await desk.engine.drain.catch_up()
        assert (await desk.take(entry(desk))).done


async def test_a_late_alert_waits_behind_those_that_wait_in_the_inbox(desk: TestDesk) -> None:
    """While the inbox is being read, what comes in is read with it or after it."""
    alerts = [entry(desk, side=side, short=levels("40200")) for side in (Side.BUY, Side.SELL)]
    desk.engine.intake.on_accepted = lambda _record: None
    await desk.let_in(alerts[0])
    desk.engine.intake.on_accepted = desk.engine.drain.take
    reading = desk.engine.drain.catch_up()
    await asyncio.gather(reading, desk.let_in(alerts[1]))
    await desk.breathe()
    await desk.settle()
    assert [o.request.side for o in await desk.orders(OrderRole.ENTRY)] == [Side.BUY, Side.SELL]


@pytest.mark.parametrize("account", ["testing", "TESTING", None])
async def test_an_account_is_found_however_it_is_written(desk: TestDesk, account: str | None) -> None:
    """In any case, and where there is one alone, without a name."""
    assert (await desk.enter(account=account)).reason == ""
    assert await desk.at_broker() == PROTECTED
