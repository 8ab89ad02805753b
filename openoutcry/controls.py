"""What the demo routes may do: set the book, move the clock, script the paper broker's faults."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

from brokers.paper.broker import PaperBroker
from brokers.paper.market import BuiltInMarket
from core.clock import ManualClock
from core.ports import Clock
from core.services.desk import Desk
from core.services.lanes import Lanes
from core.values.errors import Rejected

SETTLE_S_MAX = 15.0
TURNS = 10
"""Who was just woken needs a few turns of the loop before anybody can see that it is at work, and who is done a few to
go to sleep again: the clock must not move on before."""


@dataclass(frozen=True, slots=True)
class Puppeteer:
    """Its methods are the demo routes' hands (dashboard.board.DemoControls)."""

    desk: Desk
    market: BuiltInMarket
    clock: Clock
    lanes: Lanes

    async def move(
        self, ticker: str, bid: Decimal, ask: Decimal, bid_size: Decimal | None, ask_size: Decimal | None
    ) -> None:
        """Set a book and return when all that it brought about is dealt with."""
        self._needs_still()
        self.market.set_book(ticker, bid, ask, bid_size, ask_size)
        await self._settled()

    async def advance(self, seconds: float) -> None:
        self._needs_still()
        assert isinstance(self.clock, ManualClock), "a still market has a manual clock"
        await self.clock.advance(seconds, self._settled)

    def script(self, name: str, count: int, params: Mapping[str, object]) -> None:
        for broker in self._papers():
            broker.script(name, count, **{key: float(str(value)) for key, value in params.items()})

    def _needs_still(self) -> None:
        if not self.market.still:
            raise Rejected("market_moves", "prices and clock are set only where market.still is true")

    def _papers(self) -> list[PaperBroker]:
        return [v.broker for v in self.desk.venues.values() if isinstance(v.broker, PaperBroker)]

    async def _settled(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S_MAX):
                while True:
                    for _ in range(TURNS):
                        await asyncio.sleep(0)
                    for broker in self._papers():
                        await broker.settled()
                    if not self.lanes.busy:
                        return
                    await self.lanes.idle()
