"""What is traded. The only place where prices and quantities are rounded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from core.values.money import Price, Quantity, ceil_to, floor_to, nearest_to


class InstrumentKind(StrEnum):
    SHARE = "share"
    FUTURE = "future"
    PERPETUAL = "perpetual"
    BOND = "bond"
    ETF = "etf"
    CURRENCY = "currency"
    OPTION = "option"


@dataclass(frozen=True, slots=True)
class Instrument:
    """One tradable thing at one broker.

    tick: smallest price change. lot: pieces in the lot the venue counts in. step: smallest change of an order's
    quantity, in pieces (the lot, where there is one). point_value: money of `currency` that one piece gains when the
    price rises by 1 (1 for shares and linear perpetuals; tick money / tick for futures in points).
    venues: every exchange name under which an alert may call it, upper case, `exchange` among them.
    """

    ticker: str
    exchange: str
    kind: InstrumentKind
    currency: str
    lot: Quantity
    tick: Decimal
    step: Quantity
    point_value: Decimal = Decimal(1)
    name: str = ""
    venues: frozenset[str] = frozenset()
    shortable: bool = True
    calendar: str = "24/7"
    expires_at: datetime | None = None
    basic_asset: str | None = None
    basic_asset_size: Quantity | None = None
    on_security: bool = True
    """Of futures: a share or bond lies under it, not a commodity, a currency or an index."""
    margin_buy: Decimal | None = None
    margin_sell: Decimal | None = None
    strike: Decimal | None = None
    call: bool | None = None
    """Of options: True for a call, False for a put."""
    broker_key: str = ""
    """How the broker calls it (FIGI, uid, market symbol); read only by that broker's adapter."""

    def price_down(self, value: Decimal) -> Price:
        """Round to the tick at or below."""
        return Price(floor_to(value, self.tick))

    def price_up(self, value: Decimal) -> Price:
        """Round to the tick at or above."""
        return Price(ceil_to(value, self.tick))

    def price_nearest(self, value: Decimal) -> Price:
        """Round to the nearest tick, ties to even."""
        return Price(nearest_to(value, self.tick))

    def quantity_down(self, value: Decimal) -> Quantity:
        """Round to the step at or below: never up, so that nobody holds more than was meant."""
        return Quantity(floor_to(value, self.step))

    def on_tick(self, price: Decimal) -> bool:
        return price % self.tick == 0

    def on_step(self, quantity: Decimal) -> bool:
        return quantity % self.step == 0

    def notional(self, price: Decimal, quantity: Decimal) -> Decimal:
        """Money behind `quantity` pieces at `price`; unsigned for unsigned quantities."""
        return price * quantity * self.point_value
