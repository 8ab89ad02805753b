"""Runs of strategies on a still market: what they want is made so, once, and nothing stays behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.jobs.strategies import strategy_task
from core.ports.strategies import Bid, Environment
from core.rules.closing import trading_days
from core.services.supervisor import Supervisor
from core.values.accounts import Mode
from core.values.ids import TaskId, derive_id
from core.values.money import Price, Quantity, plain
from core.values.orders import ExitRule, OrderRole, OrderState, Refused
from core.values.people import Role
from core.values.tasks import Task, TaskState
from strategies.api import AbstractStrategy
from strategies.kinds import recycle
from tests.desk import OWNER, TESTING, TestDesk, opened, person

D = Decimal
RICH: dict[str, Any] = {"account": {"cash": "1000000"}}


class Counting(AbstractStrategy):
    """Writes down what it is asked, and wants nothing."""

    name = "counting"

    def __init__(self, env: Environment) -> None:
        super().__init__(env)
        self.asked: list[tuple[str, Price]] = []
        self.raises = False

    def buy_logic(self) -> None:
        if self.raises:
            raise RuntimeError("a strategy of a stranger")
        self.asked.append(("buy", self.env.last.price))

    def sell_logic(self) -> None:
        self.asked.append(("sell", self.env.last.price))


def counting(desk: TestDesk) -> list[Counting]:
    """Offered beside the others of this desk; the runs as they begin."""
    made: list[Counting] = []

    def make(env: Environment) -> Counting:
        made.append(Counting(env))
        return made[-1]

    desk.engine.strategies.kinds["counting"] = replace(recycle(), name="counting", make=make)
    return made


async def closing(desk: TestDesk) -> datetime:
    """When the trading day of SBER ends that is open now or opens next."""
    instrument = desk.engine.desk.directory.instrument(TESTING, "SBER")
    days = trading_days(await desk.broker().schedule(instrument, desk.now, desk.now + timedelta(days=5)))
    return days[0].closes_at


async def go_to(desk: TestDesk, moment: datetime) -> None:
    await desk.clock.advance((moment - desk.now).total_seconds())
    await desk.breathe()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[TestDesk]:
    async with opened(tmp_path, **RICH) as desk:
        await desk.book_of("SBER", "300", "300")
        yield desk


async def begun(desk: TestDesk, strategy: str = "recycle") -> Task:
    supervisor: Supervisor = desk.engine.supervisor
    account = desk.engine.desk.directory.account(TESTING)
    assert not isinstance(account, Refused)
    task_id = TaskId(derive_id(desk.engine.desk.desk_id, "task", strategy))
    started = await supervisor.start(strategy_task(task_id, strategy, account, "SBER", desk.now), OWNER)
    assert isinstance(started, Task)
    await supervisor.first_step(started.id)
    return started


async def price(desk: TestDesk, price: str, seconds: float = 1) -> None:
    """The market at one price, time for everybody to see it, and so many seconds of the market's own."""
    await desk.book_of("SBER", price, price)
    await desk.wait(1)
    await desk.clock.advance(seconds)
    await desk.breathe()


async def now(desk: TestDesk, started: Task) -> Task:
    found = await desk.engine.store.task(started.id)
    assert found is not None
    return found


async def test_tc_32_and_34_a_bid_comes_with_its_stop(desk: TestDesk) -> None:
    """Last 300: 299.10, for at most 6,000; filled, the stop stands 0.6 % below what was paid."""
    await begun(desk)
    await price(desk, "300")
    [entry] = await desk.orders(OrderRole.ENTRY)
    assert (entry.request.price, entry.request.quantity, entry.request.book) == (D("299.1"), D(20), "strategy:recycle")
    await price(desk, "299")
    assert desk.position.protected_by == "broker"
    assert "sell stop 20 297.31" in await desk.at_broker()


async def test_tc_27_and_28_what_it_is_asked_changes_when_it_has_bought(tmp_path: Path) -> None:
    """Buy logic on each price until bought, sell logic from the next one on; each price once."""
    async with opened(tmp_path, **RICH) as desk:
        made = counting(desk)
        await desk.book_of("SBER", "300", "300")
        await begun(desk, "counting")
        for step in range(3):
            await price(desk, f"30{step}")
        strategy = made[0]
        assert [(said, plain(at)) for said, at in strategy.asked] == [("buy", "300"), ("buy", "301"), ("buy", "302")]
        strategy.bought = True
        await price(desk, "303")
        assert strategy.asked[3:] == [("sell", D(303))]


