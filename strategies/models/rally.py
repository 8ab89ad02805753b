"""Rally: how strongly the price will rise again and again today, guessed from its first 45 minutes.

A small network for each symbol, trained weekly with scikit-learn on the days on file. What comes out is one of four
classes, cut so that each held a quarter of the days it was trained on. Only its numbers are kept: guessing needs no
scikit-learn, and nothing is unpickled.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from strategies.grades import Grade
from strategies.models.day import Day, array

MINUTES = 45
PRESENT_MIN = 40
PAIRS = MINUTES - 2
"""Changes from minute to minute, without the first one: the opening auction is still in it."""
PERCENTILE = 80
DAYS_MIN = 60
HIDDEN = 12
HELD_BACK = 5
"""One day in so many, the newest ones, judges the network and does not train it."""
WEEK = timedelta(days=7)
STALE = timedelta(days=14)
"""What is older has missed its turn."""

Floats = NDArray[np.float64]


class Strength(StrEnum):
    WEAKEST = "weakest"
    WEAK = "weak"
    STRONG = "strong"
    STRONGEST = "strongest"


CLASSES = tuple(Strength)
_GRADES = dict(zip(CLASSES, (Grade.RISKY, Grade.SATISFACTORY, Grade.GREAT, Grade.EXCELLENT), strict=True))


@dataclass(frozen=True, slots=True)
class Network:
    """trained: the last day it knows. right, naive: shares of the days held back that it got right, and that one gets
    right who always says what was most frequent."""

    trained: date
    numbers: Mapping[str, Any]
    right: float
    naive: float
    days: int


def features(day: Day) -> Floats | None:
    """Price changes in percent, then changes of volume as logarithms; None where minutes are missing."""
    _, _, closes, volumes = _minutes(day)
    first = slice(0, MINUTES)
    if len(closes) < MINUTES or np.count_nonzero(volumes[first]) < PRESENT_MIN:
        return None
    prices = 100 * np.diff(closes[first]) / closes[first][:-1]
    traded = np.diff(np.log1p(volumes[first]))
    return np.concatenate([prices[-PAIRS:], traded[-PAIRS:]])


def strength(day: Day) -> float | None:
    """Percent by which the price rises from a minute's low to the best of the next 45 minutes, where four in five
    minutes of the day (after its first 45) promise less. None where the day is too short."""
    lows, highs, _, _ = _minutes(day)
    lows, highs = lows[MINUTES:], highs[MINUTES:]
    if len(highs) <= MINUTES:
        return None
    best = sliding_window_view(highs, MINUTES).max(axis=1)[1:]
    return float(np.percentile(100 * (best / lows[: len(best)] - 1), PERCENTILE))


def train(days: Sequence[Day]) -> Network | None:
    """None where there are not enough days, or too few kinds of them."""
    known = [(day.date, features(day), strength(day)) for day in days]
    rows = [(when, given, came) for when, given, came in known if given is not None and came is not None]
    if len(rows) < DAYS_MIN:
        return None
    given, came = np.array([row[1] for row in rows]), np.array([row[2] for row in rows])
    held_back = len(rows) // HELD_BACK
    judged = _fitted(given[:-held_back], came[:-held_back])
    numbers = _fitted(given, came)
    if judged is None or numbers is None:
        return None
    answers = _classes(came[-held_back:], judged["edges"])
    guesses = np.array([_guess(judged, row) for row in given[-held_back:]])
    usual = np.bincount(_classes(came[:-held_back], judged["edges"])).argmax()
    return Network(
        rows[-1][0], numbers, float(np.mean(guesses == answers)), float(np.mean(answers == usual)), len(rows)
    )


def guess(network: Network | None, today: Day) -> Strength | None:
    """None without a network, with one that is stale, and before 45 minutes of the day are over."""
    if network is None or today.date - network.trained > STALE:
        return None
    given = features(today)
    return None if given is None else CLASSES[_guess(network.numbers, given)]


def grade(output: Strength | None) -> Grade:
    return Grade.FAIL if output is None else _GRADES[output]


def to_row(network: Network) -> Mapping[str, Any]:
    """As JSON."""
    return {
        "trained": network.trained.isoformat(),
        "numbers": network.numbers,
        "right": network.right,
        "naive": network.naive,
        "days": network.days,
    }


def from_row(row: Mapping[str, Any]) -> Network:
    """Raises LookupError, ValueError or TypeError for a row that is none."""
    return Network(date.fromisoformat(row["trained"]), row["numbers"], row["right"], row["naive"], row["days"])


def _minutes(day: Day) -> tuple[Floats, Floats, Floats, Floats]:
    """Low, high, close and volume of each minute from the opening to the last bar. A minute without bars repeats the
    close before it, at no volume."""
    at = (array(day.bars.at) - day.opens_s) // 60
    keep = at >= 0
    at, count = at[keep], int(at[-1]) + 1 if keep.any() else 0
    closes, volumes = np.full(count, np.nan), np.zeros(count)
    lows, highs = np.full(count, np.inf), np.full(count, -np.inf)
    closes[at] = array(day.bars.close)[keep]  # of several bars in a minute the last one stays
    np.add.at(volumes, at, array(day.bars.volume)[keep])
    np.minimum.at(lows, at, array(day.bars.low)[keep])
    np.maximum.at(highs, at, array(day.bars.high)[keep])
    known = np.maximum.accumulate(np.where(np.isnan(closes), 0, np.arange(count)))
    closes = closes[known]
    closes[np.isnan(closes)] = closes[at[0]] if count else np.nan
    empty = np.isinf(lows)
    lows[empty], highs[empty] = closes[empty], closes[empty]
    return lows, highs, closes, volumes


def _classes(came: Floats, edges: Sequence[float]) -> NDArray[np.intp]:
    return np.searchsorted(np.array(edges), came, side="right")


def _fitted(given: Floats, came: Floats) -> Mapping[str, Any] | None:
    """The network's numbers; None where the days do not fall into four kinds."""
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415 - a second and 100 MB: where it is trained
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415 - as above

    edges = [float(edge) for edge in np.percentile(came, (25, 50, 75))]
    classes = _classes(came, edges)
    if len(set(classes.tolist())) < len(CLASSES):
        return None
    middle, spread = given.mean(axis=0), given.std(axis=0)
    spread[spread == 0] = 1.0
    network = MLPClassifier((HIDDEN,), alpha=1.0, max_iter=300, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it ends after max_iter, as it is meant to
        network.fit((given - middle) / spread, classes)
    return {
        "edges": edges,
        "middle": middle.tolist(),
        "spread": spread.tolist(),
        "weights": [layer.tolist() for layer in network.coefs_],
        "biases": [layer.tolist() for layer in network.intercepts_],
    }


def _guess(numbers: Mapping[str, Any], given: Floats) -> int:
    """One pass through the network: a hidden layer with rectifiers, then the largest of four."""
    first, second = (np.array(layer) for layer in numbers["weights"])
    hidden_bias, bias = (np.array(layer) for layer in numbers["biases"])
    scaled = (given - np.array(numbers["middle"])) / np.array(numbers["spread"])
    return int(np.argmax(np.maximum(0.0, scaled @ first + hidden_bias) @ second + bias))
