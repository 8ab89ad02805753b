"""Tasks outlive the process: goal and state, back-off, one instance, one failure alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from core.clock import ManualClock
from core.ports import TaskContext
from core.services.supervisor import Supervisor
from core.values.changes import Change, FlagSet, NoticeMade
from core.values.errors import Rejected, Transient
from core.values.ids import TaskId
from core.values.notices import Notice, NoticeKind
from core.values.orders import Refused
from core.values.people import owner_person
from core.values.tasks import Task, TaskGoal, TaskState
from storage.sqlite import open_store
from storage.sqlite.store import SqliteStore

OWNER = owner_person("test")
Body = Callable[[Task, TaskContext], object]


@dataclass
class Script:
    """A job that counts its looks in its checkpoint and fails as it is told to."""

    kind: str = "script"
    errors: list[Exception] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    work_s: float = 10

    async def run(self, task: Task, context: TaskContext) -> Task:
        self.looks.append(task.id)
        if self.errors:
            raise self.errors.pop(0)
        looks = str(int(task.checkpoint.get("looks", "0")) + 1)
        task = replace(task, checkpoint={"looks": looks}, waits_for="time")
        await context.save(task)
        await context.wire.sleep(self.work_s)
        return replace(task, state=TaskState.DONE)

    async def stop(self, task: Task, context: TaskContext) -> Task:
        self.stopped.append(task.id)
        return task


@dataclass
class Room:
    store: SqliteStore
    wire: ManualClock
    supervisor: Supervisor
    told: list[Notice]

    async def start(self, name: str) -> Task | Refused:
        now = self.wire.now()
        task = Task(TaskId(name), "script", "/script", name, {}, TaskGoal.RUN, TaskState.WAITING, now)
        return await self.supervisor.start(task, OWNER)

    async def wait(self, seconds: float) -> None:
        for _ in range(int(seconds * 2)):
            await self.breathe()
            await self.wire.advance(0.5)
        await self.breathe()

    async def breathe(self) -> None:
        for number in range(10):
            await self.store.save(FlagSet("breath", str(number)))
            await asyncio.sleep(0)

    async def row(self, name: str) -> Task:
        task = await self.store.task(TaskId(name))
        assert task is not None
        return task


@asynccontextmanager
async def room(path: Path, job: Script) -> AsyncIterator[Room]:
    wire = ManualClock(datetime.now(UTC))
    store = await open_store(path / "desk.sqlite3", wire)
    told: list[Notice] = []

    async def tell(notice: Notice) -> None:
        await store.save(NoticeMade(notice))

    def hear(changes: Sequence[Change]) -> None:
        made = [change.notice for change in changes if isinstance(change, NoticeMade)]
        told.extend(notice for notice in made if notice.kind is not NoticeKind.PROGRESS)

    store.listen(hear)
    supervisor = Supervisor(store, wire, wire, {job.kind: job}, tell)
    await supervisor.open()
    try:
        yield Room(store, wire, supervisor, told)
    finally:
        await supervisor.close()
        await store.close()


async def test_a_restart_goes_on_from_the_checkpoint(tmp_path: Path) -> None:
    """A shutdown leaves the goal as it is; the next start is the path of the first."""
    async with room(tmp_path, Script()) as first:
        await first.start("a")
        await first.wait(1)
        assert (await first.row("a")).lease_until is not None
    async with room(tmp_path, Script()) as second:
        await second.breathe()
        task = await second.row("a")
        assert (task.goal, task.state, task.checkpoint["looks"]) == (TaskGoal.RUN, TaskState.RUNNING, "2")
        await second.wait(11)
        assert (await second.row("a")).state is TaskState.DONE
        assert [notice.key for notice in second.told] == ["task.done_idle"]


async def test_one_failure_is_alone(tmp_path: Path) -> None:
    """A job that breaks ends its own task; its sibling goes on, and people are told which failed."""
    async with room(tmp_path, Script(errors=[RuntimeError("a bug"), Rejected("refused")])) as desk:
        for name in "abc":
            await desk.start(name)
        await desk.wait(1)
        assert [(await desk.row(name)).state.value for name in "abc"] == ["FAILED", "FAILED", "RUNNING"]
        assert [n.params["code"] for n in desk.told if n.key == "task.failed_idle"] == ["failed", "refused"]


async def test_what_may_pass_is_tried_again_later_and_later(tmp_path: Path) -> None:
    """After 1, 2 and 4 seconds; one message for one reason; a look that went well forgets it."""
    job = Script(errors=[Transient("away") for _ in range(3)])
    async with room(tmp_path, job) as desk:
        await desk.start("a")
        await desk.wait(2)
        assert len(job.looks) == 2
        task = await desk.row("a")
        assert (task.state, task.attempts, task.waits_for) == (TaskState.WAITING, 2, "away")
        await desk.wait(8)
        assert len(job.looks) == 4
        assert (await desk.row("a")).attempts == 0
        assert [notice.key for notice in desk.told] == ["task.trouble"]


async def test_a_ring_ends_the_wait(tmp_path: Path) -> None:
    """Whoever knows that it may go on says so."""
    job = Script(errors=[Transient("away", retry_after_s=50)])
    async with room(tmp_path, job) as desk:
        await desk.start("a")
        await desk.breathe()
        desk.supervisor.ring(TaskId("a"))
        await desk.breathe()
        assert len(job.looks) == 2


async def test_tm_06_one_instance_per_title(tmp_path: Path) -> None:
    """A second one of a title is refused; the same id told twice is the same task."""
    async with room(tmp_path, Script()) as desk:
        await desk.start("a")
        assert isinstance(await desk.start("a"), Task)
        twin = Task(TaskId("b"), "script", "/script", "a", {}, TaskGoal.RUN, TaskState.WAITING, desk.wire.now())
        refused = await desk.supervisor.start(twin, OWNER)
        assert isinstance(refused, Refused)
        assert refused.code == "already_running"
        assert len(desk.supervisor.unfinished()) == 1


async def test_a_stop_cleans_up_and_is_not_called_back(tmp_path: Path) -> None:
    """The goal is on disk, the job's own clean-up ran, and a finished task cannot be resumed."""
    job = Script()
    async with room(tmp_path, job) as desk:
        await desk.start("a")
        await desk.breathe()
        stopped = await desk.supervisor.stop(TaskId("a"), OWNER)
        assert stopped is not None
        assert (stopped.goal, stopped.state, job.stopped) == (TaskGoal.STOP, TaskState.STOPPED, ["a"])
        assert await desk.supervisor.resume(TaskId("a"), OWNER) is None
    async with room(tmp_path, job) as desk:
        await desk.breathe()
        assert len(job.looks) == 1


async def test_a_pause_outlives_a_restart(tmp_path: Path) -> None:
    """It rests until somebody resumes it."""
    job = Script()
    async with room(tmp_path, job) as desk:
        await desk.start("a")
        await desk.breathe()
        await desk.supervisor.pause(TaskId("a"), OWNER)
    async with room(tmp_path, job) as desk:
        await desk.wait(2)
        assert ((await desk.row("a")).state, len(job.looks)) == (TaskState.PAUSED, 1)
        await desk.supervisor.resume(TaskId("a"), OWNER)
        await desk.breathe()
        assert len(job.looks) == 2


async def test_a_lease_is_extended_at_half_its_life(tmp_path: Path) -> None:
    """As long as it works."""
    async with room(tmp_path, Script(work_s=100)) as desk:
        await desk.start("a")
        await desk.wait(1)
        first = (await desk.row("a")).lease_until
        assert first is not None
        await desk.wait(20)
        after = (await desk.row("a")).lease_until
        assert after is not None
        assert first < after
