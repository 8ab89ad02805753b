"""What is traded and when, asked of the venue."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import aclosing
from datetime import datetime, timedelta

from brokers.reading import readable
from brokers.tinvest import listing
from brokers.tinvest.client import Client
from brokers.tinvest.listing import KINDS, Catalogue
from brokers.tinvest.translate import Row, stamp
from core.ports import Clock
from core.rules.sessions import sessions
from core.values.errors import Rejected, Transient
from core.values.instrument import Instrument
from core.values.market import Session

log = logging.getLogger(__name__)

DAYS = 7
"""That many are asked for at once; the venue allows two weeks."""


class Reference:
    def __init__(self, client: Client, clock: Clock) -> None:
        self._client, self._clock = client, clock

    async def lists(self) -> Catalogue:
        """Everything tradable by program. Raises Transient or Rejected."""
        found = Catalogue()
        for method, kind in KINDS.items():
            body = {"instrumentStatus": "INSTRUMENT_STATUS_BASE"}
            with readable(method):
                async with aclosing(self._client.rows(f"InstrumentsService/{method}", body)) as rows:
                    found.add(kind, [listing.listed(row, kind) async for row in rows if listing.tradable(row)])
        return found

    async def schedule(
        self, instrument: Instrument, section: str | None, start: datetime, end: datetime
    ) -> Sequence[Session]:
        """By the venue's timetable, which begins today; before that, and where it cannot be had, by our own table."""
        today = self._clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        first, days = max(start, today), list[Row]()
        try:
            with readable("schedule"):
                while section and first < end:
                    until = min(end, first + timedelta(days=DAYS))
                    days += await self._days(section, first, until)
                    first = until
                found = listing.sessions(days, max(start, today), end)
        except (Transient, Rejected) as error:
            log.warning("no schedule", extra={"ticker": instrument.ticker, "reason": str(error)})
            found = []
        if not found:
            return sessions(instrument.calendar, start, end)
        return [*(sessions(instrument.calendar, start, today) if start < today else ()), *found]

    async def _days(self, section: str, start: datetime, end: datetime) -> list[Row]:
        body = {"exchange": section, "from": stamp(start), "to": stamp(end)}
        answer = await self._client.ask("InstrumentsService/TradingSchedules", body)
        named = [row for row in answer["exchanges"] if str(row.get("exchange")).casefold() == section.casefold()]
        return [day for row in named for day in row.get("days") or ()]
