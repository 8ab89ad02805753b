"""`openoutcry optimise`: the best figures of a strategy on the past of a market, sought by many workers."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from core.values.charts import HeatMap
from core.values.errors import Broken, DeskError
from openoutcry import __version__
from openoutcry.pasts import MadeUpPast, Misuse
from openoutcry.settings import Settings, SettingsError, load_settings
from openoutcry.simulate_cli import add_past, planned
from simulator.script import Plan
from simulator.search import POINTS_MAX, Range, Sampler, count, parse_range
from strategies.figures import SEARCHED, USUAL, fault, figure

if TYPE_CHECKING:
    from openoutcry.optimise_bench import OnFile
    from openoutcry.optimised import Found

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no other name for it

SAMPLERS = tuple(map(str, Sampler))
STORAGES = ("sqlite", "postgresql")
DEMO_DATA = Path("data/demo")
WORKERS_MAX, TRIALS = 64, 50
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)


def add_commands(commands: Commands) -> None:
    parser = commands.add_parser("optimise", help="the best figures of a strategy, sought by many workers")
    parser.add_argument("--strategy", required=True, metavar="NAME", help=", ".join(USUAL))
    add_past(parser)
    parser.add_argument(
        "--grid", action="append", default=[], metavar="k=a:b:step", help="a figure from a to b; may be repeated"
    )
    parser.add_argument("--sampler", default="grid", metavar="NAME", help=f"{', '.join(SAMPLERS)}; default grid")
    parser.add_argument(
        "--trials", type=int, metavar="N", help=f"how many points, if not the whole grid; default {TRIALS}"
    )
    parser.add_argument("--prune", action="store_true", help="give points up whose first days are worse than others'")
    parser.add_argument(
        "--storage", metavar="URL", help="postgresql://... or sqlite:///FILE; default in the data directory"
    )
    parser.add_argument(
        "--study", metavar="NAME", help="who names the same one works on it together, or goes on with it"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="default one a core")
    parser.add_argument(
        "--dead-after-s", type=int, default=30, metavar="S", help="a worker not heard of so long is dead"
    )
    parser.add_argument(
        "--walk-forward", nargs="?", const="10:5", metavar="L:J", help="choose on L days, judge on the next J; 10:5"
    )
    parser.add_argument("--map", metavar="A,B", help="the figures of the heat map; default the first two")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="heatmap.png")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help=f"default the settings'; {DEMO_DATA} without any")
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    parser.set_defaults(command=command, draws=None)


def command(options: argparse.Namespace) -> int:
    try:
        return _command(options)
    except (Misuse, SettingsError) as error:
        print(f"openoutcry: {error}", file=sys.stderr)
        return 2
    except (DeskError, OSError) as error:
        print(f"openoutcry: {error}", file=sys.stderr)
        return 1


def _command(options: argparse.Namespace) -> int:
    settings = _settings(options)
    plan = planned(options)
    ranges = _ranges(options)
    walk, axes = _walk(options, plan), _axes(options, ranges)
    _numbers(options, ranges)
    url = _url(options, settings)
    try:
        from simulator.search_study import Quest  # noqa: PLC0415 - the extra `optimise`
    except ImportError as error:
        raise Broken(f"a search needs `pip install openoutcry[optimise]` ({error.name} is missing)") from None
    from openoutcry.optimised import heat_map, summary, table  # noqa: PLC0415 - as above
    from openoutcry.optimising import searched  # noqa: PLC0415 - as above

    about = _about(options, settings, plan)
    quest = Quest(
        options.study or _study_name(about, ranges),
        about,
        ranges,
        Sampler(options.sampler),
        options.trials or (None if options.sampler == Sampler.GRID else TRIALS),
        options.seed,
        options.prune,
        options.dead_after_s,
    )
    past = plan.history if isinstance(plan.history, MadeUpPast) else _on_file(settings, plan)
    base = settings.strategies.cycle_rules()
    tried, failed = searched(url, quest, options.strategy, base, plan, past, options.engine, options.workers)
    found = summary(quest, plan, tried, failed, walk)
    if options.pictures is not None and axes is not None and found.best is not None:
        _paint(options.pictures, heat_map(quest, plan, tried, axes))
    print(json.dumps(found.told) if options.json else table(found.told))
    _keep(settings, found)
    return 0 if found.best is not None else 1


def _settings(options: argparse.Namespace) -> Settings:
    """data_dir: as it is said; without any word of it where the demo keeps its own."""
    desk = {} if options.data_dir is None else {"data_dir": options.data_dir}
    settings = load_settings(options.settings, desk=desk)
    if "data_dir" not in settings.desk.model_fields_set:
        settings = settings.model_copy(update={"desk": settings.desk.model_copy(update={"data_dir": DEMO_DATA})})
    return settings


def _ranges(options: argparse.Namespace) -> tuple[Range, ...]:
    """Raises Misuse naming the word that cannot be used."""
    found: list[Range] = []
    for text in options.grid or USUAL[options.strategy]:
        try:
            asked = parse_range(text)
            each = Range(figure(asked.name), asked.low, asked.high, asked.step)
        except LookupError as error:
            no = f"{options.strategy} has no figure {error.args[0]!r}"
            raise Misuse(f"--grid {text}: {no}; there are {', '.join(SEARCHED)}") from None
        except ValueError as error:
            raise Misuse(f"--grid {text}: {error}") from None
        if why := fault(each.name, each.low) or fault(each.name, each.high):
            raise Misuse(f"--grid {text}: {each.name}: {why}")
        if each.name in {other.name for other in found}:
            raise Misuse(f"--grid {text}: {each.name} has a range already")
        found.append(each)
    if count(found) > POINTS_MAX:
        raise Misuse(f"--grid: {count(found)} points are more than {POINTS_MAX}; take larger steps")
    return tuple(found)


def _numbers(options: argparse.Namespace, ranges: tuple[Range, ...]) -> None:
    """Raises Misuse."""
    if options.sampler not in SAMPLERS:
        raise Misuse(f"--sampler: there is no {options.sampler!r}; there are {', '.join(SAMPLERS)}")
    if options.trials is not None and not 1 <= options.trials <= POINTS_MAX:
        raise Misuse(f"--trials: must be 1..{POINTS_MAX}")
    if options.sampler == Sampler.GRID and options.trials is not None and options.trials < count(ranges):
        raise Misuse(f"--trials: the grid has {count(ranges)} points; choose --sampler random or tpe, or leave it out")
    if not 1 <= options.workers <= WORKERS_MAX:
        raise Misuse(f"--workers: must be 1..{WORKERS_MAX}")
    if not 2 <= options.dead_after_s <= 3600:
        raise Misuse("--dead-after-s: must be 2..3600")
    if options.study is not None and not _NAME.fullmatch(options.study):
        raise Misuse("--study: letters, digits, . _ and -")


def _walk(options: argparse.Namespace, plan: Plan) -> tuple[int, int] | None:
    """How many days to learn from and to judge by."""
    if options.walk_forward is None:
        return None
    learn, _, judge = options.walk_forward.partition(":")
    if not (learn.isdecimal() and judge.isdecimal() and int(learn) and int(judge)):
        raise Misuse(
            f"--walk-forward {options.walk_forward}: write it as days to learn from:days to judge by, as in 10:5"
        )
    if int(learn) + int(judge) > len(plan.days):
        raise Misuse(f"--walk-forward {options.walk_forward}: {len(plan.days)} days are less than one step of it")
    return int(learn), int(judge)


def _axes(options: argparse.Namespace, ranges: tuple[Range, ...]) -> tuple[int, int]:
    """The ranges that go across and up; one alone is both."""
    names = [each.name for each in ranges]
    if options.map is None:
        return 0, min(1, len(names) - 1)
    words = options.map.split(",")
    if len(words) != 2 or len(set(words)) != 2:
        raise Misuse(f"--map {options.map}: write it as two figures, as in dip,greedy")
    try:
        across, up = (names.index(figure(word)) for word in words)
    except (LookupError, ValueError):
        raise Misuse(f"--map {options.map}: only these have a range: {', '.join(names)}") from None
    return across, up


def _url(options: argparse.Namespace, settings: Settings) -> str:
    """Nothing of it is ever told: there is a password in it."""
    if options.storage is not None:
        scheme, _, rest = options.storage.partition("://")
        if scheme not in STORAGES or not rest:
            raise Misuse("--storage: write it as postgresql://user:password@host/database or sqlite:///file")
        return str(options.storage)
    settings.desk.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return f"sqlite:///{(settings.desk.data_dir / 'studies.sqlite3').resolve()}"


def _about(options: argparse.Namespace, settings: Settings, plan: Plan) -> dict[str, str]:
    """What results depend on besides the figures that are searched."""
    made_up = {"seed": str(options.seed)} if options.market == "demo" else {}
    days = sha256(" ".join(map(str, plan.days)).encode()).hexdigest()[:12]
    base = sha256(repr(settings.strategies.cycle_rules()).encode()).hexdigest()[:12]
    return {
        "strategy": options.strategy,
        "symbol": plan.history.instrument.ticker,
        "market": options.market,
        **made_up,
        "from": plan.days[0].isoformat(),
        "to": plan.days[-1].isoformat(),
        "days": days,
        "figures": base,
        "cash": f"{plan.cash:f}",
        "conditions": repr(plan.conditions),
        "engine": options.engine,
        "version": __version__,
    }


def _study_name(about: dict[str, str], ranges: tuple[Range, ...]) -> str:
    """Who asks the same goes on with it; a finer grid uses what a coarser one has found."""
    words = json.dumps([about, sorted(each.name for each in ranges)])
    return f"{about['strategy']}-{about['symbol']}-{sha256(words.encode()).hexdigest()[:12]}"


def _on_file(settings: Settings, plan: Plan) -> OnFile:
    from openoutcry.collecting import candles_dir  # noqa: PLC0415 - the demo's past has no files
    from openoutcry.optimise_bench import OnFile  # noqa: PLC0415 - as above

    return OnFile(candles_dir(settings).resolve(), plan.history.interval_s, plan.history.instrument)


def _paint(directory: Path, heat: HeatMap) -> None:
    from charts.heat import CELLS_MAX, paint_heat  # noqa: PLC0415 - drawn only where it is asked for

    if max(len(heat.columns), len(heat.rows)) > CELLS_MAX:
        print(f"openoutcry: no picture: more than {CELLS_MAX} values; choose two others with --map", file=sys.stderr)
        return
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "heatmap.png").write_bytes(paint_heat(heat, "en"))


def _keep(settings: Settings, found: Found) -> None:
    """For /report and the list of reports. What was found is printed already: that it could not be kept is told, and
    nothing more."""
    from openoutcry.errands import see_to  # noqa: PLC0415 - the journal's libraries

    if found.best is None:
        return
    try:
        see_to(settings, {"do": "report", **found.figures})
    except (DeskError, OSError) as error:
        print(f"openoutcry: not kept for /report: {error}", file=sys.stderr)
