"""Connections for prices: each carries so many instruments, subscribed to as they are wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from brokers.tinvest.client import Client
from brokers.tinvest.streams import PING_S, Link
from brokers.tinvest.translate import Row
from core.ports import World
from core.values.errors import Transient
from core.values.instrument import Instrument
from kit.rates import Rates

LINK_TICKERS = 300
"""Books that one connection may carry."""
LINKS = 16
ASKS_A_MINUTE = 100
_METHOD = "MarketDataStreamService/MarketDataStream"
_SUBSCRIPTIONS = ("subscribeOrderBookRequest", "subscribeInfoRequest", "subscribeLastPriceRequest")


class Shelf:
    """One connection and the instruments it brings."""

    def __init__(self, client: Client, world: World, taking: Callable[[Row], None]) -> None:
        self.wanted: dict[str, Instrument] = {}
        self._subscribed: set[str] = set()
        self._rates = Rates(ASKS_A_MINUTE, 60, 0, world.wire.now, world.wire.sleep)
        self._changed = asyncio.Event()
        self.link = Link(client, _METHOD, world.wire, self._open, self._take)
        self._taking = taking
        self.tasks = [asyncio.create_task(self.link.run()), asyncio.create_task(self._keep_up())]

    def change(self) -> None:
        self._changed.set()

    async def _open(self, link: Link) -> None:
        self._subscribed.clear()
        await link.send({"pingSettings": {"pingDelayMs": PING_S * 1000}})
        self._changed.set()

    async def _take(self, row: Row) -> None:
        self._taking(row)

    async def _keep_up(self) -> None:
        """Bring what is subscribed in line with what is wanted, many in one request."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                for action, keys in (
                    ("UNSUBSCRIBE", self._subscribed - self.wanted.keys()),
                    ("SUBSCRIBE", self.wanted.keys() - self._subscribed),
                ):
                    await self._ask(action, sorted(keys))
            except Transient:
                continue  # the next connection subscribes to all

    async def _ask(self, action: str, keys: Sequence[str]) -> None:
        if not keys or not self.link.alive:
            return
        for kind in _SUBSCRIPTIONS:
            await self._rates.take(1)
            more = {"depth": 1} if kind == "subscribeOrderBookRequest" else {}
            body: dict[str, Any] = {
                "subscriptionAction": f"SUBSCRIPTION_ACTION_{action}",
                "instruments": [{"instrumentId": key, **more} for key in keys],
            }
            await self.link.send({kind: body})
        self._subscribed.symmetric_difference_update(keys)
