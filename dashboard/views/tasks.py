"""Tasks: what goes on by itself, and what waits to be begun: the queue, spreads, stop lists and stashes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.rules.spread import immediate_price, passive_price, triggered, weight_of
from core.values.people import Person, Role
from core.values.spreads import SpreadRow
from core.values.tasks import QueueRow, Task
from dashboard.board import Board
from dashboard.lists import owner_of
from dashboard.search import trading_accounts
from dashboard.view import Model, Query, View, Wakes

ENDED = 20
LISTED = 300
"""Rows of a list that are shown; more than that are looked for."""


@dataclass(frozen=True, slots=True)
class Work:
    """waits_for: a word of the catalogue, and what it names. until: when it goes on, where that is known."""

    task: Task
    waits_for: str
    detail: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Queued:
    """worker: the task that works on it now."""

    row: QueueRow
    worker: Task | None


@dataclass(frozen=True, slots=True)
class Spread:
    """now: the difference that is looked at; immediate: with both legs at market; ready: `now` beats the target."""

    row: SpreadRow
    worker: Task | None
    now: Decimal | None
    immediate: Decimal | None
    ready: bool


async def model(board: Board, person: Person, _query: Query) -> Model:
    store, office = board.store, board.office
    recent = await store.tasks(ENDED, None, owner_of(person))
    rows = sorted(await store.stop_lists(person.master), key=lambda row: row.ticker)
    return {
        "tasks": [_work(task) for task in board.supervisor.unfinished(person)],
        "ended": [task for task in recent.items if task.state.final],
        "queue": [_queued(board, r) for r in await store.active_queue() if person.sees(r.owner) and not r.command],
        "spreads": [_spread(board, r) for r in await store.active_spreads() if person.sees(r.owner)],
        "stop_lists": rows[:LISTED],
        "listed": len(rows),
        "stashes": [stash for stash in await store.stashes() if person.sees(stash.owner)],
        "tunables": office.lists.tuned(await store.tunables(person.master)),
        "accounts": trading_accounts(board.desk, person),
        "may_trade": person.may(Role.TRADER),
    }


def _work(task: Task) -> Work:
    word, _, detail = task.waits_for.partition(" ")
    if word == "session" and detail:
        return Work(task, word, "", datetime.fromisoformat(detail))
    return Work(task, word, detail, None)


def _queued(board: Board, row: QueueRow) -> Queued:
    return Queued(row, board.supervisor.working_on(row.id))


def _spread(board: Board, row: SpreadRow) -> Spread:
    prices = _prices(board, row)
    now = prices.get("now")
    worker = board.supervisor.working_on(row.id)
    return Spread(row, worker, now, prices.get("immediate"), triggered(row.side, now, row.price))


def _prices(board: Board, row: SpreadRow) -> Mapping[str, Decimal | None]:
    """From what the feed says; nothing where a leg has no price."""
    legs = board.pairs.legs(row)
    venue = board.desk.venues.get(row.account)
    if venue is None or not isinstance(legs, tuple):
        return {}
    far, near = (venue.feed.quote(leg.ticker) for leg in legs)
    if far is None or near is None:
        return {}
    weight = weight_of(*legs, row.ratio)
    return {
        "now": passive_price(row.side, far, near, weight),
        "immediate": immediate_price(row.side, far, near, weight),
    }


VIEW = View(
    "tasks",
    model,
    parts=("running", "queue", "spreads", "stops", "stashes"),
    wakes=Wakes.JOURNAL | Wakes.BOOKS | Wakes.QUOTES,
    scripts=("lines.js", "tasks.js"),
)
