"""`openoutcry simulate`: a strategy on the past of a market. Nothing of the desk is imported unless it is asked for."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from brokers.paper import contracts, walk
from core.values.instrument import Instrument
from core.values.money import Price, parse_decimal, plain
from simulator.evaluation import monte_carlo
from simulator.kernel import simulate
from simulator.market import Bar, Conditions, bars_of
from simulator.script import Plan, trading
from simulator.trades import Outcome, Trade, evaluate, trades_of
from strategies.cycle import CycleRules
from strategies.kinds import Kind, kinds

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no other name for it

KINDS: Mapping[str, Kind] = kinds(CycleRules())
MARKETS = ("demo",)
DAYS, DAYS_MAX, DRAWS_MAX = 20, 4000, 100_000
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
    parser.add_argument("--draws", type=int, metavar="N", help="tell how much is luck, by so many draws of its trades")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="equity, profit by day and trades as PNG")
    parser.add_argument("--json", action="store_true", help="one object on standard output")


def run(arguments: Sequence[str]) -> int:
    """One command line without the word `simulate`; its exit code."""
    parser = argparse.ArgumentParser(prog="openoutcry simulate")
    add_arguments(parser)
    return command(parser.parse_args(arguments))


def command(options: argparse.Namespace) -> int:
    try:
        return _command(options)
    except Misuse as error:
        print(f"openoutcry: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"openoutcry: {error}", file=sys.stderr)
        return 1


def _command(options: argparse.Namespace) -> int:
    plan = planned(options)
    outcome = engine(options.engine)(plan)
    said = summary(plan, options, outcome)
    if options.pictures is not None:
        paint(options.pictures, plan, outcome)
    print(json.dumps(said) if options.json else table(said))
    return 0


def engine(name: str) -> Callable[[Plan], Outcome]:
    if name == "kernel":
        return simulate
    from openoutcry.simulation import replayed  # noqa: PLC0415 - the whole desk is imported only where it plays

    return replayed


def paint(directory: Path, plan: Plan, outcome: Outcome) -> None:
    """A file a picture; none where nothing was traded. Raises OSError where they cannot be written."""
    from charts.painting import paint as png  # noqa: PLC0415 - drawn only where it is asked for
    from simulator.pictures import drawn  # noqa: PLC0415 - as above

    directory.mkdir(parents=True, exist_ok=True)
    for name, chart in drawn(plan, outcome).items():
        (directory / f"{name}.png").write_bytes(png(chart, "en"))


def planned(options: argparse.Namespace) -> Plan:
    """Raises Misuse naming the wrong word."""
    kind = KINDS.get(options.strategy)
    if kind is None:
        raise Misuse(f"--strategy: there is no {options.strategy!r}; there are {', '.join(KINDS)}")
    if options.market not in MARKETS:
        raise Misuse(f"--market: there is no {options.market!r}; there are {', '.join(MARKETS)}")
    if options.slippage_ticks < 0:
        raise Misuse("--slippage-ticks: must not be negative")
    if options.draws is not None and not 1 <= options.draws <= DRAWS_MAX:
        raise Misuse(f"--draws: must be 1..{DRAWS_MAX}")
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
    found, trades = evaluate(outcome, point), trades_of(outcome.executions, point)
    luck = {} if options.draws is None else {"luck": _luck(trades, options)}
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
