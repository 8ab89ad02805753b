"""A part of a long list, and what is looked for in one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from core.values.orders import Side

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Newest first. next: pass it as `after` for the rest; None at the end."""

    items: Sequence[T]
    next: str | None


@dataclass(frozen=True, slots=True)
class Sought:
    """Which orders or fills. start is in, end is out; account and ticker in any case. Nothing said: all."""

    start: datetime | None = None
    end: datetime | None = None
    account: str = ""
    ticker: str = ""
    side: Side | None = None
    paper: bool | None = None

    def fits(self, account: str, ticker: str, *, paper: bool) -> bool:
        """Whether what is of this place may be meant, time and side aside."""
        return (
            self.account.casefold() in {"", account.casefold()}
            and self.ticker.casefold() in {"", ticker.casefold()}
            and self.paper in {None, paper}
        )
