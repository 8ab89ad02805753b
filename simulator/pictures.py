"""What a simulation looks like, in the desk's one drawing model: equity, profit by day, and the trades of a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import accumulate

from core.values.charts import DAY_S, Chart, Level, LevelRole, Mark
from core.values.instrument import Instrument
from core.values.market import Candle
from core.values.money import NO_QUANTITY, ZERO, Price, Quantity, plain
from core.values.notices import Line
from simulator.market import Bar
from simulator.script import Plan, span
from simulator.trades import Outcome, Trade, trades_of

BARS_MAX = 300


def drawn(plan: Plan, outcome: Outcome) -> dict[str, Chart]:
    """By name; those that there is something to draw for. equity and days: money, a bar a day, of the day on which a
    trade was closed."""
    trades = trades_of(outcome.executions, plan.history.instrument.point_value)
    if not trades:
        return {}
    found = {"equity": _money(plan, trades, "equity", plan.cash), "trades": _trades(plan, outcome, trades)}
    if any(trade.profit for trade in trades):
        found["days"] = _money(plan, trades, "days", None)
    return {name: chart for name, chart in found.items() if chart.bars}


def _money(plan: Plan, trades: Sequence[Trade], name: str, since: Decimal | None) -> Chart:
    """since: the money that there is at first, and goes on from day to day; None: each day begins at nothing."""
    zone, bars, total = plan.kind.window.zone, [], since or ZERO
    for day in plan.days:
        mine = [trade.profit for trade in trades if trade.closed_at.astimezone(zone).date() == day]
        path = list(accumulate(mine, initial=ZERO if since is None else total))
        total = path[-1]
        first, high, low, last = (Price(one) for one in (path[0], max(path), min(path), path[-1]))
        bars.append(Candle(datetime.combine(day, time.min, UTC), first, high, low, last, NO_QUANTITY))
    shown = tuple(bars[-BARS_MAX:])
    return Chart(_title(plan, name, plain(bars[-1].close)), shown, DAY_S, (Level(LevelRole.LAST, shown[-1].close),))


def _trades(plan: Plan, outcome: Outcome, trades: Sequence[Trade]) -> Chart:
    """The last day that has any, on its bars, from half an hour before the first to half an hour after the last."""
    zone, instrument = plan.kind.window.zone, plan.history.instrument
    day = trades[-1].opened_at.astimezone(zone).date()
    mine = [trade for trade in trades if trade.opened_at.astimezone(zone).date() == day]
    *_, midnight = span(plan.kind.window, day)
    around = timedelta(minutes=30)
    start, end = mine[0].opened_at - around, min(mine[-1].closed_at + around, midnight)
    bars = tuple(_candle(bar, instrument) for bar in plan.history.bars(start, end))[-BARS_MAX:]
    marks = tuple(Mark(each.at, Price(each.price), each.side) for each in outcome.executions if start <= each.at < end)
    return Chart(_title(plan, "trades", day.isoformat()), bars, plan.history.interval_s, marks=marks)


def _candle(bar: Bar, instrument: Instrument) -> Candle:
    first, high, low, last = (Price(one * instrument.tick) for one in (bar.open, bar.high, bar.low, bar.close))
    return Candle(datetime.fromtimestamp(bar.at, UTC), first, high, low, last, Quantity(bar.volume * instrument.step))


def _title(plan: Plan, name: str, value: str) -> Line:
    told = {"strategy": plan.kind.name, "ticker": plan.history.instrument.ticker, "value": value}
    return Line(f"simulation.{name}", told)
