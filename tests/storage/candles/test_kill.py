"""A writer that is killed at any moment leaves whole files."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

from storage.candles import open_candles
from tests.process import HOUSE, environment

WRITER = """
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from core.values.candles import SymbolDay
from core.values.market import Candle
from storage.candles import open_candles
store, day = open_candles(Path(sys.argv[1]), 60), date(2026, 1, 5)
for number in range(1, 10_000):
    at, price = datetime(2026, 1, 5, 14, 30, tzinfo=UTC), Decimal(number)
    bars = [Candle(at + timedelta(minutes=n), price, price, price, price, price) for n in range(390)]
    store.save(SymbolDay("X", day, bars), SymbolDay("X", day + timedelta(days=1 + number % 20), bars))
    print(number, flush=True)
"""


def test_a_killed_writer_leaves_a_day_as_it_was_or_as_it_was_to_be(tmp_path: Path, rounds: int) -> None:
    """What it said was saved is there, whole, or the next one in its place."""
    for round_number in range(rounds):
        home, said = tmp_path / str(round_number), 0
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(home)], cwd=HOUSE, env=environment(), stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            for line in writer.stdout:
                said = int(line)
                if said >= 5 + 7 * round_number:
                    break
            writer.kill()
        store = open_candles(home, 60)
        assert store.mend("X") == []
        kept = store.day("X", date(2026, 1, 5))
        assert kept is not None
        assert len(kept.bars) == 390
        assert {int(bar.close) for bar in kept.bars} <= {int(kept.bars[0].close)}
        assert kept.bars[0].close >= said
