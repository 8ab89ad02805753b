"""Services that run as long as the house stands."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

from core.ports import Clock

log = logging.getLogger(__name__)

RESTART_S = 30.0


@asynccontextmanager
async def running(*works: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run `works` until left. One that dies takes the house down: a desk with a dead part must not look alive."""
    main = asyncio.current_task()
    assert main is not None

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            log.critical("a service died", exc_info=task.exception())
            main.cancel()

    tasks = [asyncio.create_task(work) for work in works]
    for task in tasks:
        task.add_done_callback(ended)
    try:
        yield
    finally:
        for task in tasks:
            task.remove_done_callback(ended)
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def kept(name: str, run: Callable[[], Coroutine[None, None, None]], wire: Clock) -> None:
    """The edge of what the desk can trade without, such as chats and pictures: whatever goes wrong there, it trades on
    and they come back."""
    while True:
        try:
            await run()
        except Exception:
            log.exception("%s stopped; it is started again", name)
            await wire.sleep(RESTART_S)
        else:
            return
