"""The desk itself, without doors: built from its parts, recovered, ready to be spoken to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

from brokers.paper.market import BuiltInMarket
from core.clock import ManualClock, SystemClock
from core.jobs.cancelling import Cancelling
from core.jobs.hedging import Manners
from core.jobs.scan import Scanner
from core.jobs.sellbuy import SellBuy
from core.jobs.spreads import Spreads
from core.jobs.strategies import StrategyRuns
from core.jobs.traps import Traps
from core.ports import BrokerFactory, Clock, Job, Store
from core.rules.routing import Approval
from core.rules.trails import PERCENT
from core.services.accounts import Accounts
from core.services.adoption import Adoption
from core.services.approvals import Approvals, Rules
from core.services.bots import Bots
from core.services.desk import Desk
from core.services.directory import Directory
from core.services.drain import Drain
from core.services.evenness import Evenness
from core.services.execution import Execution
from core.services.guardian import Guardian
from core.services.intake import Intake, IntakeLimits
from core.services.lanes import Lanes
from core.services.leaving import Leaving
from core.services.ledger import Ledger
from core.services.links import Links
from core.services.lists import Lists
from core.services.monitor import Monitor
from core.services.naming import Naming
from core.services.office import Office
from core.services.outbox import Outbox
from core.services.pairs import Pairs
from core.services.passes import Passes
from core.services.reconciler import Reconciler
from core.services.results import Results
from core.services.safety import Safety
from core.services.second_factor import SecondFactor
from core.services.supervisor import Supervisor
from core.services.taking import Taking
from core.services.trailing import Trailing
from core.services.watch import Watch
from core.services.worklist import Worklist
from openoutcry.errands import register
from openoutcry.journal import JournalStore, open_journal
from openoutcry.latch import FileLatch
from openoutcry.opening import Opening
from openoutcry.persons import noise_of
from openoutcry.report import started
from openoutcry.sections import Jobs
from openoutcry.settings import Settings
from openoutcry.venues import FACTORIES, open_market, open_venues
from storage.vault import SealedVault, key_file, signing_key
from strategies.kinds import kinds

OpenJournal = Callable[[Settings, Clock], Awaitable[JournalStore]]
"""See `openoutcry.journal.open_journal`."""


@dataclass(frozen=True, slots=True)
class Protection:
    """What keeps positions from being left alone."""

    leaving: Leaving
    watch: Watch
    guardian: Guardian
    monitor: Monitor


@dataclass(frozen=True, slots=True)
class Spreading:
    """Trades of two legs: the rows, what pairs earn, and who sees that both legs hold each other's weight."""

    pairs: Pairs
    scanner: Scanner
    evenness: Evenness


@dataclass(frozen=True, slots=True)
class Engine:
    store: JournalStore
    clock: Clock
    wire: Clock
    market: BuiltInMarket
    desk: Desk
    lanes: Lanes
    guardian: Guardian
    protection: Protection
    execution: Execution
    intake: Intake
    approvals: Approvals
    drain: Drain
    reconciler: Reconciler
    outbox: Outbox
    worklist: Worklist
    spreading: Spreading
    strategies: StrategyRuns
    supervisor: Supervisor
    office: Office

    @property
    def adoption(self) -> Adoption:
        return Adoption(self.store, self.wire, self.intake, self.drain.take)


async def build(
    settings: Settings,
    stack: AsyncExitStack,
    *,
    live: bool = False,
    factories: Mapping[str, BrokerFactory] = FACTORIES,
    wire: Clock | None = None,
    journal: OpenJournal = open_journal,
    learn: Callable[[str], None] = lambda _secret: None,
) -> Engine:
    """Every part in its place, brokers connected; `stack` takes it down again. wire: real time unless given.
    learn: told credentials that come while the desk runs, for the logs' redactor.

    Raises SettingsError for what the settings ask and nobody can do, DeskError for a journal or broker that is unfit.
    """
    wire = wire or SystemClock()
    clock: Clock = ManualClock(wire.now()) if settings.market.still else wire
    store = await journal(settings, clock)
    stack.push_async_callback(store.close)
    desk = await _desk(settings, store, clock, wire)
    market = await open_market(settings, clock, wire, stack)
    feed = await open_venues(settings, desk, market, stack, live=live, factories=factories)
    lanes = Lanes()
    stack.push_async_callback(lanes.close)
    protection = _protection(desk, lanes, settings, stack)
    reconciler = Reconciler(desk, protection.guardian)
    opening = Opening(desk, feed, reconciler, factories, live, learn)
    stack.push_async_callback(opening.close_all)
    office = await _office(settings, store, desk, opening)
    naming = Naming(desk.directory, desk.ledger, office.links, settings.webhook.approval)
    execution = _execution(desk, naming, protection.leaving, settings)
    approvals = _approvals(settings, desk, execution, naming, lanes, stack)
    outbox = _outbox(store, wire, office)
    worklist = Worklist(store, desk.directory, clock)
    spreading = _spreading(desk, settings.jobs, stack)
    strategies = StrategyRuns(desk, execution, lanes, kinds(settings.strategies.figures()))
    jobs = _jobs(desk, execution, worklist, spreading, settings.jobs)
    supervisor = _supervisor(desk, [*jobs, strategies], outbox, stack)
    intake = await _intake(desk, office, at_the_door := settings.risk.at_the_door(settings.webhook))
    return Engine(
        store=store,
        clock=clock,
        wire=wire,
        market=market,
        desk=desk,
        lanes=lanes,
        guardian=protection.guardian,
        protection=protection,
        execution=execution,
        intake=intake,
        approvals=approvals,
        drain=Drain(desk, execution, approvals, lanes, at_the_door, naming, settings.webhook.approval),
        reconciler=reconciler,
        outbox=outbox,
        worklist=worklist,
        spreading=spreading,
        strategies=strategies,
        supervisor=supervisor,
        office=office,
    )


