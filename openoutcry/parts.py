"""The parts list: builds every room, hands it what it needs, and runs the whole until told to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from aiohttp import web

from brokers.paper.faults import NAMES as FAULTS
from core import commands
from core.commands.console import Console
from core.commands.registry import Tools
from core.jobs.refresh import refresh
from core.ports import BrokerFactory, Clock, Store, Surface
from core.services.daily_loss import DailyLoss
from core.services.desk import Desk
from core.services.earnings import EquityKeeper
from core.services.end_of_day import EndOfDay
from core.services.hub import Hub
from core.services.intake import KEPT
from core.services.invariants import Invariants
from core.services.office import Office
from core.services.options import Options
from core.services.people import People
from core.services.portfolio import Portfolio
from core.services.prices import PriceKeeper
from core.services.research import Research
from core.services.telling import stranger
from core.values.people import owner_person
from dashboard import routes as dashboard_routes
from dashboard.board import Board, DemoControls, Figures
from kit.auth import networks
from kit.http import Listener, errors_as_json, listen
from kit.timing import timed
from openoutcry import __version__
from openoutcry.background import running
from openoutcry.backup_keeper import BackupKeeper
from openoutcry.bell import Bell
from openoutcry.chats import open_chats
from openoutcry.controls import Puppeteer
from openoutcry.deadman import ping
from openoutcry.engine import Engine, OpenJournal, build, recover
from openoutcry.errands import watch as watch_errands
from openoutcry.hub import open_hub
from openoutcry.in_force import roof_of
from openoutcry.journal import open_journal
from openoutcry.listings import publish
from openoutcry.logs import log_files
from openoutcry.persons import who
from openoutcry.pictures import album, drawing
from openoutcry.pulse import Pulse
from openoutcry.research import open_research
from openoutcry.settings import Settings
from openoutcry.updating import Updating, wish_file
from openoutcry.venues import FACTORIES
from openoutcry.watchdog import feed, period_s
from storage.vault import key_file
from webhook_receiver.hook import Hook, hook_route
from webhook_receiver.routes import Receiver, webhook_routes

log = logging.getLogger(__name__)

FINISH_S = 10.0
"""How long a stopping desk waits for what is in flight."""


async def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Mood:
    """How this run differs from a plain one. demo: pages need no login, demo routes are open. learn: told credentials
    that come while it runs, for the logs' redactor. wire: real time unless given. surfaces: read beside the chats. at:
    the socket to answer at, where there is one already; listens: called once the desk does. shared: other processes
    take alerts in, too."""

    demo: bool = False
    live: bool = False
    sample: Callable[[Desk], dict[str, str]] | None = None
    learn: Callable[[str], None] = lambda _secret: None
    wire: Clock | None = None
    journal: OpenJournal = open_journal
    surfaces: Sequence[Surface] = ()
    at: socket.socket | None = None
    listens: Callable[[], Awaitable[None]] = _nothing
    shared: bool = False


@dataclass(frozen=True, slots=True)
class House:
    """A running desk."""

    store: Store
    desk: Desk
    url: str
    setup_url: str | None = None
    """Where the first admin is made, once; None where somebody can log in already."""


@asynccontextmanager
async def open_house(
    settings: Settings,
    mood: Mood,
    *,
    listening: Callable[[str], None] = lambda _url: None,
    factories: Mapping[str, BrokerFactory] = FACTORIES,
) -> AsyncIterator[House]:
    """Build everything, recover, begin to trade; take it all down in reverse when left.

    `listening` is called with the base URL as soon as the server answers: alerts are taken in from then on, and
    traded once recovery is done.
    """
    async with AsyncExitStack() as stack:
        engine = await build(
            settings, stack, live=mood.live, factories=factories, wire=mood.wire, journal=mood.journal, learn=mood.learn
        )
        engine.outbox.add(*mood.surfaces)
        pulse = Pulse(engine.wire)
        research, studies = open_research(settings, engine, stack)
        people = who(settings, engine.office.users)
        hub = await open_hub(settings, engine)
        stack.push_async_callback(hub.hub.close)
        backups = BackupKeeper(settings, engine.store, engine.wire)
        figures = replace(_figures(settings, engine, pulse, hub.hub), backup_age_s=backups.age_s)
        board = _board(settings, mood, engine, pulse, people, research)
        updating = Updating(engine.desk, wish_file())
        roof = replace(roof_of(settings, hub.door), update=updating.ask)
        board = replace(board, figures=figures, roof=roof)
        chats = open_chats(settings, engine, board.console, people)
        webhook = webhook_routes(_receiver(settings, engine))
        hot = timed([*webhook, *hub.door.first()], figures.acknowledged)
        app = web.Application(middlewares=[errors_as_json])
        app.add_routes([*webhook, hook_route(_hook(engine)), *hub.door.routes(), *dashboard_routes(board)])
        listener = await _listening(settings, mood, app, hot)
        stack.push_async_callback(listener.close)
        engine.office.links.base_url = settings.server.public_url.rstrip("/") or listener.url
        house = House(engine.store, engine.desk, listener.url, _setup_url(settings, mood, engine.office))
        listening(house.url)
        errands = watch_errands(settings.desk.data_dir, engine.office.users, engine.store, engine.wire)
        await stack.enter_async_context(
            running(pulse.run(), engine.outbox.run(), engine.reconciler.watch_latch(), errands)
        )
        await stack.enter_async_context(running(*drawing(settings, engine)))
        await stack.enter_async_context(engine.reconciler.listening())
        await recover(engine, settings)
        await stack.enter_async_context(running(engine.protection.monitor.run()))
        await stack.enter_async_context(running(*chats, *hub.works, *_watchers(settings, engine, pulse, board)))
        await stack.enter_async_context(running(updating.run(), *_care(settings, engine, pulse, backups)))
        await stack.enter_async_context(running(*_shared(settings, mood, engine)))
        await stack.enter_async_context(running(*studies))
        await stack.enter_async_context(_bell(engine).hung())
        pulse.ready = True
        _calm_collector()
        try:
            yield house
        finally:
            pulse.ready = False
            await hub.hub.close()
            await listener.close()
            await _finish(engine)


async def _listening(settings: Settings, mood: Mood, app: web.Application, hot: Sequence[web.RouteDef]) -> Listener:
    server, at = settings.server, None if mood.at is None else mood.at.dup()
    listener = await listen(app, server.host, server.port, first=hot, shutdown_s=FINISH_S, at=at)
    await mood.listens()
    return listener


def _shared(settings: Settings, mood: Mood, engine: Engine) -> list[Coroutine[None, None, None]]:
    """What other processes hear of us, and we of them."""
    if not mood.shared:
        return []
    keys = key_file(settings.desk.data_dir)
    return [publish(engine.desk.directory, keys, engine.store, engine.wire), engine.adoption.run()]


async def _finish(engine: Engine) -> None:
    """What takes longer is found again at the next start."""
    await engine.supervisor.close()
    with suppress(TimeoutError):
        async with asyncio.timeout(FINISH_S):
            await engine.lanes.idle()


def _calm_collector() -> None:
    gc.collect()
    gc.set_threshold(5000, 10, 10)  # a burst makes short-lived things by the thousand; see benchmarks/
    gc.freeze()  # what start-up made lives as long as the process: the collector need not walk it again


def _watchers(settings: Settings, engine: Engine, pulse: Pulse, board: Board) -> list[Coroutine[None, None, None]]:
    """What is kept of the world, what ends the day, and who outside hears that we live."""
    prices, dead_man = settings.prices, settings.dead_man
    found: list[Coroutine[None, None, None]] = [
        EquityKeeper(engine.desk).run(),
        Invariants(engine.desk, engine.reconciler).run(),
    ]
    if prices.every_s:
        kept = timedelta(days=prices.keep_days)
        found.append(PriceKeeper(engine.desk, prices.every_s, kept, prices.tickers).run())
    if settings.end_of_day is not None:
        rule, accounts = settings.end_of_day.rule(), settings.end_of_day.accounts
        found.append(EndOfDay(engine.desk, engine.execution.exiting, engine.lanes, rule, accounts).run())
    if engine.desk.limits.daily_loss_percent:
        found.append(DailyLoss(engine.desk).run())
    if url := dead_man.url.get_secret_value():
        found.append(ping(url, dead_man.every_s, pulse.alive, engine.wire))
    if settings.desk.at_start:
        found.append(_first_words(settings.desk.at_start, board, engine, pulse))
    return found


def _care(settings: Settings, engine: Engine, pulse: Pulse, backups: BackupKeeper) -> list[Coroutine[None, None, None]]:
    """What keeps the desk itself safe."""
    found = [backups.run()] if settings.backup.on and not settings.desk.database_url else []
    if every_s := period_s():
        found.append(feed(engine.store, engine.wire, pulse.alive, every_s))
    return found


async def _first_words(texts: Sequence[str], board: Board, engine: Engine, pulse: Pulse) -> None:
    """What the owner wants done once at every start; people read the answers."""
    while not pulse.ready:
        await engine.wire.sleep(0.05)
    for text in texts:
        for notice in await board.console.run(text, owner_person("start")):
            await engine.outbox.tell(notice)


def _bell(engine: Engine) -> Bell:
    bell = Bell()

    async def forget() -> None:
        await engine.store.forget_keys(engine.clock.now() - KEPT)

    async def list_anew() -> None:
        await refresh(engine.desk)

    bell.daily(3, 0, forget)
    bell.daily(3, 30, list_anew)  # before Moscow's morning session, and on a new day of the brokers' lists
    return bell


def _board(settings: Settings, mood: Mood, engine: Engine, pulse: Pulse, people: People, research: Research) -> Board:
    tools = Tools(
        desk=engine.desk,
        execution=engine.execution,
        guardian=engine.guardian,
        approvals=engine.approvals,
        store=engine.store,
        healthy=lambda: pulse.ready and pulse.alive(),
        clock_now=engine.clock.now,
        supervisor=engine.supervisor,
        pairs=engine.spreading.pairs,
        scanner=engine.spreading.scanner,
        worklist=engine.worklist,
        office=engine.office,
        catch_up=partial(engine.drain.parity.catch_up, engine.intake),
        strategies=engine.strategies,
        research=research,
    )
    sample = mood.sample
    return Board(
        console=Console(tools, commands.table()),
        portfolio=Portfolio(engine.desk, engine.guardian),
        approvals=engine.approvals,
        pairs=engine.spreading.pairs,
        worklist=engine.worklist,
        office=engine.office,
        supervisor=engine.supervisor,
        desk=engine.desk,
        store=engine.store,
        people=people.by_token,
        clock=engine.clock,
        wire=engine.wire,
        ready=lambda: pulse.ready,
        alive=pulse.alive,
        version=__version__,
        demo=_controls(engine) if mood.demo or engine.market.still else None,
        open_pages=owner_person("dashboard", settings.desk.language) if mood.demo else None,
        hosts=frozenset(name.lower() for name in settings.server.hosts),
        language=settings.desk.language,
        sample_alert=None if sample is None else lambda: sample(engine.desk),
        trusted_proxies=networks(settings.server.trusted_proxies),
        picture=album(settings).find,
        research=research,
        logs=log_files(settings.desk.data_dir / "logs"),
    )


def _figures(settings: Settings, engine: Engine, pulse: Pulse, hub: Hub) -> Figures:
    chats = {"telegram": settings.telegram.token, "discord": settings.discord.token}
    return Figures(
        commits=engine.store.commits,
        loop_lag_s=lambda: pulse.lag_s,
        surfaces=[name for name, token in chats.items() if token.get_secret_value()],
        data_dir=settings.desk.data_dir,
        hub=hub,
    )


def _receiver(settings: Settings, engine: Engine) -> Receiver:
    telling: set[asyncio.Task[None]] = set()

    def on_stranger(peer: str, tries: int) -> None:
        notice = stranger(engine.desk.desk_id, peer, tries, engine.clock.now())
        task = asyncio.create_task(engine.outbox.tell(notice))
        telling.add(task)
        task.add_done_callback(telling.discard)

    return Receiver(
        intake=engine.intake,
        directory=engine.desk.directory,
        passphrase=settings.webhook.passphrase.get_secret_value(),
        clock=engine.clock,
        trusted_proxies=networks(settings.server.trusted_proxies),
        on_stranger=on_stranger,
    )


def _hook(engine: Engine) -> Hook:
    return Hook(
        intake=engine.intake,
        directory=engine.desk.directory,
        links=engine.office.links,
        options=Options(engine.desk),
        clock=engine.clock,
    )


def _controls(engine: Engine) -> DemoControls:
    puppeteer = Puppeteer(engine.desk, engine.market, engine.clock, engine.lanes)
    return DemoControls(puppeteer.move, puppeteer.advance, puppeteer.script, FAULTS)


def _setup_url(settings: Settings, mood: Mood, office: Office) -> str | None:
    """The pass stands behind the #: neither logs nor proxies are told it."""
    tokens = [settings.server.api_token, *(person.token for person in settings.people)]
    if mood.demo or not office.users.none_yet() or any(token.get_secret_value() for token in tokens):
        return None
    return f"{office.links.base_url}/setup#{office.passes.draw()}"
