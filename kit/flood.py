"""Log lines that strangers can cause: told, but not each of them."""

from __future__ import annotations

import logging


class Flood(logging.Filter):
    """Of the logger `name` a handler takes `most` records a minute, and all warnings; `left_out` of the next minute's
    first says how many it did not."""

    def __init__(self, name: str, most: int) -> None:
        super().__init__(name)
        self._most = most
        self._minute = self._count = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """By the record's own time."""
        if record.levelno >= logging.WARNING or not super().filter(record):
            return True
        minute = int(record.created // 60)
        if minute != self._minute:
            if (left_out := self._count - self._most) > 0:
                record.left_out = left_out
            self._minute, self._count = minute, 0
        self._count += 1
        return self._count <= self._most