def _execution(desk: Desk, naming: Naming, leaving: Leaving, settings: Settings) -> Execution:
    execution = Execution(desk, naming, settings.risk.over_leverage)
    execution.on_nobody = lambda position: leaving.leave(position, "exit")
    return execution


def _outbox(store: Store, wire: Clock, office: Office) -> Outbox:
    outbox = Outbox(store, wire)
    outbox.private = office.users.has
    return outbox


def _approvals(
    settings: Settings, desk: Desk, execution: Execution, naming: Naming, lanes: Lanes, stack: AsyncExitStack
) -> Approvals:
    """What waits for people, and what came of it."""
    asked = settings.proposals
    rules = Rules(asked.expiry_s, asked.drift_percent_max, asked.two_person_above)
    approvals = Approvals(desk, execution, naming, lanes, rules)
    stack.push_async_callback(approvals.close)
    stack.push_async_callback(Results(desk).close)
    return approvals


async def _desk(settings: Settings, store: Store, clock: Clock, wire: Clock) -> Desk:
    ledger = Ledger(store, store.desk_id, clock)
    await ledger.load()
    return Desk(
        store=store,
        ledger=ledger,
        directory=Directory(settings.tickers),
        safety=Safety(store, FileLatch(settings.desk.data_dir), clock),
        limits=settings.risk.limits(),
        clock=clock,
        wire=wire,
    )


async def _office(settings: Settings, store: Store, desk: Desk, opening: Opening) -> Office:
    """Everybody of the database, and what is theirs."""
    roll = await store.roll()
    users = await register(settings, store, desk.clock)
    keys = key_file(settings.desk.data_dir)
    vault = SealedVault(store, keys)
    accounts = Accounts(store, desk.directory, desk.ledger, vault, opening, desk.clock)
    await accounts.load(roll.accounts)
    links = Links(store, desk.directory, desk.clock)
    links.load(roll.links)
    links.on_paper = opening.twins
    await opening.restore(links, all_on_paper=settings.webhook.approval is Approval.PAPER)
    bots = Bots(store, desk.clock)
    await bots.load()
    lists = Lists(store, desk.directory, desk.clock, settings.jobs.tunables())
    passes, second = Passes(desk.wire), SecondFactor(store, vault, desk.wire)
    noise = noise_of(settings, store, desk.wire)
    await noise.load()
    return Office(users, accounts, links, bots, lists, passes, second, noise, signing_key(keys))


def _protection(desk: Desk, lanes: Lanes, settings: Settings, stack: AsyncExitStack) -> Protection:
    leaving = Leaving(desk, lanes)
    stack.push_async_callback(leaving.close)
    taking = Taking(desk, lanes)
    stack.push_async_callback(taking.close)
    watch = Watch(desk, lanes, leaving, taking, int(settings.guardian.bad_tick_percent * PERCENT))
    stack.push_async_callback(watch.close)
    guardian = Guardian(desk, lanes, watch)
    guardian.watch()
    leaving.on_failed = guardian.look_at
    trailing = Trailing(desk, lanes, watch)
    stack.push_async_callback(trailing.flush)
    return Protection(leaving, watch, guardian, Monitor(desk, guardian, watch, trailing))


def _spreading(desk: Desk, settings: Jobs, stack: AsyncExitStack) -> Spreading:
    pairs = Pairs(desk, timedelta(seconds=settings.session_offset_s))
    spreading = Spreading(pairs, Scanner(desk), Evenness(desk, pairs, settings.hedge_s))
    stack.push_async_callback(spreading.scanner.close)
    stack.push_async_callback(spreading.evenness.close)
    return spreading


def _jobs(desk: Desk, execution: Execution, worklist: Worklist, spreading: Spreading, settings: Jobs) -> Sequence[Job]:
    manners = Manners(settings.pause_s, settings.hedge_s, settings.unhedged == "unwind")
    return [
        SellBuy(desk, execution, worklist, settings.pause_s),
        Spreads(desk, execution, spreading.pairs, manners),
        Traps(desk, execution),
        Cancelling(desk),
    ]


async def _intake(desk: Desk, office: Office, limits: IntakeLimits) -> Intake:
    intake = Intake(store=desk.store, clock=desk.clock, wire=desk.wire, desk_id=desk.desk_id, limits=limits)
    intake.ignores = lambda alert: office.links.ignores(alert) or office.bots.ignores(alert)
    await intake.start()
    return intake


def _supervisor(desk: Desk, jobs: Sequence[Job], outbox: Outbox, stack: AsyncExitStack) -> Supervisor:
    supervisor = Supervisor(desk.store, desk.clock, desk.wire, {job.kind: job for job in jobs}, outbox.tell)
    desk.on_halt = supervisor.halt
    stack.push_async_callback(supervisor.close)
    return supervisor


async def recover(engine: Engine, settings: Settings) -> None:
    """Settle with the brokers, protection first; then what waits in the inbox; then what comes in."""
    await engine.desk.safety.load(engine.desk.venues)
    report = await engine.reconciler.recover()
    await engine.protection.leaving.resume()
    engine.protection.watch.begin()
    await engine.lanes.idle()
    await engine.protection.monitor.begin()
    engine.intake.on_accepted = engine.drain.take  # before the inbox is read: what comes meanwhile must not be left
    await engine.adoption.adopt()  # what nobody judged while there was no owner waits with the rest
    waiting = await engine.drain.catch_up()
    await engine.approvals.catch_up()
    engine.spreading.evenness.begin()
    await engine.supervisor.open(halted=engine.desk.safety.halt is not None)
    await engine.outbox.tell(started(engine.desk, report, waiting, settings))
