"""Alerts accepted per second, each on disk before its 200, against a bare aiohttp server that stores nothing.

32 connections, a new one for each alert, as TradingView sends them. Both servers are processes of their own; runs
alternate, and the figure is the median of the ratios of neighbouring runs. Target: at least 0.75.

    python -m benchmarks.alerts_accepted [--pairs 7] [--alerts 4000] [--connections 32]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import count
from pathlib import Path

from aiohttp import web

from benchmarks.load import Run, new_connections, post
from core.clock import SystemClock
from core.services.directory import Directory
from core.services.intake import Intake, IntakeLimits
from core.values.accounts import Account, Mode
from core.values.ids import AccountName
from core.values.instrument import Instrument, InstrumentKind
from core.values.money import Quantity
from kit.http import errors_as_json, listen
from storage.postgres import open_store as open_server
from storage.sqlite import open_store
from webhook_receiver.routes import Receiver, webhook_routes

PATH = "/tradingview-to-webhook-order"
PASSPHRASE = "a passphrase of the usual length"
TARGET = 0.75


async def serve_bare() -> None:
    """The yardstick: reads the body, parses it, answers."""

    async def answer(request: web.Request) -> web.Response:
        json.loads(await request.read())
        return web.Response(body=b'{"success": true}', content_type="application/json")

    app = web.Application()
    app.router.add_post(PATH, answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=512).start()
    await _announce(runner.addresses[0][1])


async def serve_desk(journal: str) -> None:
    """The door as the roof builds it, without anybody draining behind it. journal: a database's address or a file."""
    clock = SystemClock()
    store = await (open_server(journal, clock) if "://" in journal else open_store(Path(journal), clock))
    limits = IntakeLimits(entries_per_minute=0, same_side_entries_per_10_min=0)
    intake = Intake(store=store, clock=clock, wire=clock, desk_id=store.desk_id, limits=limits)
    await intake.start()
    receiver = Receiver(intake=intake, directory=_directory(), passphrase=PASSPHRASE, clock=clock)
    app = web.Application(middlewares=[errors_as_json])
    routes = webhook_routes(receiver)
    app.add_routes(routes)
    listener = await listen(app, "127.0.0.1", 0, first=routes)
    await serve(listener.port)


def _directory() -> Directory:
    one = Quantity(Decimal(1))
    known = Directory()
    instrument = Instrument("BTCPERP", "BYBIT", InstrumentKind.PERPETUAL, "USDT", one, Decimal("0.1"), one)
    known.put(Account(AccountName("Testing"), "paper", Mode.PAPER, "USDT"), [instrument])
    return known


async def serve(port: int) -> None:
    """As the roof has it when the desk is ready."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5000, 10, 10)
    sys.setswitchinterval(0.001)
    await _announce(port)


async def _announce(port: int) -> None:
    print(port, flush=True)
    await asyncio.Event().wait()


@contextmanager
def server(*arguments: str) -> Iterator[int]:
    """A server in a process of its own; its port."""
    command = [sys.executable, "-m", "benchmarks.alerts_accepted", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


_numbers = count()


def entries(how_many: int) -> list[bytes]:
    """Entries as templates send them, no two equal."""
    fields = {
        "ticker": "BTCPERP",
        "exchange": "BYBIT",
        "time": SystemClock().now().isoformat(timespec="seconds"),
        "action": "buy",
        "price": 40000.5,
        "message": "entry",
        "short SL": 40200,
        "short TP": 0,
        "long SL": 39800.5,
        "long TP": 41000,
        "passphrase": PASSPHRASE,
        "subaccount": "Testing",
    }
    return [post(PATH, json.dumps(fields | {"id": next(_numbers)}).encode()) for _ in range(how_many)]


def run(ports: Sequence[int], alerts: int, connections: int) -> Run:
    """That many entries, every one of them accepted."""
    done = new_connections(ports, entries(alerts), connections)
    refused = [answer for answer in done.answers if b" 200 " not in answer[:16] or b"duplicate" in answer]
    if refused:
        raise SystemExit(f"{len(refused)} of {alerts} not accepted, the first: {refused[0]!r}")
    return done


def measure(pairs: int, alerts: int, connections: int) -> float:
    """The median of the paired ratios."""
    ratios: list[float] = []
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd()) as directory,
        server("--serve", "bare") as bare_port,
        server("--serve", "desk", "--journal", f"{directory}/desk.db") as desk_port,
    ):
        for port in (bare_port, desk_port):
            run([port], alerts // 10, connections)
        for _ in range(pairs):
            bare, desk = run([bare_port], alerts, connections), run([desk_port], alerts, connections)
            ratios.append(desk.rate / bare.rate)
            print(
                f"bare {bare.rate:6.0f}/s   desk {desk.rate:6.0f}/s, p50 {desk.percentile(50):5.2f} ms,"
                f" p99 {desk.percentile(99):5.2f} ms   ratio {ratios[-1]:.2f}"
            )
    print(f"alerts accepted, {connections} connections, each new: ratio {statistics.median(ratios):.2f}", end=" ")
    print(f"[{min(ratios):.2f}..{max(ratios):.2f}] of {pairs} pairs (target {TARGET})")
    return statistics.median(ratios)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--alerts", type=int, default=4000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--serve", choices=["bare", "desk"], help=argparse.SUPPRESS)
    parser.add_argument("--journal", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        asyncio.run(serve_desk(asked.journal) if asked.serve == "desk" else serve_bare())
    else:
        measure(asked.pairs, asked.alerts, asked.connections)


if __name__ == "__main__":
    main()
