"""The one rule that every engine plays, in whole ticks, and how each is measured. Knows numpy and nothing of the desk.

At the close of the second bar, and of each at which a position was closed, a bid is made `dip` below it. It stands for
the next fifteen bars, then another is made at the close of the last. What is bought has a stop and a target. Bars open
where the one before closed and are narrower than stop and target are far, so that no engine has to guess what came
first within one, and none can be luckier than another.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

WAIT = 15
MONEY = 600_000
"""In ticks of one piece; a bid is for as many pieces as it buys."""
WHOLE = 10_000
RUNS, PATIENCE_S, TRIES = 5, 10.0, 2


class Figures(NamedTuple):
    """In hundredths of a percent."""

    dip: int = 20
    stop: int = 50
    target: int = 60


GRID = tuple(Figures(dip, stop) for dip in range(10, 30, 2) for stop in range(40, 60, 2))


def limit_of(close: int, figures: Figures) -> int:
    return close - -(-close * figures.dip // WHOLE)


def stop_of(paid: int, figures: Figures) -> int:
    return -(-paid * (WHOLE - figures.stop) // WHOLE)


def target_of(paid: int, figures: Figures) -> int:
    return -(-paid * (WHOLE + figures.target) // WHOLE)


def pieces_of(limit: int) -> int:
    return MONEY // limit


def made(bars: int = 97_500, seed: int = 7) -> NDArray[np.int64]:
    """A year of minutes (250 days of 390): open, high, low and close in ticks, a row a bar."""
    steps = np.random.default_rng(seed).integers(-9, 10, (bars, 4))
    steps[:, 0] = 0
    path = 30_000 + steps.ravel().cumsum().reshape(bars, 4)
    assert path.min() > 5_000
    return np.column_stack([path[:, 0], path.max(axis=1), path.min(axis=1), path[:, 3]])


Trade = tuple[int, int, int, bool]
"""Bar and price of the entry, bar of the exit, whether it was the target that was reached."""


def measure(
    one: Callable[[Figures], Sequence[Trade]], many: Callable[[Sequence[Figures]], object] | None = None
) -> None:
    """Print what came of it: processor seconds of single runs, wall seconds of a
    grid (the better of two), trades, memory. The first run
    is not among them, as some compile in it."""
    begun = process_time()
    trades = one(Figures())
    said: dict[str, object] = {"first_s": process_time() - begun, "trades": trades, "seconds": [], "grid_s": None}
    if many is None:
        seconds: list[float] = []
        while len(seconds) < RUNS and sum(seconds) < PATIENCE_S:
            seconds.append(timed(process_time, lambda: one(Figures())))
        said["seconds"] = seconds
    else:
        many(GRID[:2])  # compiles what a grid needs
        said["grid_s"] = min(timed(perf_counter, lambda: many(GRID)) for _ in range(TRIES))
    said["mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    said["children_mb"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    json.dump(said, sys.stdout)


def timed(clock: Callable[[], float], work: Callable[[], object]) -> float:
    begun = clock()
    work()
    return clock() - begun


def asked() -> tuple[NDArray[np.int64], bool]:
    """Arguments of every engine: the file of bars, and `one` or `grid`."""
    return np.load(Path(sys.argv[1])), sys.argv[2] == "grid"
