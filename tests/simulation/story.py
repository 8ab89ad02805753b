"""The whole desk in one thread on a time of its own: what happens, and in which order, is drawn from one number.

timeline  virtual time, and the event loop that lives in it
exchange  the broker and its market, which outlive the desk; the lines to it, which fail
journal   the real SQLite, whose disk is slow, busy or full
doors     HTTP without sockets
story     one run: alerts, commands, faults, kills, restarts
verdict   what must be so when the dust has settled
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from unittest.mock import patch

from core import crashpoints
from core.ports import Clock
from core.ports import World as Surroundings
from core.values.accounts import Account
from core.values.errors import DeskError, Transient
from core.values.notices import Notice
from openoutcry.journal import JOURNAL
from openoutcry.parts import House, Mood, open_house
from openoutcry.settings import Settings, load_settings
from openoutcry.venues import FACTORIES
from storage.sqlite.store import SqliteStore
from tests.servers.broker import DIALECTS
from tests.simulation.exchange import BEAT_S, Exchange, Line, Weather
from tests.simulation.journal import Disk, found, open_on
from tests.simulation.judging import judge
from tests.simulation.people import People
from tests.simulation.timeline import Killed, VirtualLoop, World
from tests.wire.broker import WireBroker

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TOKEN = "test-token"
FIRST, SECOND = "Testing", "Other"
"""Accounts; every fourth run has two, at brokers of different ways."""
POINTS = (
    "in.recv", "in.pre_commit", "in.post_commit_pre_200", "in.post_200", "intent.pre_commit", "intent.post_commit",
    "send.marked", "send.bytes_out", "send.resp_in", "send.pre_commit", "ack.committed", "fill.in", "fill.pre_commit",
    "fill.post_commit", "prot.intent", "prot.sent", "cancel.mid", "recon.mid", "appr.in", "appr.committed",
)  # fmt: skip
BACK_S = 3.0
"""systemd's RestartSec and the start of Python."""
SETTLE_S = 180.0
"""Once all troubles are over: an order that nobody knows of is asked about for 16 s, an exit waits 20 s for it."""


class Chat:
    """A surface that is away now and then."""

    name = "telegram"

    def __init__(self, run: Run) -> None:
        self._run = run
        self.away = False

    async def send(self, notice: Notice) -> None:
        if self.away:
            raise Transient("the chat is away")
        self._run.trace("chat", notice.key, notice.id)

    async def illustrate(self, card: str, png: bytes) -> None:
        pass


