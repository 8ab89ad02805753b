"""What every kept-up WebSocket of a venue does alike: begin again after each break, send, end with its first error."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from typing import Any

import aiohttp

from brokers.reading import readable
from core.ports import Clock
from core.values.errors import DeskError, Transient
from kit.retry import delays

log = logging.getLogger(__name__)

SET_BACK = timedelta(seconds=1)
"""A machine's clock is moved by less than this to agree with others'."""
STEADY_S = 60.0
"""A link that held so long breaks anew: the next wait is short again."""


def fresh(heard: datetime, now: datetime, within: timedelta) -> bool:
    """Heard of not too long ago. A clock may be set back: what lies ahead of it is as stale as what is long over, or a
    link that is dead would count as alive until the clock is where it was."""
    return -SET_BACK <= now - heard < within


async def kept_up(
    name: str,
    clock: Clock,
    once: Callable[[], Awaitable[None]],
    broken: Callable[[DeskError], None] = lambda _error: None,
) -> None:
    """Make the link again for ever. once: lasts until it breaks, be it over a message that cannot be read; `broken` is
    told."""
    rng = random.Random(name)  # noqa: S311 - spreads reconnects, keeps no secret
    waits = delays(rng, 0.2, 30.0)
    while True:
        began = clock.now()
        try:
            with readable("stream"):
                await once()
        except DeskError as error:
            log.warning("stream broken", extra={"stream": name, "reason": str(error)})
            broken(error)
        if (clock.now() - began).total_seconds() > STEADY_S:
            waits = delays(rng, 0.2, 30.0)
        await clock.sleep(next(waits))


async def send(socket: aiohttp.ClientWebSocketResponse | None, message: Mapping[str, Any]) -> None:
    """Raises Transient while there is no connection."""
    if socket is None:
        raise Transient("the stream is being made again")
    try:
        await socket.send_json(message)
    except (aiohttp.ClientError, OSError) as error:
        raise Transient(f"stream: {type(error).__name__}") from error


async def until_either(*works: Coroutine[Any, Any, None]) -> None:
    """Until one of them ends; the others are ended with it. Raises what any of them raised, the first's first."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for error in ended:
        if isinstance(error, Exception):
            raise error
