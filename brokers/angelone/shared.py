"""Questions that the venue lets be asked once or twice a second: whoever asks while one waits for its turn gets the
answer of that one, so that a hundred cost one."""

from __future__ import annotations

import asyncio
from typing import Any

from brokers.angelone.client import Client
from brokers.angelone.limits import Endpoint
from brokers.angelone.translate import Row
from brokers.urgency import EXITS
from core.values.errors import Transient


class Shared:
    def __init__(self, client: Client, endpoint: Endpoint) -> None:
        self._client, self._endpoint = client, endpoint
        self._next: asyncio.Task[Any] | None = None

    async def read(self) -> Any:
        """The answer as it is at some moment after the call. Raises Transient or Rejected."""
        if self._next is None:
            self._next = asyncio.create_task(self._read())
            self._next.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody need look
        return await asyncio.shield(self._next)

    async def rows(self) -> list[Row]:
        """Of a list, which the venue leaves out where it is empty; a failed question is never an empty answer."""
        rows = await self.read()
        if rows is not None and not isinstance(rows, list):
            raise Transient(f"unreadable {self._endpoint.path}: {type(rows).__name__}")
        return rows or []

    async def _read(self) -> Any:
        try:
            await self._client.limits.take(self._endpoint, EXITS)
        finally:
            self._next = None  # from here on it is on its way, and who asks later gets a later one
        return await self._client.ask(self._endpoint, counted=True)
