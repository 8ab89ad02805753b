"""The kill switch, and the daily loss."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from core.services.daily_loss import DailyLoss
from core.values.accounts import Halt, RiskState
from core.values.alerts import AlertKind
from core.values.changes import Audited, Change
from core.values.errors import Transient
from core.values.ids import AccountName, UserId
from core.values.orders import OrderRole, OrderState, Refused, Side
from openoutcry.background import running
from openoutcry.latch import FileLatch
from tests.desk import OWNER, TESTING, TestDesk, an_alert, levels, opened, price, revoke, turns

D = Decimal
PROTECTED = ["sell limit 0.5 41000", "sell stop 0.5 39800"]


async def test_kill_outlives_a_restart(data_dir: Path) -> None:
    """Only a person's /arm frees it."""
    async with opened(data_dir) as desk:
        assert (await desk.say("/kill")).key == "command.killed"
    async with opened(data_dir) as desk:
        assert desk.engine.desk.safety.state() is RiskState.HALTED
        assert (await desk.say("/kill")).key == "command.killed_before"
        assert (await desk.enter()).reason == "halted"
        assert (await desk.say("/arm")).key == "command.armed"
        assert (await desk.say("/arm")).key == "command.armed_before"
    async with opened(data_dir) as desk:
        assert (await desk.enter()).reason == ""


async def test_a_halted_desk_takes_no_new_risk(desk: TestDesk) -> None:
    """Neither from alerts nor by hand; an entry alert does not even flatten."""
    await desk.enter()
    await desk.say("/kill")
    assert (await desk.enter(Side.SELL)).reason == "halted"
    assert (await desk.say("/buy 10 SBER")).params["code"] == "halted"
    assert await desk.holds() == {"BTCPERP": D("0.5")}
    assert len(await desk.orders(OrderRole.ENTRY)) == 1


async def test_a_halted_desk_lets_exits_through(desk: TestDesk) -> None:
    """Exits, moved stops and orders by hand that only reduce."""
    await desk.enter()
    await desk.say("/kill")
    await desk.book("40500", "40501")
    assert (await desk.breakeven()).reason == ""
    assert "sell stop 0.5 40100" in await desk.at_broker()
    assert (await desk.exit()).reason == ""
    assert (await desk.holds(), await desk.at_broker()) == ({}, [])


async def test_a_halted_desk_lets_people_sell_what_they_hold_once(desk: TestDesk) -> None:
    """A second order for the same pieces would go short."""
    await desk.say("/buy 10 SBER")
    await desk.book_of("SBER", "299.90", "299.99")
    await desk.say("/kill")
    assert (await desk.say("/sell 10 SBER")).key == "command.traded"
    assert (await desk.say("/sell 10 SBER")).params["code"] == "halted"


async def test_kill_cancels_working_entries_and_keeps_stops(desk: TestDesk) -> None:
    """Whatever could add risk goes; the position stays protected."""
    await desk.enter()
    await desk.limit("3150", ticker="ETHPERP", long=levels("2900"))
    await desk.say("/buy 10 SBER")
    answer = await desk.say("/kill")
    assert (answer.params["cancelled"], answer.params["left"]) == ("2", "0")
    assert await desk.at_broker() == PROTECTED


async def test_everybody_is_told_of_a_halt(desk: TestDesk) -> None:
    """A critical notice for every surface, and a row in the trail."""
    await desk.say("/kill")
    [notice] = await desk.notices("report.halted")
    assert (notice.critical, notice.params["by"]) == (True, "owner")
    assert "risk.halted" in [row.row.action for row in (await desk.engine.store.audit(10)).items]


async def test_i_15_kill_holds_back_what_is_marked_as_sent(data_dir: Path) -> None:
    """The broker is busy and asks to come again in two seconds; the kill comes after one: nothing leaves."""
    async with opened(data_dir, account={"dialect": "alpaca"}) as desk:
        desk.broker().script("429", retry_after=2)
        alert = an_alert(AlertKind.ENTRY, desk.now, side=Side.BUY, price=price("40000"), long=levels("39800"))
        await desk.let_in(alert)
        await desk.breathe()
        assert [o.state for o in desk.live()] == [OrderState.SENT]
        await desk.engine.desk.safety.kill(UserId("owner"), "test", "now")
        await desk.wait(3)
        await desk.settle()
        assert [(o.state, o.reason) for o in await desk.orders()] == [(OrderState.REJECTED, "halted")]
        assert (await desk.holds(), await desk.at_broker()) == ({}, [])


