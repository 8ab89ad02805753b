"""What the trades of links come to: which account, which book, how much, and how it is left."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from brokers.paper import open_broker
from core.ports import BrokerFactory
from core.values.alerts import AlertKind, AlertRecord, AlertStatus, Source
from core.values.ids import LinkId
from core.values.links import Link
from core.values.orders import OrderRole, OrderState, Refused, Side
from core.values.people import Role
from tests.desk import OWNER, TESTING, TestDesk, an_alert, opened, person

D = Decimal
FACTORIES: dict[str, BrokerFactory] = {"paper": open_broker, "tinvest": open_broker}
"""A broker that keeps the rules stands in for a live one: what counts here is whether it is spoken to."""


def live(data_dir: Path) -> AbstractAsyncContextManager[TestDesk]:
    """Account Testing trades real money."""
    return opened(data_dir, live=True, factories=FACTORIES, accounts=({"name": TESTING, "broker": "tinvest"},))


async def link(desk: TestDesk, **said: Any) -> Link:
    known = {"name": "Trend", "account": TESTING, "strategy": "S", "stop_loss": "2", "quantity": "0.1"}
    made = await desk.engine.office.links.create(known | said, OWNER)
    assert not isinstance(made, Refused), made
    return made[0]


async def send(desk: TestDesk, by: Link, kind: AlertKind = AlertKind.ENTRY, **fields: Any) -> AlertRecord:
    known: dict[str, Any] = {"source": Source.HOOK, "link": by.id, "strategy": "S", "sent_at": desk.now}
    known |= {"side": Side.BUY if kind is AlertKind.ENTRY else None, "approval": "ask" if by.ask else "none"}
    return await desk.take(an_alert(kind, desk.now, **known | fields))


async def entries(desk: TestDesk) -> list[tuple[str, bool, OrderState]]:
    return [(o.request.account, o.paper, o.state) for o in await desk.orders(OrderRole.ENTRY)]


async def test_ao_13_a_paper_link_on_a_live_account_trades_beside_it(data_dir: Path) -> None:
    """The order is recorded as paper, and the broker was never asked for one."""
    async with live(data_dir) as desk:
        desk.broker().script("refuse", 100)
        await send(desk, await link(desk, paper=True))
        assert await entries(desk) == [("Testing~paper", True, OrderState.FILLED)]
        assert await desk.holds() == {}
        assert desk.position.paper


async def test_an_account_stays_while_something_stands_open_on_the_paper_one_beside_it(data_dir: Path) -> None:
    """Closing it would close that one, too, and leave a position that nobody watches."""
    async with live(data_dir) as desk:
        accounts = desk.engine.office.accounts
        added = await accounts.add("mine", "tinvest", {"token": "t.secret"}, OWNER)
        assert not isinstance(added, Refused), added
        await send(desk, await link(desk, account="mine", paper=True), account="mine")
        assert desk.position.position.account == "mine~paper"
        refused = await accounts.remove("mine", OWNER)
        assert isinstance(refused, Refused)
        assert refused.code == "account_in_use"


async def test_ao_14_a_live_link_makes_one_order_at_the_broker(data_dir: Path) -> None:
    """On the account itself."""
    async with live(data_dir) as desk:
        await send(desk, await link(desk))
        assert await entries(desk) == [("Testing", False, OrderState.FILLED)]
        assert await desk.holds() == {"BTCPERP": D("0.1")}


async def test_ao_15_without_live_everything_is_paper(data_dir: Path) -> None:
    """Whatever the account's broker and the link say."""
    account = ({"name": TESTING, "broker": "tinvest"},)
    async with opened(data_dir, factories=FACTORIES, accounts=account) as desk:
        await send(desk, await link(desk, paper=False))
        assert await entries(desk) == [("Testing", True, OrderState.FILLED)]


async def test_ao_13_a_paper_position_is_left_on_paper_after_a_restart(data_dir: Path) -> None:
    """Also where the link is not paper any more: a book is closed where it stands."""
    async with live(data_dir) as desk:
        by = await link(desk, paper=True)
        await send(desk, by)
        await desk.engine.office.links.change(by.id, {"paper": False}, OWNER)
    async with live(data_dir) as desk:
        assert desk.position.protected_by == "broker"
        await send(desk, by, AlertKind.EXIT)
        assert desk.positions() == []
        assert await desk.holds("Testing~paper") == {}


async def test_the_order_routes_paper_trades_beside_a_live_account(data_dir: Path) -> None:
    """`webhook.approval = "paper"`."""
    accounts = ({"name": TESTING, "broker": "tinvest"},)
    paper = {"approval": "paper"}
    async with opened(data_dir, live=True, factories=FACTORIES, accounts=accounts, webhook=paper) as desk:
        await desk.enter()
        assert await entries(desk) == [("Testing~paper", True, OrderState.FILLED)]


async def test_ao_31_a_stopped_bot_stays_stopped_over_a_restart(data_dir: Path) -> None:
    """Until somebody starts it."""
    async with opened(data_dir) as desk:
        by = await link(desk)
        await desk.engine.office.bots.switch(OWNER, running=False)
    async with opened(data_dir) as desk:
        record = await send(desk, by)
        assert (record.status, record.reason) == (AlertStatus.IGNORED, "bot_stopped")
        await desk.engine.office.bots.switch(OWNER, running=True)
        assert (await send(desk, by)).status is AlertStatus.ACCEPTED
        assert len(desk.positions()) == 1