@dataclass
class Run:
    """`play`, then look at `problems`. digest: of everything that reached the world outside, in its order."""

    seed: int
    directory: Path
    minutes: float = 20.0
    dialect: str = ""
    lines: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    kills: int = 0
    lives: int = 0
    keep_lines: bool = True

    def __post_init__(self) -> None:
        names = sorted(DIALECTS)
        self.dialect = self.dialect or names[self.seed % len(names)]
        self.world = World(START)
        self._hash = hashlib.sha256()
        self.exchanges = {FIRST: Exchange(self.world, self.dialect, self._rng("market"), self.trace)}
        if self.seed % 4 == 1:
            other = names[(self.seed // 4) % len(names)]
            self.exchanges[SECOND] = Exchange(self.world, other, self._rng("other market"), self.trace)
        self.weather, self.disk = Weather(), Disk(self.world, self._rng("disk"))
        self.people = People(self)
        self.chat = Chat(self)
        self.loop: VirtualLoop | None = None
        self._lines: list[Line] = []
        self._data = self.directory / "0"
        self._fate = self._rng("fate")
        self.calm = False

    def _rng(self, name: str) -> Random:
        """A stream of chances of its own: what one part draws moves no other."""
        return Random(f"{self.seed} {name}")

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def trace(self, who: str, what: str, *about: object) -> None:
        line = f"{self.world.seconds:.6f} {who} {what} {' '.join(map(str, about))}"
        self._hash.update(line.encode())
        if self.keep_lines:
            self.lines.append(line)

    # the world

    def play(self) -> Run:
        with _quiet(), bell_time(self.world):
            self._found()
            self._begin()
            end = self.minutes * 60
            while not self._finished(end):
                self._live(end)
        gc.unfreeze()  # houses are meant to stand as long as their process
        return self

    def _found(self) -> None:
        loop = asyncio.new_event_loop()
        desk_id = self._rng("desk").getrandbits(32)
        loop.run_until_complete(found(self._data / "desk.sqlite3", self.world, desk_id))
        loop.close()

    def _begin(self) -> None:
        rng = self._rng("weather")
        storm = rng.choice([0.0, 0.3, 1.0])

        def market() -> None:
            if not self.calm:
                self._each(Exchange.move)
                self.world.after(rng.uniform(0.5, 4), market)

        def beat() -> None:
            self._each(Exchange.beat)
            self.world.after(BEAT_S, beat)

        def change() -> None:
            """New weather every few minutes, some of it fair."""
            if self.calm:
                return
            bad = storm * rng.choice([0.0, 0.2, 1.0])
            for name, most in WORST.items():
                setattr(self.weather, name, bad * most * rng.random())
            self.disk.fails = bad * 0.01 * rng.random()
            self.disk.full = bad > 0 and rng.random() < 0.05
            self.chat.away = rng.random() < 0.3
            if self.disk.full:
                self.world.after(rng.uniform(1, 20), partial(setattr, self.disk, "full", False))
            self.world.after(rng.uniform(20, 120), change)

        def fate() -> None:
            if not self.calm:
                self._doom()
                self.world.after(self._fate.expovariate(1 / 240), fate)

        self.world.after(0.1, market)
        self.world.after(0.2, beat)
        self.world.after(1.0, change)
        self.world.after(self._fate.expovariate(1 / 240), fate)
        self.people.begin()
        self.world.after(self.minutes * 60, self._fair)

    def _each(self, act: Callable[[Exchange], None]) -> None:
        for exchange in self.exchanges.values():
            act(exchange)

    def _fair(self) -> None:
        """All troubles end; what is so when the desk has settled is judged."""
        self.calm = True
        crashpoints.disarm()
        for name in WORST:
            setattr(self.weather, name, 0.05 if name == "slow_s" else 0.0)
        self.disk.fails, self.disk.full, self.chat.away = 0.0, False, False
        self._each(Exchange.calm)
        self.trace("world", "calm")

    def _doom(self) -> None:
        """A kill: at a named point the next time it is passed, or after some turns of the loop."""
        if self.loop is None:
            return
        if self._fate.random() < 0.5:
            crashpoints.arm(f"{self._fate.choice(POINTS)}:{self._fate.randint(1, 3)}", _die)
        else:
            self.loop.kill(self._fate.randint(0, 200))

    # the desk

    def _live(self, end: float) -> None:
        """One life, from start to death."""
        self.lives += 1
        loop = self.loop = VirtualLoop(self.world, self._rng(f"turns {self.lives}"))
        asyncio.set_event_loop(loop)
        ended = "killed"
        try:
            loop.run_until_complete(self._desk(end))
            ended = "done"
        except Killed:
            self.kills += 1
        except DeskError as error:
            ended = f"gave up: {type(error).__name__}"
        except asyncio.CancelledError:
            ended = "a service died"
            self.problems.append(f"a service died: {loop.strange}")
        self.trace("world", ended)
        self.problems += [f"nobody took: {what}" for what in loop.strange]
        self._bury(loop)
        if ended != "done":
            self.world.leap(BACK_S, lambda: False)

    def _bury(self, loop: VirtualLoop) -> None:
        """The next life begins on the files as they are now."""
        crashpoints.disarm()
        self.loop = None
        while self._lines:
            self._lines.pop().hang_up()
        grave, self._data = self._data, self.directory / str(self.lives)
        shutil.copytree(grave, self._data)
        loop.bury()
        asyncio.set_event_loop(None)
        shutil.rmtree(grave)

    async def _desk(self, end: float) -> None:
        async with open_house(
            self._settings(),
            Mood(live=True, wire=self.world, journal=self._open_journal, surfaces=[self.chat]),
            factories={**FACTORIES, "tinvest": self._open_line},
        ) as house:
            self.trace("desk", "ready", house.desk.safety.state().value)
            await self.world.sleep(max(0.0, end + SETTLE_S - self.world.seconds))
            await self._judge(house)

    def _settings(self) -> Any:
        wire = {"broker": "tinvest", "base_url": "http://127.0.0.1:1"}
        return load_settings(
            None,
            desk={"data_dir": self._data, "mode": "live"},
            server={"api_token": TOKEN},
            webhook={"passphrase": "test-word"},
            risk={"entries_per_minute": 0, "same_side_entries_per_10_min": 0},
            pictures={"on": False},
            backup={"on": False},  # made by a process of its own, whose time is real
            accounts=tuple({**wire, "name": name, "account_id": at.dialect} for name, at in self.exchanges.items()),
        )

    def _open_line(self, account: Account, settings: Mapping[str, object], world: Surroundings) -> WireBroker:
        exchange, rng = self.exchanges[account.name], self._rng(f"line {self.lives} {account.name}")
        self._lines.append(Line(exchange, self.world, self.weather, rng))
        return WireBroker(account.name, DIALECTS[exchange.dialect], self._lines[-1], world.wire)

    async def _open_journal(self, settings: Settings, clock: Clock) -> SqliteStore:
        return await open_on(self.disk, settings.desk.data_dir / JOURNAL, clock)

    # the verdict

    def _finished(self, end: float) -> bool:
        return self.world.seconds >= end + SETTLE_S

    async def _judge(self, house: House) -> None:
        self.problems += await judge(self, house)


WORST = {
    "lost": 0.05,
    "late": 0.03,
    "unanswered": 0.08,
    "busy": 0.05,
    "garbled": 0.04,
    "unreachable": 0.05,
    "twice": 0.1,
    "backwards": 0.3,
    "cut": 0.01,
    "slow_s": 1.0,
}


class Told(NamedTuple):
    """What came of a run; the same for the same seed, in every process."""

    seed: int
    dialect: str
    digest: str
    problems: list[str]
    alerts: int
    requests: int
    kills: int


def played(seed: int, minutes: float) -> Told:
    with TemporaryDirectory() as directory:
        run = Run(seed, Path(directory), minutes, keep_lines=False).play()
    requests = sum(line["kind"] == "request" for exchange in run.exchanges.values() for line in exchange.ledger)
    alerts = sum(map(len, run.people.accepted.values()))
    return Told(seed, run.dialect, run.digest, run.problems, alerts, requests, run.kills)


def _die() -> None:
    raise Killed


@contextmanager
def _quiet() -> Iterator[None]:
    """Troubles are meant here: their log lines would be megabytes."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        crashpoints.disarm()


@contextmanager
def bell_time(world: World) -> Iterator[None]:
    """APScheduler asks the wall clock, and takes no other."""

    class VirtualDatetime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # a plain datetime will do
            return world.now().astimezone(tz)

    with (
        patch("apscheduler.schedulers.base.datetime", VirtualDatetime),
        patch("apscheduler.executors.base.datetime", VirtualDatetime),
    ):
        yield
