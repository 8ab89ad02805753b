"""Several prices at which a position is closed bit by bit: where they stand, and what is left to close at each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from core.values.instrument import Instrument
from core.values.money import ZERO, Price, Quantity
from core.values.orders import ExitPlan, OrderRequest, PartTarget, Side, side_of


def levels_at(
    entry: Price, stop: Price, side: Side, multiples: Sequence[Decimal], instrument: Instrument
) -> tuple[Price, ...]:
    """Where intermediate targets stand: entry +/- |entry - stop| * multiple (behaviour.md 2.6), towards a sure fill, in
    the order of their multiples. One that would stand at the entry itself or at no price at all is left out."""
    away = [entry + side.sign * abs(entry - stop) * multiple for multiple in multiples]
    prices = [instrument.price_down(level) if side is Side.BUY else instrument.price_up(level) for level in away]
    return tuple(price for price in prices if price > 0 and (price - entry) * side.sign > 0)


def split(
    prices: Sequence[Price],
    side: Side,
    quantity: Quantity,
    close_percent: Decimal,
    main: Price | None,
    instrument: Instrument,
) -> tuple[PartTarget, ...]:
    """Intermediate targets at these prices, each for `close_percent` of the whole quantity, nearest first; the main
    target has the rest, and one at its price is left to it.

    Pieces down to the step, all together never more than the quantity: nearer targets go first. Without a main target
    the last takes what rounding left, where they are to close everything.
    """
    each = instrument.quantity_down(quantity * close_percent / 100)
    whole = main is None and close_percent * len(prices) >= 100
    left: Decimal = quantity
    parts: dict[Price, Decimal] = {}
    nearest_first = sorted((price for price in prices if price != main), key=lambda price: price * side.sign)
    for number, price in enumerate(nearest_first, 1):
        pieces = left if whole and number == len(nearest_first) else min(each, left)
        if pieces > 0:
            parts[price] = parts.get(price, ZERO) + pieces
            left -= pieces
    return tuple(PartTarget(price, Quantity(pieces)) for price, pieces in parts.items())


def prices_of(plan: ExitPlan) -> tuple[Price, ...]:
    """Every target as people are shown it: the intermediate ones from near to far, the main one last."""
    return (*(part.price for part in plan.parts), *(() if plan.target is None else (plan.target,)))


def told_apart(shown: Sequence[Price], multiples: int, *, has_main: bool) -> tuple[tuple[Price, ...], Price | None]:
    """Intermediate targets and main one of what people were shown. multiples: how many of the former the alert asks.
    A single target in place of several is one that a person wrote: it closes everything."""
    if not shown:
        return (), None
    if has_main or len(shown) == 1 < multiples or not multiples:
        return tuple(shown[:-1]), shown[-1]
    return tuple(shown), None


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
