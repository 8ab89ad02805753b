"""Several prices at which a position is closed bit by bit: where they stand, and what is left to close at each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from core.values.instrument import Instrument
from core.values.money import ZERO, Price, Quantity
from core.values.orders import ExitPlan, OrderRequest, PartTarget, Side, side_of


def split(
    entry: Price,
    stop: Price,
    side: Side,
    quantity: Quantity,
    multiples: Sequence[Decimal],
    close_percent: Decimal,
    main: Price | None,
    instrument: Instrument,
) -> tuple[PartTarget, ...]:
    """Intermediate targets at entry +/- |entry - stop| * multiple, each for `close_percent` of the whole quantity
    (behaviour.md 2.6), nearest first; the main target has the rest.

    Prices towards a sure fill, pieces down to the step, all together never more than the quantity: nearer targets go
    first. Without a main target the last takes what rounding left, where they close everything. One that would stand
    at the entry itself, at no price at all, or where the main one stands is left out.
    """
    each = instrument.quantity_down(quantity * close_percent / 100)
    whole = main is None and close_percent * len(multiples) >= 100
    left: Decimal = quantity
    parts: dict[Price, Decimal] = {}
    for number, multiple in enumerate(sorted(multiples), 1):
        level = entry + side.sign * abs(entry - stop) * multiple
        price = instrument.price_down(level) if side is Side.BUY else instrument.price_up(level)
        pieces = left if whole and number == len(multiples) else min(each, left)
        if pieces > 0 and price > 0 and price != main and (price - entry) * side.sign > 0:
            parts[price] = parts.get(price, ZERO) + pieces
            left -= pieces
    return tuple(PartTarget(price, Quantity(pieces)) for price, pieces in parts.items())


def targets_of(plan: ExitPlan, quantity: Decimal) -> list[PartTarget]:
    """What a signed position is to close where, nearest first: together never more than it holds. The main target has
    what the intermediate ones leave."""
    side, left = side_of(quantity), abs(quantity)
    found: dict[Price, Decimal] = {}
    for part in plan.parts:
        found[part.price] = min(part.quantity, left)
        left -= found[part.price]
    if plan.target is not None:
        found[plan.target] = found.get(plan.target, ZERO) + left
    nearest_first = sorted(found, key=lambda price: price * side.sign)
    return [PartTarget(price, Quantity(found[price])) for price in nearest_first if found[price] > 0]


def taken(plan: ExitPlan, request: OrderRequest, pieces: Decimal) -> ExitPlan:
    """The plan once a target order has closed so many pieces: what was taken at a price is not asked for again."""
    level = request.arrival or request.price
    after = [
        replace(part, quantity=Quantity(part.quantity - pieces)) if part.price == level else part for part in plan.parts
    ]
    return replace(plan, parts=tuple(part for part in after if part.quantity > 0))
