"""A raw alert, and listeners on loopback that write down what arrives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from core.values.money import Price
from core.values.raw import RawAlert

SENT_AT = datetime(2024, 6, 1, 3, 16, 17, tzinfo=UTC)
RAW = RawAlert(2, "LWMA", "FXCM:EURUSD", 15, "BUY", Price(Decimal("1.0712")), SENT_AT, 10800)
BITCOIN = RawAlert(7, "MyStrategy", "BINANCE:BTCUSD", 15, "BUY", Price(Decimal("60000.5")), SENT_AT)


def raw(**changes: Any) -> RawAlert:
    return replace(RAW, **changes)


@dataclass
class LineServer:
    """Lines as they come in, over all connections."""

    port: int = 0
    lines: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        while line := await reader.readline():
            self.lines.put_nowait(line.decode())
        writer.close()

    async def some(self, count: int) -> list[str]:
        async with asyncio.timeout(10):
            return [await self.lines.get() for _ in range(count)]


@asynccontextmanager
async def line_server(port: int = 0) -> AsyncIterator[LineServer]:
    found = LineServer()
    server = await asyncio.start_server(found.take, "127.0.0.1", port)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        for writer in found.writers:
            writer.close()
        await server.wait_closed()
