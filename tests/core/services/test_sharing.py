"""One link on several accounts: each has its own order, book, size and way out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.services.sharing import accept
from core.values.alerts import AlertKind, AlertStatus, Receipt, Source
from core.values.links import Link
from core.values.orders import OrderRole, Refused, Side
from core.values.people import Role
from tests.desk import OWNER, TESTING, TestDesk, an_alert, opened, person

D = Decimal
SECOND = {"name": "Second", "broker": "paper", "cash": "10000"}
LINK = {"name": "Trend", "account": TESTING, "strategy": "S", "stop_loss": "2", "quantity": "0.1"}
TWICE = [{"name": "second", "multiplier": "2"}]


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[TestDesk]:
    async with opened(tmp_path, more_accounts=[SECOND]) as desk:
        yield desk


async def link(desk: TestDesk, **said: Any) -> Link:
    made = await desk.engine.office.links.create(LINK | {"accounts": TWICE} | said, OWNER)
    assert not isinstance(made, Refused), made
    return made[0]


async def send(desk: TestDesk, by: Link, kind: AlertKind = AlertKind.ENTRY, **fields: Any) -> Receipt:
    side = Side.BUY if kind is AlertKind.ENTRY else None
    known: dict[str, Any] = {"source": Source.HOOK, "link": by.id, "strategy": "S", "side": side, "timed": True}
    known |= {"sent_at": desk.now, "account": by.account, "approval": "ask" if by.ask else "none"}
    receipt = await accept(desk.engine.intake, an_alert(kind, desk.now, **known | fields), by)
    await desk.settle()
    return receipt


async def held(desk: TestDesk) -> list[Decimal]:
    return [(await desk.holds(name)).get("BTCPERP", D(0)) for name in (TESTING, "Second")]


async def test_one_alert_is_an_order_on_each_account(two: TestDesk) -> None:
    """The multiplier's share each, under ids of their own, in books of the link."""
    await send(two, await link(two))
    assert await held(two) == [D("0.1"), D("0.2")]
    entries = await two.orders(OrderRole.ENTRY)
    assert len({order.id for order in entries}) == len({order.request.intent for order in entries}) == 2
    assert {order.request.account for order in entries} == {"Testing", "Second"}


async def test_the_same_alert_again_trades_nowhere(two: TestDesk) -> None:
    """A resend is one alert on every account."""
    by = await link(two)
    first = await send(two, by, body="{}")
    again = await send(two, by, body="{}")
    assert (again.alert_id, again.status) == (first.alert_id, AlertStatus.DUPLICATE)
    assert await held(two) == [D("0.1"), D("0.2")]


async def test_a_resend_writes_what_a_crash_left_out(two: TestDesk) -> None:
    """The first account's row was on disk, the second's was not."""
    by = await link(two)
    side: dict[str, Any] = {"source": Source.HOOK, "link": by.id, "strategy": "S", "side": Side.BUY, "body": "{}"}
    await two.take(an_alert(AlertKind.ENTRY, two.now, sent_at=two.now, timed=True, **side))
    assert await held(two) == [D("0.1"), D(0)]
    await send(two, by, body="{}")
    assert await held(two) == [D("0.1"), D("0.2")]


async def test_what_was_ignored_is_not_traded_by_its_resend(two: TestDesk) -> None:
    """Neither on the link's own account nor on the others."""
    by = await link(two)
    side: dict[str, Any] = {"source": Source.HOOK, "link": by.id, "strategy": "S", "side": Side.BUY, "body": "{}"}
    alert = an_alert(AlertKind.ENTRY, two.now, sent_at=two.now, timed=True, **side)
    await two.engine.office.links.run(by.id, OWNER, running=False)
    await accept(two.engine.intake, alert, by)
    await two.engine.office.links.run(by.id, OWNER, running=True)
    await send(two, by, body="{}")
    assert await held(two) == [D(0), D(0)]


async def test_each_account_is_left_once(two: TestDesk) -> None:
    """An exit closes both, with one order each."""
    by = await link(two)
    await send(two, by)
    await send(two, by, AlertKind.EXIT)
    assert await held(two) == [D(0), D(0)]
    assert sorted(o.request.account for o in await two.orders(OrderRole.EXIT)) == ["Second", "Testing"]


async def test_an_account_taken_off_the_link_is_still_left(two: TestDesk) -> None:
    """What it holds is closed with the link's own."""
    by = await link(two)
    await send(two, by)
    changed = await two.engine.office.links.change(by.id, {"accounts": []}, OWNER)
    assert not isinstance(changed, Refused)
    await send(two, changed, AlertKind.EXIT)
    assert await held(two) == [D(0), D(0)]


async def test_a_link_that_asks_asks_for_each_account(two: TestDesk) -> None:
    """A proposal each, with its own size."""
    await send(two, await link(two, approval="ask"))
    asked = (await two.engine.store.proposals(10)).items
    assert {(p.account, p.quantity) for p in asked} == {("Testing", D("0.1")), ("Second", D("0.2"))}


@pytest.mark.parametrize(
    ("accounts", "code"),
    [
        ([{"name": "Nobody"}], "unknown_account"),
        ([{"name": "Testing"}], "bad_field"),
        (TWICE * 2, "bad_field"),
        ([{"name": "Second", "multiplier": "0"}], "bad_field"),
        ([{"name": "Second", "multiplier": "NaN"}], "bad_field"),
        ([{"name": "Second", "colour": "red"}], "bad_field"),
        ("Second", "bad_field"),
        ([1], "bad_field"),
    ],
)
async def test_accounts_that_will_not_do_are_refused(two: TestDesk, accounts: Any, code: str) -> None:
    """Unknown, twice, a multiplier of nothing, no list."""
    said = await two.engine.office.links.create(LINK | {"accounts": accounts}, OWNER)
    assert isinstance(said, Refused)
    assert said.code == code


async def test_nobody_trades_on_the_account_of_another(two: TestDesk) -> None:
    """It is as unknown as one that is not there."""
    said = await two.engine.office.links.create(LINK | {"accounts": TWICE}, person(Role.TRADER))
    assert isinstance(said, Refused)


async def test_links_tells_of_every_account(two: TestDesk) -> None:
    """With its multiplier."""
    await link(two)
    [line] = (await two.say("/links")).lines
    assert line.params["account"] == "Testing, Second x 2"
