"""How much to trade, from how much may be lost (behaviour.md 2.5)."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from core.values.instrument import Instrument
from core.values.money import Quantity, plain
from core.values.orders import Refused


class OverLeverage(StrEnum):
    REFUSE = "refuse"
    CAP = "cap"


def size_by_risk(
    free: Decimal,
    risk_percent: Decimal,
    price: Decimal,
    stop: Decimal,
    instrument: Instrument,
    leverage_max: Decimal,
    over_leverage: OverLeverage = OverLeverage.REFUSE,
    cost: Decimal | None = None,
) -> Quantity | Refused:
    """Pieces that lose `risk_percent` of the free collateral between price and stop, rounded down to the step.

    size = free * risk / (|price - stop| * point_value); leverage = size * cost * point_value / free.
    cost: what a piece is bought at, and so what the risk gate will value it at; absent: the price.
    Refused: stop_at_price, no_collateral, over_leverage (where it is to be refused, not capped), zero_size.
    """
    distance = abs(price - stop) * instrument.point_value
    if not distance > 0:
        return Refused("stop_at_price", {"price": plain(price)})
    if not free > 0:
        return Refused("no_collateral", {"free": plain(free)})
    size = free * risk_percent / 100 / distance
    size_max = free * leverage_max / ((cost or price) * instrument.point_value)
    if size > size_max:
        if over_leverage is OverLeverage.REFUSE:
            leverage = plain((size / size_max * leverage_max).quantize(Decimal("0.01")))
            return Refused("over_leverage", {"leverage": leverage, "leverage_max": plain(leverage_max)})
        size = size_max
    return whole_steps(size, instrument)


def size_by_sum(money: Decimal, price: Decimal, instrument: Instrument) -> Quantity | Refused:
    """Pieces that `money` buys at `price`, whole lots (behaviour.md 1.6); Refused zero_size under one lot."""
    return whole_steps(money / (price * instrument.point_value), instrument)


def whole_steps(pieces: Decimal, instrument: Instrument) -> Quantity | Refused:
    """Rounded down to the step; Refused zero_size where nothing is left."""
    quantity = instrument.quantity_down(pieces)
    if not quantity > 0:
        return Refused("zero_size", {"ticker": instrument.ticker, "step": plain(instrument.step)})
    return quantity
