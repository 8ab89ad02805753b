"""Exit rules on quotes, where a broker keeps stops and where the desk watches all by itself: behaviour.md 5.4, 5.5."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from core.values.ids import IntentId, OrderId, derive_id
from core.values.money import Price, Quantity
from core.values.orders import Book, OrderRequest, OrderRole, OrderType, Purpose, Refused, Side
from tests.desk import TESTING, TestDesk, opened
from tests.guard import BARE, ROOM, exits, hold, quotes, rule

D = Decimal
DIALECTS = ("bare", "paper", "tinvest")


@pytest.fixture(params=DIALECTS)
async def desk(data_dir: Path, request: pytest.FixtureRequest) -> AsyncIterator[TestDesk]:
    """Stops watched here, kept by the broker, and kept by one that knows no reduce-only orders."""
    account = {"dialect": request.param, "cash": "1000000"}
    async with opened(data_dir, account=account, risk={"stop_required": False}, **ROOM) as desk:
        yield desk


async def test_ao_16_an_entry_is_recorded_with_its_levels(desk: TestDesk) -> None:
    """Price, quantity, and the prices that the rule gives."""
    await hold(desk, rule("2", "5"))
    position = desk.position.position
    assert (position.quantity, position.average_price) == (D(100), D(200))
    assert (position.plan.stop, position.plan.target) == (D(196), D(210))
    assert desk.position.protected_by is not None


async def test_ao_17_a_stop_sells_at_its_price_and_not_above(desk: TestDesk) -> None:
    """E = 200, 2 %: 196.01 does nothing, 196 sells."""
    await hold(desk, rule("2"))
    await quotes(desk, "196.01")
    assert await desk.holds() == {"SBER": 100}
    await quotes(desk, "196")
    assert (await desk.holds(), desk.positions(), await desk.at_broker()) == ({}, [], [])
    [way_out] = await exits(desk)
    assert (way_out.filled, way_out.average_price) == (D(100), D(196))


async def test_ao_18_a_target_sells(desk: TestDesk) -> None:
    """E = 200, 5 %: 210."""
    await hold(desk, rule("2", "5"))
    await quotes(desk, "209.99")
    assert await desk.holds() == {"SBER": 100}
    await quotes(desk, "210")
    assert (await desk.holds(), await desk.at_broker()) == ({}, [])
    assert len(await exits(desk)) == 1


async def test_ao_19_a_trailing_stop_follows_and_sells(desk: TestDesk) -> None:
    """200, 208, 205, 204.88 with 1.5 %: only the last sells."""
    await hold(desk, rule("2", trailing="1.5"))
    await quotes(desk, "208", "205")
    assert await desk.holds() == {"SBER": 100}
    await quotes(desk, "204.88")
    assert (await desk.holds(), await desk.at_broker()) == ({}, [])
    assert len(await exits(desk)) == 1


async def test_ao_20_a_trailing_stop_never_falls(desk: TestDesk) -> None:
    """It rises with the best price; falling prices leave it where it is."""
    await hold(desk, rule("2", trailing="1.5"))
    seen = []
    for price in ("200", "208", "206", "205", "207", "209"):
        await quotes(desk, price)
        seen.append(desk.position.position.plan.stop)
    assert seen == [D(197), *[D("204.88")] * 4, D("205.87")]


async def test_ao_21_fifty_quotes_beyond_the_stop_make_one_sell(desk: TestDesk) -> None:
    """They come in one burst, before the first sell is even decided."""
    await hold(desk, rule("2"))
    for number in range(50):
        price = D(195) - D(number) / 100
        desk.engine.market.set_book("SBER", price, price + D("0.01"))
    await desk.settle()
    assert await desk.holds() == {}
    assert len(await exits(desk)) == 1
    assert sum(fill.signed for fill in await desk.fills()) == 0


async def test_a_short_is_a_long_in_a_mirror(desk: TestDesk) -> None:
    """Stop above, target below, both on the ask; trailing falls with it."""
    await hold(desk, rule("2", "5", "1.5"), side=Side.SELL)
    plan = desk.position.position.plan
    assert (plan.stop, plan.target) == (D(203), D(190))
    await quotes(desk, "192", side=Side.SELL)
    assert desk.position.position.plan.stop == D("194.88")
    await quotes(desk, "194.87", side=Side.SELL)
    assert await desk.holds() == {"SBER": -100}
    await quotes(desk, "194.88", side=Side.SELL)
    assert (await desk.holds(), await desk.at_broker()) == ({}, [])


async def test_a_ladder_locks_what_was_gained(desk: TestDesk) -> None:
    """After 2 % the stop is at the entry, after 4 % at 2 % above it."""
    await hold(desk, rule("2", ladder=((D(2), D(0)), (D(4), D(2)))))
    stops = []
    for price in ("203.99", "204", "201", "208", "205"):
        await quotes(desk, price)
        stops.append(desk.position.position.plan.stop)
    assert stops == [196, 200, 200, 204, 204]
    await quotes(desk, "204")
    assert await desk.holds() == {}


async def test_a_position_is_closed_when_its_time_is_over(desk: TestDesk) -> None:
    """By the market's clock, whatever the price does."""
    await hold(desk, rule("2", hold_s=3600.0))
    await desk.clock.advance(3599)
    await desk.settle()
    assert await desk.holds() == {"SBER": 100}
    await desk.clock.advance(1)
    await desk.settle()
    assert (await desk.holds(), await desk.at_broker()) == ({}, [])


