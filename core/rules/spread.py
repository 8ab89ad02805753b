"""Spreads: far leg against near leg (behaviour.md 1.7, 1.8). Pure.

D = far price - weight * near price. The weight is the ratio (near pieces for a far one), scaled where the legs' points
are worth different money, so that D is in points of the far leg.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from core.values.instrument import Instrument, InstrumentKind
from core.values.market import Quote, Session
from core.values.money import ZERO, Price
from core.values.orders import Side
from core.values.spreads import LegDone

ONE = Decimal(1)


def ratio_of(far: Instrument, near: Instrument, override: Decimal = ZERO) -> Decimal:
    """Near pieces for one far piece; 0 where the two do not belong together.

    The override; else of a future on the near leg what it delivers; else 1 for two of one kind.
    """
    if override:
        return max(override, ZERO)
    if far.ticker == near.ticker:
        return ZERO
    if far.kind is InstrumentKind.FUTURE and far.basic_asset == near.ticker:
        return far.basic_asset_size or ZERO
    return ONE if far.kind is near.kind else ZERO


def weight_of(far: Instrument, near: Instrument, ratio: Decimal) -> Decimal:
    """What a near price counts for in D."""
    return ratio * near.point_value / far.point_value


def own_best(side: Side, quote: Quote) -> Price | None:
    """Where a patient order joins the book: a buyer the bid, a seller the ask."""
    return quote.bid if side is Side.BUY else quote.ask


def passive_price(side: Side, far: Quote, near: Quote, weight: Decimal) -> Decimal | None:
    """D with each leg at its own side's best: what the trigger looks at. None: a side is empty."""
    return _price(own_best(side, far), own_best(side.opposite, near), weight)


def immediate_price(side: Side, far: Quote, near: Quote, weight: Decimal) -> Decimal | None:
    """D with both legs at market: what it would be now. None: a side is empty."""
    return _price(own_best(side.opposite, far), own_best(side, near), weight)


def _price(far: Price | None, near: Price | None, weight: Decimal) -> Decimal | None:
    return None if far is None or near is None else far - weight * near


def triggered(side: Side, price: Decimal | None, target: Decimal) -> bool:
    """Strictly better than the target: above it for a seller, below it for a buyer."""
    if price is None:
        return False
    return price > target if side is Side.SELL else price < target


def average_price(far: LegDone, near: LegDone, weight: Decimal, ratio: Decimal) -> Decimal:
    """(far value - near value) / far pieces, both in points of the far leg; 0 when nothing is executed."""
    if not far.executed:
        return ZERO
    return (far.value - near.value * weight / ratio) / far.executed


def common_sessions(first: Sequence[Session], second: Sequence[Session], offset: timedelta) -> list[Session]:
    """When both trade, in order; each opening `offset` later and each close as much earlier."""
    found = []
    for one in first:
        for other in second:
            opens = max(one.opens_at, other.opens_at) + offset
            closes = min(one.closes_at, other.closes_at) - offset
            if opens <= closes:
                found.append(Session(opens, closes))
    return sorted(found, key=lambda session: session.opens_at)


def opening(sessions: Sequence[Session], now: datetime) -> datetime | None:
    """`now` inside one of them, both ends included; else when the next one opens; None where none is known."""
    ahead = [session.opens_at for session in sessions if now <= session.closes_at]
    return max(min(ahead), now) if ahead else None
