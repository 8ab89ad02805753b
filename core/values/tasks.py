"""Long-running work. What people asked (goal) and what is so (state) are two columns: so work survives restarts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.values.ids import OWNER, AccountName, QueueId, TaskId, UserId
from core.values.money import NO_QUANTITY, Price, Quantity
from core.values.orders import Cause, CauseKind, Side


class TaskGoal(StrEnum):
    RUN = "RUN"
    PAUSE = "PAUSE"
    STOP = "STOP"


class TaskState(StrEnum):
    WAITING = "WAITING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    STOPPING = "STOPPING"
    DONE = "DONE"
    STOPPED = "STOPPED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def final(self) -> bool:
        return self in {TaskState.DONE, TaskState.STOPPED, TaskState.FAILED, TaskState.CANCELLED}


@dataclass(frozen=True, slots=True)
class Task:
    """kind: names the Job. arguments: what was asked, never changed. checkpoint: what the job saved."""

    id: TaskId
    kind: str
    command: str
    title: str
    arguments: Mapping[str, str]
    goal: TaskGoal
    state: TaskState
    started_at: datetime
    account: AccountName | None = None
    ticker: str | None = None
    side: Side | None = None
    asked: Quantity = NO_QUANTITY
    done: Quantity = NO_QUANTITY
    average_price: Price | None = None
    waits_for: str = ""
    checkpoint: Mapping[str, str] = field(default_factory=dict)
    attempts: int = 0
    due_at: datetime | None = None
    lease_until: datetime | None = None
    ended_at: datetime | None = None
    owner: UserId = OWNER


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One wish to buy or sell, worked on by at most one task at a time (behaviour.md 1.12). Quantities: pieces.

    active: at least a lot of it is left to do. command: the ad-hoc command that made it; empty: it was queued, and
    waits for /sellbuy.
    """

    id: QueueId
    account: AccountName
    ticker: str
    side: Side
    amount: Quantity
    made_at: datetime
    active: bool = True
    executed: Quantity = NO_QUANTITY
    average_price: Price | None = None
    command: str = ""
    owner: UserId = OWNER


def causes(task: Task) -> tuple[Cause, ...]:
    """Why a task's orders are there: the person who asked for it, where one did, and the task."""
    by = task.arguments.get("by")
    person = (Cause(CauseKind.PERSON, by),) if by else ()
    return (*person, Cause(CauseKind.TASK, task.id))
