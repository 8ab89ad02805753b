"""What the harnesses of all brokers' adapters share: each is an adapter on a server of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, Protocol, TypeVar

from core.ports import Broker
from core.values.fills import Fill
from core.values.instrument import Instrument
from core.values.orders import OrderTicket
from tests.servers.broker import BrokerServer


class Settling(Broker, Protocol):
    """An adapter that tells when it has done with what it heard."""

    async def settled(self) -> None: ...


B = TypeVar("B", bound=Settling)
S = TypeVar("S", bound=BrokerServer)


@dataclass
class Wired(Generic[B, S]):
    """Implements `tests.contracts.broker_desk.Harness`, but for clock and price."""

    broker: B
    server: S
    instrument: Instrument

    async def set_book(self, bid: Decimal, ask: Decimal, bid_size: Decimal, ask_size: Decimal) -> None:
        await self.server.set_book(self.instrument.ticker, bid, ask, bid_size, ask_size)

    async def settled(self) -> None:
        await self.server.heard()
        await self.broker.settled()

    def script(self, fault: str, count: int = 1) -> None:
        self.server.script(fault, count)

    async def close_market(self) -> None:
        self.server.books.closed = True


async def until(holds: Callable[[], object]) -> None:
    """Something that another task brings about; a test that would hang is ended by this."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - the product offers nothing to wait on, and should not for a test
            await asyncio.sleep(0.01)


@asynccontextmanager
async def reading(harness: Wired[B, S]) -> AsyncIterator[list[OrderTicket | Fill]]:
    """What the events tell from now on."""
    told: list[OrderTicket | Fill] = []

    async def read() -> None:
        async for event in harness.broker.events():
            told.append(event)  # noqa: PERF401 - as it comes, not at the end

    reader = asyncio.create_task(read())
    try:
        yield told
    finally:
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
