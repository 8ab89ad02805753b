"""Models as the day trader's advisers. Importing this wants the extra `research`."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from core.ports.strategies import Trip
from core.values.instrument import Instrument
from strategies.analyses import Analyses
from strategies.analyst import Lottery, history
from strategies.choosing import choose
from strategies.kinds import Kind
from strategies.scales import Scales
from strategies.wants import Wants


class ModelAnalyst(Lottery):
    """loaded: whether the candles that models learn from are caught up. scales: weights that were searched."""

    def __init__(
        self,
        analyses: Analyses,
        kinds: Mapping[str, Kind],
        loaded: Callable[[], bool],
        draw: random.Random,
        scales: Scales,
    ) -> None:
        super().__init__(draw)
        self._analyses, self._kinds, self._loaded, self._scales = analyses, kinds, loaded, scales
        self._scores: dict[str, float] = {}

    async def ready(self) -> bool:
        return self._loaded()

    async def first_round(self, strategy: str, instrument: Instrument, now: datetime) -> bool:
        wants = self._kinds[strategy].wants
        if not wants.names:
            return True
        asked = (instrument.ticker, instrument.calendar, now, wants)
        view = await asyncio.to_thread(self._analyses.first_round, *asked)  # it reads a file
        return view.viable

    async def second_round(self, strategy: str, instrument: Instrument, now: datetime) -> bool:
        wants = self._kinds[strategy].wants
        if not wants.names:
            return True
        wants = await asyncio.to_thread(self._weighted, strategy, instrument.ticker, wants)  # it reads a file
        view = await self._analyses.second_round(instrument.ticker, instrument.calendar, now, wants)
        self._scores[f"{strategy} {instrument.ticker}"] = float(view.score or 0)
        return view.satisfies(wants)

    def choose(self, trips: Mapping[str, Sequence[Trip]]) -> str | None:
        """Tickets by history, times the score: stakes in proportion to scores are what weights are searched for."""
        return choose({name: history(runs) for name, runs in trips.items()}, self._draw, self._scores)

    def _weighted(self, strategy: str, symbol: str, wants: Wants) -> Wants:
        """With the weights that were searched for this pair, where there are any of the same models."""
        found = self._scales.read(symbol, strategy)
        if found is None or found.weights is None or found.weights.keys() != wants.weights.keys():
            return wants
        return replace(wants, weights=found.weights)
