"""What became of our orders, whether or not a stream told it: asked for slowly, faster while the streams are down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from brokers.ccxt.client import asking
from brokers.ccxt.links import Links
from brokers.ccxt.records import WAITED, Known, Records, sent
from brokers.ccxt.riders import Riders
from brokers.ccxt.translate import Row
from core.ports import World
from core.values.errors import Rejected, Transient
from core.values.fills import Fill
from core.values.ids import AccountName
from core.values.orders import Order, OrderState, OrderTicket

log = logging.getLogger(__name__)

SWEEP_S, DOWN_S = 15.0, 3.0
OVERLAP = WAITED + timedelta(seconds=2 * SWEEP_S)
"""What was held back at one sweep must still be seen by the first one after its time."""
LATE = timedelta(seconds=5)
"""An execution so old that only a sweep tells of it was kept back by its stream."""


class Swept(Protocol):
    """The part of the broker that is asked."""

    account: AccountName
    records: Records
    riders: Riders

    async def fills(self, since: datetime) -> list[Fill]: ...
    async def rows(self) -> Sequence[Row]: ...
    async def cancel(self, order: Order) -> OrderTicket: ...
    def tell(self, words: Iterable[OrderTicket | Fill]) -> None: ...


class Sweep:
    def __init__(self, broker: Swept, links: Links, world: World) -> None:
        self._broker, self._links = broker, links
        self._clock, self._wire = world.clock, world.wire
        self._since = world.clock.now()
        self._first = True
        self._wanted = asyncio.Event()

    def soon(self) -> None:
        """There is reason to look."""
        self._wanted.set()

    async def run(self) -> None:
        """For ever."""
        while True:
            await self._pause(SWEEP_S if self._links.alive else DOWN_S)
            began = self._clock.now()
            try:
                with asking("sweep"):
                    await self.once(began)
                    self._since = began
            except Transient as error:
                log.warning("not swept", extra={"account": self._broker.account, "reason": error.reason})

    async def _pause(self, seconds: float) -> None:
        waiting = [asyncio.ensure_future(self._wire.sleep(seconds)), asyncio.ensure_future(self._wanted.wait())]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()
        self._wanted.clear()

    async def once(self, now: datetime) -> None:
        """Raises Transient or Rejected."""
        broker = self._broker
        fills = broker.records.news(await broker.fills(self._since - OVERLAP))
        broker.tell(fills)
        first, self._first = self._first, False  # what was done before the start is no stream's fault
        if self._links.alive and not first and any(now - fill.at > LATE for fill in fills):
            log.warning("the stream kept executions to itself", extra={"account": broker.account})
            self._links.cut("mute")
        rows = await broker.rows()
        await broker.riders.tidy(rows)
        working = {ticket.order_id for ticket in broker.records.tickets(rows)}
        for order_id, known in list(broker.records.live.items()):
            try:
                await self._look(known, now, works=order_id in working)
            except Rejected as no:  # one of them must not hide the others
                log.warning("not looked at", extra={"order_id": order_id, "reason": str(no)})

    async def _look(self, known: Known, now: datetime, *, works: bool) -> None:
        if not works and (known.id or now - known.at > LATE):
            ticket = await self._broker.records.find(sent(known.request, known.at))
            self._broker.tell([ticket] if ticket is not None else [])
        elif works and _expired(known, now):
            await self._expire(known)

    async def _expire(self, known: Known) -> None:
        """These venues keep no date for an order: its end is ours to see to."""
        ended = await self._broker.cancel(sent(known.request, known.at))
        over = OrderState.EXPIRED if ended.state is OrderState.CANCELLED else ended.state
        self._broker.tell([replace(ended, state=over)])


def _expired(known: Known, now: datetime) -> bool:
    return known.request.expires_at is not None and known.request.expires_at <= now
