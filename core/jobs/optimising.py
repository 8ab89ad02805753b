"""Weights of models, searched while the market is shut: the pair that was searched longest ago comes first."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

from core.ports import Clock
from core.ports.strategies import WeightSearch
from core.rules.candles import hours, today
from core.rules.sessions import ALWAYS
from core.values.errors import POISON

log = logging.getLogger(__name__)

LOOK_S = 900.0
AGAIN = timedelta(days=1)
"""A pair is searched once a day at most: so often there is a new day to judge by."""
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Optimising:
    """calendars: of each symbol. strategies: those that ask models with weights. loaded: returns once candles are."""

    def __init__(
        self,
        search: WeightSearch,
        calendars: Mapping[str, str],
        strategies: tuple[str, ...],
        clock: Clock,
        loaded: Callable[[], Awaitable[object]],
    ) -> None:
        self._search, self._clock, self._loaded = search, clock, loaded
        self._calendars = calendars
        self._pairs = [(symbol, strategy) for symbol in sorted(calendars) for strategy in sorted(strategies)]
        self._failed: dict[tuple[str, str], datetime] = {}

    async def run(self) -> None:
        """Until cancelled."""
        await self._loaded()
        while True:
            if not await self.look():
                await self._clock.sleep(LOOK_S)

    async def look(self) -> bool:
        """Search one pair where one is due; whether one was. One that fails waits for its next turn."""
        now = self._clock.now()
        due = [pair for pair in self._pairs if now - self._last(pair) >= AGAIN and self._shut(pair[0], now)]
        if not due:
            return False
        symbol, strategy = pair = min(due, key=self._last)
        try:
            await self._search.search(symbol, self._calendars[symbol], strategy, now)
        except POISON as error:
            self._failed[pair] = now
            log.warning("weights are not searched", extra={"symbol": symbol, "reason": str(error)})
        return True

    def _last(self, pair: tuple[str, str]) -> datetime:
        return max(self._search.last(*pair) or _NEVER, self._failed.get(pair, _NEVER))

    def _shut(self, symbol: str, now: datetime) -> bool:
        """A market that never closes has no better time than now."""
        calendar = self._calendars[symbol]
        sessions = () if calendar == ALWAYS else hours(calendar, today(calendar, now))
        return not any(each.opens_at - AGAIN / 24 <= now < each.closes_at for each in sessions)
