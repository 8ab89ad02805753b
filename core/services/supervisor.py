"""Long work that outlives the process: rows with a goal (what people asked) and a state (what is so).

Start-up and recovery are one path: every unfinished row is taken and brought a step nearer to its goal. A job that
fails never touches its siblings; a shutdown leaves every goal as it is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from core.crashpoints import crashpoint
from core.ports import Clock, Job, Store
from core.services.cards import Cards
from core.services.worker import Worker, Workshop
from core.values.changes import TaskSet
from core.values.errors import DeskError
from core.values.ids import QueueId, SpreadId, TaskId
from core.values.notices import Notice
from core.values.orders import Refused
from core.values.people import Person
from core.values.tasks import Task, TaskGoal

log = logging.getLogger(__name__)

BEAT_S = 1.0
CLOSE_S = 10.0
"""How long a shutdown waits for what is on its way to a broker, in real time."""


class Supervisor:
    """jobs: by kind, filled by the roof. tell: keeps a notice for people."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        wire: Clock,
        jobs: Mapping[str, Job],
        tell: Callable[[Notice], Awaitable[None]],
    ) -> None:
        self._store = store
        self._wire = wire
        self._shop = Workshop(store, clock, wire, jobs, Cards(store, clock, wire, tell), tell, self._forget)
        self._workers: dict[TaskId, Worker] = {}
        self._others: set[asyncio.Task[None]] = set()
        self._beat: asyncio.Task[None] | None = None
        self._open = False

    # life

    async def open(self, *, halted: bool = False) -> None:
        """Take every unfinished row: this process has the data directory's lock, so all leases are of dead ones.

        halted: what would work on is stopped instead.
        """
        self._open = True
        for goal in TaskGoal:
            for task in await self._store.unfinished_tasks(goal):
                self._workers[task.id] = Worker(task, self._shop)
        for worker in list(self._workers.values()):
            if halted:
                await worker.aim(TaskGoal.STOP)
            self._begin(worker)

    async def close(self) -> None:
        """Let go of everything as it stands; goals stay. What is on its way to a broker is waited for."""
        self._open = False
        working = {worker.owner for worker in self._workers.values() if worker.owner is not None} | self._others
        for _ in range(2):
            for task in working:
                task.cancel()
            if working:
                _, working = await asyncio.wait(working, timeout=CLOSE_S)

    def _begin(self, worker: Worker) -> None:
        if self._open and worker.task.id in self._workers:
            worker.begin()
            if self._beat is None or self._beat.done():
                self._beat = self._beside(self._beats())

    def _beside(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name="supervisor")
        self._others.add(task)
        task.add_done_callback(self._others.discard)
        return task

    async def _beats(self) -> None:
        """As long as anything is unfinished."""
        while self._workers:
            await self._wire.sleep(BEAT_S)
            for worker in list(self._workers.values()):
                try:
                    await worker.beat()
                except DeskError as error:
                    log.warning("no heartbeat", extra={"task": worker.task.id, "reason": str(error)})

    def _forget(self, task_id: TaskId) -> None:
        self._workers.pop(task_id, None)

    # what is so

    def unfinished(self, person: Person | None = None) -> list[Task]:
        """Oldest first; of one person: what they may see."""
        rows = [worker.task for worker in self._workers.values()]
        return [task for task in rows if person is None or person.sees(task.owner)]

    def twin(self, task: Task) -> Refused | None:
        """Refused already_running: another of this title, account and owner is not finished (TM-06)."""
        for other in self.unfinished():
            if _instance(other) == _instance(task) and other.id != task.id:
                return Refused("already_running", {"title": other.title, "id": other.id})
        return None

    def working_on(self, row_id: QueueId | SpreadId) -> Task | None:
        """The unfinished task that works on a row of the queue, or on a spread."""
        return next((task for task in self.unfinished() if task.arguments.get("row") == row_id), None)

    async def first_step(self, task_id: TaskId) -> Task:
        """The task once it has shown what it does, or has ended."""
        worker = self._workers.get(task_id)
        if worker is not None:
            await worker.stepped.wait()
            return worker.task
        found = await self._store.task(task_id)
        assert found is not None, "only started tasks are waited for"
        return found

    # what people ask

    async def start(self, task: Task, by: Person) -> Task | Refused:
        """Write the row (goal RUN, state WAITING) and begin. The same id again is the same task.

        Refused already_running: see `twin`.
        """
        known = await self._store.task(task.id)
        refused = self.twin(task)
        if known is not None or refused is not None:
            return known or refused or task
        worker = self._workers[task.id] = Worker(task, self._shop)
        try:
            await self._store.save(TaskSet(task), worker.audit("started", by))
        except BaseException:
            self._forget(task.id)
            raise
        crashpoint("task.post_commit")
        self._begin(worker)
        return worker.task

    async def pause(self, task_id: TaskId, by: Person) -> Task | None:
        """Its orders are cancelled and the rest is kept; None: it was finished already."""
        return await self._ask(task_id, TaskGoal.PAUSE, by)

    async def resume(self, task_id: TaskId, by: Person) -> Task | None:
        return await self._ask(task_id, TaskGoal.RUN, by)

    async def stop(self, task_id: TaskId, by: Person) -> Task | None:
        """Goal first, then the bell; returns once it has cleaned up after itself. None: it was finished already."""
        return await self._ask(task_id, TaskGoal.STOP, by)

    async def stop_all(self, by: Person | None = None) -> list[Task]:
        """Stop all that `by` may see (None: everything), at once; what became of each."""
        rows = self.unfinished(by)
        found = await asyncio.gather(*(self._ask(task.id, TaskGoal.STOP, by) for task in rows))
        return [task for task in found if task is not None]

    def halt(self) -> None:
        """Begin to stop everything; nobody waits for it. A journal that cannot be written does not hinder it."""
        self._beside(self._halt())

    async def _halt(self) -> None:
        try:
            await self.stop_all()
        except DeskError as error:
            log.critical("a stop is not in the journal", extra={"reason": str(error)})

    async def _ask(self, task_id: TaskId, goal: TaskGoal, by: Person | None) -> Task | None:
        worker = self._workers.get(task_id)
        if worker is None:
            return None
        before = worker.task.goal
        if before is not goal and before is not TaskGoal.STOP:  # what ends cannot be called back
            try:
                await worker.aim(goal, by)
            finally:
                await worker.interrupt()
                self._begin(worker)
        if worker.task.goal is not TaskGoal.RUN:
            await worker.stepped.wait()
        return worker.task

    def ring(self, task_id: TaskId) -> None:
        """Somebody thinks it may go on: the bell, or an event it waits for. Rings too many do no harm."""
        if task_id in self._workers:
            self._workers[task_id].rung.set()


def _instance(task: Task) -> tuple[str, str | None, str]:
    return (task.title, task.account, task.owner)
