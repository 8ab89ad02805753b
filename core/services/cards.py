"""The live card of a task: one message that is edited as the work goes on, with buttons, and the result at the end."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.ports import Clock, Store
from core.values.changes import Change, NoticeMade, PressOffered
from core.values.errors import Conflict
from core.values.ids import ActionId, DeskId, NoticeId, TaskId, derive_id
from core.values.money import plain
from core.values.notices import ANYBODY, Action, Line, Notice, NoticeKind, Params, Press
from core.values.tasks import Task, TaskState

EDIT_EVERY = timedelta(seconds=1)
TROUBLE_EVERY = timedelta(minutes=1)
PRESS_LIVES = timedelta(days=30)


def task_params(task: Task) -> Params:
    return {
        "id": task.id,
        "title": task.title,
        "account": task.account or "",
        "ticker": task.ticker or "",
        "side": task.side.value if task.side else "",
        "asked": plain(task.asked),
        "done": plain(task.done),
        "average": plain(round(task.average_price, 8)) if task.average_price is not None else "-",
        "arrival": task.arguments.get("arrival") or "-",
        "waits_for": task.waits_for or "-",
        "state": task.state.value,
        "goal": task.goal.value,
        "code": task.checkpoint.get("code", ""),
        "reason": task.checkpoint.get("reason", ""),
        "profit": task.checkpoint.get("profit", ""),
    }


def task_trouble(desk_id: DeskId, task: Task, reason: str, at: datetime) -> Notice:
    """Something keeps a task from going on; it tries again by itself. at: real time, which tells notices apart."""
    return Notice(
        id=NoticeId(derive_id(desk_id, "notice", "task.trouble", task.id, reason, at.isoformat())),
        at=at,
        kind=NoticeKind.ERROR,
        key="task.trouble",
        params={**task_params(task), "reason": reason},
        about=(f"task:{task.id}",),
        owner=task.owner,
    )


@dataclass(slots=True)
class _Card:
    """shown: when it was edited last. news: something changed since. actions: buttons on show, by what they offer."""

    shown: datetime | None = None
    news: bool = True
    paused: bool | None = None
    actions: tuple[Action, ...] = ()


class Cards:
    """Paced by real time (`wire`): an edit a second a card, a message a minute for each distinct trouble."""

    def __init__(self, store: Store, clock: Clock, wire: Clock, tell: Callable[[Notice], Awaitable[None]]) -> None:
        self._store = store
        self._clock = clock
        self._wire = wire
        self._tell = tell
        self._cards: dict[TaskId, _Card] = {}
        self._troubles: dict[tuple[TaskId, str], datetime] = {}

    def dirty(self, task_id: TaskId) -> None:
        """There is something new to show."""
        self._cards.setdefault(task_id, _Card()).news = True

    async def show(self, task: Task) -> None:
        """Edit the card, unless nothing is new or it was edited within the second: then the next call will."""
        card = self._cards.get(task.id)
        now = self._wire.now()
        if card is None or not card.news or (card.shown is not None and now - card.shown < EDIT_EVERY):
            return
        card.news, card.shown = False, now
        paused = task.state is TaskState.PAUSED
        offers: list[Change] = []
        if card.paused is not paused:
            card.paused = paused
            card.actions = tuple(_action(verb) for verb in ("resume" if paused else "pause", "stop"))
            expires = self._clock.now() + PRESS_LIVES
            offers = [PressOffered(Press(a.id, ANYBODY, _typed(a, task), expires)) for a in card.actions]
        key = "task.paused" if paused else "task.progress"
        notice = self._notice(task, NoticeKind.PROGRESS, key, card.actions)
        await self._store.save(*offers, NoticeMade(notice))

    def result(self, task: Task) -> Change:
        """The card's last word, without buttons, to be kept with the state it tells of."""
        self._cards.pop(task.id, None)
        self._troubles = {key: at for key, at in self._troubles.items() if key[0] != task.id}
        kind = NoticeKind.ERROR if task.state is TaskState.FAILED else NoticeKind.INFO
        key = f"task.{task.state.value.lower()}"
        if "profit" in task.checkpoint and kind is NoticeKind.INFO:
            key = "task.earned"
        return NoticeMade(self._notice(task, kind, key, ()))

    async def report(self, task: Task) -> None:
        """The last task of a batch to end tells what all of them came to, once."""
        batch = task.arguments.get("batch", "").split()
        tasks = [found for each in batch if (found := await self._store.task(TaskId(each))) is not None]
        if not batch or len(tasks) < len(batch) or not all(each.state.final for each in tasks):
            return
        notice = Notice(
            id=NoticeId(derive_id(self._store.desk_id, "notice", "task.report", *batch)),
            at=self._clock.now(),
            kind=NoticeKind.INFO,
            key="task.report",
            params={"command": task.command, "count": str(len(tasks))},
            lines=tuple(Line("task.report_row", task_params(each)) for each in tasks),
            about=tuple(f"task:{each}" for each in batch),
            owner=task.owner,
        )
        with suppress(Conflict):  # two that ended together have both seen that all are over
            await self._tell(notice)

    async def trouble(self, task: Task, reason: str) -> None:
        """Tell of something that keeps a task from going on, once a minute for each reason."""
        now, key = self._wire.now(), (task.id, reason)
        told = self._troubles.get(key)
        if told is None or now - told >= TROUBLE_EVERY:
            self._troubles[key] = now
            await self._tell(task_trouble(self._store.desk_id, task, reason, now))

    def _notice(self, task: Task, kind: NoticeKind, key: str, actions: tuple[Action, ...]) -> Notice:
        now = self._wire.now().isoformat()
        return Notice(
            id=NoticeId(derive_id(self._store.desk_id, "notice", key, task.id, now)),
            at=self._clock.now(),
            kind=kind,
            key=f"{key}{task.arguments.get('words') or ('' if task.asked else '_idle')}",
            params=task_params(task),
            about=(f"task:{task.id}",),
            actions=actions,
            card=f"task:{task.id}",
            owner=task.owner,
        )


def _action(verb: str) -> Action:
    action = ActionId(secrets.token_hex(8))
    return Action(action, f"action.{verb}", f"/press {action}")


def _typed(action: Action, task: Task) -> str:
    return f"/{action.label.removeprefix('action.')} {task.id}"