async def test_i_15_kill_reaches_an_order_on_its_way(desk: TestDesk) -> None:
    """Its bytes have left, the broker does not know it yet: it is cancelled as soon as it is there."""
    desk.broker().script("delay", seconds=3)
    buying = asyncio.ensure_future(desk.console.run("/buy 10 SBER", OWNER))
    await desk.breathe()
    assert [o.state for o in desk.live()] == [OrderState.SENT]
    [answer] = await desk.console.run("/kill", OWNER)
    assert answer.params["left"] == "1"
    await desk.wait(5)
    await buying
    await desk.settle()
    assert [o.state for o in await desk.orders()] == [OrderState.CANCELLED]
    assert await desk.at_broker() == []


async def test_kill_from_outside_is_obeyed(data_dir: Path) -> None:
    """Another process sets the latch: working orders go, entries are refused, until it is taken away."""
    async with opened(data_dir) as desk, running(desk.engine.reconciler.watch_latch()):
        await desk.say("/buy 10 SBER")
        latch = FileLatch(data_dir)
        latch.set(Halt(desk.now, "outside", "because"))
        await desk.wait(2)
        assert await desk.at_broker() == []
        assert (await desk.enter()).reason == "halted"
        assert [n.params["by"] for n in await desk.notices("report.halted")] == ["outside"]
        latch.clear()
        await desk.wait(2)
        assert (await desk.enter()).reason == ""


async def test_arming_from_outside_survives_a_journal_that_takes_nothing(data_dir: Path) -> None:
    """The disk says no once: armed all the same, and the next kill from outside is obeyed."""
    async with opened(data_dir) as desk, running(desk.engine.reconciler.watch_latch()):
        await desk.say("/kill")
        store, save, latch = desk.engine.store, desk.engine.store.save, FileLatch(data_dir)

        async def once_no(*changes: Change) -> None:
            if any(isinstance(change, Audited) for change in changes):
                store.save = save  # type: ignore[method-assign]  # the disk fails once
                raise Transient("disk full")
            await save(*changes)

        store.save = once_no  # type: ignore[method-assign]
        latch.clear()
        await desk.wait(2)
        assert desk.engine.desk.safety.state() is RiskState.ACTIVE
        latch.set(Halt(desk.now, "outside", "because"))
        await desk.wait(2)
        assert desk.engine.desk.safety.state() is RiskState.HALTED


async def test_a_kill_while_the_desk_was_down_cancels_what_worked(data_dir: Path) -> None:
    """Before anything else is done."""
    async with opened(data_dir) as desk:
        await desk.limit("39500", long=levels("39300"))
        now = desk.now
    FileLatch(data_dir).set(Halt(now, "outside", "because"))
    async with opened(data_dir) as desk:
        assert await desk.at_broker() == []


async def test_a_latch_that_cannot_be_read_halts(data_dir: Path) -> None:
    """Rubbish in the file is a halt, never a licence."""
    async with opened(data_dir):
        (data_dir / "HALTED").write_text("?")
    async with opened(data_dir) as desk:
        assert (await desk.enter()).reason == "halted"


async def test_i_15_kill_does_not_wait_for_the_journal(data_dir: Path) -> None:
    """Another program holds it: the halt is in force before it lets go."""
    async with opened(data_dir) as desk:
        with closing(sqlite3.connect(data_dir / "desk.sqlite3")) as other:
            other.execute("BEGIN IMMEDIATE")
            killing = asyncio.ensure_future(desk.console.run("/kill", OWNER))
            await turns()
            assert desk.engine.desk.safety.state() is RiskState.HALTED
            other.rollback()
        assert [answer.key for answer in await killing] == ["command.killed"]


async def test_i_15_kill_works_without_a_journal(desk: TestDesk) -> None:
    """Nothing can be written any more: halted all the same, and latched."""
    await desk.engine.store.close()
    [answer] = await desk.console.run("/kill", OWNER)
    assert answer.key == "command.killed"
    assert FileLatch(desk.settings.desk.data_dir).read() is not None


async def test_who_arms_without_a_journal_is_told_that_it_is_so(desk: TestDesk) -> None:
    """Not that it failed: the latch is free."""
    await desk.say("/kill")
    await desk.engine.store.close()
    assert await desk.engine.desk.safety.arm(OWNER.id, "console")
    assert desk.engine.desk.safety.state() is RiskState.ACTIVE
    assert FileLatch(desk.settings.desk.data_dir).read() is None


async def test_i_15_kill_works_without_a_latch(data_dir: Path) -> None:
    """Its file cannot be written: the halt holds in memory, and goes to disk as soon as that can be."""
    async with opened(data_dir) as desk, running(desk.engine.reconciler.watch_latch()):
        draft = data_dir / "HALTED.new"
        draft.mkdir()  # so the latch's draft cannot be opened
        await desk.say("/kill")
        await desk.wait(3)
        assert (await desk.enter()).reason == "halted"
        assert FileLatch(data_dir).read() is None
        draft.rmdir()
        await desk.wait(2)
        assert FileLatch(data_dir).read() is not None


