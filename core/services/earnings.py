"""What was earned day by day, and what accounts were worth: the two curves that people judge a desk by."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from core.ports import Store
from core.services.desk import Desk
from core.services.history import owner_of
from core.values.accounts import DayEquity, Mode
from core.values.changes import EquityKept
from core.values.errors import DeskError
from core.values.money import ZERO
from core.values.pages import Sought
from core.values.people import Person

log = logging.getLogger(__name__)

LOOK_BACK = timedelta(days=90)
KEPT_EVERY_S = 600.0
LAST_WORD_S = 3.0
"""Brokers that do not answer must not hold up a stop."""


async def profit_by_day(
    store: Store, desk: Desk, person: Person, sought: Sought
) -> Mapping[str, Mapping[date, Decimal]]:
    """Currency -> UTC day -> gain after fees of the positions that were closed on it. A side says nothing here.

    Without a start: of the last LOOK_BACK. Positions of an account that is no more are left out.
    """
    since = sought.start or desk.clock.now() - LOOK_BACK
    found: dict[str, dict[date, Decimal]] = {}
    for position in await store.closed_positions(since, owner_of(person)):
        venue, at = desk.venues.get(position.account), position.updated_at
        if venue is None or (sought.end is not None and at >= sought.end):
            continue
        if sought.fits(position.account, position.ticker, paper=venue.account.mode is Mode.PAPER):
            days = found.setdefault(venue.account.currency, {})
            gain = position.realised * desk.directory.point_value(position.account, position.ticker) - position.fees
            day = at.astimezone(UTC).date()
            days[day] = days.get(day, ZERO) + gain
    return found


class EquityKeeper:
    """Writes down what each account is worth: the last word of a day stays."""

    def __init__(self, desk: Desk, every_s: float = KEPT_EVERY_S) -> None:
        self._desk = desk
        self._every_s = every_s

    async def run(self) -> None:
        """Until cancelled, and once more then: a desk that stops has its day's last word written down."""
        try:
            while True:
                await self._desk.wire.sleep(self._every_s)
                await self._try()
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORD_S):
                    await self._try()

    async def _try(self) -> None:
        """What cannot be asked or written now is left out."""
        try:
            await self.keep()
        except DeskError as error:
            log.warning("equity was not kept", extra={"reason": str(error)})

    async def keep(self) -> int:
        """Of every account whose broker answers; of how many."""
        now, kept = self._desk.clock.now(), list[EquityKept]()
        for venue in list(self._desk.venues.values()):
            account = venue.account
            try:
                margin = await venue.broker.margin()
            except DeskError as error:
                log.warning("equity was not kept", extra={"account": account.name, "reason": str(error)})
            else:
                kept.append(EquityKept(DayEquity(account.name, now, margin.equity, margin.currency, account.owner)))
        if kept:
            await self._desk.store.save(*kept)
        return len(kept)


def first_day(sought: Sought, now: datetime) -> date:
    """From when equity is told: by days, as it is kept."""
    return (sought.start or now - LOOK_BACK).astimezone(UTC).date()