async def test_an_exit_keeps_the_causes_of_its_entry(data_dir: Path) -> None:
    """/why leads from the sell to the alert."""
    async with opened(data_dir, **BARE, **ROOM) as desk:
        entry = await hold(desk, rule("2"))
        await quotes(desk, "196")
        [way_out] = await desk.orders(OrderRole.EXIT)
        assert way_out.request.because == entry.request.because


@pytest.mark.parametrize("other", ["50", "100", "300"])
async def test_books_that_hold_against_each_other_are_each_left_at_their_stop(desk: TestDesk, other: str) -> None:
    """A broker nets them: closing the one reduces nothing there, and still it is closed, whole and once."""
    await hold(desk, rule("2"))
    await hold(desk, rule("2"), side=Side.SELL, quantity=other, book=Book("link:two"))
    assert await desk.holds() == ({} if other == "100" else {"SBER": 100 - D(other)})
    await quotes(desk, "195", "195")
    await desk.wait(30)
    await desk.settle()
    assert [view.position.quantity for view in desk.positions()] == [-D(other)]
    assert await desk.holds() == {"SBER": -D(other)}
    await quotes(desk, "205", "205", side=Side.SELL)
    await desk.wait(30)
    await desk.settle()
    assert (desk.positions(), await desk.holds()) == ([], {})


async def test_an_exit_that_waits_for_its_next_try_sells_nothing_twice(desk: TestDesk) -> None:
    """A person sold the position meanwhile: what comes after would be a short one."""
    await hold(desk, rule("2"))
    desk.broker().script("too_many_requests", 1, retry_after=20)
    [view] = desk.positions()
    desk.engine.protection.leaving.leave(view.position, "time")
    await desk.wait(2)
    assert await desk.holds() == {"SBER": 100}
    number, price = OrderId(derive_id(desk.engine.desk.desk_id, "task", "one")), Price(D("200"))
    by_hand = OrderRequest(
        *(number, IntentId("one"), TESTING, "SBER", Side.SELL, OrderType.LIMIT, Quantity(D(100))),
        *(OrderRole.TASK, Purpose.WORKING, ()),
        price=price,
    )
    sold = await desk.engine.execution.work(by_hand)
    assert not isinstance(sold, Refused), sold
    desk.engine.market.set_book("SBER", price, D("200.01"))
    await desk.wait(40)
    await desk.settle()
    assert [o.filled for o in await desk.orders(OrderRole.EXIT)] == [D(0)]
    assert (desk.positions(), await desk.holds()) == ([], {})
