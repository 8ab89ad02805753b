"""The promise and its measure: what happens while nobody hears prices, and what people are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from core.services.monitor import SEEN
from core.values.alerts import AlertKind
from core.values.changes import FlagSet
from core.values.errors import Transient
from core.values.orders import OrderRole, OrderState
from tests.desk import TestDesk, an_alert, opened, price
from tests.guard import BARE, ROOM, exits, hold, on_a_cable, quote, quotes, rule

D = Decimal
TINVEST: dict[str, Any] = {"account": {"dialect": "tinvest", "cash": "1000000"}}


def seconds(desk: TestDesk) -> float:
    return desk.engine.protection.monitor.unprotected_seconds


async def test_a_dead_feed_is_replaced_by_asking(data_dir: Path) -> None:
    """Every other second; the position stays protected, and a crash is seen."""
    async with opened(data_dir, **BARE, **ROOM) as desk:
        cable = on_a_cable(desk)
        await hold(desk, rule("2"))
        cable.up, cable.asked = False, 0
        await desk.wait(10)
        assert 4 <= cable.asked <= 6
        assert (desk.position.protected_by, seconds(desk)) == ("desk", 0)
        desk.engine.market.set_book("SBER", D("190"), D("190.01"))
        await desk.wait(5)
        await desk.settle()
        assert await desk.holds() == {}


async def test_nobody_hears_prices_one_alarm_and_counted_seconds(data_dir: Path) -> None:
    """No feed, no answers: the seconds run, on the page and in the figure, until prices are back."""
    async with opened(data_dir, **BARE, **ROOM) as desk:
        cable = on_a_cable(desk)
        await hold(desk, rule("2"))
        cable.up = cable.answers = False
        await desk.wait(20)
        assert [view.protected_by for view in desk.positions()] == [None]
        [alarm] = await desk.notices("position.unprotected")
        assert (alarm.critical, alarm.params["code"]) == (True, "feed_dead")
        assert 10 <= desk.position.position.unprotected_s <= 20
        cable.up = True
        await desk.wait(2)
        assert desk.position.protected_by == "desk"
        assert len(await desk.notices("position.protected")) == 1
        before = desk.position.position.unprotected_s
        await desk.wait(5)
        assert desk.position.position.unprotected_s == before == seconds(desk)


async def test_an_alarm_that_the_journal_did_not_take_is_told_a_second_later(data_dir: Path) -> None:
    """The disk says no to the alarm, and to its end: each is told once, and no second is counted twice."""
    async with opened(data_dir, **BARE, **ROOM) as desk:
        cable, ledger, amend = on_a_cable(desk), desk.engine.desk.ledger, desk.engine.desk.ledger.amend
        await hold(desk, rule("2"))

        async def once_no(*_: object) -> None:
            ledger.amend = amend  # type: ignore[method-assign]  # the disk fails once
            raise Transient("disk full")

        for up, key in ((False, "position.unprotected"), (True, "position.protected")):
            ledger.amend = once_no  # type: ignore[method-assign, assignment]
            cable.up = cable.answers = up
            await desk.wait(20)
            assert len(await desk.notices(key)) == 1
        assert seconds(desk) == desk.position.position.unprotected_s


async def test_a_way_out_that_nobody_knows_of_is_no_protection(data_dir: Path) -> None:
    """The stop went before it, where nothing reduces only, and the watch makes no second one: people are told."""
    async with opened(data_dir, account={"dialect": "angelone"}) as desk:
        await desk.enter()
        desk.broker().script("drop")
        await desk.let_in(an_alert(AlertKind.EXIT, desk.now, price=price("40000")))
        await desk.wait(40)
        assert desk.position.protected_by is None
        [alarm] = await desk.notices("position.unprotected")
        assert alarm.params["code"] == "exit_unsure"
        await desk.say("/cancel")
        await desk.wait(2)
        assert desk.position.protected_by == "broker"


async def test_each_incident_is_told_once(data_dir: Path) -> None:
    """Two cuts, two alarms."""
    async with opened(data_dir, **BARE, **ROOM) as desk:
        cable = on_a_cable(desk)
        await hold(desk, rule("2"))
        for _ in range(2):
            cable.up = cable.answers = False
            await desk.wait(12)
            cable.up = cable.answers = True
            await desk.wait(3)
        assert len(await desk.notices("position.unprotected")) == 2


async def test_a_stop_at_the_broker_needs_no_feed(data_dir: Path) -> None:
    """It acts by itself."""
    async with opened(data_dir, account={"cash": "1000000"}, **ROOM) as desk:
        cable = on_a_cable(desk)
        await hold(desk, rule("2"))
        cable.up = cable.answers = False
        await desk.wait(20)
        assert (desk.position.protected_by, seconds(desk)) == ("broker", 0)


async def test_an_incident_goes_on_over_a_restart(data_dir: Path) -> None:
    """It began before the kill and ends after it, so all of it counts."""
    async with opened(data_dir, **BARE, **ROOM) as desk:
        cable = on_a_cable(desk)
        await hold(desk, rule("2"))
        cable.up = cable.answers = False
        await desk.wait(12)
    async with opened(data_dir, later=timedelta(seconds=60), **BARE, **ROOM) as desk:
        await desk.wait(2)
        assert desk.position.protected_by == "desk"
        assert desk.position.position.unprotected_s > 45


async def test_what_only_the_desk_watches_is_alone_while_it_is_down(data_dir: Path) -> None:
    """The gap is counted from when the desk was last there."""
    async with opened(data_dir, **BARE, **ROOM) as desk:
        await hold(desk, rule("2"))
        await desk.wait(2)
    async with opened(data_dir, later=timedelta(seconds=60), **BARE, **ROOM) as desk:
        assert 50 <= desk.position.position.unprotected_s <= 60
        assert 50 <= seconds(desk) <= 60


async def test_after_a_short_restart_at_most_twenty_seconds_count(data_dir: Path) -> None:
    """Five seconds away at the worst moment, when its presence was about to be noted again: all of them and more."""
    began = datetime.now(UTC)
    async with opened(data_dir, began=began, **BARE, **ROOM) as desk:
        await hold(desk, rule("2"))
        await desk.wait(15)
    async with opened(data_dir, began=began, later=timedelta(seconds=20), **BARE, **ROOM) as desk:
        assert 15 <= desk.position.position.unprotected_s <= 20


async def test_presence_is_noted_four_times_a_minute(data_dir: Path) -> None:
    """No more: an SD card wears out by it. Nothing is noted where nothing is watched."""
    async with opened(data_dir, **BARE, **ROOM) as desk:
        noted: list[str] = []
        desk.engine.store.listen(
            lambda changes: noted.extend(c.value for c in changes if isinstance(c, FlagSet) and c.key == SEEN)
        )
        await desk.wait(60)
        assert noted == []
        await hold(desk, rule("2"))
        await desk.wait(60)
        assert len(noted) == 4


async def test_between_two_moves_at_the_broker_the_desk_holds_the_better_level(data_dir: Path) -> None:
    """Fifty calls a minute let a stop move every six seconds; the price falls back before that."""
    async with opened(data_dir, **TINVEST, **ROOM) as desk:
        await hold(desk, rule("2", trailing="1.5"))
        await quotes(desk, "204", "208", "212")
        assert await desk.at_broker() == ["sell stop 100 200.94"]
        assert desk.position.position.plan.stop == D("208.82")
        await desk.wait(7)
        await desk.settle()
        assert await desk.at_broker() == ["sell stop 100 208.82"]
        await quotes(desk, "216", "212.76")
        assert (await desk.holds(), await desk.at_broker(), len(await exits(desk))) == ({}, [], 1)
        [way_out] = await desk.orders(OrderRole.EXIT)
        assert way_out.state is OrderState.FILLED


async def test_two_positions_share_the_brokers_budget_the_one_furthest_behind_first(data_dir: Path) -> None:
    """The second one's turn comes six seconds later."""
    async with opened(data_dir, **TINVEST, **ROOM) as desk:
        await hold(desk, rule("2", trailing="1"))
        await hold(desk, rule("2", trailing="1"), ticker="GAZP")
        await quotes(desk, "202")
        await quotes(desk, "210", ticker="GAZP")
        assert await desk.at_broker() == ["sell stop 100 198", "sell stop 100 199.98"]
        await desk.wait(7)
        await desk.settle()
        assert await desk.at_broker() == ["sell stop 100 199.98", "sell stop 100 207.90"]


