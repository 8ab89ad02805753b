"""The dead man's switch: pings to a monitor outside. When they end, it tells people what the desk no longer can."""

from __future__ import annotations

import logging
from collections.abc import Callable

from aiohttp import ClientError, ClientSession, ClientTimeout

from core.ports import Clock

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0


async def ping(url: str, every_s: float, well: Callable[[], bool], wire: Clock) -> None:
    """GET `url` at this pace while all is `well`, until cancelled. A monitor that is away is logged, once a time."""
    away = False
    async with ClientSession(timeout=ClientTimeout(total=TIMEOUT_S)) as session:
        while True:
            if well():
                reason = await _try(session, url)
                if reason and not away:
                    log.warning("the monitor is away", extra={"reason": reason})
                away = bool(reason)
            await wire.sleep(every_s)


async def _try(session: ClientSession, url: str) -> str:
    """Why it failed; empty when it did not. Never the URL: it may hold a secret."""
    try:
        async with session.get(url) as answer:
            return "" if answer.status < 400 else f"answered {answer.status}"
    except (ClientError, OSError) as error:
        return type(error).__name__
