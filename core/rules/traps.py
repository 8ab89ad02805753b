"""Where traps stand and how large they are (behaviour.md 1.9), and what brings a stash back. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from core.values.instrument import Instrument
from core.values.money import NO_QUANTITY, Price, Quantity
from core.values.orders import OrderTicket, OrderType, Side
from core.values.traps import Trap

HUNDRED, ONE = Decimal(100), Decimal(1)


def ladder(
    instrument: Instrument, last: Price, side: Side, levels: Sequence[Decimal], sum_: Decimal, ends: datetime | None
) -> tuple[list[Trap], list[Decimal]]:
    """A take-profit at each level, in percent below the last price to buy and above it to sell, `sum_` of money each.

    Pieces are counted at the unrounded price, whole steps of them; the price is rounded down to the tick. Second: the
    levels at which the sum does not buy a step, or the price is nothing.
    """
    traps, skipped = [], []
    for level in levels:
        price = last * (HUNDRED - level * side.sign) / HUNDRED
        at = instrument.price_down(price)
        quantity = instrument.quantity_down(sum_ / instrument.notional(price, ONE)) if at > 0 else NO_QUANTITY
        if quantity > 0:
            traps.append(Trap(instrument.ticker, side, OrderType.TAKE_PROFIT, quantity, at, at, ends))
        else:
            skipped.append(level)
    return traps, skipped


def trap_of(ticket: OrderTicket) -> Trap:
    """What a standing stop order says, of what is left of it."""
    assert ticket.stop_price is not None, "only triggered orders are asked"
    left = Quantity(ticket.quantity - ticket.filled)
    return Trap(ticket.ticker, ticket.side, ticket.type, left, ticket.stop_price, ticket.price, ticket.expires_at)


def passed(trap: Trap, last: Price) -> bool:
    """Whether it would act at once: a take-profit waits for a better price than now, a stop for a worse one."""
    waits_below = (trap.side is Side.BUY) == (trap.type is OrderType.TAKE_PROFIT)
    return last <= trap.stop_price if waits_below else last >= trap.stop_price


@dataclass(frozen=True, slots=True)
class Return:
    """What restoring a stash would do. kept: stand already as they should. gone: stand and are not in the stash.
    passed: left out, since their price is there already. unpriced: left out, since nobody knows."""

    place: Sequence[Trap]
    kept: int
    gone: Sequence[OrderTicket]
    passed: Sequence[Trap]
    unpriced: Sequence[Trap]


def returning(
    stash: Sequence[Trap], standing: Sequence[OrderTicket], prices: Mapping[str, Price], now: datetime, *, all_: bool
) -> Return:
    """Hold a stash against what stands. all_: place also what the price has passed.

    Where an order's end has come meanwhile, it comes back until it is cancelled.
    """
    left = list(standing)
    place, late, unpriced, kept = [], [], [], 0
    for row in stash:
        over = row.expires_at is not None and row.expires_at <= now
        trap = replace(row, expires_at=None) if over else row
        same = next((ticket for ticket in left if trap_of(ticket) == trap), None)
        if same is not None:
            left.remove(same)
            kept += 1
        elif trap.ticker not in prices:
            unpriced.append(trap)
        elif passed(trap, prices[trap.ticker]) and not all_:
            late.append(trap)
        else:
            place.append(trap)
    return Return(place, kept, left, late, unpriced)
