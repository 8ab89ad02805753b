"""The invariants, looked at while the desk trades. One that stays broken halts entries and calls people: better to stop
than to trade on what cannot be so. Books that differ from the broker are brought to what it holds, and people are
called: mostly one of them has traded there by hand, and nobody else's trading ends for that.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from decimal import Decimal

from core.rules.invariants import Breach, breaches, differs
from core.services.desk import Desk, Venue
from core.services.reconciler import Reconciler
from core.values.errors import DeskError
from core.values.ids import AccountName, UserId
from core.values.money import Price
from core.values.orders import OrderState, Refused

log = logging.getLogger(__name__)

LOOK_S = 5.0
ASK_EVERY = timedelta(seconds=30)
"""Brokers are asked so often. Twice the same answer counts: one may have crossed a fill."""
IN_DOUBT = frozenset({OrderState.SENT, OrderState.UNKNOWN})


class Invariants:
    """A breach counts when it is there at two looks running, and halts once: who arms over it has seen it."""

    def __init__(self, desk: Desk, reconciler: Reconciler) -> None:
        self._desk, self._reconciler = desk, reconciler
        self._suspected: set[Breach] = set()
        self._differing: dict[AccountName, dict[str, Decimal]] = {}
        self._asked_at: datetime | None = None
        self._told: set[Breach] = set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._desk.wire.sleep(LOOK_S)
            await self.look()

    async def look(self) -> None:
        """At the books each time, at the brokers now and then."""
        ledger, now = self._desk.ledger, self._desk.wire.now()
        venues = self._desk.venues
        reducing = {name for name, venue in venues.items() if venue.broker.capabilities.reduce_only}
        found = set(breaches(ledger.orders.values(), ledger.positions, reducing))
        standing, self._suspected = found & self._suspected, found
        if self._asked_at is None or abs(now - self._asked_at) >= ASK_EVERY:
            self._asked_at = now
            for venue in list(venues.values()):
                await self._ask(venue)
        for breach in sorted(standing - self._told, key=str):
            await self._halt(breach)

    async def _ask(self, venue: Venue) -> None:
        """A failed question says nothing."""
        name = venue.account.name
        try:
            found = await self._differences(venue)
            for ticker, (difference, average) in sorted(found.items()):
                if self._differing.get(name, {}).get(ticker) == difference:
                    await self._reconciler.adopt(venue.account, ticker, difference, average)
            self._differing[name] = {ticker: difference for ticker, (difference, _) in found.items()}
            for ticket in await venue.broker.open_orders():
                await self._reconciler.beware(name, ticket)
        except DeskError as error:
            log.warning("cannot compare", extra={"account": name, "reason": str(error)})

    async def _differences(self, venue: Venue) -> dict[str, tuple[Decimal, Price]]:
        """But of what an order in doubt may have traded: it settles first."""
        name, ledger = venue.account.name, self._desk.ledger
        told = await self._reconciler.differences(venue)
        doubted = {order.request.ticker for order in ledger.live(name) if order.state in IN_DOUBT}
        found = {}
        for ticker in told.keys() - doubted:
            instrument = self._desk.directory.find(name, ticker)
            if not isinstance(instrument, Refused) and differs(
                ledger.net(name, ticker), told[ticker][0], instrument.lot
            ):
                found[ticker] = told[ticker]
        return found

    async def _halt(self, breach: Breach) -> None:
        self._told.add(breach)
        log.critical("an invariant is broken", extra={"breach": str(breach)})
        if await self._desk.safety.kill(UserId("desk"), "desk", str(breach)):
            await self._desk.cancel_new_risk()
