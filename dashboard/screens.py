"""A page as one person sees it: its model, and the HTML of its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

from core.values.people import Person
from dashboard.board import Board
from dashboard.frame import PARTS, frame
from dashboard.rendering import draw
from dashboard.view import Model, Query, View
from kit.http import ApiError
from texts import render

DIGEST_BYTES = 4


@dataclass(frozen=True)
class Shot:
    """parts: HTML by name, in the view's order."""

    model: Model
    parts: Mapping[str, str]

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """Equal for equal HTML, also after a restart."""
        return {name: blake2b(html.encode(), digest_size=DIGEST_BYTES).hexdigest() for name, html in self.parts.items()}

    @cached_property
    def mark(self) -> str:
        """All digests in order: what a page has seen, as the event's id."""
        return ".".join(self.digests.values())

    def news(self, mark: str) -> dict[str, str]:
        """The parts that differ from what a page of that mark shows; all of them for a mark that is none of ours."""
        seen = mark.split(".")
        if len(seen) != len(self.parts):
            return dict(self.parts)
        return {
            name: self.parts[name]
            for (name, now), before in zip(self.digests.items(), seen, strict=True)
            if now != before
        }


class Screens:
    """board: as `dashboard.recent.reading` makes it."""

    def __init__(self, board: Board, views: Sequence[View]) -> None:
        self._board = board
        self._views = views
        self.by_name = {view.name: view for view in views}

    async def shot(self, view: View, person: Person, query: Query) -> Shot:
        """Raises ApiError 403 for a page that this person may not open, and what the view's model raises."""
        if not person.may(view.role):
            words = render("refused.not_allowed", {"role": view.role.word}, person.language)
            raise ApiError(403, "not_allowed", words)
        model = {**await frame(self._board, person, view, self._views), **await view.model(self._board, person, query)}
        files = [("frame", name) for name in PARTS] + [(view.name, name) for name in view.parts]
        parts = {name: draw(f"parts/{owner}_{name}.html", person.language, model).strip() for owner, name in files}
        return Shot(model, parts)
