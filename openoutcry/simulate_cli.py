"""`openoutcry simulate`: a strategy on the past of a market. Nothing of the desk is imported unless it is asked for."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from brokers.paper import contracts, walk
from core.values.instrument import Instrument
from core.values.money import Price, parse_decimal, plain
from simulator.kernel import simulate
from simulator.market import Bar, Conditions, bars_of
from simulator.script import Plan, trading
from simulator.trades import Outcome, evaluate, trades_of
from strategies.kinds import Kind, cycle, recycle

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no other name for it

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (cycle(), recycle())}
MARKETS = ("demo",)
DAYS, DAYS_MAX = 20, 4000
MINUTE = 60
LAST_DAY = date(2025, 12, 31)
"""The built-in market's past has no end of its own: the same command is to say the same next year."""
BAR = 30


class Misuse(ValueError):
    """What was asked and cannot be done, with its name."""


@dataclass(frozen=True, slots=True)
class MadeUpPast:
    """The built-in market's past of one instrument, made as it is asked for: a `simulator.script.History`."""

    seed: int
    instrument: Instrument
    anchor: Price
    interval_s: int = MINUTE

    def bars(self, start: datetime, end: datetime) -> Iterator[Bar]:
        began = datetime(LAST_DAY.year + 1, 1, 1, tzinfo=UTC)
        past = walk.bars(self.seed, self.instrument, self.anchor, began, start, end, self.interval_s)
        return bars_of(past, self.instrument)


def add_commands(commands: Commands) -> None:
    parser = commands.add_parser("simulate", help="a strategy on the past of a market")
    add_arguments(parser)
    parser.set_defaults(command=command)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--strategy", required=True, metavar="NAME", help=", ".join(KINDS))
    parser.add_argument("--symbol", required=True, metavar="S")
    parser.add_argument("--market", default="demo", metavar="NAME", help=", ".join(MARKETS))
    parser.add_argument("--days", type=int, metavar="N", help=f"default {DAYS}")
    parser.add_argument("--from", dest="first", type=_day, metavar="DAY", help="YYYY-MM-DD, included")
    parser.add_argument("--to", dest="last", type=_day, metavar="DAY", help=f"included; default {LAST_DAY}")
    parser.add_argument("--seed", type=int, default=1, help="of the built-in market")
    parser.add_argument("--engine", choices=("kernel", "desk"), default="kernel", help="its rules, or the whole desk")
    parser.add_argument("--cash", type=_amount, default=Decimal(30_000), help="start money, default 30000")
    parser.add_argument("--fee-percent", type=_amount, default=Decimal(0), help="of each fill's value")
    parser.add_argument("--slippage-ticks", type=int, default=0, metavar="N", help="on each side of the price")
    parser.add_argument("--slippage-percent", type=_amount, default=Decimal(0), help="on each side of the price")
    parser.add_argument("--json", action="store_true", help="one object on standard output")


def run(arguments: Sequence[str]) -> int:
    """One command line without the word `simulate`; its exit code."""
    parser = argparse.ArgumentParser(prog="openoutcry simulate")
    add_arguments(parser)
    return command(parser.parse_args(arguments))


def command(options: argparse.Namespace) -> int:
    try:
        plan = planned(options)
    except Misuse as error:
        print(f"openoutcry: {error}", file=sys.stderr)
        return 2
    outcome = engine(options.engine)(plan)
    said = summary(plan, options, outcome)
    print(json.dumps(said) if options.json else table(said))
    return 0


def engine(name: str) -> Callable[[Plan], Outcome]:
    if name == "kernel":
        return simulate
    from openoutcry.simulation import replayed  # noqa: PLC0415 - the whole desk is imported only where it plays

    return replayed


def planned(options: argparse.Namespace) -> Plan:
    """Raises Misuse naming the wrong word."""
    kind = KINDS.get(options.strategy)
    if kind is None:
        raise Misuse(f"--strategy: there is no {options.strategy!r}; there are {', '.join(KINDS)}")
    if options.market not in MARKETS:
        raise Misuse(f"--market: there is no {options.market!r}; there are {', '.join(MARKETS)}")
    if options.slippage_ticks < 0:
        raise Misuse("--slippage-ticks: must not be negative")
    if options.slippage_percent >= 100:
        raise Misuse("--slippage-percent: must be below 100")
    history = _past(options.symbol, options.seed)
    days = trading(history, kind.window, _days(options))
    if not days:
        raise Misuse("--from, --to: nothing trades in this range")
    conditions = Conditions(options.fee_percent, options.slippage_ticks, options.slippage_percent)
    return Plan(kind, history, days, options.cash, conditions, progress)


