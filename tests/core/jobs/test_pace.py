"""Hundreds of orders at a broker that allows fifty a minute: T-Invest's own limiter under a manual clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from brokers.paper.broker import Market, PaperBroker
from brokers.paper.dialects import DIALECTS
from brokers.paper.venue import Terms
from brokers.tinvest.broker import STOPS_BUSY_S, STOPS_S
from brokers.tinvest.limits import Limits
from brokers.urgency import EXITS, POLLING, URGENCY
from core.clock import ManualClock
from core.jobs.pace import Pace
from core.jobs.stash import put_aside
from core.ports import Broker, World
from core.values.accounts import Account
from core.values.changes import FlagSet
from core.values.money import Price, Quantity
from core.values.notices import Notice
from core.values.orders import ApprovedOrder, Order, OrderTicket, OrderType, Side
from core.values.traps import Trap
from openoutcry.background import running
from tests.contracts.samples import NOON
from tests.desk import TESTING, TestDesk, opened, turns

D = Decimal
MANY = 150
MINUTE_S = MANY / 50 * 60
"""What fifty a minute allow."""
STOPS = "StopOrdersService/PostStopOrder"


class Limited(PaperBroker):
    """A paper broker that counts stop orders as T-Invest does, and is polled as it is."""

    limits: Limits

    async def place(self, order: ApprovedOrder) -> OrderTicket:
        if order.request.type.triggered:
            await self.limits.take(STOPS, URGENCY[order.request.purpose])
        return await super().place(order)

    async def cancel(self, order: Order) -> OrderTicket:
        if order.request.type.triggered:
            await self.limits.take(STOPS, EXITS)
        return await super().cancel(order)


def open_limited(account: Account, settings: Mapping[str, object], world: World) -> Broker:
    market: Market = world.feed  # type: ignore[assignment]  # the built-in one
    terms = Terms(D(100_000_000), "RUB", D(0), 0.0, DIALECTS["tinvest"])
    broker = Limited(account, terms, market, world)
    broker.limits = Limits(world.wire)
    return broker


@asynccontextmanager
async def limited(data_dir: Path, *, stash: bool = True) -> AsyncIterator[TestDesk]:
    account = {"cash": "100000000", "dialect": "tinvest"}
    async with opened(data_dir, account=account, factories={"paper": open_limited}) as desk:
        broker = desk.broker()
        assert isinstance(broker, Limited)

        async def poll() -> None:
            while True:
                await desk.wire.sleep(STOPS_S if len(desk.live()) in {0, MANY} else STOPS_BUSY_S)
                await broker.limits.take(STOPS, POLLING)

        async with running(poll()):
            await desk.book_of("SBER", "200", "200")
            if stash:
                await stashed(desk, MANY)
            yield desk


async def stashed(desk: TestDesk, count: int) -> None:
    """So many traps, each at a price of its own."""
    rows = [
        Trap("SBER", Side.BUY, OrderType.TAKE_PROFIT, Quantity(D(10)), Price(D(number) / 100), Price(D(number) / 100))
        for number in range(10_000, 10_000 + count)
    ]
    account = desk.engine.desk.venues[TESTING].account
    await put_aside(desk.engine.desk, account, "usual", rows, desk.now)


async def took_s(desk: TestDesk, text: str) -> tuple[float, Notice]:
    """Say it, let time pass until its task is over; how long that was on the wire, and the answer."""
    begun = desk.wire.now()
    asking = asyncio.create_task(desk.say(text))

    async def keep_up() -> None:
        for number in range(6):
            await desk.engine.store.save(FlagSet("breath", str(number)))
            await turns(5)

    await keep_up()
    while not asking.done() or desk.engine.supervisor.unfinished():
        await desk.wire.advance(1, keep_up)
    assert desk.wire.now() - begun < timedelta(hours=1)
    tasks = (await desk.engine.store.tasks(1)).items
    ended = tasks[0].ended_at if tasks else None
    assert ended is not None
    return (desk.wire.now() - begun).total_seconds(), asking.result()


async def test_tm_60_hundreds_are_placed_and_cancelled_at_the_brokers_pace(tmp_path: Path) -> None:
    """Within a tenth of what its limits leave: the answer foretells it, and nothing comes back afterwards."""
    async with limited(tmp_path) as desk:
        asked = await desk.say("/restore")
        seconds, begun = await took_s(desk, asked.actions[0].command)
        assert begun.key == "command.traps_begun"
        assert MINUTE_S * 0.9 <= float(begun.params["seconds"]) <= seconds <= MINUTE_S * 1.1
        assert len(desk.live()) == len(await desk.orders()) == MANY

        await desk.wire.advance(70)  # a minute that is not full of what was placed
        seconds, told = await took_s(desk, "/cancel")
        assert (told.key, told.params["count"]) == ("command.cancelling", str(MANY))
        assert MINUTE_S * 0.9 <= float(told.params["seconds"]) <= seconds <= MINUTE_S * 1.1
        assert (await desk.at_broker(), desk.live(), desk.engine.supervisor.unfinished()) == ([], [], [])
        progress = [
            n.params["done"] for n in await desk.notices("task.progress_orders") if n.params["title"] == "cancel"
        ]
        assert len(set(progress)) > 10


async def test_a_stop_of_the_placing_takes_less_than_a_second(tmp_path: Path) -> None:
    """Also at a broker whose limits make it last minutes; what was placed stands."""
    async with limited(tmp_path) as desk:
        asked = await desk.say("/restore")
        asking = asyncio.create_task(desk.say(asked.actions[0].command))
        await desk.wait(10)
        await asking
        begun = desk.wire.now()
        await desk.say("/stop")
        placed = len(await desk.orders())
        await desk.wait(10)
        assert (desk.wire.now() - begun).total_seconds() == 10
        assert 3 < placed == len(await desk.orders()) < 20


async def test_a_protective_order_does_not_wait_behind_traps(tmp_path: Path) -> None:
    """An entry in the middle of it is protected within a few seconds."""
    async with limited(tmp_path) as desk:
        asked = await desk.say("/restore")
        asking = asyncio.create_task(desk.say(asked.actions[0].command))
        await desk.wait(90)
        await asking
        entering = asyncio.create_task(desk.enter(sent_at=None))
        await desk.wait(3)
        await entering
        assert desk.position.protected_by == "broker"


async def test_a_pace_is_even() -> None:
    """The first turn at once, each other two seconds behind the one before; at no pace all of them at once."""
    for every_s, expected in ((2.0, [0, 2, 4]), (0.0, [0, 0, 0])):
        clock = ManualClock(NOON)
        pace, found = Pace(clock, every_s), list[float]()

        async def ask(clock: ManualClock = clock, pace: Pace = pace, found: list[float] = found) -> None:
            for _ in range(3):
                await pace.turn()
                found.append((clock.now() - NOON).total_seconds())

        asking = asyncio.create_task(ask())
        await turns(5)
        await clock.advance(10)
        await asking
        assert found == expected
