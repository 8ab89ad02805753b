"""`openoutcry simulate`: a strategy on the past of a market. Nothing of the desk is imported unless it is asked for."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from core.rules.sessions import ALWAYS
from core.values.errors import DeskError
from core.values.money import parse_decimal
from openoutcry.pasts import LAST_DAY, FiledPast, MadeUpPast, Misuse, made_up, on_file
from openoutcry.simulated import summary, summary_of_alerts, table
from simulator.kernel import simulate
from simulator.market import Conditions
from simulator.script import Plan, trading
from simulator.trades import Outcome
from strategies.kinds import Figures, Kind, kinds

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no other name for it

KINDS: Mapping[str, Kind] = kinds(Figures())
MARKETS = ("demo", "candles")
DAYS, DAYS_MAX, DRAWS_MAX = 20, 4000, 100_000
BAR = 30


def add_commands(commands: Commands) -> None:
    parser = commands.add_parser("simulate", help="a strategy on the past of a market")
    add_arguments(parser)
    parser.set_defaults(command=command)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    played = parser.add_mutually_exclusive_group(required=True)
    played.add_argument("--strategy", metavar="NAME", help=", ".join(KINDS))
    played.add_argument("--alerts", action="store_true", help="those that came in, with --market candles")
    add_past(parser)
    parser.add_argument("--models", action="store_true", help="ask them before a run, with --market candles")
    parser.add_argument("--stop-percent", type=amount, metavar="P", help="of alerts: instead of their own stops")
    parser.add_argument("--target-percent", type=amount, metavar="P", help="of alerts: instead of their own targets")
    parser.add_argument("--risk-percent", type=amount, default=Decimal(1), metavar="P", help="of alerts; default 1")
    parser.add_argument("--draws", type=int, metavar="N", help="tell how much is luck, by so many draws of its trades")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="equity, profit by day and trades as PNG")
    parser.add_argument("--json", action="store_true", help="one object on standard output")


def add_past(parser: argparse.ArgumentParser) -> None:
    """What is played, on which days, at what cost: for every command that simulates."""
    parser.add_argument("--symbol", required=True, metavar="S")
    parser.add_argument("--market", default="demo", metavar="NAME", help=", ".join(MARKETS))
    parser.add_argument("--days", type=int, metavar="N", help=f"default {DAYS}")
    parser.add_argument("--from", dest="first", type=_day, metavar="DAY", help="YYYY-MM-DD, included")
    parser.add_argument("--to", dest="last", type=_day, metavar="DAY", help=f"included; default {LAST_DAY} in the demo")
    parser.add_argument("--seed", type=int, default=1, help="of the built-in market")
    parser.add_argument("--settings", type=Path, metavar="FILE", help="its [strategies]; whose candles, too")
    parser.add_argument("--tick", type=amount, help="with --market candles; default the last digit of its prices")
    parser.add_argument("--lot", type=amount, default=Decimal(1), help="pieces, with --market candles; default 1")
    parser.add_argument("--calendar", default=ALWAYS, help=f"with --market candles; default {ALWAYS}")
    parser.add_argument("--engine", choices=("kernel", "desk"), default="kernel", help="its rules, or the whole desk")
    parser.add_argument("--cash", type=amount, default=Decimal(30_000), help="start money, default 30000")
    parser.add_argument("--fee-percent", type=amount, default=Decimal(0), help="of each fill's value")
    parser.add_argument("--slippage-ticks", type=int, default=0, metavar="N", help="on each side of the price")
    parser.add_argument("--slippage-percent", type=amount, default=Decimal(0), help="on each side of the price")


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
    except (DeskError, OSError) as error:
        print(f"openoutcry: {error}", file=sys.stderr)
        return 1


def _command(options: argparse.Namespace) -> int:
    if options.alerts:
        return _alerts(options)
    with ExitStack() as stack:
        plan = planned(options)
        if options.models:
            plan = replace(plan, viable=_adviser(plan, stack))
        outcome = engine(options.engine)(plan)
    said = summary(plan, options, outcome)
    if options.pictures is not None:
        paint(options.pictures, plan, outcome)
    print(json.dumps(said) if options.json else table(said))
    return 0


def _adviser(plan: Plan, stack: ExitStack) -> Callable[[datetime], bool]:
    """What the desk asks before it begins a run by itself."""
    if not isinstance(plan.history, FiledPast):
        raise Misuse("--models: --market candles is needed, models learn from candles on file")
    from openoutcry.simulated_models import advised  # noqa: PLC0415 - numpy, only where models are asked

    assert isinstance(plan.kind, Kind), "ours are"
    return stack.enter_context(advised(plan.history, plan.kind.wants)).viable


def _alerts(options: argparse.Namespace) -> int:
    from openoutcry.simulate_alerts import planned_alerts  # noqa: PLC0415 - the whole desk plays them
    from openoutcry.simulation import replayed_alerts  # noqa: PLC0415 - as above

    past = _past(options)
    if isinstance(past, MadeUpPast):
        raise Misuse("--alerts: --market candles is needed, the built-in market's past is not what they were made on")
    for name in ("stop_percent", "target_percent", "risk_percent"):
        value = getattr(options, name)
        if value is not None and not 0 < value < 100:
            raise Misuse(f"--{name.replace('_', '-')}: must be above 0 and below 100")
    plan = planned_alerts(options, past, _conditions(options))
    said = summary_of_alerts(plan, options, replayed_alerts(plan))
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
    if options.strategy not in KINDS:
        raise Misuse(f"--strategy: there is no {options.strategy!r}; there are {', '.join(KINDS)}")
    kind = _kinds(options)[options.strategy]
    if options.market not in MARKETS:
        raise Misuse(f"--market: there is no {options.market!r}; there are {', '.join(MARKETS)}")
    if options.draws is not None and not 1 <= options.draws <= DRAWS_MAX:
        raise Misuse(f"--draws: must be 1..{DRAWS_MAX}")
    conditions = _conditions(options)
    history = _past(options)
    days = trading(history, kind.window, _played(options, history))
    if not days:
        raise Misuse("--from, --to: nothing trades in this range")
    return Plan(kind, history, days, options.cash, conditions, progress)


def _kinds(options: argparse.Namespace) -> Mapping[str, Kind]:
    """By the figures of a settings file, where one is named."""
    if options.settings is None:
        return KINDS
    from openoutcry.settings import SettingsError, load_settings  # noqa: PLC0415 - needed for a file alone

    try:
        return kinds(load_settings(options.settings).strategies.figures())
    except SettingsError as error:
        raise Misuse(str(error)) from None


def _conditions(options: argparse.Namespace) -> Conditions:
    if options.slippage_ticks < 0:
        raise Misuse("--slippage-ticks: must not be negative")
    if options.slippage_percent >= 100:
        raise Misuse("--slippage-percent: must be below 100")
    return Conditions(options.fee_percent, options.slippage_ticks, options.slippage_percent)


def _past(options: argparse.Namespace) -> MadeUpPast | FiledPast:
    if options.market == "demo":
        return made_up(options.symbol, options.seed)
    return on_file(options.settings, options.symbol, options.tick, options.lot, options.calendar)


def _played(options: argparse.Namespace, past: MadeUpPast | FiledPast) -> list[date]:
    """Of candles on file: those of them, without an end or a beginning the last so many."""
    if isinstance(past, MadeUpPast):
        return _days(options, LAST_DAY)
    if not past.days:
        raise Misuse(f"--symbol: no whole day of {options.symbol} is on file")
    asked = set(_days(options, past.days[-1]))
    if options.first is None and options.last is None:
        return list(past.days[-len(asked) :])
    return [day for day in past.days if day in asked]


def _days(options: argparse.Namespace, end: date) -> list[date]:
    """Those asked for: `days` of them, before `last` or from `first` on, or all from `first` to `last`."""
    if options.days is not None and not 1 <= options.days <= DAYS_MAX:
        raise Misuse(f"--days: must be 1..{DAYS_MAX}")
    if options.days is not None and options.first is not None and options.last is not None:
        raise Misuse("--days: not together with --from and --to")
    count = timedelta(days=(options.days or DAYS) - 1)
    try:
        last = options.last or (end if options.first is None else options.first + count)
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


def amount(text: str) -> Decimal:
    value = parse_decimal(text)
    if value is None or value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number, or negative")
    return value


def progress(done: int, of: int) -> None:
    filled = BAR * done // of
    end = "\n" if done == of else ""
    print(f"\r[{'#' * filled}{'.' * (BAR - filled)}] {done}/{of} days", end=end, file=sys.stderr, flush=True)
