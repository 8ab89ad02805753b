"""An intent's life as one row of moments: alert, proposal, answers, orders with their states, fills."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from core.services.life import Life, OrderLife
from core.values.changes import AuditRow
from core.values.fills import Fill
from core.values.money import ZERO
from core.values.orders import Order

_MARKS = {
    "filled": "good",
    "open": "accent",
    "part_filled": "accent",
    "rejected": "danger",
    "unknown": "danger",
    "failed": "danger",
    "reject": "danger",
    "cancelled": "closed",
    "expired": "closed",
    "approve": "good",
    "half": "good",
    "market": "good",
    "done": "good",
}
_TRADED = {"PART_FILLED", "FILLED"}


@dataclass(frozen=True, slots=True)
class Moment:
    """what: alert, proposal, answer, task, order, fill or notice. words: states or answers, as they came, each with its
    badge's meaning. place: behind what was written before it at the same time."""

    at: datetime
    what: str
    words: tuple[tuple[str, str], ...] = ()
    by: str = ""
    reason: str = ""
    order: Order | None = None
    fill: Fill | None = None
    place: float = 0.0


def timeline(life: Life, notices: Sequence[Moment] = ()) -> list[Moment]:
    """Oldest first. What an order went through without anything between is one moment."""
    found: list[Moment] = []
    for moment in sorted([*_moments(life), *notices], key=lambda each: (each.at, each.place)):
        last = found[-1] if found else None
        if last is not None and moment.what == last.what == "order" and moment.order is last.order:
            found[-1] = replace(last, words=last.words + moment.words, reason=moment.reason or last.reason)
        else:
            found.append(moment)
    return found


def left(life: Life) -> Decimal:
    """Signed pieces that all its fills came to."""
    return sum((fill.signed for each in life.orders for fill in each.fills), ZERO)


def _moments(life: Life) -> Iterator[Moment]:
    if life.alert is not None:
        yield Moment(life.alert.alert.received_at, "alert", ((life.alert.status.value, ""),), place=-2)
    if life.proposal is not None:
        yield Moment(life.proposal.created_at, "proposal", place=-1)
    for what, rows in (("answer", life.answers), ("task", life.steps)):
        for row in rows:
            by = f"{row.row.actor}, {row.row.surface}"
            yield Moment(row.row.at, what, (_word(row),), by, row.row.data.get("reason", ""), place=row.number)
    for each in life.orders:
        yield from _of_order(each)


def _of_order(life: OrderLife) -> Iterator[Moment]:
    """A fill stands behind the state that it brought about, though the broker knew of it first."""
    traded = [row for row in life.steps if row.row.action.rpartition(".")[2].upper() in _TRADED]
    for row in life.steps:
        word, mark = _word(row)
        said = row.row.data.get("reason", "")
        yield Moment(row.row.at, "order", ((word.upper(), mark),), reason=said, order=life.order, place=row.number)
    for number, fill in enumerate(life.fills):
        step = traded[min(number, len(traded) - 1)] if traded else None
        at, place = (fill.at, 0.0) if step is None else (max(fill.at, step.row.at), step.number + 0.5)
        yield Moment(at, "fill", order=life.order, fill=fill, place=place)


def _word(row: AuditRow) -> tuple[str, str]:
    word = row.row.action.rpartition(".")[2]
    return word, _MARKS.get(word.removeprefix("first_"), "")
