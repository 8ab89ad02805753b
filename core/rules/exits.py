"""Which protective orders a position should have, and how to get from what stands to what should stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from core.rules.targets import targets_of
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
    lost must not leave the position naked. Targets go first: without one there is no danger, with one too many there
    is. Where the broker has no reduce-only orders, whatever stands could open a position: there is never more than one,
    of just the right size, and an old stop goes before the new one. Targets are then the desk's to watch.
    """
    stops = _mend_stop(quantity, entering, plan, [o for o in live if o.request.role is OrderRole.STOP], reduce_only)
    wanted = _targets(quantity, plan) if reduce_only else []
    targets = _mend_targets(wanted, [o for o in live if o.request.role is OrderRole.TARGET])
    return Mending(stops.place + targets.place, stops.cancel + targets.cancel)


def _mend_stop(
    quantity: Decimal,
    entering: Decimal,
    plan: ExitPlan,
    standing: Sequence[Order],
    reduce_only: bool,  # noqa: FBT001  -- passed on
) -> Mending:
    if quantity == 0 or plan.stop is None:
        keeps_waiting = entering != 0 and quantity == 0 and reduce_only
        return Mending(cancel=() if keeps_waiting else tuple(standing))
    side, pieces = side_of(quantity).opposite, Quantity(abs(quantity))
    want = Protection(OrderRole.STOP, side, OrderType.STOP, pieces, stop_price=plan.stop)
    most = abs(quantity) + abs(entering) if reduce_only else abs(quantity)
    good = [order for order in standing if _serves(order, want, most)]
    sure = [order for order in good if order.state in STANDING]
    cancel: tuple[Order, ...] = ()
    if sure or not reduce_only:
        keep = (sure or good)[:1]
        cancel = tuple(order for order in standing if order not in keep)
    place = (want,) if not good and (reduce_only or not standing) else ()
    return Mending(place, cancel)


def _mend_targets(wanted: Sequence[Protection], standing: Sequence[Order]) -> Mending:
    """One order for each that is wanted, of just its size. Nothing new comes while anything else stands."""
    others, missing = list(standing), []
    for want in wanted:
        good = [order for order in others if _serves(order, want, want.quantity)]
        if good:
            others.remove(next((order for order in good if order.state in STANDING), good[0]))
        else:
            missing.append(want)
    return Mending(() if others else tuple(missing), tuple(others))


def _targets(quantity: Decimal, plan: ExitPlan) -> list[Protection]:
    if quantity == 0:
        return []
    side = side_of(quantity).opposite
    return [
        Protection(OrderRole.TARGET, side, OrderType.LIMIT, part.quantity, price=part.price)
        for part in targets_of(plan, quantity)
    ]


def _serves(order: Order, want: Protection, most: Decimal) -> bool:
    request = order.request
    at_level = (request.side, request.type, request.price, request.stop_price) == (
        want.side,
        want.type,
        want.price,
        want.stop_price,
    )
    return at_level and want.quantity <= order.remaining <= max(most, want.quantity)


def breakeven_price(average: Price, side: Side, fee_percent: Decimal) -> Decimal:
    """Where a position of this side ends with neither gain nor loss, both ways' fees paid: average * (1 +/- 2 * fee),
    behaviour.md 2.8. Not rounded to ticks."""
    return average * (1 + side.sign * 2 * fee_percent / 100)


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