async def test_tc_28_a_fill_without_a_price_is_news_too(desk: TestDesk) -> None:
    """Selling begins with the fill, not with whatever trades next; three seconds later comes the first offer."""
    started = await begun(desk)
    await price(desk, "300")
    await price(desk, "299", 5)
    assert (await now(desk, started)).waits_for == "stop"
    await price(desk, "299")
    assert (await now(desk, started)).waits_for == "offer 299.28"
    assert await desk.at_broker() == ["sell limit 20 299.28", "sell stop 20 297.31"]


async def test_tc_29_an_end_leaves_nothing(desk: TestDesk) -> None:
    """/stop while it holds: the offer goes, the position is closed, and no price is heard any more."""
    started = await begun(desk)
    await price(desk, "300")
    await price(desk, "299", 5)
    await desk.say(f"/stop {started.id[-6:]}")
    await desk.wait(2)
    assert ((await now(desk, started)).state, await desk.holds(), await desk.at_broker()) == (TaskState.STOPPED, {}, [])
    count = len(await desk.orders())
    await price(desk, "290")
    assert len(await desk.orders()) == count


async def test_tc_29_a_bid_that_was_not_filled_is_cancelled(desk: TestDesk) -> None:
    """It gives up when the price has run away: DONE, and nothing bought."""
    started = await begun(desk)
    await price(desk, "300")
    await price(desk, "301")
    ended = await now(desk, started)
    assert (ended.state, ended.done) == (TaskState.DONE, D(0))
    assert await desk.at_broker() == []
    [entry] = await desk.orders(OrderRole.ENTRY)
    assert entry.state is OrderState.CANCELLED


async def test_tc_30_its_own_words_are_kept_with_the_run(desk: TestDesk) -> None:
    """And what it earned, once all is sold."""
    started = await begun(desk)
    await price(desk, "300")
    await price(desk, "299", 5)
    await price(desk, "299")
    await price(desk, "300")
    ended = await now(desk, started)
    assert (ended.state, ended.average_price, ended.done) == (TaskState.DONE, D("299.1"), D(20))
    assert {name: ended.checkpoint[name] for name in ("profit", "offers")} == {"profit": "3.6", "offers": "1"}
    [told] = await desk.notices("task.earned")
    assert told.params["profit"] == "3.6"


async def test_tc_31_what_still_runs_is_closed_before_the_bell(tmp_path: Path) -> None:
    """Half a minute before trading ends; flat at the end."""
    async with opened(tmp_path, market={"still": True, "hours": "exchange"}, **RICH) as desk:
        ends = await closing(desk)
        await go_to(desk, ends - timedelta(minutes=30))
        await desk.book_of("SBER", "300", "300")
        started = await begun(desk)
        await price(desk, "300")
        await price(desk, "299", 5)
        assert await desk.holds() == {"SBER": 20}
        await go_to(desk, ends - timedelta(seconds=32))
        await desk.wait(1)
        assert await desk.holds() == {"SBER": 20}
        await go_to(desk, ends - timedelta(seconds=29))
        await desk.wait(3)
        assert ((await now(desk, started)).state, await desk.holds(), await desk.at_broker()) == (
            TaskState.DONE,
            {},
            [],
        )


async def test_tc_02_and_03_the_same_class_gives_the_same_orders_by_another_clock(tmp_path: Path) -> None:
    """Two desks, a day and years apart, on the same quotes."""
    seen = []
    for number, later in enumerate((timedelta(0), timedelta(days=401))):
        async with opened(tmp_path / str(number), later=later, **RICH) as desk:
            await desk.book_of("SBER", "300", "300")
            await begun(desk)
            for at in ("300", "299.5", "299", "298.9", "298.9", "298", "298.9", "299.1", "299.5"):
                await price(desk, at, 4)
            requests = [order.request for order in await desk.orders()]
            seen.append([(r.role, r.side, r.type, r.quantity, r.price, r.stop_price) for r in requests])
    assert seen[0] == seen[1]
    assert len(seen[0]) > 3


async def test_tc_01_what_one_desk_writes_another_does_not_see(tmp_path: Path) -> None:
    """Each world has its own data directory."""
    async with opened(tmp_path / "simulation", **RICH) as desk:
        await begun(desk)
    async with opened(tmp_path / "live", **RICH) as desk:
        assert (await desk.engine.store.tasks(10)).items == []


async def test_a_run_goes_on_after_a_restart(tmp_path: Path) -> None:
    """What it holds is sold by the same task; its stop stood all the time, and nothing is bought twice."""
    async with opened(tmp_path, **RICH) as desk:
        await desk.book_of("SBER", "300", "300")
        started = await begun(desk)
        await price(desk, "300")
        await price(desk, "299", 5)
    async with opened(tmp_path, **RICH) as desk:
        await desk.wait(1)
        assert desk.position.protected_by == "broker"
        await price(desk, "299", 5)
        await price(desk, "299.01")
        await price(desk, "301")
        assert ((await now(desk, started)).state, await desk.holds()) == (TaskState.DONE, {})
        assert len(await desk.orders(OrderRole.ENTRY)) == 1


