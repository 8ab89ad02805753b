"""The words of `openoutcry optimise` that need a look: what can be searched, how, and what is told of it."""

from __future__ import annotations

import argparse
import re

from openoutcry.pasts import Misuse
from simulator.script import Plan
from simulator.search import POINTS_MAX, Range, Sampler, count, parse_range
from strategies.figures import USUAL, figure, figures_with, searchable
from strategies.kinds import Figures

SAMPLERS = tuple(map(str, Sampler))
WORKERS_MAX = 64
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)


def ranges_of(options: argparse.Namespace, base: Figures) -> tuple[Range, ...]:
    """Raises Misuse naming the word that cannot be used."""
    found: list[Range] = []
    for text in options.grid or USUAL:
        each = _range(options.strategy, text, base)
        if each.name in {other.name for other in found}:
            raise Misuse(f"--grid {text}: {each.name} has a range already")
        found.append(each)
    if count(found) > POINTS_MAX:
        raise Misuse(f"--grid: {count(found)} points are more than {POINTS_MAX}; take larger steps")
    return tuple(found)


def _range(strategy: str, text: str, base: Figures) -> Range:
    """A value at each end, and one step from the lower, are tried on: what they can be, those between can be."""
    try:
        asked = parse_range(text)
        name = figure(strategy, asked.name)
        for value in (asked.low, min(asked.low + asked.step, asked.high), asked.high):
            figures_with(strategy, {name: value}, base)
    except LookupError as error:
        no = f"{strategy} has no figure {error.args[0]!r}"
        raise Misuse(f"--grid {text}: {no}; there are {', '.join(searchable(strategy))}") from None
    except ValueError as error:
        raise Misuse(f"--grid {text}: {error}") from None
    return Range(name, asked.low, asked.high, asked.step)


def check_numbers(options: argparse.Namespace, ranges: tuple[Range, ...]) -> None:
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


def check_rule(options: argparse.Namespace) -> None:
    """Of a rule every point is played, which costs less than asking a database for one. Raises Misuse for what would
    need more than that."""
    needs = {
        "--sampler": options.sampler == Sampler.TPE,
        "--prune": options.prune,
        "--storage": options.storage is not None,
        "--study": options.study is not None,
        "--engine": options.engine != "kernel",
    }
    if words := [word for word, needed in needs.items() if needed]:
        raise Misuse(f"{words[0]}: not with {options.strategy}, of which every point is played at once; leave it out")


def walk_of(options: argparse.Namespace, plan: Plan) -> tuple[int, int] | None:
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


def axes_of(options: argparse.Namespace, ranges: tuple[Range, ...]) -> tuple[int, int]:
    """The ranges that go across and up; one alone is both."""
    names = [each.name for each in ranges]
    if options.map is None:
        return 0, min(1, len(names) - 1)
    words = options.map.split(",")
    if len(words) != 2 or len(set(words)) != 2:
        raise Misuse(f"--map {options.map}: write it as two figures, as in dip,greedy")
    try:
        across, up = (names.index(figure(options.strategy, word)) for word in words)
    except (LookupError, ValueError):
        raise Misuse(f"--map {options.map}: only these have a range: {', '.join(names)}") from None
    return across, up
