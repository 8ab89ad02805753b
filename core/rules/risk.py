"""The risk gate. Every order passes `review` last before it is sent; what it lets through is an ApprovedOrder.

Each purpose is bound by the limits DESIGN 6 names for it; the table at the end is that section as code. A limit of 0
is off. A NaN refuses: comparisons are written so that it cannot pass, and Decimal itself raises on them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from core.values.accounts import Account, Margin, RiskState
from core.values.instrument import Instrument
from core.values.market import Quote
from core.values.money import ZERO, plain
from core.values.orders import ApprovedOrder, OrderRequest, OrderType, Purpose, Refused, Side

QUOTE_AGE_MAX = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Limits:
    """Money in the account's currency, percentages of equity (the collar: of the quote). 0 = off."""

    order_value_max: Decimal = ZERO
    order_value_max_percent: Decimal = ZERO
    position_max_percent: Decimal = ZERO
    gross_max_percent: Decimal = ZERO
    collar_percent: Decimal = ZERO
    daily_loss_percent: Decimal = ZERO
    short: bool = True
    stop_required: bool = True


@dataclass(frozen=True, slots=True)
class Situation:
    """What the gate looks at. Signed pieces for positions, money in the account's currency.

    net: the account's position in the instrument; working: signed pieces of its entry and working orders on the side
    of this one, itself left out: those of the other side may never fill. held: what this order's book holds; entering:
    what that book's entries may still add. gross: notional of every position and working order of the account, this
    one left out.
    """

    now: datetime
    account: Account
    instrument: Instrument
    state: RiskState
    quote: Quote | None
    margin: Margin
    net: Decimal = ZERO
    working: Decimal = ZERO
    held: Decimal = ZERO
    entering: Decimal = ZERO
    gross: Decimal = ZERO
    day_profit: Decimal = ZERO

    def reference(self, request: OrderRequest) -> Decimal:
        """The price to value an order at: its own, else the quote's side it would take."""
        own = request.price or request.stop_price
        if own is not None:
            return own
        quote = self.quote
        if quote is None:
            return ZERO
        side = quote.ask if request.side is Side.BUY else quote.bid
        return side or quote.last or ZERO


Check = Callable[[OrderRequest, Limits, Situation], Refused | None]


def review(request: OrderRequest, limits: Limits, situation: Situation) -> ApprovedOrder | Refused:
    """Hold a request against every limit of its purpose; the first that it breaks is the answer."""
    for check in CHECKS[request.purpose]:
        refused = _hold(check, request, limits, situation)
        if refused is not None:
            return refused
    return ApprovedOrder(request, situation.now)


def checklist(request: OrderRequest, limits: Limits, situation: Situation) -> list[tuple[str, Refused | None]]:
    """Every check of the request's purpose by name, with its refusal or None: what people see before they approve."""
    checks = CHECKS[request.purpose]
    return [(check.__name__.strip("_"), _hold(check, request, limits, situation)) for check in checks]


def _hold(check: Check, request: OrderRequest, limits: Limits, situation: Situation) -> Refused | None:
    try:
        return check(request, limits, situation)
    except InvalidOperation:
        return Refused("no_number", {"check": check.__name__.strip("_")})


def reduces(request: OrderRequest, situation: Situation) -> bool:
    """Whether the order, with those that work beside it, can only make the account's position smaller: no new risk."""
    change = request.quantity * request.side.sign
    return situation.net * change < 0 and abs(change + situation.working) <= abs(situation.net)


def _state(request: OrderRequest, _limits: Limits, situation: Situation) -> Refused | None:
    if situation.state is RiskState.ACTIVE or reduces(request, situation):
        return None
    return Refused(situation.state.value.lower(), {})


def _steps(request: OrderRequest, _limits: Limits, situation: Situation) -> Refused | None:
    instrument = situation.instrument
    if not request.quantity > 0 or not instrument.on_step(request.quantity):
        return Refused("bad_quantity", {"quantity": plain(request.quantity), "step": plain(instrument.step)})
    for price in (request.price, request.stop_price):
        if price is not None and not (price.is_finite() and price > 0 and instrument.on_tick(price)):
            return Refused("bad_price", {"price": str(price), "tick": plain(instrument.tick)})
    if request.type is not OrderType.MARKET and request.price is None and request.stop_price is None:
        return Refused("bad_price", {"price": "none", "tick": plain(instrument.tick)})
    return None


def _session(_request: OrderRequest, _limits: Limits, situation: Situation) -> Refused | None:
    if situation.quote is None or situation.quote.trading:
        return None
    return Refused("market_closed", {"ticker": situation.instrument.ticker})


def _quote(request: OrderRequest, _limits: Limits, situation: Situation) -> Refused | None:
    quote = situation.quote
    if quote is None or abs(situation.now - quote.at) > QUOTE_AGE_MAX or situation.reference(request) <= 0:
        return Refused("no_quote", {"ticker": situation.instrument.ticker})
    return None


