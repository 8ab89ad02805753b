"""Where candles are kept, and who learns from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from core.values.candles import Columns, DayOnFile, SymbolDay


class CandleStore(Protocol):
    """Bars of one length, by symbol and trading day. Every method blocks: call it in a thread, or in a process of its
    own. One writer at a time; readers see a month before or after a change, never in between.

    first, last: days, both included. Raises Broken for a file that cannot be read (`mend` sets it aside), Transient
    where the disk takes nothing.
    """

    interval_s: int

    def symbols(self) -> Sequence[str]:
        """Everything of which a day is on file."""

    def days(self, symbol: str, first: date = date.min, last: date = date.max) -> Sequence[DayOnFile]:
        """Oldest first."""

    def load(self, symbol: str, first: date = date.min, last: date = date.max) -> Columns:
        """The bars of these days, valid or not. Memory goes by the days asked for, not by what is on file."""

    def day(self, symbol: str, day: date) -> SymbolDay | None: ...

    def save(self, *days: SymbolDay) -> None:
        """Put each in the place of what was there, on disk when this returns. A day without bars is forgotten.

        Raises ValueError for bars that cannot be kept exactly, or that are not in order.
        """

    def forget(self, symbol: str, first: date = date.min, last: date = date.max) -> int:
        """How many days went."""

    def mend(self, symbol: str) -> Sequence[str]:
        """Set files aside that cannot be read, for their days to be collected again; their names."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A day to learn from. before: the market day that precedes it. final: more of it will not come."""

    day: date
    before: date
    final: bool = True


class Trainer(Protocol):
    """Feeds the models of a symbol with days on file."""

    async def train(
        self, symbol: str, calendar: str, lessons: Sequence[Lesson], *, anew: bool = False
    ) -> Mapping[str, str]:
        """Feed the days, in order; anew: forget first what was learned. What there is to say of each model, by name.

        The same day twice changes nothing. Raises Transient where it could not be done now.
        """

    async def rest(self) -> None:
        """Nothing is asked for a while: let go of whatever that takes."""
