"""Models as the day trader's adviser. Importing this wants the extra `research`."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from core.ports.strategies import Trip
from core.values.instrument import Instrument
from strategies.analyses import Analyses
from strategies.choosing import History, choose
from strategies.kinds import Kind


class ModelAnalyst:
    """The `core.ports.strategies.Analyst`. loaded: whether the candles that models learn from are caught up."""

    def __init__(
        self, analyses: Analyses, kinds: Mapping[str, Kind], loaded: Callable[[], bool], draw: random.Random
    ) -> None:
        self._analyses, self._kinds, self._loaded, self._draw = analyses, kinds, loaded, draw

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
        return view.viable and (view.score is not None or not wants.weights)

    def choose(self, trips: Mapping[str, Sequence[Trip]]) -> str | None:
        return choose({name: history(runs) for name, runs in trips.items()}, self._draw)


def history(runs: Sequence[Trip]) -> History:
    """What the lottery goes by: gains and losses in percent, both positive; a run that came out even is a loss of 0."""
    percents = [float(run.percent) for run in runs if run.percent is not None]
    gains = tuple(percent for percent in percents if percent > 0)
    losses = tuple(-percent for percent in percents if percent <= 0)
    return History(len(runs), len(percents), gains, losses)
