"""Which symbol a strategy trades next: a lottery in which a better history has more tickets (behaviour.md 4.5)."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from math import log10
from statistics import fmean

LEAST, MOST = 0.01, 2.0
"""Percent between which gains and losses count."""
ENTRY_RATIO_MIN = 0.05
TICKETS_MIN = 1.0
"""Nobody is left out for good: who never trades never gets a history."""


@dataclass(frozen=True, slots=True)
class History:
    """Of one pair of symbol and strategy. runs: how often it was started; entered: how often it bought. gains, losses:
    percent of each round trip, both positive."""

    runs: int = 0
    entered: int = 0
    gains: tuple[float, ...] = ()
    losses: tuple[float, ...] = ()


def points(history: History) -> float:
    """Up to 4.6 for gains; less up to 9.2 for losses, 36 for entering less than every third time, 10.6 for few runs.

    2 (log g + 2) - 4 (log l + 2) + min(0, 45 (log e + 0.5)) - max(0, 16 - 7 log 6n); logarithms to base 10, g and l
    the average gain and loss in percent, e the share of runs that entered, n the runs.
    """
    ratio = max(ENTRY_RATIO_MIN, history.entered / history.runs if history.runs else 0.0)
    thin = max(0.0, 16 - 7 * log10(6 * max(1, history.runs)))
    seldom = min(0.0, 45 * (log10(ratio) + 0.5))
    return 2 * _size(history.gains) - 4 * _size(history.losses) + seldom - thin


def tickets(histories: Mapping[str, History]) -> dict[str, float]:
    """Points spread over 0..100, at least one each; all alike have 100."""
    found = {name: points(history) for name, history in histories.items()}
    lowest, highest = min(found.values(), default=0.0), max(found.values(), default=0.0)
    span = highest - lowest
    return {name: max(TICKETS_MIN, 100 * (each - lowest) / span) if span else 100.0 for name, each in found.items()}


def choose(
    histories: Mapping[str, History], draw: random.Random, scores: Mapping[str, float] | None = None
) -> str | None:
    """None where there is nothing to choose from. scores: what models say, by which tickets are multiplied; those of
    whom nothing is said have their mean. The same draw, histories and scores choose the same."""
    names = sorted(histories)
    known = {name: score for name, score in (scores or {}).items() if name in histories}
    usual = fmean(known.values()) if known else 1.0
    weights = tickets(histories)
    return draw.choices(names, [weights[name] * known.get(name, usual) for name in names])[0] if names else None


def _size(percents: tuple[float, ...]) -> float:
    """0 for none or the least, 2.3 for the most."""
    return log10(min(MOST, max(LEAST, fmean(percents) if percents else 0.0))) + 2