def _past(symbol: str, seed: int) -> MadeUpPast:
    began = datetime(LAST_DAY.year + 1, 1, 1, tzinfo=UTC)
    listed = {row.instrument.ticker: row for row in contracts.listings(began, {}, exchange_hours=False)}
    row = listed.get(symbol.upper())
    if row is None:
        raise Misuse(f"--symbol: there is no {symbol!r}; there are {', '.join(listed)}")
    return MadeUpPast(seed, row.instrument, row.start)


def _days(options: argparse.Namespace) -> list[date]:
    """Those asked for: `days` of them, before `last` or from `first` on, or all from `first` to `last`."""
    if options.days is not None and not 1 <= options.days <= DAYS_MAX:
        raise Misuse(f"--days: must be 1..{DAYS_MAX}")
    if options.days is not None and options.first is not None and options.last is not None:
        raise Misuse("--days: not together with --from and --to")
    count = timedelta(days=(options.days or DAYS) - 1)
    try:
        last = options.last or (LAST_DAY if options.first is None else options.first + count)
        first = options.first or last - count
    except OverflowError:
        raise Misuse("--from, --to: there are no such days") from None
    if first > last:
        raise Misuse(f"--from, --to: the range is empty, {first} is after {last}")
    if (last - first).days >= DAYS_MAX:
        raise Misuse(f"--from, --to: more than {DAYS_MAX} days")
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _day(text: str) -> date:
    day = date.fromisoformat(text)
    if not 1990 <= day.year <= 2100:
        raise argparse.ArgumentTypeError(f"{text} is out of range")
    return day


def _amount(text: str) -> Decimal:
    value = parse_decimal(text)
    if value is None or value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number, or negative")
    return value


def progress(done: int, of: int) -> None:
    filled = BAR * done // of
    end = "\n" if done == of else ""
    print(f"\r[{'#' * filled}{'.' * (BAR - filled)}] {done}/{of} days", end=end, file=sys.stderr, flush=True)


def summary(plan: Plan, options: argparse.Namespace, outcome: Outcome) -> dict[str, object]:
    """Decimals are strings; equal for equal plans, whatever the engine, but for `engine` and `orders`."""
    point = plan.history.instrument.point_value
    found = evaluate(outcome, point)
    return {
        "strategy": plan.kind.name,
        "symbol": plan.history.instrument.ticker,
        "market": options.market,
        "seed": options.seed,
        "engine": options.engine,
        "from": plan.days[0].isoformat(),
        "to": plan.days[-1].isoformat(),
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
        "currency": plan.history.instrument.currency,
        "list": [
            {
                "opened_at": f"{trade.opened_at:%Y-%m-%dT%H:%M:%SZ}",
                "closed_at": f"{trade.closed_at:%Y-%m-%dT%H:%M:%SZ}",
                "quantity": plain(trade.quantity),
                "entry": _short(trade.entry),
                "exit": _short(trade.exit),
                "profit": plain(trade.profit),
            }
            for trade in trades_of(outcome.executions, point)
        ],
    }


def table(said: Mapping[str, object]) -> str:
    """For people: a line a figure, then a line a trade."""
    rows = said["list"]
    assert isinstance(rows, list)
    lines = [f"{name.replace('_', ' '):<14} {value}" for name, value in said.items() if name != "list"]
    if rows:
        lines += ["", f"{'opened':<21}{'closed':<21}{'pieces':>8}{'entry':>12}{'exit':>12}{'profit':>12}"]
    for row in rows:
        figures = f"{row['quantity']:>8}{row['entry']:>12}{row['exit']:>12}{row['profit']:>12}"
        lines.append(f"{row['opened_at']:<21}{row['closed_at']:<21}{figures}")
    return "\n".join(lines)


def _short(value: Decimal) -> str:
    return plain(round(value, 6))
