"""A search through a strategy's figures: ranges, the points they make, and what came of those that were tried."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from itertools import product
from math import prod
from random import Random

from core.values.money import ZERO, parse_decimal
from simulator.trades import Trade

POINTS_MAX = 10_000

Point = tuple[Decimal, ...]
"""A value of each range, in the order of the ranges."""


class Sampler(StrEnum):
    GRID = "grid"
    RANDOM = "random"
    TPE = "tpe"


@dataclass(frozen=True, slots=True)
class Range:
    """Both ends are included."""

    name: str
    low: Decimal
    high: Decimal
    step: Decimal

    def __len__(self) -> int:
        return int((self.high - self.low) / self.step) + 1

    def __contains__(self, value: Decimal) -> bool:
        """Whether it is one of the values, to the last digit."""
        return self.low <= value <= self.high and not (value - self.low) % self.step

    @property
    def values(self) -> tuple[Decimal, ...]:
        return tuple(self.low + number * self.step for number in range(len(self)))

    def nearest(self, value: float) -> Decimal:
        """The value of the range that is meant by a float: samplers and databases know no others."""
        steps = ((Decimal(value) - self.low) / self.step).to_integral_value(ROUND_HALF_UP)
        return self.low + steps * self.step

    def __str__(self) -> str:
        return f"{self.name}={self.low}:{self.high}:{self.step}"


def parse_range(text: str) -> Range:
    """`name=low:high:step`. Raises ValueError saying what is wrong with it."""
    name, equals, rest = text.partition("=")
    parts = [parse_decimal(part) for part in rest.split(":")]
    if not name or not equals or len(parts) != 3:
        raise ValueError("write it as name=low:high:step, as in dip=0.1:0.4:0.05")
    low, high, step = parts
    if low is None or high is None or step is None:
        raise ValueError("low, high and step are numbers, as in dip=0.1:0.4:0.05")
    if low < 0:
        raise ValueError(f"low is {low}; it must not be negative")
    if high < low:
        raise ValueError(f"the range is empty: {high} is below {low}")
    if step <= 0:
        raise ValueError(f"step is {step}; it must be above 0")
    if (high - low) % step:
        raise ValueError(f"steps of {step} from {low} do not meet {high}")
    return Range(name, low, high, step)


def count(ranges: Sequence[Range]) -> int:
    """How many points there are."""
    return prod(map(len, ranges))


def points(ranges: Sequence[Range]) -> tuple[Point, ...]:
    """All of them, the last range fastest."""
    return tuple(product(*(each.values for each in ranges)))


def drawn(ranges: Sequence[Range], number: int, seed: int) -> tuple[Point, ...]:
    """So many different points by chance, or all where there are no more. Equal seeds draw the same."""
    everything = points(ranges)
    return tuple(Random(seed).sample(everything, min(number, len(everything))))  # noqa: S311 - keeps no secret


@dataclass(frozen=True, slots=True)
class Quest:
    """What is looked for. about: what is simulated, equal for everybody who works on this study. trials: how many
    points; None: all of a grid. seed: which points chance draws. dead_after_s: who has not been heard of for so long
    has died."""

    study: str
    about: Mapping[str, str]
    ranges: tuple[Range, ...]
    sampler: Sampler = Sampler.GRID
    trials: int | None = None
    seed: int = 1
    prune: bool = False
    dead_after_s: int = 30


def wanted(quest: Quest) -> Sequence[Point] | None:
    """The points to be tried; None where a sampler chooses as it goes."""
    if quest.sampler is Sampler.TPE:
        return None
    if quest.sampler is Sampler.RANDOM:
        return drawn(quest.ranges, quest.trials or 0, quest.seed)
    return points(quest.ranges)


@dataclass(frozen=True, slots=True)
class Tried:
    """One point. profit: net, money. days: profit by the day on which a trade was closed. pruned: given up early, so
    that its profit is that of the first days alone. figures: the rest of its evaluation, for people."""

    point: Point
    profit: Decimal
    days: Mapping[date, Decimal] = field(default_factory=dict)
    pruned: bool = False
    figures: Mapping[str, str] = field(default_factory=dict)


def ranked(tried: Iterable[Tried]) -> list[Tried]:
    """The best first: by profit, those given up early last; among equals the smaller point."""
    return sorted(tried, key=lambda each: (each.pruned, -each.profit, each.point))


def by_day(trades: Iterable[Trade], zone: tzinfo) -> dict[date, Decimal]:
    """Profit by the local day on which a trade was closed."""
    found: defaultdict[date, Decimal] = defaultdict(Decimal)
    for trade in trades:
        found[trade.closed_at.astimezone(zone).date()] += trade.profit
    return dict(found)


@dataclass(frozen=True, slots=True)
class Walk:
    """One step of a walk forward. chosen: the point that earned most on the days before. learned, judged: what it
    earned on those, and on `days`, which the choice knew nothing of."""

    days: tuple[date, ...]
    chosen: Point
    learned: Decimal
    judged: Decimal


def walk_forward(tried: Sequence[Tried], days: Sequence[date], learn: int, judge: int) -> tuple[Walk, ...]:
    """Choose on `learn` days, judge on the next `judge`, go on by as many; oldest first. What is left over and is no
    whole step is left out. Nothing is played again: what each point earned on each day is known, so that a choice costs
    a sum. Raises ValueError where there is not one step."""
    whole = ranked(each for each in tried if not each.pruned)
    if learn < 1 or judge < 1 or len(days) < learn + judge or not whole:
        raise ValueError(f"{len(days)} days are less than {learn} to learn from and {judge} to judge by")
    steps = []
    for start in range(0, len(days) - learn - judge + 1, judge):
        past, future = days[start : start + learn], days[start + learn : start + learn + judge]
        best = max(whole, key=lambda each: _earned(each, past))
        steps.append(Walk(tuple(future), best.point, _earned(best, past), _earned(best, future)))
    return tuple(steps)


def _earned(tried: Tried, days: Sequence[date]) -> Decimal:
    return sum((tried.days.get(day, ZERO) for day in days), ZERO)


def best_of_pairs(tried: Sequence[Tried], across: int, down: int) -> dict[tuple[Decimal, Decimal], Decimal]:
    """The best profit at each pair of values of two ranges, whatever the others are; pruned ones left out."""
    found: dict[tuple[Decimal, Decimal], Decimal] = {}
    for each in tried:
        if not each.pruned:
            pair = each.point[across], each.point[down]
            found[pair] = max(each.profit, found.get(pair, each.profit))
    return found
