"""The invariants, looked at while the desk trades. A breach of our own books halts entries and calls people: better to
stop than to trade on what cannot be so.

What a broker holds beyond the books and no execution tells of is another matter (executions by hand are booked as they
are told). More of it than the desk opened was paid in, or moved there: it is booked as by hand. Less may be an answer
that lags: the stop stays, this account takes no new risk while it is so, and people are called.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from core.rules.books import share_out
from core.rules.invariants import Breach, breaches, differs
from core.services import telling
from core.services.desk import Desk, Venue
from core.services.reconciler import Reconciler
from core.values.changes import NoticeMade
from core.values.errors import DeskError
from core.values.ids import AccountName, UserId
from core.values.money import Price, plain
from core.values.orders import BY_HAND, Refused

log = logging.getLogger(__name__)

LOOK_S = 5.0
ASK_EVERY = timedelta(seconds=30)
"""Brokers are asked so often. Twice the same answer counts: one may have crossed a fill."""


class Invariants:
    """A breach counts when it is there at two looks running, and halts once: who arms over it has seen it. While the
    desk is halted anyway it waits."""

    def __init__(self, desk: Desk, reconciler: Reconciler) -> None:
        self._desk, self._reconciler = desk, reconciler
        self._suspected: set[Breach] = set()
        self._differing: dict[AccountName, dict[str, tuple[Decimal, Price]]] = {}
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
        venues = dict(self._desk.venues)
        reducing = {name for name, venue in venues.items() if venue.broker.capabilities.reduce_only}
        found = set(breaches(ledger.orders.values(), ledger.positions, reducing))
        standing, self._suspected = found & self._suspected, found
        self._told &= found
        for breach in sorted(standing - self._told, key=str):
            await self._halt(breach)
        if self._asked_at is None or abs(now - self._asked_at) >= ASK_EVERY:
            self._asked_at = now
            await asyncio.gather(*map(self._ask, venues.values()))

    async def _ask(self, venue: Venue) -> None:
        """A failed question says nothing."""
        name = venue.account.name
        try:
            found = await self._differences(venue)
            known, self._differing[name] = self._differing.get(name, {}), found
            same = {ticker for ticker, (difference, _) in found.items() if known.get(ticker, (None,))[0] == difference}
            for ticker in sorted(same):
                if self._is_more(name, ticker, found[ticker][0]):
                    await self._reconciler.adopt(venue.account, ticker, *found[ticker])
                    del found[ticker]
            await self._doubt(venue, same & found.keys())
            for ticket in await venue.broker.open_orders():
                await self._reconciler.beware(name, ticket)
        except DeskError as error:
            log.warning("cannot compare", extra={"account": name, "reason": str(error)})

    async def _differences(self, venue: Venue) -> dict[str, tuple[Decimal, Price]]:
        """But of what may be on its way: an order in doubt, or one that is filled further than its fills tell."""
        name, ledger = venue.account.name, self._desk.ledger
        told = await self._reconciler.differences(venue)
        moving = {order.request.ticker for order in ledger.live(name) if order.state.in_doubt or ledger.awaits(order)}
        found = {}
        for ticker in told.keys() - moving:
            instrument = self._desk.directory.find(name, ticker)
            if not isinstance(instrument, Refused) and differs(
                ledger.net(name, ticker), told[ticker][0], instrument.step
            ):
                found[ticker] = told[ticker]
        return found

    def _is_more(self, account: AccountName, ticker: str, difference: Decimal) -> bool:
        """Whether it leaves alone what the desk opened."""
        positions = self._desk.ledger.positions.items()
        held = {key[2]: position.quantity for key, position in positions if key[:2] == (account, ticker)}
        return all(book == BY_HAND for book, _ in share_out(held, BY_HAND, difference))

    async def _doubt(self, venue: Venue, tickers: Iterable[str]) -> None:
        """No new risk on this account until its broker agrees; people are called when it begins."""
        account, doubted = venue.account, self._desk.safety.doubted
        why = {ticker: plain(self._differing[account.name][ticker][0]) for ticker in tickers}
        if not why:
            doubted.pop(account.name, None)
        elif account.name not in doubted:
            said = ", ".join(f"{difference} {ticker}" for ticker, difference in sorted(why.items()))
            doubted[account.name] = Refused("books_differ", {"account": account.name, "difference": said})
            log.critical("the broker holds less than the books", extra={"account": account.name, "difference": said})
            notice = telling.books_differ(self._desk.desk_id, account, said, self._desk.clock.now())
            await self._desk.store.save(NoticeMade(notice))

    async def _halt(self, breach: Breach) -> None:
        log.critical("an invariant is broken", extra={"breach": str(breach)})
        if await self._desk.safety.kill(UserId("desk"), "desk", str(breach)):
            self._told.add(breach)
            await self._desk.cancel_new_risk()
