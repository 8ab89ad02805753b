"""Protection as the paper broker sees it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from core.values.orders import OrderRole, OrderState
from tests.desk import TestDesk, levels, opened

D = Decimal


async def test_a_refused_new_stop_leaves_the_old_one(desk: TestDesk) -> None:
    """Breakeven must not make the position naked; people are called."""
    await desk.enter()
    await desk.book("40500", "40501")
    desk.broker().script("refuse", 2)
    await desk.breakeven()
    assert "sell stop 0.5 39800" in await desk.at_broker()
    assert len(await desk.orders(OrderRole.STOP)) == 3
    [alarm] = await desk.notices("position.stop_stays")
    assert (alarm.critical, alarm.params["code"]) == (True, "stop_rejected")
    assert await desk.notices("position.unprotected") == []


async def test_a_stop_refused_once_is_tried_again_before_people_are_called(desk: TestDesk) -> None:
    """The first no may have crossed a fill: the second try stands, and nobody is woken."""
    await desk.enter()
    await desk.book("40500", "40501")
    desk.broker().script("refuse")
    await desk.breakeven()
    assert await desk.at_broker() == ["sell limit 0.5 41000", "sell stop 0.5 40100"]
    assert await desk.notices("position.unprotected") == []


async def test_an_old_stop_stays_until_the_new_one_is_heard_of(desk: TestDesk) -> None:
    """It never arrived; the broker is asked, it is sent again, and only then the old one goes."""
    await desk.enter()
    await desk.book("40500", "40501")
    desk.broker().script("drop")
    await desk.breakeven()
    assert await desk.at_broker() == ["sell limit 0.5 41000", "sell stop 0.5 39800"]
    await desk.wait(17)
    await desk.settle()
    assert await desk.at_broker() == ["sell limit 0.5 41000", "sell stop 0.5 40100"]


async def test_a_stop_covers_what_is_filled(desk: TestDesk) -> None:
    """The book gives 0.2, then 0.1 of 0.5: at every moment a stop for at least that stands."""
    await desk.book("39999.5", "40000", ask_size="0.2")
    await desk.limit("40000")
    assert desk.position.position.quantity == D("0.2")
    assert desk.position.protected_by == "broker"
    assert await desk.at_broker() == ["buy limit 0.3 40000", "sell limit 0.2 41000", "sell stop 0.5 39800"]
    await desk.book("39999.5", "40000", ask_size="0.1")
    assert await desk.at_broker() == ["buy limit 0.2 40000", "sell limit 0.3 41000", "sell stop 0.5 39800"]
    await desk.say("/cancel")
    assert await desk.at_broker() == ["sell stop 0.3 39800"]
    assert desk.position.protected_by == "broker"


async def test_a_stop_that_fires_takes_the_target_away(desk: TestDesk) -> None:
    """Nothing is left at the broker, and the loss is what was risked."""
    await desk.enter()
    await desk.book("39799", "39800")
    assert (await desk.at_broker(), await desk.holds(), desk.positions()) == ([], {}, [])
    assert [o.state for o in await desk.orders(OrderRole.TARGET)] == [OrderState.CANCELLED]


async def test_a_target_that_fills_takes_the_stop_away(desk: TestDesk) -> None:
    """The other way round."""
    await desk.enter()
    await desk.book("41000", "41001")
    assert (await desk.at_broker(), await desk.holds(), desk.positions()) == ([], {}, [])
    assert [o.state for o in await desk.orders(OrderRole.STOP)] == [OrderState.CANCELLED]


async def test_a_stop_that_fires_into_a_thin_book_goes_on_protecting(desk: TestDesk) -> None:
    """It closes 0.2 of 0.5; the rest stays covered, the target shrinks with it."""
    await desk.enter()
    await desk.book("39799", "39800", bid_size="0.2")
    assert await desk.at_broker() == ["sell limit 0.3 41000", "sell stop 0.3 39800"]
    await desk.book("39798", "39799")
    assert (await desk.at_broker(), desk.positions()) == ([], [])


async def test_a_stop_cancelled_outside_comes_back(desk: TestDesk) -> None:
    """Somebody cancels it in the broker's own program."""
    await desk.enter()
    [stop] = desk.live(OrderRole.STOP)
    await desk.broker().cancel(stop)
    await desk.settle()
    assert "sell stop 0.5 39800" in await desk.at_broker()


async def test_a_position_shows_its_protection(desk: TestDesk) -> None:
    """Stop, target and who holds the stop."""
    await desk.enter()
    view = desk.position
    assert (view.position.plan.stop, view.position.plan.target, view.protected_by) == (D(39800), D(41000), "broker")
    assert view.protection.value == "managed"


async def test_without_reduce_only_the_stop_comes_with_the_fill(data_dir: Path) -> None:
    """An order that could open a position must not wait beside an entry that may never fill."""
    async with opened(data_dir, account={"dialect": "tinvest"}) as desk:
        await desk.enter()
        assert [o.request.role for o in await desk.orders()][:2] == [OrderRole.ENTRY, OrderRole.STOP]
        assert await desk.at_broker() == ["sell stop 0.5 39800"]
        assert desk.position.protected_by == "broker"


async def test_without_reduce_only_stop_and_target_never_rest_side_by_side(data_dir: Path) -> None:
    """Both could fill. The stop stands at the broker, the target is watched: the stop goes, then the position."""
    async with opened(data_dir, account={"dialect": "tinvest"}) as desk:
        await desk.enter()
        await desk.book("41000", "41001")
        assert (await desk.at_broker(), await desk.holds(), desk.positions()) == ([], {}, [])
        assert [o.state for o in await desk.orders(OrderRole.STOP)] == [OrderState.CANCELLED]
        [way_out] = await desk.orders(OrderRole.EXIT)
        assert way_out.request.because == (await desk.orders(OrderRole.ENTRY))[0].request.because


async def test_what_people_hold_by_hand_is_not_touched(desk: TestDesk) -> None:
    """No stop is made for it, and an exit alert does not close it."""
    await desk.say("/buy 10 SBER")
    await desk.book_of("SBER", "299.90", "299.99")
    assert (desk.position.protection.value, desk.position.protected_by) == ("by_hand", None)
    await desk.exit(ticker="SBER")
    assert await desk.holds() == {"SBER": D(10)}


async def test_selling_by_hand_what_an_alert_bought_takes_its_orders_away(desk: TestDesk) -> None:
    """The desk must not protect what is gone."""
    await desk.enter(ticker="SBER", price=D(300), long=levels("297", "310"))
    held = (await desk.holds())["SBER"]
    await desk.say(f"/sell {held:f} SBER")
    await desk.book_of("SBER", "300.10", "300.20")
    assert (await desk.holds(), await desk.at_broker(), desk.positions()) == ({}, [], [])


async def test_numbers_that_were_forgotten_are_found_in_the_journal(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids of stops are numbered by their cause; a stop that moves gets the next one."""
    monkeypatch.setattr("core.services.guardian.NUMBERS_MAX", 1)
    async with opened(data_dir) as desk:
        await desk.enter()
        await desk.book("40500", "40501")
        await desk.breakeven()
        assert await desk.at_broker() == ["sell limit 0.5 41000", "sell stop 0.5 40100"]
        assert len(await desk.orders(OrderRole.STOP)) == 2
