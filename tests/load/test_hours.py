"""Hours at 10,000 alerts an hour beside sockets that never finish: a demo that trades on a market that moves."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.process import OPEN_DOORS, Desk, start

SLOW = 500
UNFINISHED = b"POST /tradingview-to-webhook-order HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n"
RATE_PER_S = 10_000 / 3600
A_ROUND_S = 2.4
WARM_S = 8.0
LOOK_S = 60.0
ACK_S_MAX = 2.0
GROWN_MIB_MAX = 20
GROWN_FILES_MAX, GROWN_TASKS_MAX = 4, 8
"""What a moment's work takes: a look falls into the middle of it."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a desk says of itself."""

    process_resident_memory_bytes: float
    process_open_fds: float
    openoutcry_asyncio_tasks: float
    openoutcry_live_orders: float
    openoutcry_fills_total: float

    @property
    def mib(self) -> float:
        return self.process_resident_memory_bytes / 2**20

    def __str__(self) -> str:
        return (
            f"{self.mib:.1f} MiB, {self.process_open_fds:.0f} files, {self.openoutcry_asyncio_tasks:.0f} tasks,"
            f" {self.openoutcry_live_orders:.0f} live orders, {self.openoutcry_fills_total:.0f} fills"
        )


def look(desk: Desk) -> Look:
    status, text = desk.ask("GET", "/metrics")
    assert status == 200
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return Look(*(float(lines[field.name]) for field in fields(Look)))


@contextmanager
def slow_sockets(url: str, count: int) -> Iterator[None]:
    """Connections that begin a request and never end it."""
    where = urlsplit(url)
    held = []
    for number in range(count):
        link = socket.create_connection((where.hostname, where.port), 10)
        link.sendall(UNFINISHED[: 20 + number % 60])
        held.append(link)
    try:
        yield
    finally:
        for link in held:
            link.close()


def body(price: Decimal, number: int) -> dict[str, Any]:
    """In and out of SBER in turn, where the market is."""
    if number % 2:
        return {"action": "sell", "message": "exit", "price": f"{price:.2f}"}
    return {
        "price": f"{price:.2f}",
        "long SL": f"{price * 96 / 100:.2f}",
        "long TP": f"{price * 106 / 100:.2f}",
    }


def paced(desk: Desk, seconds: float, name: str) -> tuple[list[float], list[Look]]:
    """Alerts at the rate of 10,000 an hour: how long each answer took, and a look at the desk each minute."""
    took, looks, began = [], [look(desk)], time.monotonic()
    for number in range(max(20, int(seconds * RATE_PER_S))):
        time.sleep(max(0.0, began + number / RATE_PER_S - time.monotonic()))
        price = Decimal(desk.ask("GET", "/api/v1/prices")[1]["SBER"])
        sent = time.monotonic()
        status, answer = desk.alert(id=f"{name}{number}", **body(price, number))
        took.append(time.monotonic() - sent)
        assert (status, answer["status"]) == (200, "accepted"), answer
        if time.monotonic() - began > LOOK_S * len(looks):
            looks.append(look(desk))
            print(f"{number + 1} alerts: {looks[-1]}", flush=True)
    return took, [*looks, look(desk)]


@pytest.mark.proof
def test_proof_of_hours(tmp_path: Path, rounds: int) -> None:
    """2.4 s a round (two hours in a release): each is answered in time and done; memory, files and tasks are what they
    were."""
    with start("demo", "--port", 0, "--data-dir", tmp_path / "d", env=OPEN_DOORS) as desk:
        desk.ready().demo_lines()
        first, _ = paced(desk, WARM_S, "warm")
        before = look(desk)
        with slow_sockets(desk.url, SLOW):
            took, looks = paced(desk, A_ROUND_S * rounds, "load")
        desk.wait_for("alerts", lambda rows: all(row["done"] for row in rows))
        given_back(desk, before)
        rows = desk.rows("alerts")
    after = looks[-1]  # the lists that are read behind it take some megabytes
    warm = looks[len(looks) // 6]  # caches fill at first, and the first backup is made
    assert len(rows) == len(first) + len(took)
    assert all(row["done"] for row in rows)
    assert after.openoutcry_fills_total > before.openoutcry_fills_total
    assert max(took) < ACK_S_MAX
    assert after.mib - warm.mib < GROWN_MIB_MAX
    took.sort()
    print(
        f"\n{len(took)} alerts in {A_ROUND_S * rounds / 60:.0f} min beside {SLOW} slow sockets, 0 lost: p99"
        f" {took[int(len(took) * 0.99)] * 1000:.0f} ms, worst {took[-1] * 1000:.0f} ms\nbefore: {before}\n"
        f"after a sixth: {warm}\nafter: {after}"
    )


def given_back(desk: Desk, before: Look) -> None:
    """Sockets and tasks of the load are over; the desk hears of sockets that closed when it comes to them."""
    for _ in range(100):
        now = look(desk)
        if (
            now.process_open_fds <= before.process_open_fds + GROWN_FILES_MAX
            and now.openoutcry_asyncio_tasks <= before.openoutcry_asyncio_tasks + GROWN_TASKS_MAX
        ):
            return
        time.sleep(0.1)
    raise AssertionError(f"before: {before}; now: {now}")
