"""Pasts made by hand: bars of a share at a cent a tick, on days of New York."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from core.values.instrument import Instrument, InstrumentKind
from core.values.money import Quantity
from simulator.market import Bar
from strategies.kinds import NEW_YORK

D = Decimal
ONE = Quantity(D(1))
SHARE = Instrument("TXN", "DEMO", InstrumentKind.SHARE, "USD", ONE, D("0.01"), ONE)
DAY = date(2026, 3, 2)
OPENS = datetime.combine(DAY, time(10, 30), NEW_YORK).astimezone(UTC)


@dataclass(slots=True)
class Past:
    """The History of some bars, as they stand."""

    rows: Sequence[Bar]
    instrument: Instrument = SHARE
    interval_s: int = 60
    asked: list[tuple[datetime, datetime]] = field(default_factory=list)

    def bars(self, start: datetime, end: datetime) -> Iterator[Bar]:
        self.asked.append((start, end))
        return (bar for bar in self.rows if start.timestamp() <= bar.at < end.timestamp())


def bars(*rows: str, start: datetime = OPENS, volume: int = 100_000) -> list[Bar]:
    """`"100.00 100.50 99.50 100.20"`: open, high, low, close of a minute; `-`: no bar in it; `@500`: its volume."""
    found = []
    for number, row in enumerate(rows):
        if row == "-":
            continue
        words, _, said = row.partition("@")
        at = int((start + timedelta(minutes=number)).timestamp())
        first, high, low, last = (int(D(word) * 100) for word in words.split())
        found.append(Bar(at, first, high, low, last, int(said or volume)))
    return found
