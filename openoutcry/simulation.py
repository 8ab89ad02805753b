"""Builds the world of a simulation: a desk with its journal in memory, its one paper account on prices of the past."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from brokers.paper import open_broker
from brokers.paper.broker import PaperBroker
from core.clock import ManualClock
from core.ports import Clock, World
from core.values.accounts import Account
from core.values.errors import Broken
from core.values.fills import Fill
from core.values.ids import AccountName, DeskId
from core.values.money import ZERO, plain
from core.values.people import owner_person
from openoutcry.engine import Engine, build, recover
from openoutcry.settings import Settings, load_settings
from simulator.alerts import AlertPlan, replay_alerts
from simulator.clocks import LeapingClock, RestingLoop
from simulator.feed import HistoryFeed
from simulator.replay import EVER, Stage, replay
from simulator.script import Plan, span
from simulator.trades import Outcome
from storage.memory import MemoryStore, Tables

ACCOUNT = AccountName("Simulation")
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory, where there is one


def replayed(plan: Plan) -> Outcome:
    """The whole desk through the plan, in an event loop of its own."""
    return _alone(lambda data_dir: _replay(plan, data_dir))


def replayed_alerts(plan: AlertPlan) -> Outcome:
    """The same with alerts instead of a strategy."""
    return _alone(lambda data_dir: _replay_alerts(plan, data_dir))


def _alone(work: Callable[[Path], Coroutine[None, None, Outcome]]) -> Outcome:
    where = IN_MEMORY if IN_MEMORY.is_dir() else None
    scratch = tempfile.TemporaryDirectory(prefix="openoutcry-", dir=where)
    with scratch as name, _quietly(), asyncio.Runner(loop_factory=RestingLoop) as runner:
        return runner.run(work(Path(name)))


@contextmanager
def _quietly() -> Iterator[None]:
    """What a desk warns of while the past is played alarms nobody."""
    log = logging.getLogger("core")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


async def _replay(plan: Plan, data_dir: Path) -> Outcome:
    _, opens, *_ = span(plan.kind.window, plan.days[0])
    wire = LeapingClock(opens - timedelta(days=1))
    async with AsyncExitStack() as stack:
        engine, feed = await _built(plan, data_dir, wire, stack)
        engine.strategies.kinds[plan.kind.name] = plan.kind
        outcome = await replay(plan, _stage(engine, feed, wire))
        failed = [task for task in (await engine.store.tasks(1000)).items if "code" in task.checkpoint]
        if failed:
            raise Broken(f"a run failed: {failed[0].checkpoint['code']} {failed[0].checkpoint.get('reason', '')}")
        return outcome


async def _replay_alerts(plan: AlertPlan, data_dir: Path) -> Outcome:
    first = min((alert.received_at for alert in plan.alerts), default=plan.until)
    wire = LeapingClock(first - timedelta(days=1))
    async with AsyncExitStack() as stack:
        engine, feed = await _built(plan, data_dir, wire, stack)
        return await replay_alerts(plan, _stage(engine, feed, wire), engine.intake.accept)


async def _built(
    plan: Plan | AlertPlan, data_dir: Path, wire: LeapingClock, stack: AsyncExitStack
) -> tuple[Engine, HistoryFeed]:
    made: list[HistoryFeed] = []
    currency = plan.history.instrument.currency

    def broker(account: Account, settings: Mapping[str, object], world: World) -> PaperBroker:
        feed = HistoryFeed(plan.history.instrument, world.clock)
        made.append(feed)
        opened = open_broker(account, settings, replace(world, feed=feed))
        opened.feed = feed  # type: ignore[attr-defined]  # a broker that tells prices of its own has one
        return opened

    section = {"name": ACCOUNT, "broker": "paper", "cash": plain(plan.cash), "currency": currency}
    section["fee_percent"] = plain(plan.conditions.fee_percent)
    if isinstance(plan, AlertPlan):
        section["risk_percent"] = plain(plan.risk_percent)
    loaded = load_settings(
        None, desk={"data_dir": data_dir}, market={"still": True, "feed": "demo"}, accounts=(section,)
    )
    engine = await build(loaded, stack, factories={"paper": broker}, wire=wire, journal=_forgotten)
    await stack.enter_async_context(engine.reconciler.listening())
    await recover(engine, loaded)
    return engine, made[0]


async def _forgotten(_settings: Settings, _clock: Clock) -> MemoryStore:
    """A journal that nobody opens again. Its desk id is no draw: the same plan makes the same orders."""
    return MemoryStore(Tables(DeskId(0)))


def _stage(engine: Engine, feed: HistoryFeed, wire: LeapingClock) -> Stage:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, RestingLoop)
    assert isinstance(engine.clock, ManualClock)
    venue = engine.desk.venues[ACCOUNT]

    async def held() -> Decimal:
        return sum((holding.quantity for holding in await venue.broker.positions()), ZERO)

    async def fills() -> list[Fill]:
        return list(await engine.store.fills_since(EVER, ACCOUNT))

    async def orders() -> int:
        count, after = 0, None
        while True:
            page = await engine.store.orders(1000, after)
            count, after = count + len(page.items), page.next
            if after is None:
                return count

    return Stage(
        desk_id=engine.desk.desk_id,
        clock=engine.clock,
        wire=wire,
        account=venue.account,
        person=owner_person("simulator"),
        feed=feed,
        supervisor=engine.supervisor,
        rest=loop.rest,
        held=held,
        fills=fills,
        orders=orders,
        working=lambda: bool(engine.desk.ledger.orders),
        waiting=lambda: bool(engine.desk.ledger.waiting),
    )