def _collar(request: OrderRequest, limits: Limits, situation: Situation) -> Refused | None:
    quote = situation.quote
    price = request.price or request.arrival
    if not limits.collar_percent or quote is None or price is None:
        return None
    market = (quote.ask if request.side is Side.BUY else quote.bid) or quote.last
    if market is None:
        return Refused("no_quote", {"ticker": situation.instrument.ticker})
    away = abs(price - market) / market * 100
    if away <= limits.collar_percent:
        return None
    return Refused("collar", {"price": plain(price), "market": plain(market), "percent": plain(round(away, 2))})


def _own_side(request: OrderRequest, _limits: Limits, situation: Situation) -> Refused | None:
    quote = situation.quote
    if quote is None or request.price is None:
        return None
    best = quote.bid if request.side is Side.BUY else quote.ask
    if best is None:
        return Refused("no_quote", {"ticker": situation.instrument.ticker})
    worse = request.price > best if request.side is Side.BUY else request.price < best
    return Refused("worse_than_best", {"price": plain(request.price), "best": plain(best)}) if worse else None


def _stop_needed(request: OrderRequest, limits: Limits, _situation: Situation) -> Refused | None:
    if limits.stop_required and (request.plan is None or request.plan.stop is None):
        return Refused("stop_required", {})
    return None


def _short(request: OrderRequest, limits: Limits, situation: Situation) -> Refused | None:
    after = situation.net + situation.working + request.quantity * request.side.sign
    if request.side is Side.BUY or after >= 0 or (limits.short and situation.instrument.shortable):
        return None
    return Refused("short", {"ticker": situation.instrument.ticker})


def _value(request: OrderRequest, limits: Limits, situation: Situation) -> Refused | None:
    if reduces(request, situation):
        return None
    value = situation.instrument.notional(situation.reference(request), request.quantity)
    percent = limits.order_value_max_percent
    limits_set = [limits.order_value_max] if limits.order_value_max else []
    limits_set += [situation.margin.equity * percent / 100] if percent else []
    if all(value <= most for most in limits_set):
        return None
    return Refused("order_value", {"value": plain(value), "max": plain(min(limits_set))})


def _position(request: OrderRequest, limits: Limits, situation: Situation) -> Refused | None:
    if not limits.position_max_percent or reduces(request, situation):
        return None
    change = request.quantity * request.side.sign
    after = abs(situation.net + situation.working + change)
    value = situation.instrument.notional(situation.reference(request), after)
    most = situation.margin.equity * limits.position_max_percent / 100
    return None if value <= most else Refused("position", {"value": plain(value), "max": plain(most)})


def _gross(request: OrderRequest, limits: Limits, situation: Situation) -> Refused | None:
    if not limits.gross_max_percent or reduces(request, situation):
        return None
    value = situation.gross + situation.instrument.notional(situation.reference(request), request.quantity)
    most = situation.margin.equity * limits.gross_max_percent / 100
    return None if value <= most else Refused("gross", {"value": plain(value), "max": plain(most)})


def _buying_power(request: OrderRequest, _limits: Limits, situation: Situation) -> Refused | None:
    if reduces(request, situation):
        return None
    needed = situation.instrument.notional(situation.reference(request), request.quantity)
    power = situation.margin.free * situation.account.leverage_max
    return None if needed <= power else Refused("buying_power", {"needed": plain(needed), "power": plain(power)})


def _daily_loss(_request: OrderRequest, limits: Limits, situation: Situation) -> Refused | None:
    return loss_reached(situation.margin.equity, situation.day_profit, limits.daily_loss_percent)


def loss_reached(equity: Decimal, day_profit: Decimal, percent: Decimal) -> Refused | None:
    """Whether an account has lost `percent` of what it was worth as the day began. Money in its currency."""
    if not percent:
        return None
    most = (equity - day_profit) * percent / 100
    if -day_profit < most:
        return None
    return Refused("daily_loss", {"loss": plain(-day_profit), "max": plain(most)})


def _within_position(request: OrderRequest, _limits: Limits, situation: Situation) -> Refused | None:
    held = situation.held + situation.entering
    if held * request.side.sign < 0 and request.quantity <= abs(held):
        return None
    return Refused("beyond_position", {"quantity": plain(request.quantity), "held": plain(held)})


CHECKS: Mapping[Purpose, tuple[Check, ...]] = {
    Purpose.ENTRY: (
        _state,
        _steps,
        _session,
        _quote,
        _collar,
        _stop_needed,
        _short,
        _daily_loss,
        _value,
        _position,
        _gross,
        _buying_power,
    ),
    Purpose.WORKING: (_state, _steps, _session, _quote, _own_side, _short, _value, _position, _gross, _buying_power),
    Purpose.TRAP: (_state, _steps),
    Purpose.HEDGE: (_steps,),
    Purpose.EXIT: (_steps, _within_position),
}
