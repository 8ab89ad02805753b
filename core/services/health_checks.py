"""Health checks of data, models and simulator: each night and on demand, one at a time (behaviour.md 4.10).

What they do stands in openoutcry/health_checks.py; it runs in a process of its own.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import partial

from core.services.desk import Desk
from core.services.single import Single
from core.values.changes import Change, FlagSet, NoticeMade
from core.values.errors import DeskError
from core.values.ids import NoticeId, derive_id
from core.values.notices import Line, Notice, NoticeKind, Params
from core.values.orders import Refused

log = logging.getLogger(__name__)

NIGHT_FROM, NIGHT_TO = time(18), time(6)
LOOK_S = 300.0
SAID_MAX = 50


class Check(StrEnum):
    DIP45 = "DIP45"
    MODEL_FEEDING = "MODEL_FEEDING"
    MONGO = "MONGO"
    """The candle store; its name is that of an older system's."""
    DATA = "DATA"
    SIMULATION_TIMINGS = "SIMULATION_TIMINGS"
    SIMULATION_OUTPUT = "SIMULATION_OUTPUT"


@dataclass(frozen=True, slots=True)
class Verdict:
    """said: what was found, for whoever looks into it."""

    passed: bool
    said: Sequence[str]

    @property
    def status(self) -> str:
        return "PASSED" if self.passed else "FAILED"


@dataclass(frozen=True, slots=True)
class Result:
    check: Check
    verdict: Verdict
    at: datetime


Perform = Callable[[Check, Mapping[str, str]], Awaitable[Verdict]]
"""Do it. The mapping may name a `symbol` and a `day`. Raises Transient where it could not be done."""


class HealthChecks:
    """symbols: what is collected. zone: the exchange's."""

    def __init__(self, desk: Desk, perform: Perform, symbols: Sequence[str], zone: tzinfo) -> None:
        self._desk, self._perform = desk, perform
        self._symbols, self._zone = symbols, zone
        self._newest: dict[Check, Result] = {}
        self._nights: dict[Check, Result] = {}
        self._single = Single("health check")

    async def load(self) -> None:
        """What was found before a restart."""
        for check in Check:
            for results, flag in ((self._newest, _flag(check)), (self._nights, _night_flag(check))):
                if (kept := await self._desk.store.flag(flag)) is not None:
                    told = json.loads(kept)
                    verdict = Verdict(told["passed"], told["said"])
                    results[check] = Result(check, verdict, datetime.fromisoformat(told["at"]))

    async def run(self) -> None:
        """Until cancelled."""
        try:
            await self.load()
            while True:
                await self.look()
                await self._desk.clock.sleep(LOOK_S)
        finally:
            await self.close()

    async def close(self) -> None:
        await self._single.close()

    async def look(self) -> list[Result]:
        """At night: whatever was not checked in this one yet. What people asked for does not count."""
        began = night(self._desk.clock.now(), self._zone)
        due = [check for check in Check if began is not None and self._before(check, began)]
        results = []
        for check in due:
            results.append(await self._single.do(partial(self._do, check, {})))
            await self._keep_night(results[-1])
        return results

    def perform(self, check: Check, asked: Mapping[str, str]) -> Refused | None:
        """Begin one; done some time later, and told to whoever looks. Refused: not_collected, one_at_a_time."""
        symbol = asked.get("symbol")
        if symbol is not None and symbol not in self._symbols:
            return Refused("not_collected", {"ticker": symbol[:100]})
        return self._single.begin(partial(self._do, check, asked))

    @property
    def busy(self) -> bool:
        return self._single.busy

    def results(self) -> list[Result]:
        """The newest of each that was done, in the order of the list."""
        return [self._newest[check] for check in Check if check in self._newest]

    def result(self, check: Check) -> Result | None:
        return self._newest.get(check)

    def _before(self, check: Check, moment: datetime) -> bool:
        known = self._nights.get(check)
        return known is None or known.at < moment

    async def _do(self, check: Check, asked: Mapping[str, str]) -> Result:
        try:
            verdict = await self._perform(check, asked)
        except DeskError as error:
            verdict = Verdict(passed=False, said=[f"it could not be done: {error}"])
        result = Result(check, verdict, self._desk.clock.now())
        self._newest[check] = result
        log.log(logging.INFO if verdict.passed else logging.WARNING, "%s: %s", check, verdict.status)
        for line in verdict.said:
            log.info("%s: %s", check, line)
        await self._keep(result, FlagSet(_flag(check), _told(result)))
        return result

    async def _keep_night(self, result: Result) -> None:
        """People hear of a failure once, until it passes again. What is not kept is done again at the next look."""
        check, before = result.check, self._nights.get(result.check)
        changes: list[Change] = [FlagSet(_night_flag(check), _told(result))]
        if not result.verdict.passed and (before is None or before.verdict.passed):
            changes.append(NoticeMade(self._notice(result)))
        if await self._keep(result, *changes):
            self._nights[check] = result

    async def _keep(self, result: Result, *changes: Change) -> bool:
        try:
            await self._desk.store.save(*changes)
        except DeskError as error:
            log.warning("a result is not kept", extra={"check": result.check, "reason": str(error)})
            return False
        return True

    def _notice(self, result: Result) -> Notice:
        return Notice(
            id=NoticeId(derive_id(self._desk.desk_id, "notice", "check", result.check, result.at.isoformat())),
            at=result.at,
            kind=NoticeKind.ERROR,
            key="health_check.failed",
            params={"name": result.check},
            lines=tuple(Line("health_check.said", {"text": text[:200]}) for text in result.verdict.said[:5]),
        )


def night(now: datetime, zone: tzinfo) -> datetime | None:
    """When the night began that is now, from 18:00 to 6:00 by the exchange's clock. None by day."""
    local = now.astimezone(zone)
    if NIGHT_TO <= local.time() < NIGHT_FROM:
        return None
    day = local.date() if local.time() >= NIGHT_FROM else local.date() - timedelta(days=1)
    return datetime.combine(day, NIGHT_FROM, zone).astimezone(UTC)


def result_params(result: Result) -> Params:
    at = result.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
    return {"name": result.check, "status": result.verdict.status, "at": at}


def _told(result: Result) -> str:
    verdict = result.verdict
    return json.dumps({"passed": verdict.passed, "said": verdict.said[:SAID_MAX], "at": result.at.isoformat()})


def _flag(check: Check) -> str:
    return f"health_check:{check}"


def _night_flag(check: Check) -> str:
    return f"health_check:{check}:night"
