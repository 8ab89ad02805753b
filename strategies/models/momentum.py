"""Momentum of the last 45 minutes: changes of the lows, each weighed by how unusual the change of volume was, the
newest weighing most (behaviour.md 4.4). On the spot: nothing of it is kept."""

from __future__ import annotations

import math

import numpy as np

from core.values.candles import Columns
from strategies.grades import Grade, rising
from strategies.models.day import array

MINUTES = 45
MINUTES_MIN = 40
"""In so many of them there must be a bar."""
BIAS = 1.8
REACH = 3.0
"""How far the exponent of a weight grows towards the oldest change, and the sum beyond which it is damped."""

_EDGES = (-0.5, -0.2, -0.09, 0.09, 0.15, 0.5)
_GRADES = (
    Grade.FAIL,
    Grade.RISKY,
    Grade.UNPROMISING,
    Grade.SATISFACTORY,
    Grade.GOOD,
    Grade.GREAT,
    Grade.UNPROMISING,  # it rises too steeply to dip
)


def momentum(bars: Columns) -> float | None:
    """Of the 45 minutes up to the last of these bars; None where too few of them have one."""
    at = array(bars.at)
    recent = at > at[-1] - 60 * MINUTES if len(at) else at.astype(bool)
    if len(np.unique(at[recent] // 60)) < MINUTES_MIN:
        return None
    low = array(bars.low)[recent].astype(float)
    volume_change = np.diff(array(bars.volume)[recent].astype(float))
    spread = float(np.std(volume_change, ddof=1))
    unusual = (volume_change - np.median(volume_change)) / spread if spread else np.zeros_like(volume_change)
    change = 100 * (np.diff(low) / low[:-1]) * 100 * np.maximum(0.0, unusual + BIAS)
    newest_first = change[::-1] * np.exp(-REACH * np.arange(1, len(change) + 1) / len(change))
    return _damped_sum([float(each) for each in newest_first]) / 2


def _damped_sum(changes: list[float]) -> float:
    """What moved far one way is expected to turn: beyond REACH, 2 is taken off on the way up, 0.2 added down."""
    total = 0.0
    for change in changes:
        total += change
        if abs(total) > REACH:
            total += -2.0 if total > 0 else 0.2
    return total


def grade(output: float | None) -> Grade:
    return Grade.FAIL if output is None or math.isnan(output) else rising(output, _EDGES, _GRADES)
