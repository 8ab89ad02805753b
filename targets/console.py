"""Alerts as lines, for people who watch and for pipes."""

from __future__ import annotations

from collections.abc import Callable

from core.values.raw import RawAlert


class Console:
    """write: takes one line without its end."""

    def __init__(self, write: Callable[[str], None], name: str = "console") -> None:
        self.name = name
        self._write = write

    async def start(self) -> None:
        pass

    async def send(self, alert: RawAlert) -> None:
        self._write(f"{type(self).__name__}: {alert.to_json()}")

    async def close(self) -> None:
        pass
