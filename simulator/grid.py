"""Many rules over the same bars at once: what an optimiser asks for.

Compiled loops run in threads, as they let go of the interpreter and share the columns. The others run in processes of
their own (simulator/grid_worker.py), which map one file of columns.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from core.values.errors import Broken
from core.values.rule import Rule
from kit.workers import WorkerGone, Workers
from simulator.brackets import Score, scored
from simulator.columns import Columns, columns_of
from simulator.compiling import COMPILED
from simulator.grid_file import line_of_rule, score_of_line, write
from simulator.script import Plan

WORKER = "simulator.grid_worker"


def run(plan: Plan, rules: Sequence[Rule], workers: int = 1) -> tuple[Score, ...]:
    """One score a rule, in their order. The plan says which bars, window, money and conditions; its strategy is not
    asked. workers: how many cores to use. Raises ValueError for a rule that cannot be reckoned with, and Broken where a
    worker dies. Not for use inside of an event loop."""
    return run_columns(columns_of(plan), rules, workers)


def run_columns(columns: Columns, rules: Sequence[Rule], workers: int = 1) -> tuple[Score, ...]:
    """As `run`, with bars that are columns already."""
    if workers <= 1 or len(rules) <= 1:
        return tuple(scored(columns, rule) for rule in rules)
    if COMPILED:
        with ThreadPoolExecutor(workers) as threads:
            return tuple(threads.map(lambda rule: scored(columns, rule), rules))
    return asyncio.run(_spread(columns, rules, workers))


async def _spread(columns: Columns, rules: Sequence[Rule], workers: int) -> tuple[Score, ...]:
    with tempfile.TemporaryDirectory(prefix="openoutcry-") as name:
        pool = Workers(WORKER, write(columns, Path(name)), workers)
        try:
            lines = await asyncio.gather(*(pool.ask(line_of_rule(rule)) for rule in rules))
        except WorkerGone as error:
            raise Broken(f"a process of the grid died: {error}") from None
        finally:
            await pool.rest()
    return tuple(score_of_line(line) for line in lines)
