"""The daily loss limit: an account that has lost so much since the day began only lets exits through until the next."""

from __future__ import annotations

import logging
from datetime import datetime

from core.rules.risk import loss_reached
from core.services.desk import Desk, Venue
from core.values.errors import DeskError

log = logging.getLogger(__name__)

LOOK_S = 30.0


class DailyLoss:
    """The gate refuses entries by itself; this sees a loss that grows while nobody enters, and what it leaves standing.

    Days are UTC. What such an account may not do any more: ENTRY, WORKING and TRAP orders (core.rules.risk).
    """

    def __init__(self, desk: Desk, every_s: float = LOOK_S) -> None:
        self._desk, self._every_s = desk, every_s

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await self._desk.wire.sleep(self._every_s)

    async def look(self) -> None:
        """Every account. Raises nothing: what cannot be asked or written now is tried again at the next look."""
        for venue in list(self._desk.venues.values()):
            try:
                await self._look_at(venue)
            except DeskError as error:
                why = {"account": venue.account.name, "reason": str(error)}
                log.warning("daily loss was not looked at", extra=why)

    async def _look_at(self, venue: Venue) -> None:
        """Working orders that could add risk go, protection stays. They are looked for as long as it lasts: a cancel
        may fail, or the desk end before it. Those made since were let through because they reduce."""
        name = venue.account.name
        since = self._desk.safety.reducing_since(name) or await self._begun(venue)
        if since is not None:
            mine = [order for order in self._desk.new_risk() if order.request.account == name and order.at <= since]
            await self._desk.cancel_all(mine)

    async def _begun(self, venue: Venue) -> datetime | None:
        """Since just now; None where it has not lost as much."""
        safety, account = self._desk.safety, venue.account
        margin = await venue.broker.margin()
        profit = await safety.day_profit(account.name, margin)
        reached = loss_reached(margin.equity, profit, self._desk.limits.daily_loss_percent)
        return None if reached is None else await safety.reduce(account, reached)
