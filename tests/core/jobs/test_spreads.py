"""Spreads: the far leg patient, the near leg at its heels, and nothing unhedged left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.rules.sessions import sessions
from core.rules.spread import common_sessions
from core.values.orders import OrderRole, OrderState
from core.values.spreads import SpreadRow
from core.values.tasks import Task, TaskState
from tests.desk import TestDesk, opened
from tests.futures import FAR, LATER

D = Decimal
RICH = {"cash": "100000000"}
ADD = f"/spreads add {FAR} SBER sell 600 10"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[TestDesk]:
    """Far 15610/15620, near 150/151: selling at D = 15620 - 100 * 150 = 620."""
    async with opened(tmp_path, account=RICH) as desk:
        await books(desk)
        yield desk


async def books(desk: TestDesk, far: str = "15620", far_bid: str = "15610", size: str | None = None) -> None:
    await desk.book_of("SBER", "150", "151")
    await desk.book_of(FAR, far_bid, far, bid_size=size)


async def bought(desk: TestDesk, pieces: str) -> None:
    """Somebody buys so many of our far pieces; then the book is as it was."""
    await desk.book_of(FAR, "15620", "15700", bid_size=pieces)
    await books(desk)
    await desk.wait(3)


async def sent(desk: TestDesk, role: OrderRole) -> list[str]:
    """Every order of a role: `sell 10 15620 OPEN`."""
    return [
        " ".join(
            [
                o.request.side,
                f"{o.request.quantity:f}",
                "market" if o.request.price is None else f"{o.request.price:f}",
                o.state,
            ]
        )
        for o in await desk.orders(role)
    ]


async def the_task(desk: TestDesk) -> Task:
    return (await desk.engine.store.tasks(10)).items[0]


async def the_row(desk: TestDesk) -> SpreadRow:
    [task] = (await desk.engine.store.tasks(10)).items[-1:]
    row = await desk.engine.store.spread(task.arguments["row"])  # type: ignore[arg-type]  # the id as it was kept
    assert row is not None
    return row


async def running(desk: TestDesk, add: str = ADD) -> None:
    assert (await desk.say(add)).key == "command.spread_added"
    assert (await desk.say("/spreads")).key == "command.spreading"
    await desk.wait(2)


async def test_tm_29_the_far_leg_joins_its_own_best_with_all_that_is_left(desk: TestDesk) -> None:
    """Sold at the best ask, 10 of 10, and nothing of the near leg yet."""
    await running(desk)
    assert await desk.at_broker() == ["sell limit 10 15620"]
    assert await sent(desk, OrderRole.HEDGE) == []


async def test_tm_28_the_trigger_is_strict(desk: TestDesk) -> None:
    """D is 620: a seller at 620 waits, at 619 sells; a buyer whose D is 510 waits at 510."""
    await desk.say(f"/spreads add {FAR} SBER sell 620 10")
    await running(desk, f"/spreads add {FAR} SBER buy 510 10")
    assert await desk.at_broker() == []
    await desk.say("/stop")
    await running(desk, f"/spreads add {FAR} SBER buy 511 10")
    assert await desk.at_broker() == ["buy limit 10 15610"]
    await desk.say("/stop")
    await running(desk, f"/spreads add {FAR} SBER sell 619 10")
    assert await desk.at_broker() == ["buy limit 10 15610", "sell limit 10 15620"]


async def test_tm_30_the_far_order_follows_its_price(desk: TestDesk) -> None:
    """The ask moves while the trigger holds: cancelled and placed anew."""
    await running(desk)
    await books(desk, far="15630")
    await desk.wait(2)
    assert await sent(desk, OrderRole.TASK) == ["sell 10 15620 CANCELLED", "sell 10 15630 OPEN"]


async def test_tm_30_the_far_order_goes_with_its_trigger(desk: TestDesk) -> None:
    """The near leg moves to 153, so D is 320; the far price stays."""
    await running(desk)
    await desk.book_of("SBER", "153", "154")
    await desk.wait(2)
    assert await sent(desk, OrderRole.TASK) == ["sell 10 15620 CANCELLED"]
    assert (await the_task(desk)).waits_for == "price 600"


async def test_tm_31_the_near_leg_is_evened_at_market(desk: TestDesk) -> None:
    """Three far pieces at a ratio of 100: 300 shares bought."""
    await running(desk)
    await bought(desk, "3")
    assert await sent(desk, OrderRole.HEDGE) == ["buy 300 market FILLED"]
    assert await desk.holds() == {FAR: D(-3), "SBER": D(300)}


async def test_tm_32_each_part_is_hedged_as_it_comes(desk: TestDesk) -> None:
    """Far 1, 2, 5: near 100, 100, 300, and the rest keeps working."""
    await running(desk)
    for pieces in ("1", "1", "3"):
        await bought(desk, pieces)
    assert [row.split()[1] for row in await sent(desk, OrderRole.HEDGE)] == ["100", "100", "300"]
    assert await desk.holds() == {FAR: D(-5), "SBER": D(500)}
    assert [order.request.quantity - order.filled for order in desk.live()] == [5]


async def test_tm_33_a_thin_book_is_asked_again_for_what_is_missing(desk: TestDesk) -> None:
    """Only 40 of 200 are there: the next try is for 160, none for 200."""
    await running(desk)
    await desk.book_of("SBER", "150", "151", ask_size="40")
    await desk.book_of(FAR, "15620", "15700", bid_size="2")
    await desk.wait(0.5)
    await desk.book_of("SBER", "150", "151", ask_size="1000")
    await desk.wait(3)
    tries = [row.split() for row in await sent(desk, OrderRole.HEDGE)]
    assert [words[1] for words in tries if words[3] != "REJECTED"] == ["200", "160"]
    assert {words[1] for words in tries[1:]} == {"160"}
    assert await desk.holds() == {FAR: D(-2), "SBER": D(200)}


async def test_w_07_no_second_hedge_beside_one_in_doubt(tmp_path: Path) -> None:
    """The line drops after the broker took the hedge: it is found again, and it was the only one."""
    async with opened(tmp_path, account={**RICH, "dialect": "alpaca"}) as desk:
        await books(desk)
        await running(desk)
        desk.broker().script("accept_then_drop")
        await bought(desk, "2")
        await desk.wait(3)
        assert await sent(desk, OrderRole.HEDGE) == ["buy 200 market FILLED"]
        assert await desk.holds() == {FAR: D(-2), "SBER": D(200)}


async def test_tm_34_progress_average_and_one_report(desk: TestDesk) -> None:
    """Six, then four far pieces at 15620 against 151: each told once they are hedged; at the end the row is done."""
    await running(desk)
    await bought(desk, "6")
    await bought(desk, "4")
    told = [(n.params["executed"], n.params["amount"], n.params["average"]) for n in await desk.notices("spread.grown")]
    assert told == [("6", "10", "520"), ("10", "10", "520")]
    task = await the_task(desk)
    assert (task.state, task.done, task.average_price) == (TaskState.DONE, D(10), D(520))
    [report] = await desk.notices("task.report")
    assert [line.params["done"] for line in report.lines] == ["10"]
    row = await the_row(desk)
    assert (row.active, row.far_done.executed, row.near_done.executed) == (False, D(10), D(1000))
    assert (await desk.say("/spreads")).key == "command.no_spreads"


async def test_tm_35_closed_hours_of_either_leg_are_waited_out(tmp_path: Path) -> None:
    """The far order stands from 30 s after both are open until 30 s before one closes; else nothing is asked."""
    async with opened(tmp_path, account=RICH, market={"still": True, "hours": "exchange"}) as desk:
        table = [sessions(f"MOEX-{kind}", desk.now, desk.now + timedelta(days=5)) for kind in ("shares", "futures")]
        ahead = common_sessions(table[0], table[1], timedelta(seconds=30))
        first, then = [session for session in ahead if session.opens_at > desk.now][:2]
        for opens in (first, then):
            await at(desk, opens.opens_at - timedelta(seconds=10))
            if opens is first:
                await running(desk)
            assert await desk.at_broker() == []
            assert (await the_task(desk)).waits_for == f"session {opens.opens_at:%Y-%m-%dT%H:%M:%SZ}"
            await at(desk, opens.opens_at + timedelta(seconds=1))
            assert await desk.at_broker() == ["sell limit 10 15620"]
            await at(desk, opens.closes_at - timedelta(seconds=10))
            assert await desk.at_broker() == ["sell limit 10 15620"]
            await at(desk, opens.closes_at + timedelta(seconds=1))
            assert await desk.at_broker() == []


async def at(desk: TestDesk, moment: datetime) -> None:
    """Then, with books of then."""
    await desk.clock.advance((moment - desk.now).total_seconds())
    await books(desk)
    await desk.wait(2)


async def test_tm_36_an_error_pauses_for_a_minute(desk: TestDesk) -> None:
    """The broker refuses the far order: told, and tried again 60 s later, not before."""
    desk.broker().script("refuse")
    await running(desk)
    await desk.wait(50)
    assert len(await sent(desk, OrderRole.TASK)) == 1
    [told] = await desk.notices("task.trouble")
    assert told.params["reason"] == "refused"
    await desk.wait(15)
    assert await desk.at_broker() == ["sell limit 10 15620"]


async def test_tm_37_a_stop_leaves_nothing_unhedged(desk: TestDesk) -> None:
    """Two far pieces fill as the stop comes: the near leg is bought before the task ends."""
    await running(desk)
    desk.engine.market.set_book(FAR, D("15620"), D("15700"), D(2), D(1000))
    stopping = asyncio.create_task(desk.say("/stop"))
    await desk.wait(3)
    answer = await stopping
    assert (answer.key, answer.params["left"]) == ("command.stop", "0")
    assert await desk.holds() == {FAR: D(-2), "SBER": D(200)}
    task = await the_task(desk)
    assert (task.state, task.done) == (TaskState.STOPPED, D(2))
    assert await desk.at_broker() == []
    row = await the_row(desk)
    assert (row.active, row.near_done.executed) == (True, D(200))


async def test_w_09_a_kill_leaves_nothing_unhedged_either(desk: TestDesk) -> None:
    """A halted desk takes no new risk; the second half of what it holds is none."""
    await running(desk)
    desk.engine.market.set_book(FAR, D("15620"), D("15700"), D(2), D(1000))
    killing = asyncio.create_task(desk.say("/kill"))
    await desk.wait(3)
    await killing
    assert await desk.holds() == {FAR: D(-2), "SBER": D(200)}
    assert (await the_task(desk)).state is TaskState.STOPPED


async def test_a_stopped_spread_goes_on_where_it_was(desk: TestDesk) -> None:
    """Two are done; /spreads again works on eight and counts all ten."""
    await running(desk)
    await bought(desk, "2")
    await desk.say("/stop")
    await desk.say("/spreads")
    await desk.wait(2)
    assert await desk.at_broker() == ["sell limit 8 15620"]
    await bought(desk, "8")
    task = await the_task(desk)
    assert (task.state, task.done, task.average_price) == (TaskState.DONE, D(10), D(520))


async def test_tm_38_spreads_are_worked_on_side_by_side(desk: TestDesk) -> None:
    """Two rows of one pair; one fills, the other goes on."""
    await desk.say(f"/spreads add {FAR} SBER sell 600 3")
    await desk.say(f"/spreads add {LATER} SBER sell -100000 4")
    await desk.say("/spreads")
    await desk.wait(2)
    assert {(o.request.ticker, int(o.request.quantity)) for o in desk.live()} == {(FAR, 3), (LATER, 4)}
    await bought(desk, "3")
    states = {task.ticker: task.state for task in (await desk.engine.store.tasks(10)).items}
    assert states == {FAR: TaskState.DONE, LATER: TaskState.RUNNING}
    assert (await desk.say("/spreads")).params["code"] == "already_running"


async def test_a_near_leg_that_does_not_follow_is_told_and_unwound(desk: TestDesk) -> None:
    """Nobody sells the shares: no more far pieces, an alarm after 30 s, and the far leg is bought back."""
    await running(desk)
    await desk.book_of("SBER", "150", None)
    await desk.book_of(FAR, "15620", "15700", bid_size="2")
    await desk.wait(2)
    assert await desk.at_broker() == []
    await desk.wait(60)
    assert await desk.holds() == {}
    task = await the_task(desk)
    assert (task.state, task.checkpoint["code"], task.done) == (TaskState.FAILED, "unwound", D(0))
    assert [n.critical for n in await desk.notices("spread.uneven")] == [True]
    assert (await the_row(desk)).active


async def test_a_policy_of_holding_goes_on_trying(tmp_path: Path) -> None:
    """Nothing is bought back; as soon as somebody sells, it is hedged."""
    async with opened(tmp_path, account=RICH, jobs={"unhedged": "hold"}) as desk:
        await books(desk)
        await running(desk)
        await desk.book_of("SBER", "150", None)
        await desk.book_of(FAR, "15620", "15700", bid_size="2")
        await desk.wait(60)
        assert await desk.holds() == {FAR: D(-2)}
        await desk.book_of("SBER", "150", "151")
        await desk.wait(70)
        assert (await desk.holds())["SBER"] == D(200)


async def test_a_trade_by_hand_against_a_leg_is_noticed(desk: TestDesk) -> None:
    """Whoever sells the shares of a spread is told that it is not hedged; and when it is again."""
    await running(desk)
    await bought(desk, "1")
    await desk.say("/stop")
    await desk.say("/sell 100 SBER")
    await desk.book_of("SBER", "151", "152")
    await desk.wait(40)
    [told] = await desk.notices("spread.uneven")
    assert (told.params["gap"], told.critical) == ("-100", True)


async def test_positions_of_a_spread_are_hedged_ones(desk: TestDesk) -> None:
    """Neither by hand nor managed: no stop is asked for."""
    await running(desk)
    await bought(desk, "1")
    assert {view.protection.value for view in desk.positions()} == {"hedged"}
    assert all(order.state is not OrderState.UNKNOWN for order in desk.live())


async def test_what_cannot_be_hedged_is_not_begun(tmp_path: Path) -> None:
    """Money for the far leg alone is not enough; the refusal names both sums."""
    async with opened(tmp_path, account={"cash": "40000"}) as desk:
        await books(desk)
        await desk.say(ADD)
        answer = await desk.say("/spreads")
        assert [line.key for line in answer.lines] == ["command.spread_not_begun", "refused.buying_power"]
        assert (answer.lines[0].params["near"], answer.lines[1].params["needed"]) == ("SBER", "306200")
        assert (await desk.engine.store.tasks(10)).items == []


async def test_w_03_a_target_may_be_a_fraction(desk: TestDesk) -> None:
    """D is 620: 619.5 is beaten, 620.5 is not."""
    await running(desk, f"/spreads add {FAR} SBER sell 619.5 10")
    assert await desk.at_broker() == ["sell limit 10 15620"]


async def test_w_18_a_rejected_order_is_not_taken_for_a_live_one(desk: TestDesk) -> None:
    """The broker takes none for a while: one order each time, and the last of them works."""
    desk.broker().script("refuse", 2)
    await running(desk)
    await desk.wait(130)
    assert [row.split()[-1] for row in await sent(desk, OrderRole.TASK)] == ["REJECTED", "REJECTED", "OPEN"]
