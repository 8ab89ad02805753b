"""Runs of strategies that are over: what each earned, and since when its owner wants them counted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from core.services.desk import Desk
from core.values.accounts import Mode
from core.values.changes import Audited, FlagSet
from core.values.ids import AccountName, TaskId, UserId
from core.values.money import ZERO
from core.values.orders import CauseKind, Refused
from core.values.people import Person, Role
from core.values.tasks import Task

KIND = "strategy"
"""The job's, as core.jobs.strategies has it."""
PAGE = 1000
EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """profit: before fees, in `currency`; nothing where it never bought."""

    id: TaskId
    at: datetime
    strategy: str
    symbol: str
    account: AccountName
    paper: bool
    profit: Decimal
    currency: str


class RunRecords:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def newest(self, count: int, owner: UserId | None, *, paper: bool) -> list[RunRecord]:
        """Newest first; owner: None reads everybody's."""
        found: list[RunRecord] = []
        async for task in self.tasks(owner):
            record = await self._record(task)
            if record.paper is paper:
                found.append(record)
            if len(found) >= count:
                break
        return found

    async def tasks(self, owner: UserId | None = None) -> AsyncIterator[Task]:
        """Runs that are over and count, newest first. Whoever needs no more of them stops asking."""
        since: dict[UserId, datetime] = {}
        async for task in self._all(owner):
            if task.kind != KIND or not task.state.final:
                continue
            if task.owner not in since:
                told = await self._desk.store.flag(_since(task.owner))
                since[task.owner] = EVER if told is None else datetime.fromisoformat(told)
            if task.started_at > since[task.owner]:
                yield task

    async def _all(self, owner: UserId | None) -> AsyncIterator[Task]:
        after = None
        while True:
            page = await self._desk.store.tasks(PAGE, after, owner)
            for task in page.items:
                yield task
            if (after := page.next) is None:
                return

    async def reset(self, person: Person) -> Refused | None:
        """Count the person's own runs from now on; the journal keeps those before. Audited. Refused: not_allowed."""
        if not person.may(Role.TRADER):
            return Refused("not_allowed", {"role": Role.TRADER.word})
        now = self._desk.clock.now()
        audited = Audited(now, person.id, person.surface, "runs.reset", person.master, {"until": now.isoformat()})
        await self._desk.store.save(FlagSet(_since(person.master), now.isoformat()), audited)
        return None

    async def _record(self, task: Task) -> RunRecord:
        """On paper or not is what its orders say; a run without orders is what its account is now."""
        orders = await self._desk.store.orders_because(CauseKind.TASK.value, task.id)
        assert task.account is not None, "a run has an account"
        venue = self._desk.venues.get(task.account)
        now_paper = venue is None or venue.account.mode is Mode.PAPER
        return RunRecord(
            id=task.id,
            at=task.ended_at or task.started_at,
            strategy=task.arguments.get("strategy", ""),
            symbol=task.ticker or "",
            account=task.account,
            paper=orders[0].paper if orders else now_paper,
            profit=Decimal(task.checkpoint.get("profit", ZERO)),
            currency="" if venue is None else venue.account.currency,
        )


def _since(owner: UserId) -> str:
    return f"runs_since:{owner}"
