"""Research: what works beside trading, visuals of data and runs, and whether data, models and simulator are sound."""

from __future__ import annotations

from dataclasses import dataclass

from core.services.health_checks import Check
from core.services.visuals import Subject, Visual, VisualType
from core.values.people import Person, Role
from dashboard.board import Board
from dashboard.lists import owner_of
from dashboard.view import Model, Query, View, Wakes
from dashboard.visuals import address


@dataclass(frozen=True, slots=True)
class Shown:
    """body: what its button sends. picture: the newest one's address; None where there is none."""

    subject: Subject
    visual: Visual | None
    body: dict[str, str]
    picture: str | None


async def model(board: Board, person: Person, _query: Query) -> Model:
    research = board.research
    visuals, checks = research.visuals, research.checks
    subjects = [Subject(VisualType.PRICE_GRAPH, symbol) for symbol in research.symbols]
    subjects += [Subject(VisualType.RUN_HISTORY, paper=paper, owner=owner_of(person)) for paper in (True, False)]
    return {
        "processes": research.processes(),
        "symbols": research.symbols,
        "may_begin": person.may(Role.TRADER),
        "admin": person.may(Role.ADMIN),
        "shown": [_shown(subject, visuals.get(subject)) for subject in subjects] if visuals else [],
        "checks": {check: checks.result(check) for check in Check} if checks else {},
    }


def _shown(subject: Subject, visual: Visual | None) -> Shown:
    of = {"symbol": subject.symbol} if subject.symbol else {"paper": "true" if subject.paper else "false"}
    picture = None
    if visual is not None and visual.picture is not None:
        picture = f"{address(subject)}&at={visual.at.timestamp():.0f}"  # another address for another picture
    return Shown(subject, visual, {"visual_type": subject.type, **of}, picture)


VIEW = View("research", model, parts=("processes", "visuals", "checks"), wakes=Wakes.JOURNAL | Wakes.TIME)
