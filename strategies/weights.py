"""Weights of models, searched: those by which the days with the best scores earned most (behaviour.md 4.7).

A score says how much a symbol is liked, so what a weighting is worth is what would have been earned with stakes in
proportion to its scores: the mean of the days' profits, weighted by score.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.values.money import ZERO
from strategies.grades import Grade, score

STEP = Decimal("0.025")
LEAST, MOST = Decimal("0.1"), Decimal("0.9")

Weights = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Judged:
    """One day: what models said of the symbol when a run began, and what its runs earned, in money after fees."""

    grades: Mapping[str, Grade]
    profit: Decimal


def combinations(names: Sequence[str], least: Decimal = LEAST, most: Decimal = MOST) -> Iterator[dict[str, Decimal]]:
    """Every weighting in steps of STEP, each weight within `least` and `most`, all together exactly 1."""

    def parts(left: Decimal, others: int) -> Iterator[tuple[Decimal, ...]]:
        if not others:
            if least <= left <= most:
                yield (left,)
            return
        weight = least
        while weight <= min(most, left - others * least):
            for rest in parts(left - weight, others - 1):
                yield (weight, *rest)
            weight += STEP

    for found in parts(Decimal(1), len(names) - 1) if names else ():
        yield dict(zip(names, found, strict=True))


def worth(days: Sequence[Judged], weights: Weights) -> Decimal | None:
    """The mean of the days' profits, weighted by their scores; None where no day has one."""
    scored = [(found, day.profit) for day in days if (found := score(day.grades, weights)) is not None]
    total = sum((found for found, _ in scored), ZERO)
    return sum((found * profit for found, profit in scored), ZERO) / total if total else None


def best(days: Sequence[Judged], names: Sequence[str]) -> tuple[dict[str, Decimal], Decimal] | None:
    """The weighting that is worth most, with what it is worth; among equals the most even one. None where no day says
    anything."""
    middle = Decimal(1) / len(names)

    def rank(found: tuple[dict[str, Decimal], Decimal]) -> tuple[Decimal, Decimal]:
        weights, value = found
        return value, -sum(((weight - middle) ** 2 for weight in weights.values()), ZERO)

    tried = ((weights, worth(days, weights)) for weights in combinations(names))
    return max(((weights, value) for weights, value in tried if value is not None), key=rank, default=None)
