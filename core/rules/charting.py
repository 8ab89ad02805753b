"""What a picture of a proposal or of a trade shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from core.rules.targets import prices_of
from core.values.charts import Chart, Level, LevelRole, Mark, Theme
from core.values.fills import Position
from core.values.instrument import Instrument
from core.values.market import Candle, Quote
from core.values.money import Price, plain
from core.values.notices import Line
from core.values.orders import Order, OrderRole, side_of
from core.values.proposals import Proposal

BARS_MIN, BARS_MAX = 12, 96
BEFORE = timedelta(hours=1)
FLAT = 5
"""Levels further apart than so many times what the bars span are looked at from farther away."""
_INTERVALS_S = (300, 900, 3600)


def views(age: timedelta) -> list[tuple[timedelta, int]]:
    """How far back a picture may reach, and its bars' seconds: eight hours, a day or four days, from near to far.

    Those that begin an hour before what is `age` old; else the farthest.
    """
    reaches = [(timedelta(seconds=BARS_MAX * interval_s), interval_s) for interval_s in _INTERVALS_S]
    return [view for view in reaches if age + BEFORE <= view[0]] or reaches[-1:]


def telling(bars: Sequence[Candle], prices: Sequence[Price]) -> bool:
    """Whether these bars say something beside these prices: neither too few nor a flat line between them."""
    if len(bars) < BARS_MIN:
        return False
    span = max(bar.high for bar in bars) - min(bar.low for bar in bars)
    return not prices or max(prices) - min(prices) <= FLAT * span


def with_now(bars: Sequence[Candle], interval_s: int, quote: Quote | None) -> tuple[Candle, ...]:
    """The newest bars, of which the one that goes on reaches to the price of now."""
    newest = list(bars[-BARS_MAX:])
    if (
        newest
        and quote is not None
        and quote.last is not None
        and quote.at < newest[-1].at + timedelta(seconds=interval_s)
    ):
        bar, last = newest[-1], quote.last
        newest[-1] = replace(bar, high=max(bar.high, last), low=min(bar.low, last), close=last)
    return tuple(newest)


def of_proposal(proposal: Proposal, quote: Quote | None, theme: Theme) -> Chart:
    """Entry, stop and targets as proposed, and the last price where it is another. Without bars yet."""
    levels = [Level(LevelRole.ENTRY, proposal.price)]
    if proposal.stop is not None:
        levels.append(_stop(proposal.stop, proposal.price, proposal.side.sign))
    levels += _targets(proposal.targets)
    if quote is not None and quote.last is not None and quote.last != proposal.price:
        levels.append(Level(LevelRole.LAST, quote.last))
    params = {
        "side": proposal.side.value,
        "quantity": plain(proposal.quantity),
        "ticker": proposal.ticker,
        "account": proposal.account,
    }
    return Chart(Line("chart.proposal", params), levels=tuple(levels), theme=theme)


def of_position(position: Position, instrument: Instrument) -> tuple[Level, ...]:
    """Where an open position stands: its average entry, and what its plan names."""
    entry = instrument.price_nearest(position.average_price)
    stop, targets = position.plan.stop, prices_of(position.plan)
    found = [] if stop is None else [_stop(stop, entry, side_of(position.quantity).sign)]
    return (Level(LevelRole.ENTRY, entry), *found, *_targets(targets))


@dataclass(frozen=True, slots=True)
class Trade:
    """order: that was filled. position: as its fill left it. protection: its live stops and targets."""

    order: Order
    position: Position
    instrument: Instrument
    protection: Sequence[Order]


def of_trade(trade: Trade, theme: Theme) -> Chart:
    """Where it was entered, what protects it or did, and a mark at the fill; at an exit one at the entry too. Without
    bars yet."""
    order, position, instrument = trade.order, trade.position, trade.instrument
    filled = instrument.price_nearest(order.average_price or position.average_price)
    entry = instrument.price_nearest(position.average_price)
    entering = order.request.role is OrderRole.ENTRY
    opened = order.request.side if entering else order.request.side.opposite
    marks = [Mark(order.updated_at, filled, order.request.side)]
    if not entering:
        marks.insert(0, Mark(position.opened_at, entry, opened))
    stop, targets = _protection(trade)
    levels = [Level(LevelRole.ENTRY, entry)]
    if stop is not None:
        levels.append(_stop(stop, entry, opened.sign))
    params = {
        "side": order.request.side.value,
        "quantity": plain(order.filled),
        "ticker": position.ticker,
        "account": position.account,
        "average": plain(filled),
        "profit": f"{_profit(trade):+.2f}",
    }
    title = Line("chart.opened" if entering else "chart.closed", params)
    return Chart(title, levels=(*levels, *_targets(targets)), marks=tuple(marks), theme=theme)


def _protection(trade: Trade) -> tuple[Price | None, Sequence[Price]]:
    """The stop, and the targets from near to far: of live orders, else of the plan."""
    plan, live = trade.position.plan, [o.request for o in trade.protection]
    stops = [r.stop_price for r in live if r.role is OrderRole.STOP and r.stop_price is not None]
    asked = (r.price or r.stop_price for r in live if r.role is OrderRole.TARGET)
    targets = sorted({price for price in asked if price is not None})
    if plan.target is not None and not targets:
        targets = [plan.target]
    away = [price for price in targets if price < trade.position.average_price]
    return (stops[0] if stops else plan.stop), (targets[::-1] if away else targets)


def _profit(trade: Trade) -> Decimal:
    """Of the position so far, fees taken off, in the instrument's currency."""
    return trade.position.realised * trade.instrument.point_value - trade.position.fees


def _stop(stop: Price, entry: Price, sign: int) -> Level:
    """One at the entry or beyond it cannot lose any more."""
    return Level(LevelRole.BREAKEVEN if (stop - entry) * sign >= 0 else LevelRole.STOP, stop)


def _targets(prices: Sequence[Price]) -> list[Level]:
    numbered = len(prices) > 1
    return [Level(LevelRole.TARGET, price, number if numbered else 0) for number, price in enumerate(prices, 1)]
