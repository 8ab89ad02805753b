"""The journal in PostgreSQL, fsync and synchronous_commit on, against the one in SQLite: same disk, in turns.

Alerts a second at the owner's door over 32 connections, a new one for each, and the processor time that an alert takes;
what one commit takes where one alert waits for it, and where 32 do; and the way from an alert to the order's request at
a broker. The load generator and PostgreSQL share the machine with the desk.

    python -m benchmarks.postgres [--pairs 5] [--alerts 4000]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from itertools import count
from pathlib import Path

from benchmarks import alert_to_order
from benchmarks.receivers import Load, median_of, one_run, started, told
from core.clock import SystemClock
from core.values.changes import OrderMade, OrderMoved
from core.values.ids import AlertId
from core.values.orders import OrderState
from storage.postgres import open_store as open_server
from storage.sql.store import SqlStore
from storage.sqlite import open_store as open_file
from tests.contracts.samples import alert, order
from tests.servers.postgres import Postgres, serving

CONNECTIONS = 32
COMMITS, PATHS = 400, 100


def measure(pairs: int = 5, alerts: int = 4000) -> dict[str, float]:
    """Medians; ratios are PostgreSQL to SQLite."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as directory, serving(fsync=True) as database:
        doors = _doors(database, f"{directory}/desk.db", pairs, alerts)
        commits = asyncio.run(_commits(database, Path(directory), pairs))
        paths = _paths(database, pairs)
    for name, took in {**commits, **paths}.items():
        print(f"{name:34} SQLite {took[0]:6.2f} ms, PostgreSQL {took[1]:6.2f} ms: {took[1] / took[0]:.1f} times")
    return {**doors, **{name: took[1] for name, took in {**commits, **paths}.items()}}


def _doors(database: Postgres, file: str, pairs: int, alerts: int) -> dict[str, float]:
    """Alerts a second, and processor microseconds an alert, at the owner's door."""
    journals = {"SQLite": file, "PostgreSQL": database.database()}
    found: dict[str, list[Load]] = {name: [] for name in journals}
    with ExitStack() as stack:
        doors = {name: [stack.enter_context(_door(journal))] for name, journal in journals.items()}
        for door in doors.values():
            one_run(door, database, alerts // 4, CONNECTIONS)
        for _ in range(pairs):
            for name, door in doors.items():
                found[name].append(one_run(door, database, alerts, CONNECTIONS))
    middle = {name: median_of(loads) for name, loads in found.items()}
    for name, load in middle.items():
        print(told(name, load))
    both = zip(found["PostgreSQL"], found["SQLite"], strict=True)
    return {
        "rate_ratio": statistics.median(ours.rate / theirs.rate for ours, theirs in both),
        "rate": middle["PostgreSQL"].rate,
        "desk_us": middle["PostgreSQL"].receivers * 1e6,
        "database_us": middle["PostgreSQL"].database * 1e6,
    }


def _door(journal: str) -> AbstractContextManager[tuple[int, int]]:
    return started("benchmarks.alerts_accepted", "--serve", "desk", "--journal", journal)


async def _commits(database: Postgres, directory: Path, rounds: int) -> dict[str, tuple[float, float]]:
    """Milliseconds, SQLite's and PostgreSQL's."""
    clock, numbers = SystemClock(), count()
    stores = [await open_file(directory / "commits.db", clock), await open_server(database.database(), clock)]
    took: dict[str, list[list[float]]] = {}
    for _ in range(rounds):
        for place, store in enumerate(stores):
            for name, work in _WORKS.items():
                found = took.setdefault(name, [[], []])[place]
                for _ in range(COMMITS // rounds):
                    begun = time.perf_counter()
                    await work(store, next(numbers))
                    found.append((time.perf_counter() - begun) * 1000)
    for store in stores:
        await store.close()
    middles = {f"{name}, median": tuple(map(statistics.median, both)) for name, both in took.items()}
    last = {f"{name}, p99": tuple(sorted(one)[int(len(one) * 0.99)] for one in both) for name, both in took.items()}
    return {**middles, **last}  # type: ignore[dict-item]  # two each


async def _one_alert(store: SqlStore, number: int) -> None:
    await store.accept_alert(alert(), AlertId(f"one-{number}"), f"one-{number}")


async def _many_alerts(store: SqlStore, number: int) -> None:
    names = [AlertId(f"many-{number}-{place}") for place in range(CONNECTIONS)]
    await asyncio.gather(*(store.accept_alert(alert(), name, name) for name in names))


async def _an_order(store: SqlStore, number: int) -> None:
    """As an entry is written down: the order and why, and that it left."""
    made = order(f"order-{number}")
    await store.save(OrderMade(made))
    await store.save(OrderMoved(replace(made, state=OrderState.SENT), made.state))


_WORKS = {"one alert": _one_alert, "32 alerts at once": _many_alerts, "an order made and sent": _an_order}


def _paths(database: Postgres, pairs: int) -> dict[str, tuple[float, float]]:
    """Milliseconds from an alert's first byte to the order's request."""
    found: dict[str, list[list[float]]] = {}
    for _ in range(max(1, pairs // 2)):
        for place, address in enumerate(("", database.database())):
            for name, took in alert_to_order.measure(PATHS, address).items():
                found.setdefault(name, [[], []])[place].append(took)
    told_of = {"p50": "alert to order, median", "p99": "alert to order, p99"}
    return {
        words: (statistics.median(found[name][0]), statistics.median(found[name][1])) for name, words in told_of.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--alerts", type=int, default=4000)
    asked = parser.parse_args()
    measure(asked.pairs, asked.alerts)


if __name__ == "__main__":
    main()
