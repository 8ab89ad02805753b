"""A whole desk, live on an Angel One of its own, on a day that goes by quickly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from brokers.paper.orders import Row
from core.ports import Clock
from core.services.end_of_day import EndOfDay
from core.values.alerts import AlertKind
from core.values.fills import Position
from core.values.notices import Notice
from core.values.orders import Order, OrderRole, OrderType, Side
from openoutcry.background import running
from openoutcry.engine import Engine, build, recover
from openoutcry.settings import load_settings
from tests.brokers.angelone.harness import account_settings
from tests.desk import TESTING, an_alert, levels, price
from tests.servers.angelone import AngelOneServer


@dataclass
class House:
    engine: Engine
    server: AngelOneServer

    async def enter(
        self, ticker: str = "SBER", *, limit: bool = False, at: str = "300", stop: str = "285", target: str = "330"
    ) -> None:
        """Long, sized by risk."""
        now = self.engine.clock.now()
        kind = OrderType.LIMIT if limit else OrderType.MARKET
        fields: dict[str, Any] = {"ticker": ticker, "side": Side.BUY, "sent_at": now, "price": price(at)}
        await self.engine.intake.accept(
            an_alert(AlertKind.ENTRY, now, order_type=kind, long=levels(stop, target), **fields)
        )

    async def book(self, bid: str, ask: str, ask_size: str = "100000", ticker: str = "SBER") -> None:
        sizes = Decimal(100_000), Decimal(ask_size)
        await self.server.set_book(ticker, Decimal(bid), Decimal(ask), *sizes)

    @property
    def position(self) -> Position | None:
        return next(iter(self.engine.desk.ledger.positions.values()), None)

    def protected_by(self) -> str | None:
        return None if self.position is None else self.engine.guardian.protected_by(self.position)

    def at_broker(self) -> list[Row]:
        return self.server.working()

    def stopped_for(self) -> list[Decimal]:
        """Pieces of the stops that stand at the broker."""
        return [row.request.quantity for row in self.at_broker() if row.request.type is OrderType.STOP]

    async def orders(self, role: OrderRole) -> list[Order]:
        page = await self.engine.store.orders(1000)
        return [order for order in reversed(page.items) if order.request.role is role]

    async def notices(self, key: str) -> list[Notice]:
        return [notice for notice in (await self.engine.store.notices(1000)).items if notice.key == key]

    async def told(self, key: str) -> Notice:
        """The only notice of its key, once it is there."""
        async with asyncio.timeout(10):
            while not await self.notices(key):  # noqa: ASYNC110 - the journal offers nothing to wait on
                await asyncio.sleep(0.02)
        [notice] = await self.notices(key)
        return notice


@asynccontextmanager
async def trading(data_dir: Path, server: Any, clock: Clock, **sections: Any) -> AsyncIterator[House]:
    """server: an AngelOneServer, or the address of one in another process."""
    account = {"name": TESTING, "broker": "angelone", **account_settings(server)}
    settings = load_settings(None, desk={"data_dir": data_dir}, accounts=(account,), **sections)
    async with AsyncExitStack() as stack:
        engine = await build(settings, stack, wire=clock, live=True)
        await stack.enter_async_context(engine.reconciler.listening())
        await recover(engine, settings)
        await stack.enter_async_context(running(engine.protection.monitor.run()))
        if settings.end_of_day is not None:
            rule = settings.end_of_day.rule()
            evening = EndOfDay(engine.desk, engine.execution.exiting, engine.lanes, rule)
            await stack.enter_async_context(running(evening.run()))
        yield House(engine, server)
