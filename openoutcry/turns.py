"""Running a desk. Of several processes on one database one owns it and the others stand by until their turn comes; with
SQLite it is at once."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from core import crashpoints
from core.ports import BrokerFactory
from openoutcry.journal import extra
from openoutcry.parts import House, Mood, open_house
from openoutcry.settings import Settings
from openoutcry.venues import FACTORIES
from openoutcry.watchdog import notify, patient

Listening = Callable[[str], None]


async def run_until_stopped(
    settings: Settings,
    mood: Mood,
    listening: Listening,
    ready: Callable[[House], None],
    factories: Mapping[str, BrokerFactory] = FACTORIES,
) -> None:
    """Run until SIGTERM or SIGINT."""
    spec = os.environ.get("OPENOUTCRY_CRASHPOINT", "")
    if spec and not mood.live:
        crashpoints.arm(spec)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    sys.setswitchinterval(0.001)  # the writer's thread hands the lock back sooner: see benchmarks/
    async with _turn(settings, mood, listening, stop) as (mine, told):
        if stop.is_set():
            return
        async with open_house(settings, mine, listening=told, factories=factories) as house:
            ready(house)
            notify("READY=1")
            if mine.shared:
                patient(on=False)
            await stop.wait()
            notify("STOPPING=1")


@asynccontextmanager
async def _turn(
    settings: Settings, mood: Mood, listening: Listening, stop: asyncio.Event
) -> AsyncIterator[tuple[Mood, Listening]]:
    """The mood in which to own the desk, and whom to tell where it listens; or `stop` came first."""
    if not settings.desk.database_url:
        yield mood, listening
        return
    with extra():
        from openoutcry.standby import standing_by  # noqa: PLC0415 - the extra `postgres`
    async with standing_by(settings, mood, listening, stop) as mine:
        yield mine, lambda _url: None
