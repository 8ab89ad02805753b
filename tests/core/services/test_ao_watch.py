"""What the desk watches by itself: subscriptions, bad quotes, refused exits, part fills, restarts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.values.ids import AccountName
from core.values.orders import Book, OrderRole, OrderState
from tests.desk import TESTING, TestDesk, opened
from tests.guard import BARE, ROOM, Cable, exits, hold, on_a_cable, quote, quotes, rule

D = Decimal
SECOND = {"name": "Second", "broker": "paper", "cash": "1000000", "dialect": "bare"}
TWO = Book("link:two")


def prices(**by_ticker: str) -> dict[str, Any]:
    """A still market that starts there; what the tests do not name stays at 200."""
    return {"market": {"still": True, "prices": {"SBER": "200", "GAZP": "200", **by_ticker}}}


@pytest.fixture
async def desk(data_dir: Path) -> AsyncIterator[TestDesk]:
    """Two accounts whose broker keeps no stops."""
    async with opened(data_dir, more_accounts=(SECOND,), **BARE, **ROOM) as desk:
        yield desk


@pytest.fixture
def cable(desk: TestDesk) -> Cable:
    return on_a_cable(desk)


async def test_ao_16_a_subscription_is_opened(desk: TestDesk, cable: Cable) -> None:
    """With the first piece, and the desk says that it watches."""
    await hold(desk, rule("2"))
    assert cable.watched["SBER"] == 1
    assert desk.position.protected_by == "desk"


async def test_ao_22_a_subscription_ends_with_its_last_position(desk: TestDesk, cable: Cable) -> None:
    """One for both books; it stays for the second when the first is sold."""
    await hold(desk, rule("2"))
    await hold(desk, rule("4"), book=TWO)
    assert cable.watched["SBER"] == 1
    await quotes(desk, "195")
    assert [view.position.book for view in desk.positions()] == [TWO]
    assert cable.watched["SBER"] == 1
    await quotes(desk, "191")
    assert (desk.positions(), cable.watched["SBER"]) == ([], 0)


async def test_ao_39_one_quote_reaches_every_position_of_its_symbol(desk: TestDesk) -> None:
    """Two books and two accounts; another symbol stays."""
    await hold(desk, rule("2"))
    await hold(desk, rule("2.5"), book=TWO)
    await hold(desk, rule("1"), account=AccountName("Second"))
    await hold(desk, rule("1"), ticker="GAZP")
    await quotes(desk, "195")
    assert [view.position.ticker for view in desk.positions()] == ["GAZP"]
    assert len(await exits(desk)) == 3
    assert (await desk.holds(), await desk.holds("Second")) == ({"GAZP": D(100)}, {})


async def test_ao_23_positions_are_watched_again_after_a_restart(data_dir: Path) -> None:
    """The trailing stop goes on from the best price before it."""
    async with opened(data_dir, **BARE, **ROOM) as desk:
        await hold(desk, rule("2", trailing="1.5"))
        await quotes(desk, "208", "206")
    async with opened(data_dir, **BARE, **prices(SBER="206")) as desk:
        assert (desk.position.position.plan.stop, desk.position.protected_by) == (D("204.88"), "desk")
        await quotes(desk, "204.89")
        assert await desk.holds() == {"SBER": 100}
        await quotes(desk, "204.88")
        assert (await desk.holds(), len(await exits(desk))) == ({}, 1)


async def test_ao_23_a_stop_crossed_while_the_desk_was_down_sells_at_start(data_dir: Path) -> None:
    """Nobody waits for the next quote."""
    async with opened(data_dir, **BARE, **ROOM) as desk:
        await hold(desk, rule("2"))
    async with opened(data_dir, **BARE, **prices(SBER="190")) as desk:
        assert (await desk.holds(), len(await exits(desk))) == ({}, 1)


async def test_ao_24_a_gap_makes_one_sell_at_what_the_market_gives(desk: TestDesk) -> None:
    """From 200 to 150: sold there, once."""
    await hold(desk, rule("2"))
    await quotes(desk, "150")
    [way_out] = await exits(desk)
    assert way_out.average_price == 150


async def test_ao_24_a_lone_bad_quote_sells_nothing(desk: TestDesk, cable: Cable) -> None:
    """The next one is asked for at once, and does not confirm it."""
    await hold(desk, rule("2", "5", "1.5"))
    asked = cable.asked
    cable.tell(quote("20"))
    await desk.settle()
    assert cable.asked == asked + 1
    cable.tell(quote("2000"))
    await desk.settle()
    assert await desk.holds() == {"SBER": 100}
    stop = desk.position.position.plan.stop
    assert stop is not None
    assert stop <= D("198.97"), "1.5 % behind the little that one high quote may move the best price"


async def test_ao_24_a_crash_is_believed_when_the_next_quote_confirms_it(desk: TestDesk, cable: Cable) -> None:
    """Also while no question is answered."""
    cable.answers = False
    await hold(desk, rule("2"))
    cable.tell(quote("190"))
    await desk.settle()
    assert await desk.holds() == {"SBER": 100}
    cable.tell(quote("185"))
    await desk.settle()
    assert await desk.holds() == {}


async def test_ao_24_a_question_that_failed_is_asked_again(desk: TestDesk, cable: Cable) -> None:
    """A crash must not be slept through because one request was lost."""
    await hold(desk, rule("2"))
    cable.answers = False
    await quotes(desk, "190")
    assert await desk.holds() == {"SBER": 100}
    cable.answers = True
    await desk.wait(1)
    await desk.settle()
    assert await desk.holds() == {}


async def test_ao_25_a_rejected_exit_is_told_and_tried_again(desk: TestDesk) -> None:
    """Each try a little later, under an id of its own; then it is through."""
    await hold(desk, rule("2"))
    desk.broker().script("refuse", 2)
    await quotes(desk, "195")
    assert len(await desk.orders(OrderRole.EXIT)) == 1
    assert len(await desk.notices("order.rejected")) == 1
    await desk.wait(5)
    await desk.settle()
    states = [order.state for order in await desk.orders(OrderRole.EXIT)]
    assert states == [OrderState.REJECTED, OrderState.REJECTED, OrderState.FILLED]
    assert await desk.holds() == {}


async def test_ao_25_tries_are_bounded_and_then_people_are_called(desk: TestDesk) -> None:
    """Five; then the position counts as unprotected, one alarm says so, and every five minutes it is tried again."""
    await hold(desk, rule("2"))
    desk.broker().script("refuse", 6)
    await quotes(desk, "195")
    await desk.wait(25)
    await quotes(desk, "194", "193")
    await desk.wait(5)
    assert len(await desk.orders(OrderRole.EXIT)) == 5
    assert desk.position.protected_by is None
    [alarm] = await desk.notices("position.unprotected")
    assert (alarm.critical, alarm.params["code"]) == (True, "exit_refused")
    for _ in range(2):
        await desk.wait(305)
        await desk.settle()
    states = [order.state for order in await desk.orders(OrderRole.EXIT)]
    assert (states[5:], await desk.holds()) == ([OrderState.REJECTED, OrderState.FILLED], {})


async def test_ao_26_what_is_filled_is_protected_and_no_more(desk: TestDesk) -> None:
    """60 of 100, then the stop: 60 are sold, and the entry that still worked is cancelled."""
    await desk.book_of("SBER", "199.99", "200", ask_size="60")
    entry = await hold(desk, rule("2"), limit="200")
    assert desk.position.position.quantity == 60
    assert desk.live(OrderRole.ENTRY)[0].remaining == 40
    assert desk.position.protected_by == "desk"
    await quotes(desk, "195.99")
    assert (await desk.holds(), await desk.at_broker()) == ({}, [])
    assert sum(fill.signed for fill in await desk.fills()) == 0
    assert entry.request.quantity == 100


async def test_ao_26_levels_follow_the_average_of_the_fills(desk: TestDesk) -> None:
    """60 at 199 and 40 at 200: the stop stands 2 % under 199.40."""
    await desk.book_of("SBER", "198.99", "199", ask_size="60")
    await hold(desk, rule("2", "5"), limit="200")
    assert desk.position.position.plan.stop == D("195.02")
    await desk.book_of("SBER", "199.99", "200")
    position = desk.position.position
    assert (position.quantity, position.average_price) == (D(100), D("199.4"))
    assert (position.plan.stop, position.plan.target) == (D("195.42"), D("209.37"))


async def test_ao_27_outages_wait_longer_each_time_under_the_same_id(desk: TestDesk) -> None:
    """Three of them: a second, two, four and a little; then one order, one fill."""
    await hold(desk, rule("2"))
    desk.broker().script("too_many_requests", 3, retry_after=0.1)
    desk.engine.market.set_book("SBER", D("195"), D("195.01"))
    await desk.wait(6.5)
    assert await desk.holds() == {"SBER": 100}
    await desk.wait(4)
    await desk.settle()
    [way_out] = await desk.orders(OrderRole.EXIT)
    assert (way_out.state, len(await exits(desk)), await desk.holds()) == (OrderState.FILLED, 1, {})


async def test_ao_27_an_outage_is_waited_out_and_people_know(desk: TestDesk) -> None:
    """Longer than five tries take; when the broker is back, it is one order that sells."""
    await hold(desk, rule("2"))
    desk.broker().script("too_many_requests", 36, retry_after=0.1)
    desk.engine.market.set_book("SBER", D("195"), D("195.01"))
    for _ in range(70):
        await desk.wire.advance(10)
        await desk.breathe()
    await desk.settle()
    assert (await desk.holds(), len(await exits(desk))) == ({}, 1)
    assert len(await desk.notices("position.unprotected")) == 1


async def test_ao_27_an_exit_whose_answer_is_lost_is_asked_about_before_anything_is_sent(desk: TestDesk) -> None:
    """It was taken: one sell."""
    await hold(desk, rule("2"))
    desk.broker().script("accept_then_drop")
    desk.engine.market.set_book("SBER", D("195"), D("195.01"))
    await desk.wait(3)
    await desk.settle()
    assert (len(await desk.orders(OrderRole.EXIT)), await desk.holds()) == (1, {})


async def test_an_exit_into_a_thin_book_goes_on_until_nothing_is_left(desk: TestDesk) -> None:
    """30 a book: sold in pieces, never more than there is."""
    await hold(desk, rule("2"))
    await desk.book_of("SBER", "195", "195.01", bid_size="30")
    for _ in range(4):
        await desk.book_of("SBER", "195", "195.01", bid_size="30")
        await desk.wait(5)
    await desk.settle()
    assert await desk.holds() == {}
    assert sum(fill.signed for fill in await desk.fills()) == 0


async def test_a_ticker_that_is_listed_no_more_is_told_and_tried_again(data_dir: Path) -> None:
    """Nothing can be placed without its steps: people are called, and nobody says that it is protected."""
    async with opened(data_dir, **BARE, **ROOM) as desk:
        await hold(desk, rule("2"))
        directory = desk.engine.desk.directory
        account = desk.engine.desk.venues[TESTING].account
        listed = directory.instruments(TESTING)
        directory.put(account, [one for one in listed if one.ticker != "SBER"])
        await quotes(desk, "190", "190")
        await desk.wait(60)
        assert await exits(desk) == []
        assert await desk.notices("position.unprotected") != []
        assert desk.position.protected_by is None
