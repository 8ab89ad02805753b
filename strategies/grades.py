"""Grades of symbols by models, and the score that they come to (behaviour.md 4.4)."""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum

log = logging.getLogger(__name__)

WEIGHTS_OFF_MAX = Decimal("0.01")


class Grade(StrEnum):
    FAIL = "fail"
    """Disqualifies; also where there is no output."""
    PASS = "pass"  # noqa: S105 - no password
    """Says nothing either way."""
    RISKY = "risky"
    UNPROMISING = "unpromising"
    SATISFACTORY = "satisfactory"
    GOOD = "good"
    GREAT = "great"
    EXCELLENT = "excellent"


POINTS: Mapping[Grade, Decimal] = {
    Grade.RISKY: Decimal(1),
    Grade.UNPROMISING: Decimal(3),
    Grade.SATISFACTORY: Decimal(5),
    Grade.GOOD: Decimal("6.5"),
    Grade.GREAT: Decimal(8),
    Grade.EXCELLENT: Decimal(10),
}


def score(grades: Mapping[str, Grade], weights: Mapping[str, Decimal]) -> Decimal | None:
    """Mean of points times weight over the models that have both; None where a model failed or nothing is left."""
    if Grade.FAIL in grades.values():
        return None
    weighted = [POINTS[grade] * weights[name] for name, grade in grades.items() if grade in POINTS and name in weights]
    return sum(weighted, Decimal(0)) / len(weighted) if weighted else None


def weights_fit(weights: Mapping[str, Decimal]) -> bool:
    """Whether they come to 1, nearly; a warning where they do not."""
    total = sum(weights.values(), Decimal(0))
    if fits := abs(total - 1) <= WEIGHTS_OFF_MAX or not weights:
        return fits
    log.warning("the weights of models do not come to 1", extra={"sum": str(total)})
    return False


def rising(value: float | Decimal, edges: Sequence[float | Decimal], grades: Sequence[Grade]) -> Grade:
    """grades[0] below the first edge, and so on; an edge belongs to what is above it."""
    return grades[bisect_right(edges, value)]


def nested(value: Decimal, bands: Sequence[tuple[Decimal, Decimal, Grade]]) -> Grade:
    """The grade of the first band (low, high) that `value` is outside of; inside all of them: EXCELLENT."""
    return next((grade for low, high, grade in bands if value < low or value > high), Grade.EXCELLENT)
