"""A person's hands on positions and orders, at brokers that keep stops and at those that do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.services.hands import Hands, Levels
from core.values.fills import Position
from core.values.money import Price
from core.values.orders import Order, OrderRole, Refused
from core.values.people import Role
from tests.desk import OWNER, TestDesk, opened, person
from tests.guard import BARE, ROOM, hold, quotes, rule

D = Decimal
ANYWHERE = pytest.mark.parametrize("dialect", ["paper", "alpaca", "bare"])


def hands(desk: TestDesk) -> Hands:
    return Hands(desk.engine.desk, desk.engine.guardian)


def at(**prices: str | None) -> Levels:
    return {name: None if text is None else Price(D(text)) for name, text in prices.items()}


async def amended(desk: TestDesk, levels: Levels) -> Position:
    found = await hands(desk).amend(desk.position.position.id, levels, OWNER)
    assert isinstance(found, Position), found
    await desk.settle()
    return desk.position.position


async def refused(desk: TestDesk, levels: Levels, by: Role = Role.ADMIN) -> str:
    found = await hands(desk).amend(desk.position.position.id, levels, person(by, "owner"))
    assert isinstance(found, Refused), found
    return found.code


@ANYWHERE
async def test_a_moved_stop_protects_all_of_it_and_fires_where_it_stands(data_dir: Path, dialect: str) -> None:
    """One stop, at the new level; the old level does nothing any more."""
    async with opened(data_dir, account={"dialect": dialect}) as desk:
        await desk.enter()
        await amended(desk, at(stop="39900"))
        assert desk.position.protected_by is not None
        assert len(desk.live(OrderRole.STOP)) == (0 if dialect == "bare" else 1)
        for _ in range(2):
            await desk.book("39899.5", "39900")
        await desk.wait(2)
        assert await desk.holds() == {}


@ANYWHERE
async def test_a_stop_may_be_loosened_by_a_person(data_dir: Path, dialect: str) -> None:
    """What they mean is done: the old level no longer fires."""
    async with opened(data_dir, account={"dialect": dialect}) as desk:
        await desk.enter()
        await amended(desk, at(stop="39000"))
        for _ in range(2):
            await desk.book("39500", "39500.5")
        await desk.wait(2)
        assert desk.position.protected_by is not None
        assert desk.position.position.plan.stop == D(39000)


async def test_a_moved_level_is_there_after_a_restart(data_dir: Path) -> None:
    """It is the plan's."""
    async with opened(data_dir) as desk:
        await desk.enter()
        await amended(desk, at(stop="39850", target="41500"))
    async with opened(data_dir) as desk:
        plan = desk.position.position.plan
        assert (plan.stop, plan.target) == (D(39850), D(41500))
        assert desk.position.protected_by == "broker"


async def test_a_stop_that_follows_may_only_come_nearer(data_dir: Path) -> None:
    """Where the market moves it, a person's worse one would be gone at the next quote: it is refused."""
    async with opened(data_dir, **BARE, **ROOM) as desk:
        await hold(desk, rule("5", trailing="2"))
        stop = desk.position.position.plan.stop
        assert stop is not None
        assert await refused(desk, at(stop=str(stop - 1))) == "stop_trails"
        nearer = await amended(desk, at(stop=str(stop + 1)))
        assert nearer.plan.stop == stop + 1
        await quotes(desk, "210")
        following = desk.position.position.plan.stop
        assert following is not None
        assert following > stop + 1


async def test_a_persons_price_outlives_the_rule_that_made_the_one_before(data_dir: Path) -> None:
    """More pieces at another average do not bring the rule's target back."""
    async with opened(data_dir, **BARE, **ROOM) as desk:
        await hold(desk, replace(rule("5"), target=D(10)))
        after = await amended(desk, at(target="230"))
        assert (after.plan.target, after.plan.rule and after.plan.rule.target) == (D(230), None)
        assert after.plan.rule is not None
        assert after.plan.rule.stop == D(5)


@pytest.mark.parametrize(
    ("levels", "code"),
    [
        ({"stop": "40001"}, "stop_crossed"),
        ({"stop": None}, "stop_needed"),
        ({"target": "39999"}, "target_crossed"),
        ({"stop": "39900", "target": "39950"}, "target_crossed"),
    ],
)
async def test_levels_that_the_market_has_passed_are_refused(
    desk: TestDesk, levels: Mapping[str, str | None], code: str
) -> None:
    """Nothing of them is taken, not even the half that would do."""
    await desk.enter()
    before = desk.position.position.plan
    assert await refused(desk, at(**levels)) == code
    assert desk.position.position.plan == before


async def test_whoever_may_not_trade_moves_nothing(desk: TestDesk) -> None:
    """A viewer of the same desk is refused, by level, close and cancel."""
    await desk.enter()
    assert await refused(desk, at(stop="39900"), Role.VIEWER) == "not_allowed"
    eve = person(Role.VIEWER, "owner")
    for said in (
        await hands(desk).close(desk.position.position.id, eve),
        await hands(desk).cancel(desk.live(OrderRole.STOP)[0].id, eve),
    ):
        assert isinstance(said, Refused)
        assert said.code == "not_allowed"


async def test_what_is_held_by_hand_is_not_touched(desk: TestDesk) -> None:
    """It has no plan: neither levels nor a way out of the desk's."""
    await desk.say("/buy 1 BTCPERP")
    await desk.book("39990", "39990.5")
    view = desk.position
    assert await refused(desk, at(stop="39000")) == "not_managed"
    closed = await hands(desk).close(view.position.id, OWNER)
    assert isinstance(closed, Refused)
    assert closed.code == "not_managed"


@ANYWHERE
async def test_closing_makes_one_exit_and_leaves_nothing(data_dir: Path, dialect: str) -> None:
    """However often it is pressed; protection goes with the position; the trail names the person."""
    async with opened(data_dir, account={"dialect": dialect}) as desk:
        await desk.enter()
        position = desk.position.position
        said: list[Any] = [await hands(desk).close(position.id, OWNER) for _ in range(3)]
        assert isinstance(said[0], Position)
        assert {word.code for word in said[1:]} <= {"being_closed", "unknown_id"}
        await desk.settle()
        await desk.wait(2)
        assert (await desk.holds(), desk.positions(), await desk.at_broker()) == ({}, [], [])
        assert len(await desk.orders(OrderRole.EXIT)) == 1
        [row] = [r for r in await desk.engine.store.audit_about(position.id) if r.row.action == "position.closed"]
        assert row.row.actor == OWNER.id


async def test_an_entry_is_cancelled_and_a_tasks_order_is_not(desk: TestDesk) -> None:
    """The task would place the next; its order is left to it, with words."""
    await desk.limit("39900")
    [entry] = desk.live(OrderRole.ENTRY)
    gone = await hands(desk).cancel(entry.id, OWNER)
    assert isinstance(gone, Order)
    assert gone.state.value == "CANCELLED"
    await desk.say("/buy 1 BTCPERP")
    [working] = desk.live(OrderRole.TASK)
    left = await hands(desk).cancel(working.id, OWNER)
    assert isinstance(left, Refused)
    assert left.code == "order_of_task"
    assert len(desk.live(OrderRole.TASK)) == 1
