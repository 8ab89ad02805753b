"""Prices as they come in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from core.values.money import NO_QUANTITY, Price, Quantity


@dataclass(frozen=True, slots=True)
class Quote:
    """Best of both sides and the last trade. None: that side is empty. Sizes in pieces."""

    ticker: str
    at: datetime
    bid: Price | None
    ask: Price | None
    bid_size: Quantity = NO_QUANTITY
    ask_size: Quantity = NO_QUANTITY
    last: Price | None = None
    trading: bool = True
    """False: the venue takes no orders for it now."""


@dataclass(frozen=True, slots=True)
class Candle:
    """One bar. at: its first moment. volume: pieces."""

    at: datetime
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Quantity


@dataclass(frozen=True, slots=True)
class Funding:
    """What a perpetual pays. rate: share of its value that whoever is long pays to whoever is short, every `hours`
    (below 0: the other way round). index: the coin's price on spot markets. mark: the perpetual's own."""

    ticker: str
    rate: Decimal
    hours: Decimal
    index: Price
    mark: Price


@dataclass(frozen=True, slots=True)
class Session:
    """One stretch of continuous trading: opens_at <= t < closes_at."""

    opens_at: datetime
    closes_at: datetime

    @property
    def length(self) -> timedelta:
        return self.closes_at - self.opens_at
