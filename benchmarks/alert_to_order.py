"""From an alert's first byte to the order's request at a broker on loopback, one at a time, the desk idle between.

The whole desk in one process, a broker that takes orders over HTTP in another, the sender in a third. All three read
the same monotonic clock. Target: p99 under 20 ms.

    python -m benchmarks.alert_to_order [--alerts 300]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import aiohttp
from aiohttp import web

from brokers.paper import open_broker
from brokers.paper.broker import PaperBroker
from core.ports import World
from core.values.accounts import Account
from core.values.errors import OutcomeUnknown
from core.values.orders import ApprovedOrder, OrderTicket
from openoutcry.parts import Mood, open_house
from openoutcry.settings import load_settings

PASSPHRASE = "a passphrase"
TARGET_MS = 20.0


async def serve_broker() -> None:
    """Notes when each order arrives; GET /arrivals tells."""
    arrivals: dict[str, int] = {}

    async def order(request: web.Request) -> web.Response:
        at = time.monotonic_ns()
        body = await request.json()
        arrivals.setdefault(f"{body['intent']}:{body['role']}", at)
        return web.Response(body=b"{}", content_type="application/json")

    async def told(_request: web.Request) -> web.Response:
        return web.json_response(arrivals)

    app = web.Application()
    app.add_routes([web.post("/order", order), web.get("/arrivals", told)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await _announce(runner.addresses[0][1])


class LoopbackBroker(PaperBroker):
    """Paper, with each order's request sent over a real socket first."""

    url = ""

    async def start(self) -> None:
        await super().start()
        self._session = aiohttp.ClientSession()

    async def close(self) -> None:
        await self._session.close()
        await super().close()

    async def place(self, order: ApprovedOrder) -> OrderTicket:
        body = {"intent": order.request.intent, "role": order.request.role.value}
        try:
            async with self._session.post(f"{self.url}/order", json=body) as answer:
                await answer.read()
        except aiohttp.ClientError as error:
            raise OutcomeUnknown(order.request.id, str(error)) from error
        return await super().place(order)


def open_loopback(account: Account, settings: Mapping[str, object], world: World) -> LoopbackBroker:
    broker = open_broker(account, settings, world)
    broker.__class__ = LoopbackBroker
    assert isinstance(broker, LoopbackBroker)
    return broker


async def serve_desk(directory: Path, broker_url: str, database_url: str = "") -> None:
    """The product as the roof builds it. database_url: empty = SQLite."""
    LoopbackBroker.url = broker_url
    settings = load_settings(
        None,
        desk={"data_dir": directory, "database_url": database_url},
        server={"port": 0},
        webhook={"passphrase": PASSPHRASE},
        market={"still": True},
        risk={"entries_per_minute": 0, "same_side_entries_per_10_min": 0},
        accounts=({"name": "Testing", "broker": "paper"},),
    )
    async with open_house(settings, Mood(), factories={"paper": open_loopback}) as house:
        await _announce(int(house.url.rpartition(":")[2]))


async def _announce(port: int) -> None:
    print(port, flush=True)
    await asyncio.Event().wait()


@contextmanager
def _process(*arguments: str) -> Iterator[int]:
    command = [sys.executable, "-m", "benchmarks.alert_to_order", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


def measure(alerts: int, database_url: str = "") -> dict[str, float]:
    """Milliseconds by percentile. database_url: of a PostgreSQL; empty = SQLite."""
    sent: dict[str, int] = {}
    with (
        tempfile.TemporaryDirectory() as directory,
        _process("--serve", "broker") as broker_port,
        _process("--serve", "desk", directory, f"http://127.0.0.1:{broker_port}", database_url) as desk_port,
    ):
        url = f"http://127.0.0.1:{desk_port}/tradingview-to-webhook-order"
        for number in range(alerts):
            side, stop, target = ("buy", "290", "330") if number % 2 == 0 else ("sell", "310", "270")
            long_or_short = "long" if side == "buy" else "short"
            body = {
                "id": str(number),
                "ticker": "SBER",
                "action": side,
                "message": "entry",
                "price": "300",
                f"{long_or_short} SL": stop,
                f"{long_or_short} TP": target,
                "passphrase": PASSPHRASE,
            }
            data = json.dumps(body).encode()
            at = time.monotonic_ns()
            with urlopen(Request(url, data=data, method="POST"), timeout=10) as answer:
                sent[json.load(answer)["alert_id"]] = at
            time.sleep(0.05)
        with urlopen(f"http://127.0.0.1:{broker_port}/arrivals", timeout=10) as answer:
            arrivals: dict[str, int] = json.load(answer)
    first = {
        intent: min(at for key, at in arrivals.items() if key.startswith(intent)) - at0
        for intent, at0 in sent.items()
        if any(key.startswith(intent) for key in arrivals)
    }
    took = sorted(ns / 1e6 for ns in first.values())
    return {"n": len(took), "p50": took[len(took) // 2], "p99": took[int(len(took) * 0.99)], "max": took[-1]}


def main(arguments: list[str]) -> dict[str, float]:
    parser = argparse.ArgumentParser(prog="benchmarks.alert_to_order")
    parser.add_argument("--alerts", type=int, default=300)
    parser.add_argument("--serve", nargs="+")
    options = parser.parse_args(arguments)
    if options.serve:
        kind, *rest = options.serve
        asyncio.run(serve_broker() if kind == "broker" else serve_desk(Path(rest[0]), *rest[1:]))
        return {}
    found = measure(options.alerts)
    print(
        f"alert in to first order request out: p50 {found['p50']:.1f} ms, p99 {found['p99']:.1f} ms, "
        f"max {found['max']:.1f} ms over {found['n']} alerts (target p99 < {TARGET_MS:.0f} ms)"
    )
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
