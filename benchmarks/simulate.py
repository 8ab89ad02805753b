"""How fast the past is played: bars a second of the kernel, orders a second of the whole desk, a cold first answer.

Processor time, not the wall's: the machine may be shared.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from time import perf_counter, process_time

from core.values.instrument import Instrument, InstrumentKind
from core.values.money import Quantity
from openoutcry.simulation import replayed
from simulator.kernel import simulate
from simulator.market import Bar
from simulator.script import Plan, span
from strategies.kinds import recycle

ONE = Quantity(Decimal(1))
SHARE = Instrument("TXN", "DEMO", InstrumentKind.SHARE, "USD", ONE, Decimal("0.01"), ONE)
FIRST = date(2025, 1, 6)
WINDOW = 270
"""Minutes of ReCycleStrategy's window, of which a day is made."""


@dataclass(slots=True)
class Walked:
    """Minutes of a share that moves about 0.06 % in each, by day."""

    days: dict[int, list[Bar]]
    instrument: Instrument = SHARE
    interval_s: int = 60

    def bars(self, start: datetime, end: datetime) -> Iterator[Bar]:  # noqa: ARG002 - a day is kept whole
        return iter(self.days.get(int(start.timestamp()), ()))


def walked(days: int, seed: int = 7, swing: int = 16) -> Plan:
    """swing: ticks between two prices of a bar at most; four times as many give an order in every bar."""
    random, price, kept, kind = Random(seed), 30_000, {}, recycle()
    dates = tuple(FIRST + timedelta(days=number) for number in range(days))
    for day in dates:
        _, opens, *_ = span(kind.window, day)
        first, rows = int(opens.timestamp()), []
        for minute in range(WINDOW + 60):
            path = [price := max(1000, price + random.randint(-swing, swing)) for _ in range(4)]
            rows.append(Bar(first + 60 * minute, path[0], max(path), min(path), path[3], 100_000))
        kept[first] = rows
    return Plan(kind, Walked(kept), dates)


def kernel(days: int = 365) -> dict[str, float]:
    plan = walked(days)
    begun = process_time()
    outcome = simulate(plan)
    took = process_time() - begun
    return {"bars": outcome.bars / took, "runs": len(outcome.runs) / took, "fills": float(len(outcome.executions))}


def desk(days: int = 4) -> dict[str, float]:
    plan = walked(days, swing=64)
    begun = process_time()
    outcome = replayed(plan)
    took = process_time() - begun
    return {"orders": outcome.orders / took, "bars": outcome.bars / took}


def cold() -> dict[str, float]:
    """`openoutcry simulate` over twenty days of the demo, from nothing to its answer."""
    words = ["simulate", "--strategy", "cycle", "--symbol", "SBER", "--days", "20", "--seed", "7", "--json"]
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    done = subprocess.run([sys.executable, "-m", "openoutcry", *words], capture_output=True, check=True, text=True)
    took, after = perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert json.loads(done.stdout)["days"] == 20
    return {"wall_s": took, "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


def measure() -> dict[str, float]:
    alone, whole, first = kernel(), desk(), cold()
    return {
        "kernel_bars": alone["bars"],
        "desk_orders": whole["orders"],
        "desk_bars": whole["bars"],
        "cold_s": first["wall_s"],
        "cold_cpu_s": first["cpu_s"],
    }


if __name__ == "__main__":
    print(f"{datetime.now(UTC):%Y-%m-%d}", json.dumps({k: round(v, 3) for k, v in measure().items()}))
    print(json.dumps(kernel()))
