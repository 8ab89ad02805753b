"""The daily loss limit: an account that has lost so much since the day began only lets exits through until the next."""

from __future__ import annotations

import logging
from contextlib import suppress

from core.rules.risk import loss_reached
from core.services.desk import Desk, Venue
from core.values.errors import DeskError, Transient

log = logging.getLogger(__name__)

LOOK_S = 30.0


class DailyLoss:
    """The gate refuses entries by itself; this sees a loss that grows while nobody enters, and what it leaves standing.

    Days are UTC. What such an account may not do any more: ENTRY, WORKING and TRAP orders (core.rules.risk).
    """

    def __init__(self, desk: Desk, every_s: float = LOOK_S) -> None:
        self._desk, self._every_s = desk, every_s

    async def run(self) -> None:
        """Until cancelled. What cannot be asked or written now is asked the next time."""
        while True:
            try:
                await self.look()
            except DeskError as error:
                log.warning("daily loss was not looked at", extra={"reason": str(error)})
            await self._desk.wire.sleep(self._every_s)

    async def look(self) -> None:
        """Every account whose broker answers. Working orders that could add risk go, protection stays."""
        for venue in list(self._desk.venues.values()):
            with suppress(Transient):
                await self._look_at(venue)

    async def _look_at(self, venue: Venue) -> None:
        safety, account = self._desk.safety, venue.account
        margin = await venue.broker.margin()
        profit = await safety.day_profit(account.name, margin)
        reached = loss_reached(margin.equity, profit, self._desk.limits.daily_loss_percent)
        if reached is not None and await safety.reduce(account, reached):
            mine = [order for order in self._desk.new_risk() if order.request.account == account.name]
            await self._desk.cancel_all(mine)
