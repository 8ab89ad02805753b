"""Which protective orders a position should have, and how to get from what stands to what should stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from core.values.instrument import Instrument
from core.values.money import Price, Quantity
from core.values.orders import ExitPlan, Order, OrderRole, OrderState, OrderType, Side, side_of

STANDING = frozenset({OrderState.OPEN, OrderState.PART_FILLED})
"""States of an order that the broker has confirmed and that still works."""


@dataclass(frozen=True, slots=True)
class Protection:
    """One protective order that should stand. quantity: pieces."""

    role: OrderRole
    side: Side
    type: OrderType
    quantity: Quantity
    price: Price | None = None
    stop_price: Price | None = None


@dataclass(frozen=True, slots=True)
class Mending:
    """One step; the next mending, when it has come about, finds what is left to do."""

    place: tuple[Protection, ...] = ()
    cancel: tuple[Order, ...] = ()


def round_plan(plan: ExitPlan, side: Side, instrument: Instrument) -> ExitPlan:
    """The plan on ticks: stops towards the entry (never a larger loss than sized), targets towards a sure fill."""
    tighter, nearer = (
        (instrument.price_up, instrument.price_down)
        if side is Side.BUY
        else (instrument.price_down, instrument.price_up)
    )
    return replace(
        plan,
        stop=None if plan.stop is None else tighter(plan.stop),
        target=None if plan.target is None else nearer(plan.target),
    )


def mend(
    quantity: Decimal, entering: Decimal, plan: ExitPlan, live: Sequence[Order], *, reduce_only: bool = True
) -> Mending:
    """What to do so that a position of signed `quantity` pieces has exactly the orders its plan names.

    entering: signed pieces that entries still at work may add; a stop sized for them too is left as it is, since all
    of them reduce only. live: protective orders that are not in a final state.

    A new stop comes first, and what it replaces goes once the broker has confirmed it: a refusal or an answer that is
    lost must not leave the position naked. A target goes first: without one there is no danger, with two there is.
    Where the broker has no reduce-only orders, whatever stands could open a position: there is never more than one, of
    just the right size, and an old stop goes before the new one. The target is then the desk's to watch.
    """
    wanted = {} if quantity == 0 else {p.role: p for p in _wanted(quantity, plan)}
    if not reduce_only:
        wanted.pop(OrderRole.TARGET, None)
    most = abs(quantity) + abs(entering) if reduce_only else abs(quantity)
    place: list[Protection] = []
    cancel: list[Order] = []
    for role in (OrderRole.STOP, OrderRole.TARGET):
        standing = [order for order in live if order.request.role is role]
        want = wanted.get(role)
        if want is None:
            keeps_waiting = role is OrderRole.STOP and entering != 0 and quantity == 0 and reduce_only
            cancel += [] if keeps_waiting else standing
            continue
        good = [order for order in standing if _serves(order, want, most)]
        sure = [order for order in good if order.state in STANDING]
        alone = role is OrderRole.TARGET or not reduce_only
        if sure or alone:
            keep = (sure or good)[:1]
            cancel += [order for order in standing if order not in keep]
        if not good and not (alone and standing):
            place.append(want)
    return Mending(tuple(place), tuple(cancel))


def _wanted(quantity: Decimal, plan: ExitPlan) -> list[Protection]:
    side = side_of(quantity).opposite
    pieces = Quantity(abs(quantity))
    wanted = []
    if plan.stop is not None:
        wanted.append(Protection(OrderRole.STOP, side, OrderType.STOP, pieces, stop_price=plan.stop))
    if plan.target is not None:
        wanted.append(Protection(OrderRole.TARGET, side, OrderType.LIMIT, pieces, price=plan.target))
    return wanted


def _serves(order: Order, want: Protection, most: Decimal) -> bool:
    request = order.request
    at_level = (request.side, request.type, request.price, request.stop_price) == (
        want.side,
        want.type,
        want.price,
        want.stop_price,
    )
    return at_level and want.quantity <= order.remaining <= max(most, want.quantity)


def better_stop(side: Side, standing: Price | None, offered: Price) -> Price:
    """Of two stops the one that risks less: for a long the higher, for a short the lower. A stop never worsens."""
    if standing is None:
        return offered
    return max(standing, offered) if side is Side.BUY else min(standing, offered)


def stop_crossed(side: Side, stop: Decimal, bid: Decimal | None, ask: Decimal | None) -> bool:
    """Whether the market already trades through the stop of a position of this side."""
    if side is Side.BUY:
        return bid is not None and bid <= stop
    return ask is not None and ask >= stop
