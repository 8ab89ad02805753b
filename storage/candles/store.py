"""A directory a symbol, a file a month: `DIR/60s/SBER/2026-01.parquet`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path
from urllib.parse import quote, unquote

from core.values.candles import Columns, DayOnFile, SymbolDay
from core.values.errors import Broken, Transient
from kit.files import sync
from storage.candles.months import Month, changed, days_in, joined, read, write


class ParquetCandles:
    """Implements `core.ports.candles.CandleStore`."""

    def __init__(self, directory: Path, interval_s: int) -> None:
        self.interval_s = interval_s
        self._directory = directory / f"{interval_s}s"

    def symbols(self) -> Sequence[str]:
        if not self._directory.is_dir():
            return []
        homes = [home for home in self._directory.iterdir() if any(home.glob("*.parquet"))]
        return sorted(unquote(home.name) for home in homes)

    def days(self, symbol: str, first: date = date.min, last: date = date.max) -> Sequence[DayOnFile]:
        found = [day for path in self._months(symbol, first, last) for day in days_in(path)]
        return [day for day in found if first <= day.date <= last]

    def load(self, symbol: str, first: date = date.min, last: date = date.max) -> Columns:
        return joined([read(path).of(first, last) for path in self._months(symbol, first, last)])

    def day(self, symbol: str, day: date) -> SymbolDay | None:
        month = read(self._path(symbol, day))
        told = next((found for found in month.days if found.date == day), None)
        if told is None:
            return None
        return SymbolDay(symbol, day, month.of(day, day).candles(), told.source, told.faults)

    def save(self, *days: SymbolDay) -> None:
        for (symbol, _, _), some in groupby(sorted(days, key=_file), key=_file):
            new = {day.date: day for day in some}
            path = self._path(symbol, next(iter(new)))
            self._put(path, changed(read(path), new))

    def forget(self, symbol: str, first: date = date.min, last: date = date.max) -> int:
        gone = 0
        for path in list(self._months(symbol, first, last)):
            going = [day.date for day in days_in(path) if first <= day.date <= last]
            gone += len(going)
            self._put(path, changed(read(path), {day: SymbolDay(symbol, day, ()) for day in going}))
        return gone

    def mend(self, symbol: str) -> Sequence[str]:
        aside = []
        for path in list(self._months(symbol, date.min, date.max)):
            try:
                read(path)
            except Broken:
                path.replace(path.with_suffix(".damaged"))
                aside.append(path.name)
        return aside

    def _put(self, path: Path, month: Month) -> None:
        if month.days:
            write(path, month)
        elif path.exists():
            try:
                path.unlink()
                sync(path.parent)
            except OSError as error:
                raise Transient(f"candles were not removed: {error.strerror}") from error

    def _home(self, symbol: str) -> Path:
        return self._directory / quote(symbol, safe="").replace(".", "%2E")

    def _path(self, symbol: str, day: date) -> Path:
        return self._home(symbol) / f"{_name(day)}.parquet"

    def _months(self, symbol: str, first: date, last: date) -> Iterator[Path]:
        """Files that may hold days of first..last, oldest first."""
        for path in sorted(self._home(symbol).glob("*.parquet")):
            if _name(first) <= path.stem <= _name(last):
                yield path


def _name(day: date) -> str:
    """`2026-01`, whose order is that of time."""
    return day.isoformat()[:7]


def _file(day: SymbolDay) -> tuple[str, int, int]:
    return day.symbol, day.date.year, day.date.month
