"""Profit by day and equity by day."""

from __future__ import annotations

from pathlib import Path

from core.services.earnings import EquityKeeper, profit_by_day
from core.services.portfolio import Portfolio
from core.values.pages import Sought
from core.values.people import Role
from openoutcry.background import running
from tests.desk import OWNER, TESTING, TestDesk, opened, person, revoke


async def test_a_day_has_what_was_closed_on_it_after_fees(desk: TestDesk) -> None:
    """What is still open counts nothing yet; others see nothing."""
    await desk.enter()
    store, engine = desk.engine.store, desk.engine.desk
    assert await profit_by_day(store, engine, OWNER, Sought()) == {}
    await desk.book("40200", "40200.5")
    await desk.exit()
    buy, sell = await desk.fills()
    found = await profit_by_day(store, engine, OWNER, Sought())
    [currency] = found
    gain = (sell.price - buy.price) * buy.quantity - buy.fee - sell.fee
    assert found[currency] == {desk.now.date(): gain}
    assert await profit_by_day(store, engine, OWNER, Sought(ticker="SBER")) == {}
    assert await profit_by_day(store, engine, OWNER, Sought(paper=False)) == {}
    assert await profit_by_day(store, engine, person(Role.TRADER), Sought()) == {}


async def test_a_days_last_equity_stays(desk: TestDesk) -> None:
    """Kept again and again, it is one row a day."""
    keeper = EquityKeeper(desk.engine.desk)
    assert await keeper.keep() == 1
    await desk.enter()
    await desk.book("40300", "40300.5")
    await keeper.keep()
    margin = await desk.broker().margin()
    [kept] = await desk.engine.store.equity(desk.now.date())
    assert (kept.account, kept.equity, kept.currency) == (TESTING, margin.equity, margin.currency)
    await desk.clock.advance(86400)
    await keeper.keep()
    assert len(await desk.engine.store.equity(kept.day)) == 2


async def test_an_account_that_does_not_answer_is_left_out(desk: TestDesk) -> None:
    """Nothing is written for it, and nothing breaks."""
    desk.broker().script("disconnect")
    assert await EquityKeeper(desk.engine.desk).keep() == 0
    assert await desk.engine.store.equity(desk.now.date()) == []


async def test_an_account_whose_key_is_revoked_is_left_out_alone(data_dir: Path) -> None:
    """The other's equity is kept."""
    async with opened(data_dir, more_accounts=[{"name": "Other", "broker": "paper"}]) as desk:
        revoke(desk.broker())
        assert await EquityKeeper(desk.engine.desk).keep() == 1
        assert [row.account for row in await desk.engine.store.equity(desk.now.date())] == ["Other"]


async def test_an_account_whose_key_is_revoked_is_shown_without_money(data_dir: Path) -> None:
    """And hides no other."""
    async with opened(data_dir, more_accounts=[{"name": "Other", "broker": "paper"}]) as desk:
        revoke(desk.broker())
        views = await Portfolio(desk.engine.desk, desk.engine.guardian).accounts(OWNER)
        assert [(view.account.name, view.margin is None) for view in views] == [(TESTING, True), ("Other", False)]


async def test_a_desk_that_stops_writes_down_what_accounts_are_worth(desk: TestDesk) -> None:
    """Long before the next look would have come."""
    async with running(EquityKeeper(desk.engine.desk).run()):
        await desk.breathe()
        assert await desk.engine.store.equity(desk.now.date()) == []
    assert [row.account for row in await desk.engine.store.equity(desk.now.date())] == [TESTING]
