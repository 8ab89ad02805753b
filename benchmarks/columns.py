"""How fast a rule is played on columns, as it is installed: bars a second, and a hundred points on two cores.

Processor time for the first, the wall's for the second. `make bench-peers` holds it against other people's engines.
"""

from __future__ import annotations

import json
from decimal import Decimal
from time import perf_counter, process_time

import numpy as np

from benchmarks.peers.rule import GRID, WAIT, Figures, made
from benchmarks.simulate import SHARE
from core.values.rule import Rule
from simulator.brackets import scored
from simulator.columns import columns_from
from simulator.grid import run_columns
from simulator.market import Conditions

RUNS = 20


def measure() -> dict[str, float]:
    bars = made()
    at = np.arange(len(bars)) * 60
    table = np.column_stack([at, bars, np.full(len(bars), 10**9)])
    columns = columns_from(table, at >= 0, SHARE, 60, Decimal(10**7), Conditions())
    scored(columns, _rule(Figures()))  # compiles
    begun = process_time()
    for _ in range(RUNS):
        scored(columns, _rule(Figures()))
    single = (process_time() - begun) / RUNS
    begun = perf_counter()
    run_columns(columns, [_rule(figures) for figures in GRID], workers=2)
    return {"bars": len(bars) / single, "grid_s": perf_counter() - begun}


def _rule(figures: Figures) -> Rule:
    dip, stop, target = (Decimal(figure) / 100 for figure in figures)
    return Rule(dip, stop, target, wait_s=WAIT * 60 - 1)


if __name__ == "__main__":
    print(json.dumps({name: round(value, 3) for name, value in measure().items()}))
