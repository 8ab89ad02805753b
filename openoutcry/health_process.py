"""Health checks in a process beside the desk, which trades on meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

from core.ports import Clock
from core.services.health_checks import Check, Verdict
from core.values.errors import Transient
from kit.workers import WorkerGone, Workers
from openoutcry.collecting import candles_dir
from openoutcry.settings import Settings

CHECK_S_MAX = 300.0
DATA_OF = "TXN"
"""The symbol that the check of data is made for, where it is collected."""


class HealthProcess:
    """calendars: by symbol; without one asked for, the first is looked at."""

    def __init__(self, settings: Settings, calendars: Mapping[str, str], clock: Clock) -> None:
        self._collect, self._calendars, self._clock = settings.collect, calendars, clock
        directory, interval_s = str(candles_dir(settings)), str(settings.collect.interval_s)
        self._workers = Workers("openoutcry.health_worker", (directory, interval_s))

    async def perform(self, check: Check, asked: Mapping[str, str]) -> Verdict:
        """A `core.services.health_checks.Perform`. The process ends with it: it is needed once a night."""
        question = {
            "check": check,
            "symbol": asked.get("symbol") or self._usual(check),
            "day": asked.get("day"),
            "calendars": dict(self._calendars),
            "now": self._clock.now().isoformat(),
            "after_s": self._collect.after_close_min * 60,
        }
        try:
            async with asyncio.timeout(CHECK_S_MAX):
                answer = json.loads(await self._workers.ask(json.dumps(question)))
        except (WorkerGone, TimeoutError) as error:
            raise Transient(f"the check ended early: {error}") from None
        finally:
            await self._workers.rest()
        return Verdict(answer["passed"], answer["said"])

    def _usual(self, check: Check) -> str:
        return DATA_OF if check is Check.DATA and DATA_OF in self._calendars else next(iter(self._calendars))
