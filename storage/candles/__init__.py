"""Candles in Parquet files. Only `open_candles` is for other rooms; it needs the extra `research`.

store   the port: days, windows, what is put in whose place
months  one file: a symbol's month, written whole or not at all
"""

from __future__ import annotations

from pathlib import Path

from core.ports.candles import CandleStore
from core.values.errors import Broken


def open_candles(directory: Path, interval_s: int) -> CandleStore:
    """Raises Broken where the library is not installed."""
    try:
        from storage.candles.store import ParquetCandles  # noqa: PLC0415 - imported only where candles are kept
    except ImportError as error:
        raise Broken(f"candles need `pip install openoutcry[research]` ({error.name} is missing)") from None
    return ParquetCandles(directory, interval_s)
