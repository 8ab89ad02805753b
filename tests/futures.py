"""The futures that the built-in market lists today, the next to expire first."""

from __future__ import annotations

from datetime import UTC, datetime

from brokers.paper.contracts import listings
from core.values.instrument import InstrumentKind

FAR, LATER = [
    row.instrument.ticker
    for row in listings(datetime.now(UTC), {}, exchange_hours=False)
    if row.instrument.kind is InstrumentKind.FUTURE
]
