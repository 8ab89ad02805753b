"""The venue's books of the day, each of which it lets be read once a second: whoever asks while one is waited for gets
that one, so that a hundred questions cost one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from brokers.angelone.client import Client
from brokers.angelone.limits import EXITS, Endpoint
from brokers.angelone.translate import Row
from core.values.errors import Transient


class Book:
    def __init__(self, client: Client, endpoint: Endpoint) -> None:
        self._client, self._endpoint = client, endpoint
        self._next: asyncio.Task[Sequence[Row]] | None = None

    async def read(self) -> Sequence[Row]:
        """As it is at some moment after the call. Raises Transient or Rejected; never an empty answer for a failed
        question."""
        if self._next is None:
            self._next = asyncio.create_task(self._read())
            self._next.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody need look
        return await asyncio.shield(self._next)

    async def _read(self) -> Sequence[Row]:
        try:
            await self._client.limits.take(self._endpoint, EXITS)
        finally:
            self._next = None  # from here on it is on its way, and who asks later gets a later one
        rows = await self._client.ask(self._endpoint, urgency=EXITS, counted=True)
        if rows is not None and not isinstance(rows, list):
            raise Transient(f"unreadable {self._endpoint.path}: {type(rows).__name__}")
        return rows or []
