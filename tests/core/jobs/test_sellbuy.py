"""Patient trades: at the own-side best, kept while it stays, replaced when it moves, never twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from core.rules.sessions import in_the_morning
from core.values.changes import QueueSet
from core.values.orders import OrderRole, OrderState
from core.values.tasks import Task, TaskGoal, TaskState
from tests.desk import OWNER, TestDesk, opened

D = Decimal


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[TestDesk]:
    async with opened(tmp_path, account={"cash": "10000000"}) as desk:
        await desk.book_of("SBER", "99", "101")
        yield desk


async def placed(desk: TestDesk) -> list[tuple[str, str, str]]:
    """Every order of a task: quantity, price, state."""
    orders = await desk.orders(OrderRole.TASK)
    return [(f"{o.request.quantity:f}", f"{o.request.price:f}", o.state.value) for o in orders]


async def the_task(desk: TestDesk) -> Task:
    [task] = (await desk.engine.store.tasks(10)).items
    return task


async def test_tm_10_each_side_joins_its_own_best(desk: TestDesk) -> None:
    """Bid 99, ask 101: a buyer at 99, a seller at 101."""
    await desk.say("/buy 10 SBER")
    await desk.say("/sell 10 SBER")
    assert await desk.at_broker() == ["buy limit 10 99", "sell limit 10 101"]


async def test_tm_11_the_order_stays_while_the_best_does(desk: TestDesk) -> None:
    """Five looks at the same book: one placing, no cancel."""
    await desk.say("/buy 10 SBER")
    await desk.wait(5)
    assert await placed(desk) == [("10", "99", "OPEN")]


async def test_tm_12_a_moved_best_is_followed_with_what_is_left(desk: TestDesk) -> None:
    """Twenty of fifty are filled; up or down, the rest is placed anew, once."""
    await desk.say("/buy 50 SBER")
    await desk.book_of("SBER", "98.90", "98.95", ask_size="20")
    await desk.book_of("SBER", "100", "101")
    await desk.wait(2)
    assert [row for row in await placed(desk) if row[2] == "OPEN"] == [("30", "100", "OPEN")]
    await desk.book_of("SBER", "97", "101")
    await desk.wait(2)
    assert await placed(desk) == [("50", "99", "CANCELLED"), ("30", "100", "CANCELLED"), ("30", "97", "OPEN")]
    assert (await the_task(desk)).done == 20


async def test_tm_15_partial_fills_add_up_to_the_average(desk: TestDesk) -> None:
    """20 at 99 and 10 at 96: 30 for 98, in the task, its row and its last word."""
    await desk.say("/buy 30 SBER")
    await desk.book_of("SBER", "98", "99", ask_size="20")
    await desk.wait(2)
    await desk.book_of("SBER", "96", "100")
    await desk.wait(2)
    await desk.book_of("SBER", "95", "96")
    await desk.wait(2)
    task = await the_task(desk)
    assert (task.state, task.done, task.average_price) == (TaskState.DONE, D(30), D(98))
    assert await desk.engine.store.active_queue() == []
    [told] = await desk.notices("task.done")
    assert (told.params["done"], told.params["average"], told.actions) == ("30", "98", ())


async def test_tm_13_what_filled_before_the_cancel_counts(tmp_path: Path) -> None:
    """The fill was never heard of when the best moved: the cancel finds the order filled, and nothing replaces it."""
    async with opened(tmp_path, listening=False, account={"cash": "10000000"}) as desk:
        await desk.book_of("SBER", "99", "101")
        await desk.say("/buy 10 SBER")
        await desk.book_of("SBER", "98", "99")
        await desk.wait(40)
        assert await placed(desk) == [("10", "99", "FILLED")]
        task = await the_task(desk)
        assert (task.state, task.done, task.average_price) == (TaskState.DONE, D(10), D(99))


async def test_tm_17_each_growth_is_kept_once(desk: TestDesk) -> None:
    """The row is written when more is executed, and not while nothing is."""
    kept: list[Decimal] = []
    desk.engine.store.listen(lambda saved: kept.extend(c.row.executed for c in saved if isinstance(c, QueueSet)))
    await desk.say("/buy 30 SBER")
    await desk.wait(5)
    assert kept == [0]
    await desk.book_of("SBER", "98", "99", ask_size="20")
    await desk.wait(5)
    assert kept == [0, 20]


async def test_tm_07_a_run_is_told_and_its_failure_names_title_and_cause(desk: TestDesk) -> None:
    """The answer and one result; where the broker refuses, an error in their place; afterwards nothing is running."""
    assert (await desk.say("/buy 10 SBER")).key == "command.traded"
    await desk.book_of("SBER", "98", "99")
    await desk.wait(2)
    assert len(await desk.notices("task.done")) == 1
    desk.broker().script("refuse", 1)
    refused = await desk.say("/sell 10 SBER")
    assert refused.params["code"] == "refused"
    [failed] = await desk.notices("task.failed")
    assert (failed.params["title"], failed.params["code"]) == ("sell SBER", "refused")
    assert desk.engine.supervisor.unfinished() == []


async def test_tm_05_nothing_runs_without_the_journal(desk: TestDesk) -> None:
    """A store that cannot be written: the command is answered with what is wrong, and no order is made."""
    await desk.engine.store.close()
    answer = await desk.say("/buy 10 SBER")
    assert (answer.params["code"], answer.params["reason"]) == ("failed", "the journal is closed")
    assert await desk.at_broker() == []


async def test_tm_14_less_than_a_lot_is_left_undone(desk: TestDesk) -> None:
    """25 queued, lot 10: an order of 20, and 5 are reported as not executed."""
    await desk.say("/queue add SBER 25 buy")
    await desk.say("/sellbuy")
    assert await placed(desk) == [("20", "99", "OPEN")]
    await desk.book_of("SBER", "98", "99")
    await desk.wait(2)
    task = await the_task(desk)
    assert (task.state, task.done, task.asked) == (TaskState.DONE, D(20), D(25))


async def test_tm_16_rows_are_worked_on_side_by_side(desk: TestDesk) -> None:
    """Two rows, two orders; a second /sellbuy is refused, an empty queue is said."""
    assert (await desk.say("/sellbuy")).key == "command.nothing_queued"
    await desk.say("/queue add SBER 10 buy")
    await desk.say("/queue add GAZP 10 sell")
    await desk.say("/sellbuy")
    assert {o.request.ticker for o in desk.live()} == {"SBER", "GAZP"}
    assert (await desk.say("/sellbuy")).params["code"] == "already_running"
    assert len(await desk.orders()) == 2


async def test_one_report_tells_what_all_rows_came_to(desk: TestDesk) -> None:
    """After the last one, whichever that is, with what each executed and for how much."""
    await desk.say("/queue add SBER 10 buy")
    await desk.say("/queue add GAZP 10 sell")
    await desk.say("/sellbuy")
    await desk.book_of("SBER", "98", "99")
    await desk.wait(2)
    assert await desk.notices("task.report") == []
    await desk.say("/stop")
    await desk.wait(1)
    [report] = await desk.notices("task.report")
    rows = {line.params["ticker"]: (line.params["done"], line.params["average"]) for line in report.lines}
    assert (report.params["command"], rows) == ("/sellbuy", {"SBER": ("10", "99"), "GAZP": ("0", "-")})


async def test_tm_19_an_empty_book_is_told_and_waited_out(desk: TestDesk) -> None:
    """No order without a best to join; said once, and the work goes on when somebody bids again."""
    await desk.book_of("SBER", None, "101")
    await desk.say("/queue add SBER 10 buy")
    await desk.say("/sellbuy")
    await desk.wait(5)
    assert await placed(desk) == []
    [told] = await desk.notices("task.trouble")
    assert told.params["reason"] == "empty_book"
    await desk.book_of("SBER", "98", "101")
    await desk.wait(2)
    assert await desk.at_broker() == ["buy limit 10 98"]


async def test_a_stop_while_the_broker_is_away_is_carried_out_when_it_is_back(desk: TestDesk) -> None:
    """The goal is kept; the order is cancelled as soon as somebody listens."""
    await desk.say("/buy 10 SBER")
    desk.broker().script("disconnect", 12)
    stopping = asyncio.create_task(desk.say("/stop"))
    await desk.wait(2)
    task = await the_task(desk)
    assert (task.goal, task.state.final) == (TaskGoal.STOP, False)
    await desk.wait(200)
    await stopping
    assert (await the_task(desk)).state is TaskState.STOPPED
    assert await desk.at_broker() == []


async def test_tm_20_errors_are_paced_and_told_once_a_minute(desk: TestDesk) -> None:
    """The broker refuses every new order: few tries, few messages, and it goes on when that is over."""
    await desk.say("/buy 10 SBER")
    desk.broker().script("refuse", 8)
    await desk.book_of("SBER", "98.50", "101")
    await desk.wait(59)
    assert 3 <= len(await placed(desk)) <= 8
    assert len(await desk.notices("task.trouble")) == 1
    await desk.wait(200)
    assert (await desk.at_broker()) == ["buy limit 10 98.50"]


async def test_tm_25_dump_closes_what_is_held(desk: TestDesk) -> None:
    """Long: sold; short: bought; nothing: said so."""
    assert (await desk.say("/dump SBER")).params["code"] == "nothing_held"
    await desk.say("/sell 30 SBER")
    await desk.book_of("SBER", "101", "102")
    await desk.wait(2)
    await desk.say("/dump sber")
    assert await desk.at_broker() == ["buy limit 30 101"]
    await desk.book_of("SBER", "100", "101")
    await desk.wait(2)
    assert await desk.holds() == {}


async def test_an_order_in_doubt_counts_as_live(tmp_path: Path) -> None:
    """The connection drops after the broker took it: nothing is placed beside it until it is found."""
    async with opened(tmp_path, account={"dialect": "alpaca"}) as desk:
        desk.broker().script("accept_then_drop")
        await desk.say("/buy 10 SBER")
        await desk.book_of("SBER", "299", "301")
        await desk.wait(3)
        states = [state for _, _, state in await placed(desk)]
        assert states == ["CANCELLED", "OPEN"]
        assert await desk.at_broker() == ["buy limit 10 299"]


async def test_tm_59_stop_cleans_up_and_answers(desk: TestDesk) -> None:
    """The order goes, the fills stay, the queue does not bring it back."""
    await desk.say("/buy 30 SBER")
    await desk.book_of("SBER", "98", "99", ask_size="10")
    answer = await desk.say("/stop")
    assert (answer.key, answer.params) == ("command.stop", {"count": "1", "left": "0"})
    await desk.wait(3)
    task = await the_task(desk)
    assert (task.state, task.goal, task.done) == (TaskState.STOPPED, TaskGoal.STOP, D(10))
    assert await desk.at_broker() == []
    assert (await desk.say("/tasks")).key == "command.no_tasks"
    assert (await desk.say("/sellbuy")).key == "command.nothing_queued"


async def test_pause_keeps_the_rest_and_resume_goes_on(desk: TestDesk) -> None:
    """By its button, by the end of its id, and over a restart."""
    await desk.say("/buy 30 SBER")
    await desk.wait(2)
    card = (await desk.notices("task.progress"))[-1]
    await desk.console.press(card.actions[0].id, OWNER)
    assert await desk.at_broker() == []
    task = await the_task(desk)
    assert (task.state, [o.state for o in await desk.orders()]) == (TaskState.PAUSED, [OrderState.CANCELLED])
    await desk.say(f"/resume {task.id[-6:]}")
    await desk.wait(2)
    assert await desk.at_broker() == ["buy limit 30 99"]


async def test_w_11_cancel_stops_tasks_first(desk: TestDesk) -> None:
    """Nothing is placed again behind its back; the same holds for a kill."""
    await desk.say("/buy 10 SBER")
    assert (await desk.say("/cancel")).params == {"cancelled": "1", "left": "0"}
    await desk.say("/buy 10 SBER")
    assert (await desk.say("/kill")).params == {"cancelled": "1", "left": "0"}
    await desk.wait(3)
    assert (await desk.at_broker(), desk.engine.supervisor.unfinished()) == ([], [])


async def test_a_closed_market_is_waited_for(tmp_path: Path) -> None:
    """The order is taken back at the close, and stands again after the opening; the task says what it waits for."""
    async with opened(tmp_path, market={"still": True, "hours": "exchange"}) as desk:
        while not desk.engine.market.quote("SBER").trading:  # type: ignore[union-attr]
            await desk.clock.advance(900)
        await desk.say("/buy 10 SBER")
        assert len(await desk.at_broker()) == 1
        while desk.engine.market.quote("SBER").trading:  # type: ignore[union-attr]
            await desk.clock.advance(300)
        await desk.wait(2)
        assert await desk.at_broker() == []
        assert (await the_task(desk)).waits_for.startswith("session 20")
        while not desk.engine.market.quote("SBER").trading:  # type: ignore[union-attr]
            await desk.clock.advance(300)
        await desk.wait(6)
        assert len(await desk.at_broker()) == 1


async def test_tm_69_what_sleeps_late_is_left_alone_in_the_morning(tmp_path: Path) -> None:
    """SBER waits for the main session where its owner says so; GAZP trades at once."""
    async with opened(tmp_path, market={"still": True, "hours": "exchange"}) as desk:
        while not in_the_morning("MOEX-shares", desk.now) or not desk.engine.market.quote("SBER").trading:  # type: ignore[union-attr]
            await desk.clock.advance(900)
        await desk.say("/stops nomorning SBER")
        await desk.say("/buy 10 SBER")
        await desk.say("/buy 10 GAZP")
        assert [o.request.ticker for o in desk.live()] == ["GAZP"]
        while in_the_morning("MOEX-shares", desk.now) or not desk.engine.market.quote("SBER").trading:  # type: ignore[union-attr]
            await desk.clock.advance(300)
        await desk.wait(6)
        assert {o.request.ticker for o in desk.live()} == {"GAZP", "SBER"}
