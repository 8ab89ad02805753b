"""The search for weights of models: in a process of its own, on a shelf of its own."""

from __future__ import annotations

import asyncio
import base64
import json
import pickle
from datetime import datetime
from pathlib import Path

from core.values.errors import Transient
from kit.workers import WorkerGone, Workers
from openoutcry.collecting import candles_dir, models_dir
from openoutcry.settings import Settings
from strategies.scales import Scales

SEARCH_S_MAX = 1800.0


def weights_dir(settings: Settings) -> Path:
    return models_dir(settings) / "weights"


class ProcessWeights:
    """Implements `core.ports.strategies.WeightSearch`."""

    def __init__(self, settings: Settings) -> None:
        self._scales = Scales(weights_dir(settings))
        words = (str(candles_dir(settings)), str(settings.collect.interval_s), str(weights_dir(settings)))
        figures = base64.b64encode(pickle.dumps(settings.strategies.figures())).decode()
        self._workers = Workers("openoutcry.weights_worker", (*words, figures))

    def last(self, symbol: str, strategy: str) -> datetime | None:
        found = self._scales.read(symbol, strategy)
        return None if found is None else found.at

    async def search(self, symbol: str, calendar: str, strategy: str, now: datetime) -> None:
        asked = {"symbol": symbol, "calendar": calendar, "strategy": strategy, "now": now.isoformat()}
        try:
            async with asyncio.timeout(SEARCH_S_MAX):
                answer = json.loads(await self._workers.ask(json.dumps(asked)))
        except (WorkerGone, TimeoutError) as error:
            raise Transient(f"the search for weights ended early: {error}") from None
        finally:
            await self._workers.rest()
        if "failed" in answer:
            raise Transient(str(answer["failed"]))
