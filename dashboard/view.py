"""What a page is: one file in dashboard/views, one template, and the parts of it that live."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Flag, auto

from core.values.people import Person, Role
from dashboard.board import Board

Query = Mapping[str, str]
Model = Mapping[str, object]
ModelOf = Callable[[Board, Person, Query], Awaitable[Model]]


class Wakes(Flag):
    """What makes a page's parts worth looking at again."""

    JOURNAL = auto()
    """Something was written: alerts, orders, fills, proposals, tasks, people ..."""
    BOOKS = auto()
    """Orders or positions moved in memory."""
    QUOTES = auto()
    TIME = auto()
    """A beat passed. For ages that only the server can tell; a countdown is the browser's (macro `since`)."""


@dataclass(frozen=True, slots=True)
class View:
    """name: its template `NAME.html`, its words `[page.NAME]` (`nav` is its place's name) and, but for Now, its path.

    parts: what lives: `parts/NAME_PART.html`, shown by `{{ part("PART") }}`, drawn anew from the same model. What
    stands outside of them stays as it was when the page was opened.
    model: what the templates know besides `t`, `say`, `person`, `language`, `now` and `view`. It reads `board.store`
    and `board.portfolio` as often as it likes: what they said is kept until something is written. Raises ApiError,
    which is shown as a page.
    query: the names of its address's query that the model reads; others are not looked at.
    role: who may open it. scripts: modules of dashboard/static that it needs besides desk.js.
    """

    name: str
    model: ModelOf
    parts: tuple[str, ...] = ()
    role: Role = Role.VIEWER
    wakes: Wakes = Wakes.JOURNAL | Wakes.BOOKS
    scripts: tuple[str, ...] = ()
    query: frozenset[str] = frozenset()

    @property
    def path(self) -> str:
        return "/" if self.name == "now" else f"/{self.name}"