async def test_a_stop_that_the_broker_does_not_fire_is_carried_out_by_the_desk(data_dir: Path) -> None:
    """The broker has five seconds; then its stop goes and the position with it, once."""
    async with opened(data_dir, **TINVEST, **ROOM) as desk:
        cable = on_a_cable(desk)
        await hold(desk, rule("2"))
        cable.answers = False
        cable.tell(quote("190"))
        cable.tell(quote("190.01"))
        await desk.settle()
        assert await desk.at_broker() == ["sell stop 100 196"]
        await desk.wait(6)
        cable.tell(quote("190"))
        await desk.settle()
        assert (await desk.holds(), await desk.at_broker(), len(await exits(desk))) == ({}, [], 1)


async def test_both_stops_fire_and_the_position_does_not_turn(data_dir: Path) -> None:
    """The broker's fills while the desk's exit is on its way: nothing is sold twice."""
    for dialect in ("paper", "tinvest"):
        account = {"dialect": dialect, "cash": "1000000"}
        async with opened(data_dir / dialect, account=account, **ROOM) as desk:
            cable = on_a_cable(desk)
            await hold(desk, rule("2", trailing="1.5"))
            await quotes(desk, "204", "208")
            cable.answers = False
            cable.tell(quote("200.94"))
            cable.tell(quote("200.94"))
            desk.engine.market.set_book("SBER", D("196"), D("196.01"))
            await desk.settle()
            assert await desk.holds() == {}
            assert sum(fill.signed for fill in await desk.fills()) == 0


async def test_protection_that_was_lost_at_the_broker_is_the_desks_until_it_is_back(data_dir: Path) -> None:
    """The broker refuses every new stop: the desk watches, people are told of the refusal, nobody is naked."""
    async with opened(data_dir, account={"dialect": "alpaca", "cash": "1000000"}, **ROOM) as desk:
        await hold(desk, rule("2"))
        desk.broker().script("refuse", 2)
        [stop] = desk.live(OrderRole.STOP)
        await desk.broker().cancel(stop)
        await desk.wait(20)
        await desk.settle()
        assert await desk.notices("position.unprotected")
        assert desk.position.protected_by == "desk"
        await quotes(desk, "195")
        assert await desk.holds() == {}
