"""One Parquet file: the bars of one symbol in one month, prices and volumes as whole numbers with their scales.

What is known of each day (rows, source, faults, the day as one bar) stands in the file's own metadata, so that dates
and days are told without reading a bar. A file is never changed: a new one takes its place.
"""

from __future__ import annotations

import json
import os
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.values.candles import Columns, DayOnFile, Fault, Source, SymbolDay, columns, daily, whole
from core.values.errors import Broken, Transient
from core.values.market import Candle
from core.values.money import Price, Quantity
from kit.files import sync

_KEY = b"openoutcry"
_NAMES = ("at", "open", "high", "low", "close", "volume")
_UNREADABLE = (pa.ArrowException, OSError, LookupError, ValueError, TypeError)


@dataclass(frozen=True, slots=True)
class Month:
    """days: oldest first; `bars` holds theirs one after the other."""

    days: tuple[DayOnFile, ...]
    bars: Columns

    def of(self, first: date, last: date) -> Columns:
        """The bars of some of its days."""
        before = sum(day.bars for day in self.days if day.date < first)
        inside = sum(day.bars for day in self.days if first <= day.date <= last)
        return self.bars.part(before, before + inside)


EMPTY = Month((), columns(()))


def days_in(path: Path) -> tuple[DayOnFile, ...]:
    """Without reading a bar. Raises Broken."""
    try:
        with pq.ParquetFile(path) as file:
            return _days(_told(file.schema_arrow.metadata))
    except _UNREADABLE as error:
        raise Broken(f"{path}: unreadable candles ({type(error).__name__})") from error


def read(path: Path) -> Month:
    """Empty where there is none. Raises Broken, also where a page's checksum is wrong."""
    if not path.exists():
        return EMPTY
    try:
        table = pq.ParquetFile(path, memory_map=True, page_checksum_verification=True).read(use_threads=False)
        told = _told(table.schema.metadata)
        days = _days(told)
        bars = _columns({name: _column(table, name) for name in _NAMES}, told["scale"], told["volume_scale"])
        if len(bars) != sum(day.bars for day in days):
            raise ValueError("rows are missing")
    except _UNREADABLE as error:
        raise Broken(f"{path}: unreadable candles ({type(error).__name__})") from error
    return Month(days, bars)


def write(path: Path, month: Month) -> None:
    """Whole or not at all, on disk when it returns. Raises Transient."""
    told = json.dumps(_telling(month), separators=(",", ":")).encode()
    arrays = [pa.array(memoryview(getattr(month.bars, name)), pa.int64()) for name in _NAMES]
    table = pa.Table.from_arrays(arrays, schema=pa.schema([(n, pa.int64()) for n in _NAMES], {_KEY: told}))
    fresh = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as file:
            pq.write_table(
                table,
                file,
                compression="none",
                use_dictionary=False,
                column_encoding=dict.fromkeys(_NAMES, "DELTA_BINARY_PACKED"),
                write_page_checksum=True,
            )
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        sync(path.parent)
    except OSError as error:
        raise Transient(f"candles were not written: {error.strerror}") from error


def changed(month: Month, days: Mapping[date, SymbolDay]) -> Month:
    """With these days in the place of what was there; those without bars are left out. Raises ValueError."""
    kept = {day.date: (day, month.of(day.date, day.date)) for day in month.days}
    for when, new in days.items():
        bars = columns(new.bars)
        if any(later <= earlier for earlier, later in zip(bars.at, bars.at[1:], strict=False)):
            raise ValueError(f"{new.symbol} {when}: bars are not in order")
        kept.pop(when, None)
        if new.bars:
            kept[when] = (DayOnFile(when, len(bars), new.source, new.faults, daily(new.bars)), bars)
    chosen = [kept[when] for when in sorted(kept)]
    return Month(tuple(day for day, _ in chosen), joined([bars for _, bars in chosen]))


def joined(parts: Sequence[Columns]) -> Columns:
    """One after the other, at the finest scale that any of them has. Raises ValueError."""
    if len(parts) == 1:
        return parts[0]
    scale = max((part.scale for part in parts), default=0)
    volume_scale = max((part.volume_scale for part in parts), default=0)
    length = sum(len(part) for part in parts)
    room = {name: memoryview(bytearray(8 * length)).cast("q") if length else EMPTY.bars.at for name in _NAMES}
    end = 0
    for part in parts:
        begin, end = end, end + len(part)
        for name, numbers in room.items():
            finer = 0 if name == "at" else volume_scale - part.volume_scale if name == "volume" else scale - part.scale
            numbers[begin:end] = _times(getattr(part, name), 10**finer)
    return _columns(room, scale, volume_scale)


def _columns(named: Mapping[str, memoryview[int]], scale: int, volume_scale: int) -> Columns:
    at, opened, high, low, close, volume = (named[name].toreadonly() for name in _NAMES)
    return Columns(at, opened, high, low, close, volume, scale, volume_scale)


def _times(column: memoryview[int], factor: int) -> memoryview[int]:
    if factor == 1:
        return column
    try:
        return memoryview(array("q", (number * factor for number in column)))
    except OverflowError as error:
        raise ValueError("a number outgrows its column") from error


def _column(table: Any, name: str) -> memoryview[int]:
    column = table.column(name).combine_chunks()
    if column.null_count or column.type != pa.int64():
        raise ValueError(f"column {name} is not whole")
    return _view(column.chunk(0) if isinstance(column, pa.ChunkedArray) else column)


def _view(numbers: Any) -> memoryview[int]:
    """An array's numbers where they stand."""
    if not len(numbers):
        return EMPTY.bars.at
    return memoryview(numbers.buffers()[1]).cast("B").cast("q")[numbers.offset : numbers.offset + len(numbers)]


def _telling(month: Month) -> Mapping[str, Any]:
    """The daily bar in the numbers of its columns."""
    scale, volume_scale = month.bars.scale, month.bars.volume_scale
    days = []
    for day in month.days:
        one = day.daily
        prices = [whole(price, scale) for price in (one.open, one.high, one.low, one.close)]
        numbers = [int(one.at.timestamp()), *prices, whole(one.volume, volume_scale)]
        days.append([day.date.isoformat(), day.bars, day.source, sorted(day.faults), *numbers])
    return {"version": 1, "scale": scale, "volume_scale": volume_scale, "days": days}


def _told(metadata: Mapping[bytes, bytes] | None) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((metadata or {})[_KEY])
    if told["version"] != 1:
        raise ValueError("made by a newer desk")
    return told


def _days(told: Mapping[str, Any]) -> tuple[DayOnFile, ...]:
    found = []
    for when, bars, source, faults, at, *prices, volume in told["days"]:
        opened, high, low, close = (Price(Decimal(number).scaleb(-told["scale"])) for number in prices)
        traded = Quantity(Decimal(volume).scaleb(-told["volume_scale"]))
        one = Candle(datetime.fromtimestamp(at, UTC), opened, high, low, close, traded)
        found.append(DayOnFile(date.fromisoformat(when), bars, Source(source), frozenset(map(Fault, faults)), one))
    return tuple(found)
