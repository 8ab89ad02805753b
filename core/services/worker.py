"""One unfinished task at work: brings its row a step nearer to its goal, until it is finished or paused."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeVar

from core.crashpoints import crashpoint
from core.ports import Clock, Job, Store
from core.services.cards import Cards
from core.services.later import woken
from core.values.changes import Audited, TaskSet
from core.values.errors import DeskError, Rejected, Transient
from core.values.ids import TaskId
from core.values.notices import Notice
from core.values.people import Person
from core.values.tasks import Task, TaskGoal, TaskState

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
BACK_OFF_S_MAX = 60.0
ATTEMPTS_MAX = 1000
"""Without any progress between them: most of a day at the longest pause."""

T = TypeVar("T")


async def unbroken(work: Coroutine[Any, Any, T], on_stop: Callable[[], None] = lambda: None) -> T:
    """Run an effect at a broker to its end, also where the job around it is stopped: an order must not be torn.

    on_stop: told then, so that what has not begun need not be waited for.
    """
    doing = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        on_stop()
        try:
            await asyncio.wait({doing})
        except asyncio.CancelledError:  # asked twice: there is no more time
            doing.cancel()
        raise


@dataclass(frozen=True, slots=True)
class Workshop:
    """What workers share. ended: told of every task that has come to its end."""

    store: Store
    clock: Clock
    wire: Clock
    jobs: Mapping[str, Job]
    cards: Cards
    tell: Callable[[Notice], Awaitable[None]]
    ended: Callable[[TaskId], None]


@dataclass(slots=True)
class Worker:
    """task: the row as it is. rung: it may try again at once. stepped: it has shown what it does, has stopped or has
    ended. The `core.ports.TaskContext` of its job as well."""

    task: Task
    shop: Workshop
    owner: asyncio.Task[None] | None = None
    rung: asyncio.Event = field(default_factory=asyncio.Event)
    stepped: asyncio.Event = field(default_factory=asyncio.Event)
    clock: Clock = field(init=False)
    wire: Clock = field(init=False)

    def __post_init__(self) -> None:
        self.clock, self.wire = self.shop.clock, self.shop.wire

    # what the job sees

    async def save(self, task: Task) -> None:
        """What a job says of itself: the goal is not its business. A look that went well forgets older errors."""
        changes = _progress(task)
        if any(getattr(self.task, name) != value for name, value in changes.items()) or self.task.attempts:
            await self.keep(**changes, attempts=0)
            await self._show()
        if self.task.goal is TaskGoal.RUN:  # one that cleans up has not stopped yet
            self.stepped.set()

    async def tell(self, notice: Notice) -> None:
        await self.shop.tell(notice)

    # what the supervisor does with it

    def begin(self) -> None:
        if self.owner is None or self.owner.done():
            self.owner = asyncio.create_task(self._own(), name=f"task {self.task.id}")

    async def interrupt(self) -> None:
        """Stop what it does just now; what is on its way to a broker arrives first."""
        owner = self.owner
        if owner is not None and not owner.done():
            owner.cancel()
            await asyncio.wait({owner})

    async def aim(self, goal: TaskGoal, by: Person | None = None) -> None:
        """Another goal, on disk when this returns."""
        if self.task.goal is not goal:
            self.stepped.clear()
            self.task = replace(self.task, goal=goal, due_at=None)
            await self.shop.store.save(TaskSet(self.task), self.audit(goal.value.lower(), by))

    async def beat(self) -> None:
        """Once a second: wake it when it is due, extend the lease at half its life, bring the card up to date."""
        now = self.wire.now()
        if self.task.due_at is not None and self.task.due_at <= now:
            self.rung.set()
        if self.task.lease_until is not None and self.task.lease_until - now < LEASE / 2:
            await self.keep(lease_until=now + LEASE)
        await self.shop.cards.show(self.task)

    def audit(self, action: str, by: Person | None) -> Audited:
        task = self.task
        data = {"command": task.command, "title": task.title, "asked": str(task.asked), "done": str(task.done)}
        actor, surface = (by.id, by.surface) if by is not None else (task.owner, "desk")
        return Audited(self.clock.now(), actor, surface, f"task.{action}", task.id, data)

    # its life

    async def keep(self, **changes: Any) -> None:
        self.task = replace(self.task, **changes)
        await self.shop.store.save(TaskSet(self.task))

    async def _own(self) -> None:
        while not await self._once():
            await self._until_due()

    async def _once(self) -> bool:
        """One try. True: nothing is left to do."""
        try:
            job = self._job()
            if self.task.goal is TaskGoal.RUN:
                await self.keep(state=TaskState.RUNNING, due_at=None, lease_until=self.wire.now() + LEASE)
                crashpoint("task.claimed")
                await self._end(await job.run(self.task, self))
            else:
                await self._clean_up(job)
        except Transient as error:
            return await self._back_off(error)
        except DeskError as error:
            await self._fail(error)
        except Exception as error:  # the edge where work is owned: one job's failure must not stop the others
            log.exception("a job broke", extra={"task": self.task.id, "kind": self.task.kind})
            await self._fail(error)
        return True

    def _job(self) -> Job:
        if self.task.kind not in self.shop.jobs:
            raise Rejected("unknown_job", self.task.kind)
        return self.shop.jobs[self.task.kind]

    async def _clean_up(self, job: Job) -> None:
        """Goal PAUSE or STOP: no working order stays behind."""
        if self.task.goal is TaskGoal.STOP:
            await self.keep(state=TaskState.STOPPING)
        left = await job.stop(self.task, self)
        if self.task.goal is TaskGoal.STOP:
            await self._end(replace(left, state=TaskState.STOPPED))
        else:
            await self.keep(**_progress(left) | {"waits_for": ""}, state=TaskState.PAUSED, lease_until=None)
            await self._show()
            self.stepped.set()

    async def _back_off(self, error: Transient) -> bool:
        """Wait longer at each failure, 1 s doubling to a minute."""
        attempts = self.task.attempts + 1
        running = self.task.goal is TaskGoal.RUN
        if running and attempts > ATTEMPTS_MAX:
            await self._fail(error)
            return True
        pause_s = min(max(error.retry_after_s, 2.0 ** min(attempts - 1, 6)), BACK_OFF_S_MAX)
        log.warning("a job waits", extra={"task": self.task.id, "reason": error.reason, "pause_s": pause_s})
        due_at = self.wire.now() + timedelta(seconds=pause_s)
        state = TaskState.WAITING if running else self.task.state
        try:
            await self.keep(state=state, attempts=attempts, due_at=due_at, lease_until=None, waits_for=error.reason)
            await self.shop.cards.trouble(self.task, error.reason)
        except Transient as worse:  # the journal itself is away: what is meant stands in memory
            log.warning("a pause is not in the journal", extra={"task": self.task.id, "reason": worse.reason})
        self.stepped.set()
        return False

    async def _until_due(self) -> None:
        """Rest until it is due, or somebody rings."""
        self.rung.clear()
        left_s = 0.0 if self.task.due_at is None else (self.task.due_at - self.wire.now()).total_seconds()
        await woken(self.rung, self.wire, left_s)

    async def _fail(self, error: Exception) -> None:
        code = error.code if isinstance(error, Rejected) else "failed"
        reason = str(error) if isinstance(error, DeskError) else type(error).__name__
        told = {**self.task.checkpoint, "code": code, "reason": reason}
        try:
            await self._end(replace(self.task, state=TaskState.FAILED, checkpoint=told))
        except DeskError as worse:
            log.critical("a failure is not in the journal", extra={"task": self.task.id, "reason": str(worse)})
            self.stepped.set()

    async def _end(self, task: Task) -> None:
        """The last word: state, progress, and the result that people read."""
        last = _progress(task) | {"waits_for": "", "state": task.state, "due_at": None, "lease_until": None}
        self.task = replace(self.task, **last, ended_at=self.clock.now())
        trail = self.audit(task.state.value.lower(), None)
        await self.shop.store.save(TaskSet(self.task), trail, self.shop.cards.result(self.task))
        self.shop.ended(self.task.id)
        self.stepped.set()
        await self.shop.cards.report(self.task)

    async def _show(self) -> None:
        self.shop.cards.dirty(self.task.id)
        await self.shop.cards.show(self.task)


def _progress(task: Task) -> dict[str, Any]:
    """The columns that are a job's own."""
    return {
        "asked": task.asked,
        "done": task.done,
        "average_price": task.average_price,
        "waits_for": task.waits_for,
        "checkpoint": task.checkpoint,
    }
