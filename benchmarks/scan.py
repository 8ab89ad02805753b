"""/scan over a whole market of 300 futures on 200 shares, and fifty spreads at work on a book update a second each.

Targets: a scan takes under 150 ms of our own processor time; fifty spreads under a quarter of a core.

    python -m benchmarks.scan
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from core.commands.scanning import scan_lines
from core.rules.yields import scan
from core.values.instrument import Instrument, InstrumentKind
from core.values.money import Price, Quantity
from tests.desk import OWNER, opened
from tests.futures import FAR
from texts import render

SHARES, FUTURES, ROUNDS = 200, 300, 15
SPREADS, SECONDS = 50, 20
NOW = datetime(2026, 6, 1, tzinfo=UTC)
_LOT, _ONE = Quantity(Decimal(10)), Quantity(Decimal(1))


def market() -> tuple[list[Instrument], dict[str, Price]]:
    """Every share has a future, half of them two: 300 pairs with a share, 100 of two futures."""
    known, prices = [], {}
    for number in range(SHARES):
        ticker = f"S{number:03}"
        known.append(Instrument(ticker, "MOEX", InstrumentKind.SHARE, "RUB", _LOT, Decimal("0.01"), _LOT))
        prices[ticker] = Price(Decimal(150 + number))
        for month in range(2 if number < FUTURES - SHARES else 1):
            future = f"F{number:03}{month}"
            known.append(_future(future, ticker, NOW + timedelta(days=40 + 91 * month)))
            prices[future] = Price(100 * (150 + number) + Decimal(400 + 700 * month + number))
    return known, prices


def _future(ticker: str, asset: str, expires_at: datetime) -> Instrument:
    return Instrument(
        ticker,
        "MOEX",
        InstrumentKind.FUTURE,
        "RUB",
        _ONE,
        Decimal(1),
        _ONE,
        expires_at=expires_at,
        basic_asset=asset,
        basic_asset_size=Quantity(Decimal(100)),
        margin_buy=Decimal(3000),
        margin_sell=Decimal(3000),
    )


def scan_ms() -> float:
    """The median, of processor time, from lists and prices in memory to the words of an answer."""
    known, prices = market()
    took = []
    for _ in range(ROUNDS):
        began = time.process_time()
        lines = scan_lines(scan(known, prices, NOW, Decimal("7.5")))
        text = "\n".join(render(line.key, line.params, "en") for line in lines)
        took.append((time.process_time() - began) * 1000)
        assert text.count("\n") == 69
    return statistics.median(took)


async def _share_of_a_core(directory: Path) -> float:
    rich = {"cash": "100000000000"}
    async with opened(directory, account=rich) as desk:
        await desk.book_of("SBER", "150", "151")
        await desk.book_of(FAR, "15610", "15620")
        for number in range(SPREADS):
            await desk.console.run(f"/spreads add {FAR} SBER sell {600 + number} 10", OWNER, f"add:{number}")
        running = asyncio.create_task(desk.console.run("/spreads", OWNER, "run"))
        await desk.wait(1)
        await running
        began = time.process_time()
        for second in range(SECONDS):
            await desk.book_of(FAR, "15610", str(15620 + second % 2))
            await desk.wait(1)
        return (time.process_time() - began) / SECONDS


def measure() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as directory:
        found = {"scan_ms": scan_ms(), "core": asyncio.run(_share_of_a_core(Path(directory)))}
    print(
        f"scan: {found['scan_ms']:.1f} ms of processor time over {FUTURES} futures and {SHARES} shares (target 150); "
        f"{SPREADS} spreads, a book update a second: {found['core']:.1%} of a core (target 25 %)"
    )
    return found


if __name__ == "__main__":
    measure()
