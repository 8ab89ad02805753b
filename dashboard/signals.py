"""POST /api/v1/alerts: a raw alert by hand, told to the hub as a program would. For those who try out a strategy."""

from __future__ import annotations

from aiohttp import web

from core.services.hub import may_publish
from core.values.people import Person
from dashboard.board import Board
from dashboard.docs import Route
from dashboard.refusals import refuse
from dashboard.schemas import TEXT, row
from kit.http import ApiError, json_response, read_body

BODY = {
    "id": "whole number from 0",
    "name": "of the strategy",
    "symbol": "EXCHANGE:TICKER",
    "interval": "minutes",
    "direction": "buy | sell | close...",
    "price": "above 0",
    "timestamp": "YYYY-MM-DDTHH:MM:SSZ",
}


class SignalRoutes:
    def __init__(self, board: Board) -> None:
        self._publish = board.roof.publish

    def routes(self, api: str) -> list[Route]:
        says = "send the hub an alert, as a program would"
        return [Route("POST", f"{api}/alerts", says, self.publish, BODY, answer=row(alert_id=TEXT))]

    async def publish(self, request: web.Request, person: Person) -> web.Response:
        """201 with the id it is kept under; 422 by the field that will not do."""
        refused = may_publish(person)
        if refused is not None:
            refuse(refused, person)
        if self._publish is None:
            raise ApiError(503, "unavailable", "this desk has no hub")
        return json_response({"alert_id": await self._publish(await read_body(request))}, status=201)
