"""From an alert to its card and to its picture in Telegram, over real sockets; and what the painter's process holds.

Targets: card p95 under 0.5 s; picture under 2 s cold and 0.4 s warm; no process a minute after the last picture.

    python -m benchmarks.pictures
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.idle import rss_mb
from charts.painter import IDLE_S, WorkerPainter
from core.clock import ManualClock
from tests.charts.pictures import a_chart
from tests.chats import Trio, both_chats

WARM = 18
"""The door takes 20 entries of a side in ten minutes."""
PAUSE_S = 2.2
"""A card and its picture are two messages to a chat that takes five in five seconds."""


async def _seen(trio: Trio, sample: dict[str, Any], number: int) -> tuple[float, float]:
    """Seconds from the alert to the card and to its picture; each alert has a price of its own."""
    price = f"{300 + number / 100:.2f}"
    began = time.monotonic()
    await asyncio.to_thread(trio.desk.ask, "POST", "/tradingview-to-discord-study", {**sample, "price": price})
    card = await trio.telegram.shown(price.rstrip("0").rstrip("."))
    carded_s = time.monotonic() - began
    await trio.telegram.until(lambda: bool(card.photo))
    return carded_s, time.monotonic() - began


async def _rounds() -> list[tuple[float, float]]:
    """The first one is cold."""
    with tempfile.TemporaryDirectory() as directory:
        async with both_chats(Path(directory)) as trio:
            _, sample = await asyncio.to_thread(trio.desk.ask, "GET", "/api/v1/demo/sample")
            found = []
            for number in range(1, WARM + 2):
                found.append(await _seen(trio, sample, number))
                await asyncio.sleep(PAUSE_S)
            return found


async def _memory() -> tuple[float, bool]:
    """Megabytes of a painter's process after ten pictures, and whether it is gone when it was idle for long enough."""
    wire = ManualClock(datetime.now(UTC))
    painter = WorkerPainter(wire)
    try:
        for _ in range(10):
            await painter.paint(a_chart())
        pid = painter.pid
        assert pid is not None
        held = rss_mb(pid)
        await asyncio.sleep(0)
        await wire.advance(IDLE_S)
    finally:
        await painter.close()
    return held, not await asyncio.to_thread(Path(f"/proc/{pid}").exists)


def measure() -> dict[str, float]:
    (_, cold_s), *warm = asyncio.run(_rounds())
    cards = sorted(card for card, _ in warm)
    pictures = sorted(picture for _, picture in warm)
    held_mb, gone = asyncio.run(_memory())
    last = int(len(warm) * 0.95) - 1
    print(
        f"alert to card p95 {cards[last]:.3f} s (target 0.5); to picture {cold_s:.2f} s cold (target 2), "
        f"p95 {pictures[last]:.3f} s warm (target 0.4); the painter holds {held_mb:.0f} MB, "
        f"{'all given back' if gone else 'NOT GIVEN BACK'} when idle"
    )
    return {"card_s": cards[last], "cold_s": cold_s, "warm_s": pictures[last], "mb": held_mb}


if __name__ == "__main__":
    measure()
