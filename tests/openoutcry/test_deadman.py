"""Pings to a monitor outside."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web

from core.clock import ManualClock
from kit.http import listen
from openoutcry.deadman import ping
from tests.contracts.samples import NOON
from tests.desk import turns
from tests.process import demo


class Monitor:
    """Counts pings; answers each with `status`."""

    def __init__(self) -> None:
        self.pings: asyncio.Queue[str] = asyncio.Queue()
        self.status = 200

    async def take(self, request: web.Request) -> web.Response:
        self.pings.put_nowait(request.path_qs)
        return web.Response(status=self.status)

    async def next(self) -> str:
        async with asyncio.timeout(10):
            return await self.pings.get()

    async def listen(self) -> int:
        app = web.Application()
        app.router.add_get("/{tail:.*}", self.take)
        self.listener = await listen(app, "127.0.0.1", 0, shutdown_s=1)
        return self.listener.port


async def asleep(wire: ManualClock) -> None:
    """Until the answer was read and the pause has begun."""
    for _ in range(10_000):
        if wire._sleepers:
            return
        await asyncio.sleep(0)
    raise AssertionError("it never paused")


async def test_a_ping_goes_out_at_its_pace_while_all_is_well() -> None:
    """A monitor that answers 500 is pinged again; an unwell desk keeps silent."""
    monitor, wire, well = Monitor(), ManualClock(NOON), [True]
    port = await monitor.listen()
    task = asyncio.create_task(ping(f"http://127.0.0.1:{port}/me", 60, lambda: well[0], wire))
    for status in (200, 500, 200):
        monitor.status = status
        assert await monitor.next() == "/me"
        await asleep(wire)
        await wire.advance(60)
    assert await monitor.next() == "/me"
    await asleep(wire)
    well[0] = False
    await wire.advance(60)
    await turns()
    assert monitor.pings.empty()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await monitor.listener.close()


async def test_a_desk_pings_what_the_settings_name(tmp_path: Path) -> None:
    """Once it is ready."""
    monitor = Monitor()
    port = await monitor.listen()
    env = {"OPENOUTCRY_DEAD_MAN__URL": f"http://127.0.0.1:{port}/desk?key=1"}

    def run() -> None:
        with demo(tmp_path / "d", env=env):
            asyncio.run_coroutine_threadsafe(monitor.next(), loop).result(20)

    loop = asyncio.get_running_loop()
    await asyncio.to_thread(run)
    await monitor.listener.close()
