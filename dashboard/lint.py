"""POST /api/v1/lint: what a chart's message would do, and everything that is wrong with it. Nothing is sent."""

from __future__ import annotations

import asyncio

from aiohttp import web

from core.services.hub import may_publish
from core.values.people import Person
from dashboard.board import Board
from dashboard.bodies import read_object, text_of
from dashboard.docs import Route
from dashboard.refusals import refuse
from dashboard.schemas import TEXT, many, row
from kit.http import ApiError, json_response


class LintRoutes:
    def __init__(self, board: Board) -> None:
        self._lint = board.roof.lint

    def routes(self, api: str) -> list[Route]:
        body = {"message": "as it is pasted into the chart site"}
        answer = row(says=many(TEXT), problems=many(row(field=TEXT, message=TEXT)))
        says = "what a chart's message would do; nothing is sent"
        return [Route("POST", f"{api}/lint", says, self.read, body, answer=answer)]

    async def read(self, request: web.Request, person: Person) -> web.Response:
        """200 `{"says": [...], "problems": [{"field", "message"}]}`. It speaks of the settings' accounts, so it is for
        those who help to run the owner's desk."""
        refused = may_publish(person)
        if refused is not None:
            refuse(refused, person)
        if self._lint is None:
            raise ApiError(503, "unavailable", "this desk reads no messages")
        message = text_of(await read_object(request), "message")
        found = await asyncio.to_thread(self._lint, message.encode())
        problems = [{"field": field, "message": words} for field, words in found.problems]
        return json_response({"says": list(found.says), "problems": problems})
