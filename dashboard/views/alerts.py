"""Alerts."""

from __future__ import annotations

from core.values.people import Person
from dashboard.board import Board
from dashboard.view import Model, Query, View


async def model(_board: Board, _person: Person, _query: Query) -> Model:
    return {}


VIEW = View("alerts", model, parts=("list",))
