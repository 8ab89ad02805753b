"""Alerts taken in by three processes that stand by, against one: all write into one PostgreSQL, fsync on.

96 connections at any time, a new one for each alert, to each process in turn, as a balancer would. The load generator
and PostgreSQL stand on the same machine: on two cores they, too, are what the rate by the clock shows. So the processor
time of each is counted, and from it the rate that the receivers would reach on cores of their own. Runs of one and of
three alternate; figures are medians. Target: three take in twice as many as one.

    python -m benchmarks.receivers [--pairs 5] [--alerts 6000]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.alerts_accepted import PASSPHRASE, run, serve
from benchmarks.idle import cpu_s
from core.clock import SystemClock
from core.values.changes import FlagSet
from kit.http import listen
from openoutcry.listings import LISTING, MARK
from openoutcry.receiving import Post
from openoutcry.settings import load_settings
from storage.postgres import open_store
from tests.servers.postgres import Postgres, serving

CONNECTIONS, RECEIVERS, TARGET = 96, 3, 2.0
LISTED = [
    {
        "name": "Testing",
        "broker": "paper",
        "mode": "paper",
        "currency": "USDT",
        "owner": "owner",
        "instruments": [["BTCPERP", "BYBIT"]],
    }
]


class Load(NamedTuple):
    """rate: alerts a second by the clock. The others: processor seconds an alert, of all receivers, of all of the
    database's processes, of the sender."""

    rate: float
    receivers: float
    database: float
    sender: float


async def serve_receiver(address: str) -> None:
    """The doors of a process that stands by, as the roof builds them."""
    post = Post(load_settings(None, webhook={"passphrase": PASSPHRASE}), address, SystemClock(), "receiver")
    await post.follow()
    listener = await listen(post.app(), "127.0.0.1", 0)
    await serve(listener.port)


async def make_desk(address: str) -> None:
    """A desk that owns what the receivers take in, and does not run."""
    store = await open_store(address, SystemClock())
    await store.save(FlagSet(LISTING, json.dumps(LISTED)), FlagSet(MARK, "one"))
    await store.close()


@contextmanager
def started(*words: str) -> Iterator[tuple[int, int]]:
    """A server of benchmarks/; its port and its process."""
    with subprocess.Popen([sys.executable, "-m", *words], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline()), process.pid
        finally:
            process.terminate()


def family_s(pid: int) -> float:
    """Processor seconds of a process, its children, and those of them that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    ended = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return cpu_s(pid) + ended + sum(cpu_s(int(child)) for child in children)


def one_run(
    receivers: Sequence[tuple[int, int]], database: Postgres, alerts: int, connections: int = CONNECTIONS
) -> Load:
    """receivers: port and process of each."""

    def used() -> tuple[float, float, float]:
        return sum(cpu_s(pid) for _, pid in receivers), family_s(database.pid), time.process_time()

    before = used()
    rate = run([port for port, _ in receivers], alerts, connections).rate
    took = [(after - earlier) / alerts for after, earlier in zip(used(), before, strict=True)]
    return Load(rate, *took)


def measure(pairs: int = 5, alerts: int = 6000) -> dict[str, float]:
    """Medians: `ratio` by processor time, `wall` by the clock."""
    found: dict[str, list[Load]] = {"one": [], "three": []}
    with ExitStack() as stack:
        database = stack.enter_context(serving(fsync=True))
        address = database.database()
        asyncio.run(make_desk(address))
        all_three = [stack.enter_context(started("benchmarks.receivers", "--serve", address)) for _ in range(RECEIVERS)]
        one_run(all_three, database, alerts // 2)
        for _ in range(pairs):
            found["one"].append(one_run(all_three[:1], database, alerts))
            found["three"].append(one_run(all_three, database, alerts))
    for name, loads in found.items():
        print(told(name, median_of(loads)))
    pairwise = list(zip(found["one"], found["three"], strict=True))
    own = statistics.median(RECEIVERS * one.receivers / three.receivers for one, three in pairwise)
    wall = statistics.median(three.rate / one.rate for one, three in pairwise)
    print(f"receivers: three to one {own:.2f} on cores of their own (target {TARGET}), {wall:.2f} by the clock here")
    return {"ratio": own, "wall": wall, "one_us": median_of(found["one"]).receivers * 1e6}


def median_of(loads: Sequence[Load]) -> Load:
    """Each figure's own."""
    return Load(*(statistics.median(values) for values in zip(*loads, strict=True)))


def told(name: str, load: Load) -> str:
    """In words."""
    return (
        f"{name:10}: {load.rate:5.0f}/s by the clock; an alert takes {load.receivers * 1e6:.0f} us of the receivers, "
        f"{load.database * 1e6:.0f} us of PostgreSQL, {load.sender * 1e6:.0f} us of the sender"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--alerts", type=int, default=6000)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        asyncio.run(serve_receiver(asked.serve))
    else:
        measure(asked.pairs, asked.alerts)


if __name__ == "__main__":
    main()
