"""A trading day that goes by quickly, for venues that sleep at night; shared by the processes of a test."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime

TEN = datetime(2026, 11, 18, 4, 30, tzinfo=UTC)
"""Ten in the morning in India, a Wednesday."""


class Hurried:
    """A clock on which a real second is `rate`: limits of a second and patience can be lived through."""

    def __init__(self, start: datetime = TEN, rate: int = 50, began: datetime | None = None) -> None:
        """began: the real moment of `start`; now, unless another process has begun it."""
        self._start, self._rate = start, rate
        self.began = began or datetime.now(UTC)

    def now(self) -> datetime:
        return self._start + (datetime.now(UTC) - self.began) * self._rate

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._rate)


def hurried() -> Hurried | None:
    """The clock that HURRIED tells of, "rate began", so that several processes live on one day; None: real time."""
    rate, _, began = os.environ.get("HURRIED", "").partition(" ")
    return Hurried(rate=int(rate), began=datetime.fromisoformat(began)) if rate else None
