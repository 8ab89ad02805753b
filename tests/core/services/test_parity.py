"""Alerts that tell their strategy's position, and the question when it is not the desk's."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.values.alerts import AlertKind, AlertStatus, Source
from core.values.notices import Notice
from core.values.orders import OrderRole, Refused, Side
from core.values.people import Role
from tests.desk import OWNER, TESTING, TestDesk, an_alert, person

D = Decimal


async def told(desk: TestDesk, says: str, **fields: Any) -> None:
    """An alert that trades nothing and tells the position."""
    await desk.take(an_alert(AlertKind.INFO, desk.now, message="bar", market_position=says, **fields))


async def questions(desk: TestDesk) -> list[Notice]:
    return await desk.notices("parity.differs")


@pytest.mark.parametrize(("side", "says"), [(Side.BUY, "long"), (Side.SELL, "short")])
async def test_what_agrees_is_not_asked(desk: TestDesk, side: Side, says: str) -> None:
    """Entry, position and exit as the strategy has them."""
    await desk.enter(side, market_position=says)
    await told(desk, says)
    await desk.exit(market_position="flat")
    await told(desk, "flat")
    assert await questions(desk) == []


async def test_a_missed_exit_is_caught_up_by_a_press(desk: TestDesk) -> None:
    """Asked, never done by itself; one press closes, a second finds nothing to do."""
    await desk.enter()
    await told(desk, "flat")
    [asked] = await questions(desk)
    assert (asked.params["says"], asked.params["holds"]) == ("flat", "long")
    assert await desk.holds() == {"BTCPERP": D("0.5")}
    await desk.say(f"/press {asked.actions[0].id}")
    assert await desk.holds() == {}
    again = await desk.say(asked.actions[0].command)
    assert again.params["code"] == "in_step"


async def test_a_missed_entry_is_caught_up_with_the_last_ones_stop(desk: TestDesk) -> None:
    """At the price of now, protected like any other."""
    await desk.enter()
    await desk.exit()
    await told(desk, "long")
    [asked] = await questions(desk)
    await desk.say(f"/press {asked.actions[0].id}")
    assert (await desk.holds())["BTCPERP"] > 0
    assert "sell stop" in " ".join(await desk.at_broker())


async def test_an_entry_nobody_knows_is_not_made_up(desk: TestDesk) -> None:
    """Without a stop there is no entry."""
    await told(desk, "short")
    [asked] = await questions(desk)
    assert (await desk.say(f"/press {asked.actions[0].id}")).params["code"] == "no_entry_known"
    assert await desk.orders() == []


async def test_a_link_with_a_stop_of_its_own_needs_no_entry(desk: TestDesk) -> None:
    """Its percentages do for the price of now."""
    said = {"name": "T", "account": TESTING, "strategy": "S", "stop_loss": "2", "quantity": "0.1"}
    made = await desk.engine.office.links.create(said, OWNER)
    assert not isinstance(made, Refused)
    await told(desk, "long", source=Source.HOOK, link=made[0].id, strategy="S")
    [asked] = await questions(desk)
    await desk.say(f"/press {asked.actions[0].id}")
    assert await desk.holds() == {"BTCPERP": D("0.1")}


async def test_a_reordered_alert_is_asked_about(desk: TestDesk) -> None:
    """The exit came before its entry: the entry says flat."""
    await desk.enter(market_position="flat")
    [asked] = await questions(desk)
    assert (asked.params["says"], asked.params["holds"]) == ("flat", "long")


async def test_what_was_refused_is_told_once(desk: TestDesk) -> None:
    """An entry that the desk refuses has its refusal, and no question besides."""
    await desk.say("/kill")
    await desk.enter(market_position="flat")
    assert await questions(desk) == []


async def test_only_an_approver_catches_up(desk: TestDesk) -> None:
    """The button stays for somebody who may."""
    await desk.enter()
    await told(desk, "flat")
    [asked] = await questions(desk)
    assert (await desk.say(f"/press {asked.actions[0].id}", person(Role.TRADER))).params["code"] == "not_allowed"
    assert (await desk.say(asked.actions[0].command, person(Role.APPROVER))).params["code"] == "unknown_id"


async def test_two_presses_of_two_questions_make_one_exit(desk: TestDesk) -> None:
    """Each question belongs to its alert, and the position is closed once."""
    await desk.enter()
    await told(desk, "flat")
    await told(desk, "flat")
    for asked in await questions(desk):
        await desk.console.run(f"/press {asked.actions[0].id}", OWNER)
    await desk.settle()
    assert len(await desk.orders(OrderRole.EXIT)) == 1
    assert AlertStatus.ACCEPTED in {record.status for record in (await desk.engine.store.alerts(10)).items}
