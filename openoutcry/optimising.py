"""Workers at one search: each asks the database for a point, plays it, and asks again."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable

from core.clock import SystemClock
from core.ports import Clock
from core.values.errors import Broken, Transient
from kit.workers import WorkerGone, Workers
from openoutcry.optimise_bench import Assignment, OnFile
from openoutcry.pasts import MadeUpPast
from openoutcry.simulate_cli import BAR
from simulator.script import Plan
from simulator.search import Point, Quest, Tried
from simulator.search_study import Study, Turn
from strategies.kinds import Figures

WAIT_S = 0.5
"""For the last points of others: they may die over them."""
AWAY_S, AWAY_S_MAX = 2.0, 600.0
"""Between two questions to a database that does not answer, and how long it is waited for."""
DEATHS_MAX = 5
"""Of one worker in a row, with nothing tried between them."""


def searched(
    url: str,
    quest: Quest,
    strategy: str,
    base: Figures,
    plan: Plan,
    past: MadeUpPast | OnFile,
    engine: str,
    workers: int,
) -> tuple[list[Tried], dict[Point, str]]:
    """What was tried, and the points that were given up with why. Raises Transient, Broken."""
    assignment = Assignment(url, quest, strategy, base, past, plan.days, plan.cash, plan.conditions, engine)
    study = Study(url, quest, SystemClock())
    try:
        show(study.finished(), study.size())
        if not study.done():
            asyncio.run(search(assignment.line(), workers, SystemClock(), lambda done: show(done, study.size())))
        print(file=sys.stderr)
        return study.tried(), study.failed()
    finally:
        study.close()


async def search(line: str, workers: int, clock: Clock, progress: Callable[[int], None]) -> None:
    """Until nothing is left to be tried, by anybody. A worker that dies is replaced, a database that goes away is
    waited for. Raises Transient where that does not help, Broken for what a worker cannot be asked."""
    pool = Workers("openoutcry.optimise_worker", (), workers)
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(_work(pool, line, clock, progress))
    except* (Transient, Broken) as errors:
        raise errors.exceptions[0] from None
    finally:
        await pool.rest()


async def _work(pool: Workers, line: str, clock: Clock, progress: Callable[[int], None]) -> None:
    deaths, away_s = 0, 0.0
    while True:
        try:
            answer = json.loads(await pool.ask(line))
        except WorkerGone as error:
            deaths += 1
            if deaths > DEATHS_MAX:
                raise Transient(f"workers die, the last one with {error}") from None
            continue
        if "broken" in answer:
            raise Broken(answer["broken"])
        if "away" in answer:
            away_s += AWAY_S
            if away_s > AWAY_S_MAX:
                raise Transient(answer["away"])
            await clock.sleep(AWAY_S)
            continue
        deaths, away_s = 0, 0.0
        progress(answer["finished"])
        match Turn(answer["turn"]):
            case Turn.DONE:
                return
            case Turn.WAIT:
                await clock.sleep(WAIT_S)


def show(done: int, of: int) -> None:
    """On standard error, over the last one."""
    filled = BAR * min(done, of) // max(1, of)
    print(f"\r[{'#' * filled}{'.' * (BAR - filled)}] {done}/{of} points", end="", file=sys.stderr, flush=True)
