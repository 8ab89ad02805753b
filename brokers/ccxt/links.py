"""The account's own streams: kept up, and not believed when they say nothing."""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from brokers.ccxt.client import Client, said, trouble
from brokers.link import fresh
from core.ports import Clock

log = logging.getLogger(__name__)

SILENCE = timedelta(seconds=15)
"""Three times as long as an answer to a ping takes to come at most."""
BACK_S = 1.0


def alive(exchange: Any, now: datetime, *, private: bool | None) -> bool:
    """Whether every open socket of this kind (None: of any) was heard lately, and there is one. exchange: None while
    nothing is connected."""
    if exchange is None:
        return False
    found = [link for url, link in exchange.clients.items() if private is None or _private(url) is private]
    open_ones = [link for link in found if link.isConnected and not link.closed()]
    return bool(open_ones) and all(fresh(_heard(link), now, SILENCE) for link in open_ones)


def _heard(link: Any) -> datetime:
    return datetime.fromtimestamp((link.last_message_at or link.connectionEstablished) / 1000, UTC)


def _private(url: str) -> bool:
    return any(word in url for word in ("private", "business", "listenKey", "ws-api"))


class Links:
    """What the streams bring goes to `client.heard`; this keeps somebody waiting on each of them."""

    def __init__(self, client: Client, wire: Clock) -> None:
        self._client, self._wire = client, wire
        self._tasks: list[asyncio.Task[None]] = []
        self.broken: Callable[[], None] = lambda: None

    def start(self) -> None:
        streams = self._client.dialect.streams
        self._tasks = [asyncio.create_task(self._keep(name, params), name=name) for name, params in streams]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    @property
    def alive(self) -> bool:
        return alive(self._client.exchange, self._wire.now(), private=True)

    def cut(self, reason: str) -> None:
        """A stream that kept something to itself is made anew."""
        errors = importlib.import_module("ccxt.base.errors")
        for url, link in list(self._client.exchange.clients.items()):
            if _private(url):
                link.on_error(errors.NetworkError(reason))

    async def _keep(self, name: str, params: Mapping[str, Any]) -> None:
        broken = trouble()
        while True:
            try:
                await getattr(self._client.exchange, name)(params={**params})
            except broken as error:
                log.warning("stream broken", extra={"stream": name, "reason": said(error)})
                self.broken()
                await self._wire.sleep(BACK_S)
