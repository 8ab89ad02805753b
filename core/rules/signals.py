"""A screen of raw alerts (behaviour.md 3.6): newest first, few, none twice, closed by what closes them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from core.values.ids import AlertId
from core.values.money import Price


@dataclass(frozen=True, slots=True)
class Signal:
    """One row. number: the sender's id of its strategy, as it wrote it. direction: upper case. closed: nothing is open
    by it any more, or it says so itself. Whether it is outdated depends on when one looks."""

    id: AlertId
    number: str
    name: str
    symbol: str
    direction: str
    sent_at: datetime
    received_at: datetime
    price: Price | None = None
    closed: bool = False

    @property
    def closes(self) -> bool:
        return self.direction.startswith("CLOSE")

    @property
    def _key(self) -> tuple[str, str, str]:
        return self.number, self.name, self.symbol

    def same_strategy(self, other: Signal) -> bool:
        return self._key == other._key

    def repeats(self, other: Signal) -> bool:
        return self.sent_at == other.sent_at and self.same_strategy(other)


def screen(signals: Iterable[Signal], most: int) -> list[Signal]:
    """Newest first, at most `most`. signals: in the order in which they came.

    One that closes marks the rows of its strategy and symbol, and is a row of its own only where there is none. One of
    the same time, strategy and symbol as a row is that row.
    """
    rows: list[Signal] = []
    for signal in signals:
        if signal.closes and any(signal.same_strategy(row) for row in rows):
            rows = [replace(row, closed=True) if signal.same_strategy(row) else row for row in rows]
        elif not any(signal.repeats(row) for row in rows):
            rows = [replace(signal, closed=signal.closes), *rows][:most]
    return rows
