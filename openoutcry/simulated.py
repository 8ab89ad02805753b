"""What a simulation came to: one object for programs, a table for people."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from core.values.instrument import Instrument
from core.values.money import plain
from simulator.evaluation import monte_carlo
from simulator.script import Plan
from simulator.trades import Outcome, Trade, evaluate, trades_of

if TYPE_CHECKING:
    from simulator.alerts import AlertPlan  # it brings the desk along


def summary(plan: Plan, options: argparse.Namespace, outcome: Outcome) -> dict[str, object]:
    """Decimals are strings; equal for equal plans, whatever the engine, but for `engine` and `orders`."""
    told = {
        "strategy": plan.kind.name,
        "symbol": plan.history.instrument.ticker,
        "market": options.market,
        "seed": options.seed,
        "engine": options.engine,
        "from": plan.days[0].isoformat(),
        "to": plan.days[-1].isoformat(),
    }
    return told | figures(plan.history.instrument, outcome, options)


def summary_of_alerts(plan: AlertPlan, options: argparse.Namespace, outcome: Outcome) -> dict[str, object]:
    """Days are those of which a bar was played."""
    told = {
        "alerts": len(plan.alerts),
        "symbol": plan.history.instrument.ticker,
        "market": options.market,
        "from": f"{plan.alerts[0].received_at:%Y-%m-%dT%H:%M:%SZ}",
        "to": f"{plan.alerts[-1].received_at:%Y-%m-%dT%H:%M:%SZ}",
    }
    return told | figures(plan.history.instrument, outcome, options)


def figures(instrument: Instrument, outcome: Outcome, options: argparse.Namespace) -> dict[str, object]:
    """What both kinds of simulation say alike."""
    point = instrument.point_value
    found, trades = evaluate(outcome, point), trades_of(outcome.executions, point)
    luck = {} if options.draws is None else {"luck": _luck(trades, options)}
    return {
        "days": found.days,
        "days_viable": found.days_viable,
        "days_entered": found.days_entered,
        "bars": outcome.bars,
        "attempts": found.attempts,
        "entry_ratio": _short(found.entry_ratio),
        "orders": outcome.orders,
        "fills": len(outcome.executions),
        "trades": found.trades,
        "trades_a_day": _short(found.trades_a_day),
        "wins": found.wins,
        "losses": found.losses,
        "win_ratio": _short(found.win_ratio),
        "net_profit": plain(found.net_profit),
        "mean_profit": _short(found.mean_profit),
        "median_profit": _short(found.median_profit),
        "fees": plain(found.fees),
        "drawdown": plain(found.drawdown),
        "currency": instrument.currency,
        "list": [
            {
                "opened_at": f"{trade.opened_at:%Y-%m-%dT%H:%M:%SZ}",
                "closed_at": f"{trade.closed_at:%Y-%m-%dT%H:%M:%SZ}",
                "quantity": plain(trade.quantity),
                "entry": _short(trade.entry),
                "exit": _short(trade.exit),
                "profit": plain(trade.profit),
            }
            for trade in trades
        ],
        **luck,
    }


def _luck(trades: Sequence[Trade], options: argparse.Namespace) -> dict[str, object]:
    """5, 50 and 95 percent of the draws lie below each."""
    found = monte_carlo(trades, options.draws, options.seed)
    spreads = {"drawdown": found.drawdown, "net_profit": found.profit}
    told = {name: [plain(one) for one in (s.low, s.middle, s.high)] for name, s in spreads.items()}
    return {"draws": options.draws, **told, "lost": _short(found.lost)}


def table(said: Mapping[str, object]) -> str:
    """For people: a line a figure, then a line a trade."""
    rows = said["list"]
    assert isinstance(rows, list)
    lines = [f"{name.replace('_', ' '):<14} {value}" for name, value in said.items() if name not in {"list", "luck"}]
    luck = said.get("luck")
    if isinstance(luck, dict):
        lines += ["", "of each, 5, 50 and 95 percent of the draws lie below:"]
        lines += [f"{name.replace('_', ' '):<14} {' '.join(luck[name])}" for name in ("drawdown", "net_profit")]
        lines.append(f"{'lost':<14} {luck['lost']}")
    if rows:
        lines += ["", f"{'opened':<21}{'closed':<21}{'pieces':>8}{'entry':>12}{'exit':>12}{'profit':>12}"]
    for row in rows:
        figures = f"{row['quantity']:>8}{row['entry']:>12}{row['exit']:>12}{row['profit']:>12}"
        lines.append(f"{row['opened_at']:<21}{row['closed_at']:<21}{figures}")
    return "\n".join(lines)


def _short(value: Decimal) -> str:
    return plain(round(value, 6))
