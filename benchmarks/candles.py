"""Candles on disk, models on candles, and the desk beside them.

Targets: ten years of one symbol's minutes open in under 0.5 s; memory goes by the window, not by the history; a day of
100 symbols is learned of in under 10 s on one core, and the event loop of whoever asks for it never waits 50 ms.

    python -m benchmarks.candles
"""

from __future__ import annotations

import asyncio
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from array import array
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from brokers.paper.market import BuiltInMarket
from core.clock import SystemClock
from core.ports.candles import Lesson
from core.rules.candles import day_before, hours, last_ended, market_days
from core.services.collecting import Collector, Subject, days_up_to
from core.values.candles import Columns, DayOnFile, Source
from core.values.market import Candle
from core.values.money import Price, Quantity
from openoutcry.collecting import ProcessTrainer, candles_dir
from openoutcry.settings import load_settings
from storage.candles.months import Month, write
from storage.candles.store import ParquetCandles
from tests.process import HOUSE, environment

FIRST, LAST = date(2016, 1, 4), date(2025, 12, 31)
SYMBOLS = 100
LOOK_S = 0.005
_MEMORY = """
import sys
from datetime import date, timedelta
from pathlib import Path
from benchmarks.idle import rss_mb
from storage.candles.store import ParquetCandles
import os
store, last = ParquetCandles(Path(sys.argv[1]), 60), date(2025, 12, 31)
store.load("X", last, last)
before = rss_mb(os.getpid())
bars = store.load("X", last - timedelta(days=int(sys.argv[2])), last)
print(rss_mb(os.getpid()) - before)
"""


def fill(home: Path, first: date, last: date) -> int:
    """Minutes of a seeded walk in New York's hours, a file a month; how many bars."""
    draw, price, count = random.Random(1), 20_000, 0
    months: dict[str, list[date]] = defaultdict(list)
    for day in market_days("NYSE", first, last):
        months[day.isoformat()[:7]].append(day)
    for name, days in months.items():
        rows, told = [array("q") for _ in range(6)], list[DayOnFile]()
        for day in days:
            [window] = hours("NYSE", day)
            opens, minutes = int(window.opens_at.timestamp()), int(window.length.total_seconds() // 60)
            for minute in range(minutes):
                price = max(1000, price + draw.randint(-12, 12))
                bar = (opens + 60 * minute, price, price + 9, price - 9, price + 3, draw.randint(1, 90_000))
                for row, number in zip(rows, bar, strict=True):
                    row.append(number)
            one = Price(Decimal(price).scaleb(-2))
            daily = Candle(window.opens_at, one, one, one, one, Quantity(Decimal(minutes)))
            told.append(DayOnFile(day, minutes, Source.HISTORY, frozenset(), daily))
            count += minutes
        at, opened, high, low, close, volume = (memoryview(row) for row in rows)
        write(home / f"{name}.parquet", Month(tuple(told), Columns(at, opened, high, low, close, volume, 2)))
    return count


def opened_s(directory: Path) -> tuple[float, float]:
    """Median seconds to open ten years, and to tell their days alone."""
    store = ParquetCandles(directory, 60)
    whole, days = [], []
    for _ in range(7):
        began = time.perf_counter()
        assert len(store.load("X")) > 970_000
        whole.append(time.perf_counter() - began)
        began = time.perf_counter()
        assert len(store.days("X")) > 2500
        days.append(time.perf_counter() - began)
    return statistics.median(whole), statistics.median(days)


def held_mb(directory: Path, days: int) -> float:
    """What a process gains by loading a window of the ten years."""
    command = [sys.executable, "-c", _MEMORY, str(directory), str(days)]
    done = subprocess.run(command, cwd=HOUSE, env=environment(), capture_output=True, text=True, check=True)
    return float(done.stdout)


async def _trained(data_dir: Path) -> dict[str, float]:
    """100 symbols that know a year learn of one day more; the longest that the loop had to wait meanwhile."""
    settings = load_settings(None, desk={"data_dir": data_dir})
    home = candles_dir(settings) / "60s"
    fill(home / "S000", date(2025, 1, 2), LAST)
    names = [f"S{number:03}" for number in range(SYMBOLS)]
    for name in names[1:]:
        shutil.copytree(home / "S000", home / name)
    trainer, days = ProcessTrainer(settings), market_days("NYSE", LAST - timedelta(days=60), LAST)
    lessons = [Lesson(day, day_before("NYSE", day)) for day in days]
    try:
        began = time.perf_counter()
        for name in names[:5]:
            await trainer.train(name, "NYSE", lessons[:-1])
        year_s = (time.perf_counter() - began) / 5
        for name in names[5:]:
            await trainer.train(name, "NYSE", lessons[:-1])
        idle_ms, lags = await _idle_ms(), list[float]()
        watching = asyncio.create_task(_watch(lags))
        began = time.perf_counter()
        for name in names:
            await trainer.train(name, "NYSE", lessons[-1:])
        day_s = time.perf_counter() - began
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    finally:
        await trainer.rest()
    return {"day_s": day_s, "year_s": year_s, "idle_ms": idle_ms, "lag_ms": 1000 * max(lags)}


async def _idle_ms() -> float:
    """The longest wait of a loop with nothing to do in three seconds: what the machine itself costs just now."""
    lags: list[float] = []
    watching = asyncio.create_task(_watch(lags))
    await asyncio.sleep(3)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    return 1000 * max(lags)


async def _collected(directory: Path) -> float:
    """The longest wait of a loop that collects ten days of a market that never closes, as the desk sets itself."""
    sys.setswitchinterval(0.001)
    clock = SystemClock()
    market = BuiltInMarket(1, True, clock, clock)
    collector, lags = Collector(ParquetCandles(directory, 60), clock), list[float]()
    days = days_up_to("24/7", last_ended("24/7", clock.now()), 10)
    watching = asyncio.create_task(_watch(lags))
    await collector.catch_up(Subject("SBER", "24/7", market), days)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    return 1000 * max(lags)


async def _watch(lags: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(LOOK_S)
        lags.append(time.perf_counter() - began - LOOK_S)


def measure() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        bars = fill(directory / "60s" / "X", FIRST, LAST)
        size_mb = sum(path.stat().st_size for path in directory.rglob("*.parquet")) / 1e6
        open_s, days_s = opened_s(directory)
        month_mb, whole_mb = held_mb(directory, 30), held_mb(directory, 4000)
        found = {"open_s": open_s, "days_s": days_s, "month_mb": month_mb, "whole_mb": whole_mb}
        found |= asyncio.run(_trained(directory / "desk"))
        found["collecting_ms"] = asyncio.run(_collected(directory / "demo"))
    print(
        f"ten years of minutes ({bars:,} bars, {size_mb:.1f} MB on disk) open in {open_s:.3f} s (target 0.5), their "
        f"days in {days_s:.3f} s; a month holds {month_mb:.1f} MB, all {whole_mb:.0f} MB; a day of {SYMBOLS} symbols "
        f"is learned of in {found['day_s']:.1f} s on one core (target 10), a year and its network in "
        f"{found['year_s']:.2f} s each; the loop waited {found['lag_ms']:.1f} ms at most (target 50), "
        f"{found['collecting_ms']:.1f} ms while collecting, {found['idle_ms']:.1f} ms with nothing to do"
    )
    return found


if __name__ == "__main__":
    measure()
