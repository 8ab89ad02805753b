"""POST /api/v1/update: an admin asks for the newest version (behaviour.md 4.8)."""

from __future__ import annotations

from aiohttp import web

from core.values.people import Person, Role
from dashboard.asking import begun, need
from dashboard.board import Board
from dashboard.docs import Route
from dashboard.schemas import SUCCESS
from kit.http import json_response


class UpdateRoutes:
    def __init__(self, board: Board) -> None:
        self._ask = board.roof.update

    def routes(self, api: str) -> list[Route]:
        says = "bring this desk to the newest version and restart it (admin)"
        return [Route("POST", f"{api}/update", says, self.update, answer=SUCCESS)]

    async def update(self, _request: web.Request, person: Person) -> web.Response:
        """200 where it was asked for; 503 while one is at work; 409 where install.sh did not install this desk."""
        need(person, Role.ADMIN)
        begun(await self._ask(person), person)
        return json_response({"success": True})