async def test_ao_29_a_stopped_bot_finishes_what_it_began(data_dir: Path) -> None:
    """An alert that was accepted before is traded, after a restart, too."""
    async with opened(data_dir) as desk:
        by = await link(desk)
        desk.engine.intake.on_accepted = lambda _record: None
        alert = an_alert(AlertKind.ENTRY, desk.now, link=by.id, side=Side.BUY, source=Source.HOOK, approval="none")
        await desk.let_in(alert)
        await desk.engine.office.bots.switch(OWNER, running=False)
    async with opened(data_dir) as desk:
        assert [view.position.book for view in desk.positions()] == [by.book]


async def test_ao_29_the_fixed_routes_stop_with_their_owners_bot(desk: TestDesk) -> None:
    """Their alerts are kept and ignored."""
    await desk.engine.office.bots.switch(OWNER, running=False)
    assert (await desk.enter()).status is AlertStatus.IGNORED
    assert await desk.orders() == []


async def test_w_44_stop_target_and_rule_come_from_the_quote(desk: TestDesk) -> None:
    """Percent of what the entry would pay; of stop and trailing stop the one that risks less."""
    await send(desk, await link(desk, target="5", trailing_stop="1"))
    [entry] = await desk.orders(OrderRole.ENTRY)
    plan = entry.request.plan
    assert plan is not None
    assert plan.rule is not None
    assert (plan.stop, plan.target) == (D("39600.5"), D("42000.5"))
    assert (plan.rule.stop, plan.rule.target, plan.rule.trailing) == (D(2), D(5), D(1))


async def test_w_45_a_link_may_size_by_its_own_risk(desk: TestDesk) -> None:
    """A tenth of a percent of 10,000, two percent away: 10 / 800.01 of a coin, rounded down to the step."""
    await send(desk, await link(desk, quantity=None, risk_percent="0.1"))
    [entry] = await desk.orders(OrderRole.ENTRY)
    assert entry.request.quantity == D("0.012")


async def test_a_quantity_is_rounded_down_to_the_step(desk: TestDesk) -> None:
    """Less than a step is refused."""
    await send(desk, await link(desk, quantity="0.0129"))
    assert (await desk.orders(OrderRole.ENTRY))[0].request.quantity == D("0.012")
    assert (await send(desk, await link(desk, name="Small", quantity="0.0001"))).reason == "zero_size"


async def test_an_entry_without_any_stop_is_refused(desk: TestDesk) -> None:
    """A managed position is never naked."""
    assert (await send(desk, await link(desk, stop_loss=None))).reason == "stop_required"


async def test_where_no_stop_is_asked_for_a_fixed_quantity_goes_without(data_dir: Path) -> None:
    """With risk.stop_required = false; a size by risk still needs one to be reckoned."""
    async with opened(data_dir, risk={"stop_required": False}) as desk:
        await send(desk, await link(desk, stop_loss=None))
        assert [o.request.role for o in await desk.orders()] == [OrderRole.ENTRY]
        assert desk.position.position.quantity == D("0.1")
        by_risk = await link(desk, name="By risk", stop_loss=None, quantity=None, risk_percent="1")
        assert (await send(desk, by_risk)).reason == "stop_required"


async def test_a_signal_by_a_link_replaces_the_links_position_alone(desk: TestDesk) -> None:
    """What came by the order route stays."""
    await desk.enter()
    by = await link(desk)
    await send(desk, by)
    await send(desk, by, side=Side.SELL)
    assert {view.position.book: view.position.quantity for view in desk.positions()} == {
        "alerts": D("0.5"), by.book: D("-0.1"),
    }  # fmt: skip


async def test_a_deleted_link_enters_nothing_and_still_leaves(desk: TestDesk) -> None:
    """An alert that waited in the inbox while its link was deleted."""
    by = await link(desk)
    await send(desk, by)
    await desk.engine.office.links.delete(by.id, OWNER)
    assert (await send(desk, by)).reason == "link_gone"
    await send(desk, by, AlertKind.EXIT)
    assert desk.positions() == []


@pytest.mark.parametrize(("edit", "stop"), [({}, "39200.5"), ({"stop": "39500"}, "39500")])
async def test_a_stop_that_a_person_wrote_stays_a_price(desk: TestDesk, edit: dict[str, str], stop: str) -> None:
    """Else the rule's percent counts, of the price at the click."""
    record = await send(desk, await link(desk, approval="ask"))
    proposal = await desk.engine.store.proposal(record.proposal_id)  # type: ignore[arg-type]  # asserted below
    assert proposal is not None
    if edit:
        await desk.say(f"/edit {proposal.id} stop={edit['stop']}")
    await desk.say(f"/approve {proposal.id}")
    plan = (await desk.orders(OrderRole.ENTRY))[0].request.plan
    assert plan is not None
    assert plan.rule is not None
    assert (plan.stop, plan.rule.stop) == (D(stop), None if edit else D(2))


async def test_stale_alerts_of_links_are_not_traded(desk: TestDesk) -> None:
    """By the same limits as everybody's."""
    record = await send(desk, await link(desk), sent_at=desk.now - timedelta(minutes=5))
    assert record.status is AlertStatus.STALE


async def test_roles_are_checked_here(desk: TestDesk) -> None:
    """Whatever door asks: a viewer changes nothing, a stranger finds nothing, a link never changes hands."""
    links, by = desk.engine.office.links, await link(desk)
    helper = replace(person(Role.VIEWER), works_for=OWNER.id)
    for who, code in ((helper, "not_allowed"), (person(Role.TRADER), "unknown_id")):
        for refused in (
            await links.change(by.id, {"name": "x"}, who),
            await links.rotate(by.id, who),
            await links.delete(by.id, who),
            await links.run(by.id, who, running=False),
        ):
            assert isinstance(refused, Refused)
            assert refused.code == code
    assert links.get(LinkId(by.id)) == by
