"""T-Invest's lists of a full market: how long a start takes over them, and what they cost.

Targets: 3,000 instruments within 2 s and 15 MB.

    python -m benchmarks.tinvest
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import tempfile
import time
import uuid
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.idle import rss_mb
from brokers.tinvest.client import Access, Client
from brokers.tinvest.limits import Limits
from brokers.tinvest.reference import Reference
from core.clock import SystemClock
from core.values.instrument import Instrument, InstrumentKind
from core.values.money import Quantity
from tests.servers import tinvest_json as say
from tests.servers.broker import hosting
from tests.servers.tinvest import TOKEN, TInvestServer

INSTRUMENTS = 3000
_TEN = Quantity(Decimal(10))
_SHARE = Instrument("", "MOEX", InstrumentKind.SHARE, "RUB", _TEN, Decimal("0.01"), _TEN, name="Обыкновенные акции ")


def rows() -> list[dict[str, Any]]:
    """As long as the venue's own: every field of a share."""
    more = {name: {"units": "0", "nano": 500000000} for name in ("klong", "kshort", "dlong", "dshort", "dlongMin")}
    more |= {f"flag{n}": {"currency": "rub", "units": "0", "nano": 0} for n in range(8)}
    words = {name: str(uuid.uuid5(uuid.NAMESPACE_DNS, name)) for name in ("isin", "assetUid", "brand", "sector")}
    made = []
    for number in range(INSTRUMENTS):
        ticker = f"T{number:05}"
        row = say.instrument(replace(_SHARE, ticker=ticker, name=f"{_SHARE.name}{ticker}"))
        made.append({**row, **more, **words, "requiredTests": []})
    return made


async def _load(url: str) -> tuple[float, float, int]:
    clock = SystemClock()
    client = Client(Access(f"{url}/rest", f"{url}/ws", TOKEN), Limits(clock))
    await client.open()
    reference = Reference(client, clock)
    gc.collect()
    before, began = rss_mb(os.getpid()), time.monotonic()
    catalogue = await reference.lists()
    seconds = time.monotonic() - began
    gc.collect()
    cost = rss_mb(os.getpid()) - before
    await client.close()
    return seconds, cost, len(catalogue.by_ticker)


async def _serve_and_load() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as directory:
        server = TInvestServer(Path(directory) / "ledger")
        server.listed = rows()
        async with hosting(server):
            program = (sys.executable, "-m", "benchmarks.tinvest", server.url)
            process = await asyncio.create_subprocess_exec(*program, stdout=asyncio.subprocess.PIPE)
            out, _ = await process.communicate()
    seconds, cost, count = out.decode().split()
    print(f"T-Invest: {count} instruments in {float(seconds):.2f} s (target 2), {float(cost):.1f} MB (target 15)")
    return {"seconds": float(seconds), "mb": float(cost)}


def measure() -> dict[str, float]:
    """The server in this process, the adapter in one of its own."""
    return asyncio.run(_serve_and_load())


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(*asyncio.run(_load(sys.argv[1])))
    else:
        measure()
