"""Models as the day trader's advisers. Importing this wants the extra `research`."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from datetime import datetime

from core.values.instrument import Instrument
from strategies.analyses import Analyses
from strategies.analyst import Lottery
from strategies.kinds import Kind


class ModelAnalyst(Lottery):
    """loaded: whether the candles that models learn from are caught up."""

    def __init__(
        self, analyses: Analyses, kinds: Mapping[str, Kind], loaded: Callable[[], bool], draw: random.Random
    ) -> None:
        super().__init__(draw)
        self._analyses, self._kinds, self._loaded = analyses, kinds, loaded

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
        view = await self._analyses.second_round(instrument.ticker, instrument.calendar, now, wants)
        return view.satisfies(wants)
