"""Traps: where they stand, how large they are, and that each is placed once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.rules.traps import ladder
from core.values.instrument import InstrumentKind
from core.values.money import Price, Quantity
from core.values.notices import Notice, NoticeKind
from core.values.orders import Order, OrderRole, OrderState, OrderType, Side
from core.values.tasks import Task, TaskState
from tests.desk import OWNER, TESTING, TestDesk, opened

D = Decimal
RICH: dict[str, Any] = {"cash": "100000000"}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[TestDesk]:
    """SBER at 200, lot 10; rich enough that no press is asked."""
    async with opened(tmp_path, account=RICH) as desk:
        await desk.book_of("SBER", "200", "200")
        yield desk


async def traps(desk: TestDesk) -> list[tuple[str, str, str]]:
    """Side, lots and price of every trap that was ever intended."""
    orders = [o.request for o in await desk.orders(OrderRole.TASK)]
    assert all(r.type is OrderType.TAKE_PROFIT and r.price == r.stop_price for r in orders)
    return [(r.side.value, f"{r.quantity / 10:f}", f"{r.price:f}") for r in orders]


async def the_task(desk: TestDesk) -> Task:
    return (await desk.engine.store.tasks(1)).items[0]


def code(answer: Notice) -> str:
    return answer.params.get("code", "")


async def press(desk: TestDesk, asked: Notice) -> Notice:
    assert asked.kind is NoticeKind.CONFIRM
    return await desk.say(asked.actions[0].command)


async def test_tm_41_stops_stand_below_the_market(desk: TestDesk) -> None:
    """Last 200, lot 10: 170, 160 and 150 with 176, 187 and 200 lots, take-profits to buy, price and trigger alike."""
    await desk.say("/stops white SBER")
    answer = await desk.say("/stops")
    assert (answer.key, answer.params["done"]) == ("command.traps_placed", "3")
    assert await traps(desk) == [("buy", "176", "170"), ("buy", "187", "160"), ("buy", "200", "150")]
    assert (await the_task(desk)).state is TaskState.DONE
    assert len(await desk.broker().stop_orders()) == 3


async def test_orders_says_a_price_that_triggers_and_limits_once(desk: TestDesk) -> None:
    """Not `170170`."""
    await desk.say("/stops white SBER")
    await desk.say("/stops")
    assert [line.params["at"] for line in (await desk.say("/orders")).lines] == ["170", "160", "150"]


async def test_tm_42_shorts_stand_above_it(desk: TestDesk) -> None:
    """240, 250 and 260 with 125, 120 and 115 lots, to sell."""
    await desk.say("/stops white SBER")
    await desk.say("/shorts")
    assert await traps(desk) == [("sell", "125", "240"), ("sell", "120", "250"), ("sell", "115", "260")]


def test_tm_43_prices_go_down_to_the_tick(desk: TestDesk) -> None:
    """105.001 by lots of ten is 285 lots at 105.00; 99.999 in single pieces 3000 at 99.99."""
    sber = desk.engine.desk.directory.instrument(TESTING, "SBER")
    [ten], _ = ladder(sber, Price(D("105.001")), Side.BUY, [D(0)], D(300000), None)
    single = replace(sber, lot=Quantity(D(1)), step=Quantity(D(1)))
    [one], _ = ladder(single, Price(D("99.999")), Side.BUY, [D(0)], D(300000), None)
    assert [(t.quantity, t.stop_price, t.price) for t in (ten, one)] == [
        (D(2850), D("105.00"), D("105.00")),
        (D(3000), D("99.99"), D("99.99")),
    ]


async def test_tm_43_a_trap_stands_for_two_hours(desk: TestDesk) -> None:
    """Good till now and 120 minutes, UTC."""
    await desk.say("/stops white SBER")
    now = desk.now
    await desk.say("/stops")
    assert {o.request.expires_at for o in await desk.orders()} == {now + timedelta(minutes=120)}


async def test_tm_40_lists_decide_what_is_taken(desk: TestDesk) -> None:
    """White alone: both; white and black for longs: shorts only; not white: neither."""
    lists = desk.engine.office.lists
    await desk.say("/stops white SBER GAZP")
    await desk.say("/stops black long SBER")
    await desk.say("/stops black short BTCPERP")
    assert [await lists.taken(OWNER, side) for side in Side] == [["GAZP"], ["GAZP", "SBER"]]
    await desk.say("/stops unblack long SBER")
    await desk.say("/stops unwhite GAZP")
    assert [await lists.taken(OWNER, side) for side in Side] == [["SBER"], ["SBER"]]


async def test_tm_45_what_the_sum_does_not_buy_is_left_out_and_named(desk: TestDesk) -> None:
    """A lot of SBER costs 2000; GAZP is placed all the same."""
    await desk.book_of("GAZP", "100", "100")
    await desk.say("/stops white SBER GAZP")
    await desk.say("/stops set sum 1400")
    answer = await desk.say("/stops")
    skipped = [line.params for line in answer.lines if line.key == "command.trap_skipped"]
    assert [(p["ticker"], p["level"], p["reason"]) for p in skipped] == [
        ("SBER", level, "zero_size") for level in ("15", "20", "25")
    ]
    assert {o.request.ticker for o in await desk.orders()} == {"GAZP"}


async def test_tm_46_traps_hold_no_margin(desk: TestDesk) -> None:
    """Free money is the same after they stand."""
    before = await desk.broker().margin()
    await desk.say("/stops white SBER GAZP")
    await desk.say("/stops")
    assert len(desk.live()) == 6
    assert await desk.broker().margin() == before


async def test_tm_47_a_nuke_is_four_close_traps(desk: TestDesk) -> None:
    """100000 at 200: 12, 12, 13 and 13 lots at 200, 198, 190 and 186."""
    await desk.say("/nuke sber 100000")
    expected = [("buy", "12", "200"), ("buy", "12", "198"), ("buy", "13", "190"), ("buy", "13", "186")]
    assert await traps(desk) == expected


@pytest.mark.parametrize("sum_", ["8000", "7999", "0"])
async def test_tm_48_a_nuke_too_small_places_nothing(desk: TestDesk, sum_: str) -> None:
    """A quarter must be more than the 2000 that a lot costs, and the answer says both."""
    answer = await desk.say(f"/nuke SBER {sum_}")
    assert code(answer) == "sum_too_small"
    assert answer.lines[0].params["lot"] == "2000"
    assert await desk.orders() == []


@pytest.mark.parametrize("text", ["/nuke", "/nuke SBER", "/nuke 100000 SBER", "/nuke SBER 1e5", "/nuke SBER 1 2"])
async def test_tm_08_a_nuke_is_a_ticker_and_a_sum(desk: TestDesk, text: str) -> None:
    """Anything else is answered with how to write it."""
    assert code(await desk.say(text)) == "usage"
    assert await desk.orders() == []


async def test_tm_44_a_limit_is_waited_for_and_doubles_nothing(desk: TestDesk) -> None:
    """Too many requests, back in 17 seconds: no try before then, and all three stand afterwards, once."""
    await desk.say("/stops white SBER")
    desk.broker().script("too_many_requests", retry_after=17)
    asking = asyncio.create_task(desk.say("/stops"))
    await desk.wait(16)
    assert await desk.broker().stop_orders() == []
    await desk.wait(4)
    await asking
    assert len(await desk.broker().stop_orders()) == len(await desk.orders()) == 3


async def test_tm_59_a_stop_ends_the_placing_also_where_it_waits(desk: TestDesk) -> None:
    """The order that waits out a limit is not sent any more; what stands stays."""
    await desk.say("/stops white SBER")
    desk.broker().script("too_many_requests", count=3, retry_after=30)
    asking = asyncio.create_task(desk.say("/stops"))
    await desk.wait(2)
    assert (await desk.say("/stop")).params == {"count": "1", "left": "0"}
    await asking
    await desk.wait(60)
    assert [o.state for o in await desk.orders()] == [OrderState.CANCELLED]
    assert await desk.broker().stop_orders() == []


async def test_w_06_an_answer_that_is_lost_doubles_no_trap(desk: TestDesk) -> None:
    """Taken, and the connection dropped: it is found again, and nothing is placed beside it."""
    await desk.say("/stops white SBER")
    desk.broker().script("accept_then_drop", count=2)
    asking = asyncio.create_task(desk.say("/stops"))
    await desk.wait(30)
    assert (await asking).params["done"] == "3"
    assert len(await desk.broker().stop_orders()) == len(await desk.orders()) == 3


async def test_a_refused_trap_is_named_and_holds_nobody_back(desk: TestDesk) -> None:
    """The broker refuses the first."""
    await desk.say("/stops white SBER")
    desk.broker().script("refuse")
    answer = await desk.say("/stops")
    assert (answer.params["done"], answer.params["refused"]) == ("2", "SBER 170: refused")
    assert len(desk.live()) == 2


async def test_more_than_the_equity_is_asked_first(tmp_path: Path) -> None:
    """Three traps of 300000 on an account of 10000: the sums are shown, nothing is placed before the press."""
    async with opened(tmp_path) as desk:
        await desk.book_of("SBER", "200", "200")
        await desk.say("/stops white SBER")
        asked = await desk.say("/stops")
        assert (asked.params["count"], asked.params["notional"], asked.params["equity"]) == ("3", "898400", "10000")
        assert await desk.orders() == []
        assert (await press(desk, asked)).params["done"] == "3"


async def test_a_trap_that_fires_is_told(desk: TestDesk) -> None:
    """Hours after its task is done; one that runs out of time is not."""
    await desk.say("/stops white SBER")
    await desk.say("/stops")
    await desk.book_of("SBER", "169", "169.50", ask_size="5000")
    [told] = await desk.notices("order.filled")
    assert (told.params["ticker"], told.params["filled"]) == ("SBER", "1760")
    assert desk.position.protection.value == "by_hand"
    await desk.clock.advance(7300)
    await desk.settle()
    assert ([o.state for o in desk.live()], len(await desk.notices("order.expired"))) == ([], 0)


async def test_a_halted_desk_places_no_traps(desk: TestDesk) -> None:
    """Refused before anything is written."""
    await desk.say("/stops white SBER")
    await desk.say("/kill")
    assert code(await desk.say("/stops")) == "halted"
    assert await desk.orders() == []


async def test_a_kill_takes_traps_away(desk: TestDesk) -> None:
    """They would add risk."""
    await desk.say("/stops white SBER")
    await desk.say("/stops")
    assert (await desk.say("/kill")).params == {"cancelled": "3", "left": "0"}
    assert await desk.at_broker() == []


async def test_w_16_a_ticker_without_a_price_breaks_nothing(desk: TestDesk) -> None:
    """Its side of the list is left out by name; so is one that the venue dropped."""
    await desk.say("/stops white SBER GAZP")
    venue = desk.engine.desk.venues[TESTING]
    desk.engine.desk.directory.put(venue.account, [i for i in await venue.broker.instruments() if i.ticker != "GAZP"])
    answer = await desk.say("/stops")
    left = [line.params["reason"] for line in answer.lines if line.key == "command.trap_skipped"]
    assert (answer.params["done"], left) == ("3", ["unknown_ticker"])


async def test_tm_72_bonds_are_counted_by_money(desk: TestDesk) -> None:
    """At 95 percent of 1000 a bond costs 950: 300000 buy 315 of them, at a price in percent."""
    sber = desk.engine.desk.directory.instrument(TESTING, "SBER")
    one = Quantity(D(1))
    bond = replace(sber, ticker="OFZ", kind=InstrumentKind.BOND, lot=one, step=one, point_value=D(10))
    [trap], _ = ladder(bond, Price(D(100)), Side.BUY, [D(5)], D(300000), None)
    assert (trap.stop_price, trap.quantity) == (D(95), D(315))


def test_w_04_futures_are_counted_by_money_not_points(desk: TestDesk) -> None:
    """A future at 30000 points of 1 each costs 30000; at 10 a point ten times that."""
    sber = desk.engine.desk.directory.instrument(TESTING, "SBER")
    one = Quantity(D(1))
    found = []
    for value in (D(1), D(10)):
        future = replace(sber, kind=InstrumentKind.FUTURE, lot=one, step=one, point_value=value)
        [trap], _ = ladder(future, Price(D(30000)), Side.BUY, [D(0)], D(600000), None)
        found.append(trap.quantity)
    assert found == [D(20), D(2)]


@pytest.fixture
async def sent(desk: TestDesk) -> list[Order]:
    await desk.say("/stops white SBER")
    await desk.say("/stops")
    return await desk.orders()


async def test_a_command_told_twice_is_one_set(desk: TestDesk) -> None:
    """A surface repeats a message under its own id."""
    await desk.say("/stops white SBER")
    for _ in range(2):
        await desk.say("/stops", call_id="message 7")
    assert len(await desk.orders()) == 3


async def test_why_names_the_person_behind_a_trap(desk: TestDesk, sent: list[Order]) -> None:
    """Person, then task."""
    assert [cause.kind.value for cause in sent[0].request.because] == ["person", "task"]
    assert sent[0].request.because[0].id == "owner"
