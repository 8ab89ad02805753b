"""Orders whose outcome nobody knows, and desks that died."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.services.reconciler import AWAY_TRIES, LATER_S
from core.values.alerts import AlertKind
from core.values.errors import Broken
from core.values.fills import Fill
from core.values.ids import FillId
from core.values.money import Price, Quantity
from core.values.orders import Order, OrderRole, OrderState, Refused, Side
from tests.crash import die
from tests.desk import TESTING, TestDesk, an_alert, copy_of, levels, opened, price

D = Decimal
PROTECTED = ["sell limit 0.5 41000", "sell stop 0.5 39800"]
ALONE = levels("39800")


def rejections(orders: list[Order]) -> list[tuple[str, str, str]]:
    return [(o.request.role.value, o.state.value, o.reason) for o in orders]


# lost answers. Brokers without reduce-only get the entry first, so that the fault meets it


@pytest.mark.parametrize("dialect", ["alpaca", "binance"])
async def test_an_order_whose_answer_is_lost_is_found_and_adopted(data_dir: Path, dialect: str) -> None:
    """Exactly one order at the broker, one position, protected."""
    async with opened(data_dir, account={"dialect": dialect}) as desk:
        desk.broker().script("accept_then_drop")
        await desk.enter()
        await desk.wait(2)
        await desk.settle()
        assert await desk.holds() == {"BTCPERP": D("0.5")}
        assert desk.position.protected_by == "broker"
        assert [o.request.role for o in await desk.orders(OrderRole.ENTRY)] == [OrderRole.ENTRY]
        assert len(await desk.orders(OrderRole.STOP)) == 1


async def test_an_entry_that_never_arrived_is_sent_again_where_ids_allow(data_dir: Path) -> None:
    """Once, under the same id, while it is fresh."""
    async with opened(data_dir, account={"dialect": "alpaca"}) as desk:
        desk.broker().script("drop")
        await desk.enter()
        [entry] = await desk.orders()
        assert entry.state is OrderState.UNKNOWN
        await desk.wait(17)
        await desk.settle()
        assert await desk.holds() == {"BTCPERP": D("0.5")}
        assert [o.id for o in await desk.orders(OrderRole.ENTRY)] == [entry.id]
        assert await desk.at_broker() == ["sell stop 0.5 39800"]


async def test_an_entry_that_never_arrived_expires_when_its_time_is_over(data_dir: Path) -> None:
    """The market it was meant for is gone."""
    async with opened(data_dir, account={"dialect": "alpaca"}) as desk:
        desk.broker().script("drop")
        await desk.enter()
        await desk.clock.advance(61)
        await desk.wait(17)
        await desk.settle()
        assert rejections(await desk.orders()) == [("entry", "EXPIRED", "never_arrived")]
        assert len(await desk.notices("order.expired")) == 1


async def test_i_7_where_ids_mean_nothing_nothing_is_sent_again(data_dir: Path) -> None:
    """It stays UNKNOWN, people are called once."""
    async with opened(data_dir, account={"dialect": "angelone"}) as desk:
        desk.broker().script("drop")
        answer = await desk.say("/buy 10 SBER")
        assert answer.key == "command.traded"
        await desk.wait(60)
        assert [o.state for o in await desk.orders()] == [OrderState.UNKNOWN]
        assert await desk.at_broker() == []
        [notice] = await desk.notices("order.unknown")
        assert notice.critical


async def test_a_person_ends_an_order_that_the_broker_denies(data_dir: Path) -> None:
    """While it is asked about, a cancel only waits for the word; once it was denied often enough, `/cancel` ends it."""
    async with opened(data_dir, account={"dialect": "angelone"}) as desk:
        desk.broker().script("drop")
        await desk.say("/buy 10 SBER")
        await desk.wait(17)
        assert [o.state for o in await desk.orders()] == [OrderState.UNKNOWN]
        await desk.say("/cancel")
        assert rejections(await desk.orders()) == [("task", "EXPIRED", "never_arrived")]


async def test_a_lost_stop_that_only_reduces_is_replaced_anywhere(data_dir: Path) -> None:
    """A broker without idempotent ids: another stop under another id, and people are told."""
    async with opened(data_dir, account={"dialect": "binance"}) as desk:
        await desk.enter()
        await desk.book("40500", "40501")
        desk.broker().script("drop")
        await desk.breakeven()
        await desk.wait(17)
        await desk.settle()
        assert await desk.at_broker() == ["sell limit 0.5 41000", "sell stop 0.5 40100"]
        assert len(await desk.notices("order.unknown")) == 1
        assert len(await desk.orders(OrderRole.STOP)) == 3


async def test_an_order_lost_twice_is_asked_for_twice(data_dir: Path) -> None:
    """The one sent again is lost as well."""
    async with opened(data_dir, account={"dialect": "alpaca"}) as desk:
        desk.broker().script("drop", 2)
        await desk.enter()
        await desk.wait(34)
        await desk.settle()
        assert await desk.holds() == {"BTCPERP": D("0.5")}
        assert len(await desk.orders(OrderRole.ENTRY)) == 1


async def test_silence_is_not_an_answer(data_dir: Path) -> None:
    """A broker that cannot be asked has not said that it does not know the order."""
    async with opened(data_dir, account={"dialect": "angelone"}) as desk:
        desk.broker().script("drop")
        await desk.say("/buy 10 SBER")
        desk.broker().script("disconnect", 20)
        await desk.wait(18)
        assert await desk.notices("order.unknown") == []
        await desk.wait(40)
        assert len(await desk.notices("order.unknown")) == 1


async def test_too_many_requests_is_tried_again(desk: TestDesk) -> None:
    """As the broker says: later, and it is the same order."""
    desk.broker().script("429", retry_after=2)
    await desk.let_in(an_alert(AlertKind.ENTRY, desk.now, side=Side.BUY, price=price("40000"), long=ALONE))
    await desk.wait(4)
    await desk.settle()
    assert await desk.holds() == {"BTCPERP": D("0.5")}
    assert await desk.at_broker() == ["sell stop 0.5 39800"]


async def test_a_broker_that_stays_busy_is_no_entry(desk: TestDesk) -> None:
    """Three tries each; the stop tries longer."""
    desk.broker().script("429", 30, retry_after=1)
    alert_id = await desk.let_in(an_alert(AlertKind.ENTRY, desk.now, side=Side.BUY, price=price("40000"), long=ALONE))
    await desk.wait(45)
    await desk.settle()
    assert (await desk.record(alert_id)).reason == "stop_not_placed"
    assert await desk.at_broker() == []


async def test_fills_that_the_stream_missed_are_fetched(data_dir: Path) -> None:
    """Nobody listens: the ticket says filled, the fills are asked for, and the stop stays all the while."""
    async with opened(data_dir, listening=False) as desk:
        await desk.enter()
        assert desk.positions() == []
        assert [o.request.role for o in desk.live()] == [OrderRole.ENTRY, OrderRole.STOP]
        await desk.wait(3)
        await desk.settle()
        assert desk.position.position.quantity == D("0.5")
        assert await desk.at_broker() == PROTECTED


async def test_every_order_whose_fills_are_late_is_waited_for(data_dir: Path) -> None:
    """Two instruments at once."""
    async with opened(data_dir, listening=False) as desk:
        await desk.enter(long=ALONE)
        await desk.enter(ticker="ETHPERP", price=price("3200"), long=levels("3100"))
        await desk.wait(3)
        await desk.settle()
        assert len(desk.positions()) == 2


# restarts


async def test_a_clean_restart_changes_nothing(data_dir: Path) -> None:
    """Positions, stops and money to the last digit."""
    async with opened(data_dir, account={"fee_percent": "0.1"}) as desk:
        await desk.enter()
        before = (desk.position.position, await desk.at_broker(), await desk.broker().cash(), await desk.holds())
    async with opened(data_dir, account={"fee_percent": "0.1"}) as desk:
        after = (desk.position.position, await desk.at_broker(), await desk.broker().cash(), await desk.holds())
        assert after == before
        assert await desk.notices("position.differs") == []
        assert await desk.engine.store.verify_audit() is None
        await desk.book("41000", "41001")
        assert (await desk.holds(), await desk.at_broker()) == ({}, [])


CRASHES = [
    "intent.post_commit", "intent.post_commit:2", "send.marked", "send.marked:2", "send.marked:3",
    "send.resp_in", "send.resp_in:2", "send.resp_in:3", "fill.pre_commit", "fill.post_commit",
]  # fmt: skip


@pytest.mark.parametrize("point", CRASHES)
async def test_i_2_a_desk_killed_while_it_enters_ends_with_one_protected_position(data_dir: Path, point: str) -> None:
    """One entry, its stop and its target, the alert done; and it trades on."""
    die(data_dir, point)
    async with opened(data_dir) as desk:
        [record] = (await desk.engine.store.alerts(10)).items
        assert (record.done, record.reason) == (True, "")
        assert [o.state for o in await desk.orders(OrderRole.ENTRY)] == [OrderState.FILLED]
        assert await desk.holds() == {"BTCPERP": D("0.5")}
        assert await desk.at_broker() == PROTECTED
        assert desk.position.protected_by == "broker"
        assert await desk.notices("position.differs") == []
        assert await desk.engine.store.verify_audit() is None
        assert [o.request.role for o in desk.live()] in (
            [OrderRole.STOP, OrderRole.TARGET], [OrderRole.TARGET, OrderRole.STOP],
        )  # fmt: skip


async def test_a_desk_killed_while_it_recovers_recovers(data_dir: Path) -> None:
    """Start-up is crash recovery, also of itself."""
    die(data_dir, "send.marked:2")
    die(data_dir, "recon.mid", "restart")
    async with opened(data_dir) as desk:
        assert await desk.holds() == {"BTCPERP": D("0.5")}
        assert await desk.at_broker() == PROTECTED


async def test_what_the_guardian_had_only_decided_is_decided_anew(data_dir: Path) -> None:
    """Killed while it enters, and again in recovery with the target decided and not sent: the target stands."""
    die(data_dir, "send.marked:2")
    die(data_dir, "intent.post_commit", "restart")
    async with opened(data_dir) as desk:
        assert await desk.holds() == {"BTCPERP": D("0.5")}
        assert await desk.at_broker() == PROTECTED
        assert {o.state for o in desk.live()} == {OrderState.OPEN}


async def test_a_desk_killed_while_it_cancels_goes_on_cancelling(data_dir: Path) -> None:
    """The exit alert is not done, so it is done now."""
    die(data_dir, "cancel.mid", "cancel")
    async with opened(data_dir) as desk:
        assert all(record.done for record in (await desk.engine.store.alerts(10)).items)
        assert (await desk.at_broker(), desk.live()) == ([], [])


@pytest.mark.parametrize("point", ["intent.post_commit", "send.marked:2"])
async def test_an_entry_that_waited_through_a_long_outage_is_not_sent(data_dir: Path, point: str) -> None:
    """Decided, then the power was away for an hour: expired or given up, and no stop is left alone."""
    die(data_dir, point)
    async with opened(data_dir, later=timedelta(hours=1)) as desk:
        assert await desk.holds() == {} or point == "intent.post_commit"
        if point == "send.marked:2":
            assert (await desk.at_broker(), desk.live()) == ([], [])


async def test_where_ids_mean_little_a_lost_stop_holds_its_entry_back(data_dir: Path) -> None:
    """Killed with the stop marked as sent: nobody knows whether it stands, so the entry must not go."""
    async with opened(data_dir, account={"dialect": "binance"}) as desk:
        desk.broker().script("delay", seconds=100)
        alert_id = await desk.let_in(
            an_alert(AlertKind.ENTRY, desk.now, side=Side.BUY, price=price("40000"), long=ALONE)
        )
        await desk.breathe()
        assert [o.state for o in desk.live(OrderRole.STOP)] == [OrderState.SENT]
        dead = copy_of(data_dir)
    async with opened(dead, settled=False, account={"dialect": "binance"}) as desk:
        await desk.wait(22)
        await desk.settle()
        assert (await desk.record(alert_id)).reason == "stop_not_placed"
        assert (await desk.holds(), await desk.at_broker(), desk.live()) == ({}, [], [])


async def test_a_broker_that_is_away_at_start_is_asked_again(data_dir: Path) -> None:
    """Recovery waits for it and ends as if it had been there."""
    async with opened(data_dir) as desk:
        await desk.enter()
        desk.broker().script("disconnect", 3)
        recovery = asyncio.create_task(desk.engine.reconciler.recover())
        while not recovery.done():
            await desk.wait(1)
        assert (await recovery).positions == 1


async def test_a_broker_that_stays_away_keeps_no_desk_from_starting(data_dir: Path) -> None:
    """After a minute the desk starts without it, says so, and takes no new risk there until it is settled."""
    async with opened(data_dir) as desk:
        await desk.enter()
        desk.broker().script("disconnect", AWAY_TRIES + 4)
        recovery = asyncio.create_task(desk.engine.reconciler.recover())
        while not recovery.done():
            await desk.wait(1)
        safety = desk.engine.desk.safety
        assert safety.held_back(TESTING) == Refused("unsettled", {"account": TESTING})
        [notice] = await desk.notices("report.unsettled")
        assert (notice.critical, notice.params["account"]) == (True, TESTING)
        await desk.wait(8 * LATER_S)
        assert safety.held_back(TESTING) is None


# what the broker has that we have not


async def test_what_the_broker_holds_beyond_our_books_is_shown_by_hand(data_dir: Path) -> None:
    """Bought elsewhere, long before the fills it still tells: adopted, told, not touched."""
    async with opened(data_dir) as desk:
        await desk.enter()
        broker = desk.broker()
        foreign = Fill(
            FillId("x"), TESTING, "SBER", Side.BUY, Quantity(D(10)), Price(D(300)), D(0), desk.now - timedelta(days=30)
        )
        broker._venue.ledger.take(foreign)  # a broker remembers holdings longer than executions
        await desk.engine.reconciler.recover()
        [by_hand] = [v for v in desk.positions() if v.position.ticker == "SBER"]
        assert (by_hand.position.quantity, by_hand.protection.value) == (D(10), "by_hand")
        [notice] = await desk.notices("position.differs")
        assert (notice.critical, notice.params["difference"]) == (True, "10")
        broker._venue.ledger.take(replace(foreign, side=Side.SELL, ticker="BTCPERP", quantity=Quantity(D("0.2"))))
        await desk.engine.reconciler.recover()
        await desk.settle()
        [managed] = [v for v in desk.positions() if v.position.ticker == "BTCPERP"]
        assert managed.position.quantity == D("0.3")
        assert "sell stop 0.3 39800" in await desk.at_broker()


async def test_fills_of_every_account_are_caught_up(data_dir: Path) -> None:
    """A fill of one account an hour ago is not hidden by a newer one of another."""
    other = {"name": "Other", "broker": "paper"}
    async with opened(data_dir, listening=False, more_accounts=[other]) as desk:
        await desk.limit("39500", account="Other", long=levels("39300"))
        await desk.book("39499", "39500")
        await desk.clock.advance(3600)
        await desk.book("39999", "40000")
        await desk.enter(long=ALONE)
        assert desk.positions() == []
        await desk.engine.reconciler.recover()
        await desk.settle()
        held = {v.position.account: v.protection.value for v in desk.positions()}
        assert held == {"Testing": "managed", "Other": "managed"}
        assert await desk.notices("position.differs") == []


async def test_no_start_without_an_account_on_which_something_stands_open(tmp_path: Path) -> None:
    """One that was renamed in the settings: said by its name, before anything trades unwatched."""
    async with opened(tmp_path / "d") as desk:
        await desk.enter()
    with pytest.raises(Broken, match=TESTING):
        async with opened(tmp_path / "d", account={"name": "Other"}):
            pass