async def test_the_daily_loss_leaves_an_account_only_exits(data_dir: Path) -> None:
    """REDUCING, told once, what worked for new risk cancelled; whatever the equity does, until the next UTC day."""
    async with opened(data_dir, risk={"daily_loss_percent": "0.9"}) as desk:
        await desk.enter()
        await desk.say("/buy 10 SBER")
        watch = DailyLoss(desk.engine.desk)
        await watch.look()
        assert desk.engine.desk.safety.state(TESTING) is RiskState.ACTIVE
        await desk.book("39801", "39802")
        await watch.look()
        await watch.look()
        assert (await desk.say("/status")).params["state"] == "REDUCING"
        assert [n.critical for n in await desk.notices("report.reducing")] == [True]
        assert await desk.at_broker() == PROTECTED
        await desk.book("40500", "40501")
        assert (await desk.enter()).reason == "daily_loss"
        assert (await desk.say("/buy 10 SBER")).params["code"] == "reducing"
    async with opened(data_dir) as desk:
        assert desk.engine.desk.safety.state(TESTING) is RiskState.REDUCING
        assert (await desk.exit()).reason == ""
        await desk.clock.advance(timedelta(days=1).total_seconds())
        assert desk.engine.desk.safety.state(TESTING) is RiskState.ACTIVE


async def test_the_daily_loss_stops_entries_until_tomorrow(data_dir: Path) -> None:
    """1 % lost of 1 % allowed; exits go on, and the day's start survives a restart."""
    limits = {"daily_loss_percent": "0.9"}
    async with opened(data_dir, risk=limits) as desk:
        await desk.enter()
        await desk.book("39799", "39800")
        await desk.book("39999.5", "40000")
        assert (await desk.enter()).reason == "daily_loss"
    async with opened(data_dir, risk=limits) as desk:
        await desk.book("39999.5", "40000")
        assert (await desk.enter()).reason == "daily_loss"
        await desk.clock.advance(timedelta(days=1).total_seconds())
        await desk.book("39999.5", "40000")
        assert (await desk.enter()).reason == ""


async def test_a_revoked_key_leaves_the_daily_loss_of_others_watched(data_dir: Path) -> None:
    """The first account's broker answers no more; the second one has lost too much."""
    other = {"name": "Other", "broker": "paper", "cash": "10000"}
    async with opened(data_dir, risk={"daily_loss_percent": "0.9"}, more_accounts=[other]) as desk:
        await desk.enter(account="Other")
        watch = DailyLoss(desk.engine.desk)
        await watch.look()
        revoke(desk.broker())
        await desk.book("39801", "39802")
        await watch.look()
        assert desk.engine.desk.safety.state(AccountName("Other")) is RiskState.REDUCING


async def test_a_daily_loss_that_the_journal_did_not_take_is_told_at_the_next_look(data_dir: Path) -> None:
    """The disk says no once: then people hear of it, and what worked for new risk is cancelled."""
    async with opened(data_dir, risk={"daily_loss_percent": "0.9"}) as desk:
        await desk.enter()
        await desk.say("/buy 10 SBER")
        watch, store, save = DailyLoss(desk.engine.desk), desk.engine.store, desk.engine.store.save
        await watch.look()
        await desk.book("39801", "39802")

        async def once_no(*changes: Change) -> None:
            store.save = save  # type: ignore[method-assign]  # the disk fails once
            raise Transient("disk full")

        store.save = once_no  # type: ignore[method-assign]
        await watch.look()
        assert await desk.notices("report.reducing") == []
        await watch.look()
        assert len(await desk.notices("report.reducing")) == 1
        assert await desk.at_broker() == PROTECTED


async def test_what_a_daily_loss_left_working_is_cancelled_at_the_next_look(data_dir: Path) -> None:
    """The desk ended between the decision and its cancels; what people sell since then stays."""
    async with opened(data_dir) as desk:
        await desk.say("/buy 10 SBER")
        await desk.book_of("SBER", "299.90", "299.99")
        await desk.limit("3150", ticker="ETHPERP", long=levels("2900"))
        [account] = [venue.account for venue in desk.engine.desk.venues.values()]
        await desk.engine.desk.safety.reduce(account, Refused("daily_loss", {}))
        assert "buy limit 0.37 3150" in await desk.at_broker()
    async with opened(data_dir, later=timedelta(seconds=1)) as desk:
        await desk.book_of("SBER", "299.90", "299.99")
        await desk.say("/sell 10 SBER")
        for _ in range(2):
            await DailyLoss(desk.engine.desk).look()
        await desk.settle()
        assert await desk.at_broker() == ["sell limit 10 299.99"]