async def test_a_halted_desk_keeps_what_protects(desk: TestDesk) -> None:
    """/kill ends the run and the bid, not the position or its stop."""
    started = await begun(desk)
    await price(desk, "300")
    await price(desk, "299", 5)
    await desk.say("/kill")
    await desk.wait(2)
    assert (await now(desk, started)).state is TaskState.STOPPED
    assert (await desk.holds(), desk.position.protected_by) == ({"SBER": D(20)}, "broker")


async def test_a_strategy_that_raises_fails_alone(tmp_path: Path) -> None:
    """The task says so; what it held keeps its stop, and other runs go on."""
    async with opened(tmp_path, **RICH) as desk:
        made = counting(desk)
        await desk.book_of("SBER", "300", "300")
        bad, good = await begun(desk, "counting"), await begun(desk)
        made[0].raises = True
        await price(desk, "300")
        assert (await now(desk, bad)).state is TaskState.FAILED
        assert (await now(desk, good)).state is TaskState.RUNNING


async def test_a_strategy_that_raises_leaves_no_bid_behind(tmp_path: Path) -> None:
    """It would be filled hours later, with nobody to close it."""
    async with opened(tmp_path, **RICH) as desk:
        made = counting(desk)
        await desk.book_of("SBER", "300", "300")
        bad = await begun(desk, "counting")
        made[0].env.bid = Bid(Price(D("299.1")), Quantity(D(10)), ExitRule(stop=D(1)))
        await price(desk, "300.1")
        assert len(desk.live(OrderRole.ENTRY)) == 1
        made[0].raises = True
        await price(desk, "300")
        assert (await now(desk, bad)).state is TaskState.FAILED
        assert await desk.at_broker() == []


async def test_an_unknown_strategy_is_refused(desk: TestDesk) -> None:
    """By name, and at once."""
    started = await begun(desk, "nonsense")
    assert (await now(desk, started)).state is TaskState.FAILED
    assert (await now(desk, started)).checkpoint["code"] == "unknown_strategy"


async def test_strategies_lists_them_and_begins_one(desk: TestDesk) -> None:
    """With their hours; what runs stands below. By hand at any hour, on what the account knows."""
    answer = await desk.say("/strategies")
    assert [line.params["name"] for line in answer.lines] == ["cycle", "dip", "recycle"]
    assert answer.lines[1].params["start"] == "10:30"
    assert (await desk.say("/strategies run recycle sber")).key == "command.strategy_begun"
    await price(desk, "300.5")
    assert len(await desk.orders(OrderRole.ENTRY)) == 1
    assert (await desk.say("/strategies")).lines[-1].params["title"] == "recycle SBER"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("run", "usage"), ("run cycle", "usage"), ("go cycle SBER", "usage"), ("run nonsense SBER", "unknown_strategy"),
        ("run cycle NOPE", "unknown_ticker"), ("run cycle SBER @Nobody", "unknown_account"),
    ],
)  # fmt: skip
async def test_strategies_refuses_what_it_cannot_begin(desk: TestDesk, words: str, code: str) -> None:
    """A clear word each, and no task."""
    assert (await desk.say(f"/strategies {words}")).params["code"] == code
    assert (await desk.engine.store.tasks(10)).items == []


async def test_a_viewer_may_look_and_not_begin(desk: TestDesk) -> None:
    """Whoever may not /buy may not let a strategy buy."""
    assert (await desk.say("/strategies run cycle SBER", person(Role.VIEWER))).params["code"] == "not_allowed"


async def test_one_run_of_a_strategy_and_symbol_at_a_time(desk: TestDesk) -> None:
    """The second is refused and names the first."""
    await desk.say("/strategies run recycle SBER")
    assert (await desk.say("/strategies run recycle SBER")).params["code"] == "already_running"


async def test_what_is_experimental_never_gets_real_money(desk: TestDesk) -> None:
    """On paper it may run."""
    kinds = desk.engine.strategies.kinds
    kinds["young"] = replace(recycle(), name="young", experimental=True)
    assert (await desk.say("/strategies run young SBER")).key == "command.strategy_begun"
    account = desk.engine.desk.directory.account(TESTING)
    assert not isinstance(account, Refused)
    desk.engine.desk.directory.put(replace(account, mode=Mode.LIVE), desk.engine.desk.directory.instruments(TESTING))
    assert (await desk.say("/strategies run young GAZP")).params["code"] == "experimental"
