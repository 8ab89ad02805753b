"""Log feeds: a folder each, of files that people read. `trading/2026-03-02_1` is the second file of that day, UTC.

Every line is written through at once: what was said before a crash is there after it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TextIO

LINES_MAX = 1000
KEPT = timedelta(days=30)
FEED_BYTES_MAX = 32_000_000
"""Of one feed, a file more or less; the oldest files go first. Whoever reaches a door can make lines."""
_NAME = re.compile(r"([a-z]+)/([0-9]{4}-[0-9]{2}-[0-9]{2})_([0-9]{1,9})")
_FILE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})_([0-9]{1,9})\.txt")


class LogFiles:
    """Reads feeds, and creates nothing."""

    def __init__(self, directory: Path, feeds: Collection[str]) -> None:
        self._directory = directory
        self.feeds = feeds

    def names(self, feed: str) -> list[str]:
        """By day and number: `_2` comes before `_15`. Raises LookupError for a feed that there is not."""
        if feed not in self.feeds:
            raise LookupError(feed)
        return [f"{feed}/{day}_{number}" for day, number in numbered(self._directory / feed)]

    def lines(self, name: str) -> list[str]:
        """Raises LookupError for anything but the name of a file that is there."""
        parts = _NAME.fullmatch(name)
        if parts is None or parts[1] not in self.feeds:
            raise LookupError(name)
        path = self._directory / parts[1] / f"{parts[2]}_{parts[3]}.txt"
        try:
            return path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            raise LookupError(name) from None

    def newest(self, feed: str) -> list[str]:
        """Lines of its newest file; none where there is no file yet. Raises LookupError."""
        names = self.names(feed)
        return self.lines(names[-1]) if names else []


class FeedHandler(logging.Handler):
    """Writes each record to its feed. feed_of: by the logger's name."""

    def __init__(self, directory: Path, feed_of: Callable[[str], str]) -> None:
        super().__init__()
        self._directory = directory
        self._feed_of = feed_of
        self._open: dict[str, _Feed] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """A disk that takes nothing is told by logging's own way, and stops nobody."""
        try:
            name = self._feed_of(record.name)
            feed = self._open.get(name)
            if feed is None:
                feed = self._open[name] = _Feed(self._directory / name)
            day = datetime.fromtimestamp(record.created, UTC).date()
            feed.write(day, self.format(record).replace("\n", "\n    "))
        except (OSError, ValueError):
            self.handleError(record)

    def close(self) -> None:
        for feed in self._open.values():
            feed.close()
        super().close()


class _Feed:
    """One feed as it is written: which file, and how many lines it has. After a restart the newest one goes on."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._file: TextIO | None = None
        self._day, self._number, self._lines = date.min, 0, 0

    def write(self, day: date, text: str) -> None:
        if self._file is None or day != self._day:
            self._begin(day)
        elif self._lines >= LINES_MAX:
            self._turn(self._number + 1, 0)
        assert self._file is not None
        self._file.write(f"{text}\n")
        self._lines += text.count("\n") + 1

    def close(self) -> None:
        file, self._file = self._file, None  # closing writes, too, and a full disk must not leave a closed file here
        if file is not None:
            file.close()

    def _begin(self, day: date) -> None:
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._day = day
        number = max((number for when, number in numbered(self._home) if when == day), default=0)
        path = self._path(number)
        lines = path.read_bytes().count(b"\n") if path.exists() else 0
        self._turn(*((number, lines) if lines < LINES_MAX else (number + 1, 0)))

    def _turn(self, number: int, lines: int) -> None:
        self.close()
        self._forget()
        self._number, self._lines = number, lines
        self._file = self._path(number).open("a", encoding="utf-8", errors="backslashreplace", buffering=1)

    def _forget(self) -> None:
        """What is too old, and the oldest of what is too much."""
        total = 0
        for day, number in reversed(numbered(self._home)):
            path = self._path(number, day)
            total += path.stat().st_size
            if day < self._day - KEPT or total > FEED_BYTES_MAX:
                path.unlink(missing_ok=True)

    def _path(self, number: int, day: date | None = None) -> Path:
        return self._home / f"{day or self._day}_{number}.txt"


def numbered(home: Path) -> list[tuple[date, int]]:
    """Day and number of every log file in a folder, oldest first."""
    found = []
    for path in home.glob("*.txt"):
        if (parts := _FILE.fullmatch(path.name)) is not None:
            try:
                found.append((date.fromisoformat(parts[1]), int(parts[2])))
            except ValueError:  # no day of any calendar: no file of ours
                continue
    return sorted(found)
