"""The process that tries points of a search: an assignment in, one point tried, a line of JSON out (kit/workers.py)."""

from __future__ import annotations

import json
from functools import lru_cache

from core.clock import SystemClock
from core.values.errors import POISON, Broken, Transient
from kit.workers import serve
from openoutcry.optimise_bench import Assignment, Bench
from simulator.search_study import Study


@lru_cache(maxsize=1)
def _at_work(line: str) -> tuple[Study, Bench]:
    assignment = Assignment.read(line)
    return Study(assignment.url, assignment.quest, SystemClock()), Bench(assignment)


def answer(line: str) -> str:
    try:
        study, bench = _at_work(line)
        turn = study.work(bench.measure, POISON)
        return json.dumps({"turn": turn, "finished": study.finished()})
    except Transient as error:
        return json.dumps({"away": str(error)})
    except Broken as error:
        return json.dumps({"broken": str(error)})


if __name__ == "__main__":
    serve(answer)
