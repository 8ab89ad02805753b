"""A day's alerts on a clock of its own, and the kill switch in the middle of a storm. Everything is accounted for, and
nothing grows."""

from __future__ import annotations

import asyncio
import os
import random
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.values.alerts import AlertKind
from core.values.orders import Side
from tests.desk import TestDesk, an_alert, levels, opened, price
from tests.process import OPEN_DOORS, Desk, demo

A_DAY = 240_000
A_ROUND = A_DAY // 100
EVERY_S = 86_400 / A_DAY
GROWN_MIB_MAX = 20


def resident_mib() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - its length alone


# a day on a clock of its own


def drawn(desk: TestDesk, rng: random.Random, bodies: list[str]) -> Any:
    """An entry, an exit, one that is too old, or one that was sent before."""
    fields: dict[str, Any] = {"price": price("40000"), "sent_at": desk.now}
    kind = rng.random()
    if kind < 0.1 and bodies:
        fields["body"] = rng.choice(bodies)
    if 0.1 <= kind < 0.2:
        fields["sent_at"] = datetime(2020, 1, 1, tzinfo=UTC)
    if kind < 0.6:
        alert = an_alert(AlertKind.ENTRY, desk.now, side=Side.BUY, long=levels("39800", "41000"), **fields)
    else:
        alert = an_alert(AlertKind.EXIT, desk.now, **fields)
    bodies[:] = [*bodies[-20:], alert.body]
    return alert


async def a_days(path: Path, alerts: int, seed: int = 1) -> tuple[Counter[str], float, int]:
    """Receipts by status, MiB that the process grew after a fifth of them, and rows in the journal."""
    rng, told, bodies = random.Random(seed), Counter[str](), list[str]()
    async with opened(path) as desk:
        before, files, tasks = 0.0, 0, 0
        for number in range(alerts):
            receipt = await desk.engine.intake.accept(drawn(desk, rng, bodies))
            told[receipt.status.value] += 1
            if number % 10 == 9:
                await desk.settle()
            await desk.clock.advance(EVERY_S)
            if number == alerts // 5:
                before, files, tasks = resident_mib(), open_files(), len(asyncio.all_tasks())
        await desk.settle()
        assert open_files() <= files + 2
        assert len(asyncio.all_tasks()) <= tasks + 2
        grown = resident_mib() - before
        rows = await rows_of(desk)
        assert told["accepted"] > 0
    return told, grown, rows


async def rows_of(desk: TestDesk) -> int:
    """How many alerts are in the journal, handled to their end."""
    found, after = 0, None
    while True:
        page = await desk.engine.store.alerts(1000, after)
        found += sum(row.done for row in page.items)
        if page.next is None:
            return found
        after = page.next


async def test_alerts_are_accounted_for(tmp_path: Path) -> None:
    """Each is a row that is done, or told to be one that was."""
    told, _, rows = await a_days(tmp_path, 400)
    assert rows == told.total() - told["duplicate"]


@pytest.mark.proof
async def test_proof_of_a_day(tmp_path: Path, rounds: int) -> None:
    """A hundredth of a day's 240,000 a round."""
    alerts = min(A_DAY, A_ROUND * rounds)
    began = time.monotonic()
    told, grown, rows = await a_days(tmp_path, alerts)
    assert rows == told.total() - told["duplicate"]
    assert grown < GROWN_MIB_MAX * max(1, rounds / 100)
    took = time.monotonic() - began
    print(f"\n{alerts} alerts of a day in {took:.0f} s: {dict(told)}, {rows} rows done, 0 lost; {grown:+.1f} MiB")


# the kill switch


def killed_at(desk: Desk, moment: float, first: int) -> float:
    """Alerts from another thread, and /kill after so many seconds; how long it took to be in force. Nothing that adds
    risk leaves after it."""
    stop = threading.Event()

    def alerts() -> None:
        for number in range(10_000):
            if stop.is_set():
                return
            desk.alert(id=f"k{first}-{number}")

    storm = threading.Thread(target=alerts)
    storm.start()
    time.sleep(moment)
    asked = time.monotonic()
    desk.say("/kill")
    took = time.monotonic() - asked
    known = {row["id"] for row in desk.items("orders") if row["role"] == "entry"}
    stop.set()
    storm.join()
    after = [row for row in desk.items("orders") if row["role"] == "entry" and row["id"] not in known]
    assert [row["risk_state"] for row in desk.items("accounts")] == ["HALTED"]
    assert [row for row in after if row["state"] not in {"REJECTED", "CANCELLED"}] == []
    return took


def ready_again(desk: Desk) -> None:
    desk.say("/cancel")
    for notice in [*desk.say("/dump BTCPERP"), *desk.say("/arm")]:
        for action in notice["actions"][:1]:
            desk.say(action["command"])
    assert [row["risk_state"] for row in desk.items("accounts")] == ["ACTIVE"]


def kills(path: Path, count: int, seed: int) -> list[float]:
    rng, took = random.Random(seed), []
    with demo(path, env=OPEN_DOORS) as desk:
        for number in range(count):
            took.append(killed_at(desk, rng.uniform(0, 0.3), number))
            ready_again(desk)
    return sorted(took)


def test_the_kill_switch_holds_in_a_storm(tmp_path: Path) -> None:
    """Within a second, at three moments."""
    assert kills(tmp_path / "d", 3, 1)[-1] < 1


@pytest.mark.proof
def test_proof_of_the_kill_switch(tmp_path: Path, rounds: int) -> None:
    """Ten random moments a round, each on a desk that trades."""
    took = kills(tmp_path / "d", count := min(10 * rounds, 3000), 2)
    assert took[-1] < 1
    print(f"\n{count} kills: worst {took[-1] * 1000:.0f} ms; 0 later than 1 s: below {3 / count:.2%} at 95 %")
