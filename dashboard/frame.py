"""What stands on every page: where one can go, the state of the desk, and how many trades wait for a word."""

from __future__ import annotations

from collections.abc import Sequence

from core.values.accounts import Mode
from core.values.people import Person
from dashboard.board import Board
from dashboard.view import Model, View

PARTS = ("state", "hand")
"""Parts of every page, before its own: `parts/frame_NAME.html`."""
AT_HAND = 4
"""Places that a phone shows at the bottom; the others are in its menu."""


async def frame(board: Board, person: Person, view: View, views: Sequence[View]) -> Model:
    safety = board.desk.safety
    waiting = [p for p in await board.store.unfinished_proposals() if p.waits and person.sees(p.owner)]
    seen = [venue.account for venue in board.desk.venues.values() if person.sees(venue.account.owner)]
    return {
        "view": view,
        "person": person,
        "now": board.clock.now(),
        "places": [each for each in views if person.may(each.role)],
        "at_hand": AT_HAND,
        "waiting": len(waiting),
        "state": safety.state(*(account.name for account in seen)).value,
        "halt": safety.halt,
        "live": any(account.mode is Mode.LIVE for account in seen),
        "may_kill": may_run(board, person, "kill"),
        "version": board.version,
    }


def may_run(board: Board, person: Person, command: str) -> bool:
    """Whether the person's role is enough for a chat command."""
    return any(c.name == command and person.may(c.role) for c in board.console.commands)


def pulse(board: Board) -> object:
    """Equal while nothing has changed that no listener tells of: a halt holds even where nothing can be written."""
    feeds = tuple(venue.feed.alive() for venue in board.desk.venues.values())
    return board.desk.safety.halt, board.ready(), feeds
