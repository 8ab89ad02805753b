"""Candles and models of this desk: where they are kept, who collects and who learns."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from datetime import timedelta
from pathlib import Path

from brokers.paper.market import BuiltInMarket
from core.jobs.collecting import Collecting, Plan, told
from core.ports import Feed
from core.ports.candles import CandleStore, Lesson
from core.services.collecting import Collected, Collector, Subject
from core.services.desk import Desk
from core.services.directory import Directory
from core.services.streaming import StreamBars
from core.values.changes import NoticeMade
from core.values.errors import Transient
from core.values.ids import AccountName
from core.values.orders import Refused
from kit.workers import WorkerGone, Workers
from openoutcry.lock import only_desk
from openoutcry.settings import Settings, SettingsError
from storage.candles import open_candles

TRAINING_S_MAX = 300.0


def candles_dir(settings: Settings) -> Path:
    return settings.desk.data_dir / "candles"


def models_dir(settings: Settings) -> Path:
    return settings.desk.data_dir / "models"


def candle_store(settings: Settings) -> CandleStore:
    """Raises Broken where the extra `research` is not installed."""
    return open_candles(candles_dir(settings), settings.collect.interval_s)


def claim(settings: Settings, subjects: Sequence[Subject]) -> None:
    """Candles of the built-in market and of brokers never lie in one directory, nor those of two seeds. Raises
    SettingsError; to be called under the directory's lock."""
    worlds = {f"demo-{settings.market.seed}" if isinstance(s.feed, BuiltInMarket) else "brokers" for s in subjects}
    if len(worlds) > 1:
        raise SettingsError("collect.symbols: some are of the built-in market and some of a broker; keep them apart")
    mark, world = candles_dir(settings) / "world", "".join(worlds)
    if not mark.exists():
        mark.write_text(world, encoding="utf-8")
    elif (kept := mark.read_text(encoding="utf-8")) != world:
        raise SettingsError(
            f"desk.data_dir: {mark.parent} holds candles of {kept}, not of {world}: move them away, or name another"
        )


class ProcessTrainer:
    """Implements `core.ports.candles.Trainer` in a process beside the desk, which trades on meanwhile."""

    def __init__(self, settings: Settings) -> None:
        directories = (str(candles_dir(settings)), str(settings.collect.interval_s), str(models_dir(settings)))
        self._workers = Workers("openoutcry.training_worker", directories)

    async def train(
        self, symbol: str, calendar: str, lessons: Sequence[Lesson], *, anew: bool = False
    ) -> Mapping[str, str]:
        days = [(lesson.day.isoformat(), lesson.before.isoformat()) for lesson in lessons]
        final = all(lesson.final for lesson in lessons)
        asked = {"symbol": symbol, "calendar": calendar, "days": days, "final": final, "anew": anew}
        try:
            async with asyncio.timeout(TRAINING_S_MAX):
                answer = json.loads(await self._workers.ask(json.dumps(asked)))
        except (WorkerGone, TimeoutError) as error:
            raise Transient(f"training ended early: {error}") from None
        if "failed" in answer:
            raise Transient(str(answer["failed"]))
        said: dict[str, str] = answer["said"]
        return said

    async def rest(self) -> None:
        await self._workers.rest()


def open_collecting(settings: Settings, desk: Desk, stack: ExitStack | AsyncExitStack) -> Collecting | None:
    """What collects while the desk runs, alone on its directory; None where no symbols are named.

    Raises SettingsError for a symbol that no account trades, Broken where the extra `research` is not installed,
    Locked where somebody collects there already.
    """
    if not settings.collect.symbols:
        return None
    feeds = {account: venue.feed for account, venue in desk.venues.items()}
    subjects = [subject_of(desk.directory, feeds, name) for name in settings.collect.symbols]
    stream = StreamBars([subject.symbol for subject in subjects], settings.collect.interval_s)
    collector = Collector(candle_store(settings), desk.wire, ProcessTrainer(settings), stream)
    stack.enter_context(only_desk(candles_dir(settings)))
    claim(settings, subjects)
    plan = Plan(settings.collect.days, timedelta(minutes=settings.collect.after_close_min))

    async def tell(found: Collected) -> None:
        if (notice := told(desk.desk_id, found, desk.clock.now())) is not None:
            await desk.store.save(NoticeMade(notice))

    return Collecting(subjects, collector, stream, desk.clock, plan, tell)


def subject_of(directory: Directory, feeds: Mapping[AccountName, Feed], name: str) -> Subject:
    """`SBER`, of the first account that trades it, or `Broker/SBER`. Raises SettingsError."""
    wanted, _, ticker = name.rpartition("/")
    for account, feed in feeds.items():
        if wanted.casefold() in {"", account.casefold()}:
            found = directory.find(account, ticker)
            if not isinstance(found, Refused):
                return Subject(found.ticker, found.calendar, feed)
    raise SettingsError(f"collect.symbols: no account trades {name}")
