"""When New York trades: the venue's clock and calendar, asked now and then; our own table where it cannot be asked."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from brokers.alpaca import listing
from brokers.alpaca.client import Client
from brokers.alpaca.listing import NEW_YORK, Hours
from brokers.alpaca.translate import Row
from brokers.reading import readable
from core.ports import Clock
from core.rules.sessions import is_open, sessions
from core.values.errors import Rejected, Transient
from core.values.market import Session

log = logging.getLogger(__name__)

AGREED = timedelta(seconds=60)
"""How long an answer of the clock is believed; an exchange may close without notice."""
AHEAD = timedelta(days=35)
"""That much of the calendar is kept, and asked for once a day."""


class Calendar:
    """extended: the hours before and after the regular session count, too."""

    def __init__(self, client: Client, clock: Clock, *, extended: bool) -> None:
        self._client, self._clock, self.extended = client, clock, extended
        self._hours: Hours | None = None
        self._days: dict[date, Row] = {}
        self._asked_on: date | None = None

    def open(self) -> bool:
        """Whether there is trading, by what is known."""
        now = self._clock.now()
        regular = is_open("NYSE", now) if self._hours is None else self._hours.at(now)
        today = self._days.get(now.astimezone(NEW_YORK).date())
        if regular or not self.extended or today is None:
            return regular
        whole = listing.session(today, extended=True)
        return whole.opens_at <= now < whole.closes_at

    async def regular(self) -> bool:
        """Whether the regular session is on. Raises Transient or Rejected."""
        now = self._clock.now()
        known = self._hours
        if known is None or now - known.asked_at >= AGREED or known.at(now) is not known.open:
            row = await self._client.ask("/v2/clock")
            with readable("clock"):
                known = self._hours = listing.hours(row, now)
        return known.at(now)

    async def schedule(self, start: datetime, end: datetime) -> Sequence[Session]:
        """Never fails: our own table of New York's sessions stands in."""
        first, last = (moment.astimezone(NEW_YORK).date() for moment in (start, end))
        try:
            with readable("calendar"):
                await self._learn(first, last)
                rows = [row for day, row in self._days.items() if first <= day <= last]
                return listing.days(rows, start, end, extended=self.extended)
        except (Transient, Rejected) as error:
            log.warning("no calendar", extra={"reason": str(error)})
            return sessions("NYSE", start, end)

    async def _learn(self, first: date, last: date) -> None:
        """Have every day from `first` to `last`, those of the next weeks anew each day."""
        today = self._clock.now().astimezone(NEW_YORK).date()
        if self._asked_on != today:
            await self._ask(today - timedelta(days=1), today + AHEAD)
            self._asked_on = today
        if first < today - timedelta(days=1) or last > today + AHEAD:
            await self._ask(first, last)

    async def _ask(self, first: date, last: date) -> None:
        rows = await self._client.ask("/v2/calendar", {"start": first.isoformat(), "end": last.isoformat()})
        self._days |= {date.fromisoformat(row["date"]): row for row in rows}
