"""Who advises the day trader: a lottery alone, or models and a lottery."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime

from core.ports.strategies import Trip
from core.values.instrument import Instrument
from strategies.choosing import History, choose


class Lottery:
    """The `core.ports.strategies.Analyst` of strategies that ask no models."""

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw

    async def ready(self) -> bool:
        return True

    async def first_round(self, strategy: str, instrument: Instrument, now: datetime) -> bool:  # noqa: ARG002 - the port's
        return True

    async def second_round(self, strategy: str, instrument: Instrument, now: datetime) -> bool:  # noqa: ARG002 - the port's
        return True

    def choose(self, trips: Mapping[str, Sequence[Trip]]) -> str | None:
        return choose({name: history(runs) for name, runs in trips.items()}, self._draw)


def history(runs: Sequence[Trip]) -> History:
    """What the lottery goes by: gains and losses in percent, both positive; a run that came out even is a loss of 0."""
    percents = [float(run.percent) for run in runs if run.percent is not None]
    gains = tuple(percent for percent in percents if percent > 0)
    losses = tuple(-percent for percent in percents if percent <= 0)
    return History(len(runs), len(percents), gains, losses)
