"""`openoutcry optimise`: the best figures of a strategy on the past of a market, sought by many workers."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from core.values.charts import HeatMap
from core.values.errors import Broken, DeskError
from openoutcry import __version__
from openoutcry.optimise_words import SAMPLERS, axes_of, check_numbers, check_rule, ranges_of, walk_of
from openoutcry.optimised import Found, heat_map, summary, table
from openoutcry.pasts import MadeUpPast, Misuse
from openoutcry.settings import Settings, load_settings
from openoutcry.simulate_cli import KINDS, add_past, planned
from simulator.script import Plan
from simulator.search import Point, Quest, Range, Sampler, Tried
from strategies.figures import figures_of, is_rule

if TYPE_CHECKING:
    from openoutcry.optimise_bench import OnFile

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no other name for it

STORAGES = ("sqlite", "postgresql")
DEMO_DATA = Path("data/demo")
TRIALS = 50
Results = tuple[Sequence[Tried], Mapping[Point, str]]
"""What was tried, and what was given up with why."""


def add_commands(commands: Commands) -> None:
    parser = commands.add_parser("optimise", help="the best figures of a strategy, sought by many workers")
    parser.add_argument("--strategy", required=True, metavar="NAME", help=", ".join(KINDS))
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
    except Misuse as error:
        print(f"openoutcry: {error}", file=sys.stderr)
        return 2


def _command(options: argparse.Namespace) -> int:
    settings = _settings(options)
    plan = planned(options)
    ranges = ranges_of(options, settings.strategies.figures())
    walk, axes = walk_of(options, plan), axes_of(options, ranges)
    check_numbers(options, ranges)
    quest = _quest(options, settings, plan, ranges)
    tried, failed = (_played if is_rule(options.strategy) else _searched)(options, settings, quest, plan)
    found = summary(quest, plan, tried, failed, walk)
    if options.pictures is not None and found.best is not None:
        _paint(options.pictures, heat_map(quest, plan, tried, axes))
    print(json.dumps(found.told) if options.json else table(found.told))
    _keep(settings, found)
    return 0 if found.best is not None else 1


def _quest(options: argparse.Namespace, settings: Settings, plan: Plan, ranges: tuple[Range, ...]) -> Quest:
    about = _about(options, settings, plan)
    return Quest(
        options.study or _study_name(about, ranges),
        about,
        ranges,
        Sampler(options.sampler),
        options.trials or (None if options.sampler == Sampler.GRID else TRIALS),
        options.seed,
        options.prune,
        options.dead_after_s,
    )


def _played(options: argparse.Namespace, settings: Settings, quest: Quest, plan: Plan) -> Results:
    """A rule: every point at once."""
    check_rule(options)
    from openoutcry.optimise_rules import played  # noqa: PLC0415 - numpy, where columns are played

    return played(quest, plan, settings.strategies.figures(), options.workers), {}


def _searched(options: argparse.Namespace, settings: Settings, quest: Quest, plan: Plan) -> Results:
    """Anything else: by workers at one database."""
    url = _url(options, settings)
    try:
        from openoutcry.optimising import searched  # noqa: PLC0415 - the extra `optimise`
        from simulator.search_address import resolved  # noqa: PLC0415 - the extra `optimise`
    except ImportError as error:
        raise Broken(f"a search needs `pip install openoutcry[optimise]` ({error.name} is missing)") from None
    try:
        url = resolved(url)
    except Broken as error:
        raise Misuse(f"--storage: {error}") from None
    past = plan.history if isinstance(plan.history, MadeUpPast) else _on_file(settings, plan)
    base = settings.strategies.figures()
    return searched(url, quest, options.strategy, base, plan, past, options.engine, options.workers)


def _settings(options: argparse.Namespace) -> Settings:
    """data_dir: as it is said; without any word of it where the demo keeps its own."""
    desk = {} if options.data_dir is None else {"data_dir": options.data_dir}
    settings = load_settings(options.settings, desk=desk)
    if "data_dir" not in settings.desk.model_fields_set:
        settings = settings.model_copy(update={"desk": settings.desk.model_copy(update={"data_dir": DEMO_DATA})})
    return settings


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
    own = figures_of(options.strategy, settings.strategies.figures())
    base = sha256(repr(own).encode()).hexdigest()[:12]
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
