"""Console: every chat command, typed here; and what the desk says."""

from __future__ import annotations

import texts
from core.clock import ManualClock
from core.values.notices import Notice
from core.values.people import Person, Role
from dashboard.board import Board
from dashboard.lists import owner_of
from dashboard.rows import notice_row
from dashboard.view import Model, Query, View, Wakes

SHOWN = 30


async def model(board: Board, person: Person, _query: Query) -> Model:
    """notices: of those that show one thing as it goes on, the last."""
    found = await board.store.notices(SHOWN, None, owner_of(person))
    cards: dict[str, Notice] = {}
    for notice in found.items:
        cards.setdefault(notice.card or notice.id, notice)
    trader = person.may(Role.TRADER)
    return {
        "sample": trader and board.sample_alert is not None,
        "faults": _faults(board, person) if trader else [],
        "still": trader and board.demo is not None and isinstance(board.clock, ManualClock),
        "commands": [
            (c.usage, texts.render(f"help.{c.name}", {"usage": c.usage}, person.language))
            for c in board.console.commands
            if not c.hidden and person.may(c.role)
        ],
        "notices": [{**notice_row(notice, person.language), "moment": notice.at} for notice in cards.values()],
    }


def _faults(board: Board, person: Person) -> list[tuple[str, str]]:
    """What the paper broker can be made to do, in words."""
    words = texts.catalogue(person.language)
    names = board.demo.fault_names if board.demo is not None else ()
    return [(name, words.get(f"page.console.fault_{name}", name)) for name in names]


VIEW = View("console", model, parts=("notices",), wakes=Wakes.JOURNAL, scripts=("console.js", "lines.js", "now.js"))
