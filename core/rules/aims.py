"""From an exit rule, which speaks in percent of the average entry, to prices and ticks."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from core.rules.exits import better_stop
from core.rules.levels import Armed
from core.rules.trails import PERCENT
from core.values.instrument import Instrument
from core.values.money import Price
from core.values.orders import ExitPlan, ExitRule, Side, side_of


def aim(plan: ExitPlan, quantity: Decimal, average: Price, instrument: Instrument) -> ExitPlan:
    """The plan of a signed position with the prices that its rule gives at this average entry.

    The best price starts at the entry. A stop that was moved by other means, such as breakeven, stays where it is the
    better one.
    """
    rule = plan.rule
    if rule is None or plan.average == average:
        return plan
    side = side_of(quantity)
    start = instrument.price_down(average) if side is Side.BUY else instrument.price_up(average)
    best = better_stop(side, plan.best, start)
    stop = stop_by(rule, side, average, best, instrument)
    own = plan.average is None or plan.stop == stop_by(rule, side, plan.average, plan.best, instrument)
    if plan.stop is not None and (stop is None or rule.stop is None or not own):
        stop = plan.stop if stop is None else better_stop(side, plan.stop, stop)
    target = plan.target if rule.target is None else target_by(rule.target, side, average, instrument)
    return replace(plan, stop=stop, target=target, best=best, average=average)


def stop_by(rule: ExitRule, side: Side, average: Price, best: Price | None, instrument: Instrument) -> Price | None:
    """The best of: average less `stop` percent, best price less `trailing` percent, and the rungs of the ladder that
    the best price has reached. Rounded towards the entry; None where the rule has none of them."""
    top = better_stop(side, best, average)
    offers = [] if rule.stop is None else [away(average, -rule.stop, side)]
    if rule.trailing is not None:
        offers.append(away(top, -rule.trailing, side))
    offers += [away(average, lock, side) for gain, lock in rule.ladder if _beyond(top, away(average, gain, side), side)]
    found: Price | None = None
    for offer in offers:
        found = better_stop(side, found, _tight(offer, side, instrument))
    return found if found is not None and found > 0 else None


def target_by(percent: Decimal, side: Side, average: Price, instrument: Instrument) -> Price | None:
    """Rounded towards a sure fill."""
    level = away(average, percent, side)
    found = instrument.price_down(level) if side is Side.BUY else instrument.price_up(level)
    return found if found > 0 else None


def armed(plan: ExitPlan, quantity: Decimal, instrument: Instrument, target: Price | None) -> Armed:
    """An aimed plan in ticks. target: the one that the desk itself watches now."""
    side, rule = side_of(quantity), plan.rule or ExitRule()
    ladder = []
    for gain, lock in rule.ladder if plan.average is not None else ():
        assert plan.average is not None, "a ladder hangs on the average entry"
        at = _tight(away(plan.average, gain, side), side, instrument)
        ladder.append(
            (ticks(at, instrument), ticks(_tight(away(plan.average, lock, side), side, instrument), instrument))
        )
    return Armed(
        stop=None if plan.stop is None else ticks(plan.stop, instrument),
        target=None if target is None else ticks(target, instrument),
        trailing=None if rule.trailing is None else int(rule.trailing * PERCENT),
        best=None if plan.best is None else ticks(plan.best, instrument),
        ladder=tuple(ladder),
    )


def ticks(price: Decimal, instrument: Instrument) -> int:
    """A price that stands on a tick as their number; one that does not, as the tick below."""
    return int(price // instrument.tick)


def away(price: Decimal, percent: Decimal, side: Side) -> Decimal:
    """So many percent from a price, in the favour of a position of this side."""
    return price * (100 + percent * side.sign) / 100


def _beyond(price: Decimal, level: Decimal, side: Side) -> bool:
    return (price - level) * side.sign >= 0


def _tight(value: Decimal, side: Side, instrument: Instrument) -> Price:
    return instrument.price_up(value) if side is Side.BUY else instrument.price_down(value)
