"""What TradingView makes of the scripts' alert messages: their placeholders filled in (behaviour.md 2.2).

The messages themselves stand in examples/pine/, where people copy them from. Levels reach them by hidden plots; a level
that is not in use is 0, which the desk reads as none and which leaves the message JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from core.values.market import Candle
from core.values.money import ZERO, plain
from core.values.orders import Side
from strategies.mean_reversion import Look, Rules
from strategies.mean_reversion_trades import OrderFill, Position

_PLACEHOLDER = re.compile(r"\{\{(.+?)\}\}")


@dataclass(frozen=True, slots=True)
class Chart:
    """Where a script runs. interval: from the first moment of a bar to its close, when its alerts go out."""

    ticker: str
    exchange: str
    interval: timedelta


def render(template: str, values: Mapping[str, str]) -> str:
    """`{{name}}` -> its value. Raises KeyError for a name that is not there."""
    return _PLACEHOLDER.sub(lambda found: values[found[1]], template)


def order_values(chart: Chart, rules: Rules, fill: OrderFill) -> dict[str, str]:
    """What the placeholders of a strategy's alert mean when this order fills."""
    return {
        **_chart_values(chart, fill.bar),
        "strategy.order.action": fill.side.value,
        "strategy.order.price": plain(fill.price),
        "strategy.order.alert_message": fill.message,
        **_plots(strategy_plots(rules, fill.position)),
    }


def study_values(chart: Chart, look: Look) -> dict[str, str]:
    """What the placeholders of the study's alert conditions mean at the close of this bar."""
    return {**_chart_values(chart, look.bar), "close": plain(look.bar.close), **_plots(study_plots(look))}


def strategy_plots(rules: Rules, held: Position) -> dict[str, Decimal]:
    """The strategy's hidden plots, by title, in the order of the script."""
    plots: dict[str, Decimal] = {}
    for prefix, side in (("Long", Side.BUY), ("Short", Side.SELL)):
        mine = held.side is side
        plots[f"{prefix} SL"] = held.stop if mine else ZERO
        plots[f"{prefix} TP"] = held.target if mine else ZERO
        plots[f"{prefix} Breakeven"] = held.breakeven if mine else ZERO
    plots["TP Close"] = rules.tp_close if rules.partials else ZERO
    plots["TP1 Mult"] = rules.tp1_mult if rules.partials else ZERO
    plots["TP2 Mult"] = rules.tp2_mult if rules.partials else ZERO
    return plots


def study_plots(look: Look) -> dict[str, Decimal]:
    """The study's hidden plots: both sides of every bar, 0 while there is no ATR yet."""
    return {
        "Long SL": look.long.stop or ZERO,
        "Long TP": look.long.target or ZERO,
        "Short SL": look.short.stop or ZERO,
        "Short TP": look.short.target or ZERO,
    }


def _chart_values(chart: Chart, bar: Candle) -> dict[str, str]:
    closed = (bar.at + chart.interval).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"ticker": chart.ticker, "exchange": chart.exchange, "timenow": closed}


def _plots(plots: Mapping[str, Decimal]) -> dict[str, str]:
    return {f'plot("{title}")': plain(value) for title, value in plots.items()}
