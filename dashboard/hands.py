"""PATCH of a position, POST .../close of one, DELETE of an order."""

from __future__ import annotations

from aiohttp import web

from core.services.hands import Hands, Levels
from core.values.money import Price
from core.values.orders import Refused
from core.values.people import Person
from dashboard import rows
from dashboard.board import Board
from dashboard.bodies import Body, number_of, read_object
from dashboard.docs import Route
from dashboard.refusals import granted, refuse
from dashboard.schemas import ref
from kit.http import ApiError, json_response

BODY = {"stop?": "price; a position keeps one", "target?": "price; null = none"}

FIELDS = {"stop_needed": "stop", "stop_crossed": "stop", "stop_trails": "stop", "target_crossed": "target"}


class HandRoutes:
    def __init__(self, board: Board) -> None:
        self._board = board
        self._hands = Hands(board.desk, board.portfolio.guardian)

    def routes(self, api: str) -> list[Route]:
        position = f"{api}/positions/{{id}}"
        return [
            Route("PATCH", position, "move a managed position's stop or target", self.amend, BODY),
            Route(
                "POST", f"{position}/close", "close a managed position at market", self.close, answer=ref("positions")
            ),
            Route("DELETE", f"{api}/orders/{{id}}", "cancel an entry or a trap", self.cancel, answer=ref("orders")),
        ]

    async def amend(self, request: web.Request, person: Person) -> web.Response:
        """200 the position; 404, 422 with the code of what speaks against it."""
        levels = _levels(await read_object(request))
        amended = await self._hands.amend(request.match_info["id"], levels, person)
        if isinstance(amended, Refused):
            refuse(amended, person, FIELDS.get(amended.code))
        return self._row(request, person)

    async def close(self, request: web.Request, person: Person) -> web.Response:
        """200 the position, which is being closed."""
        granted(await self._hands.close(request.match_info["id"], person), person)
        return self._row(request, person)

    async def cancel(self, request: web.Request, person: Person) -> web.Response:
        """200 the order as it is afterwards."""
        return json_response(
            rows.order_row(granted(await self._hands.cancel(request.match_info["id"], person), person))
        )

    def _row(self, request: web.Request, person: Person) -> web.Response:
        now = self._board.clock.now()
        views = self._board.portfolio.positions(person)
        found = next((view for view in views if view.position.id == request.match_info["id"]), None)
        if found is None:
            raise ApiError(404, "unknown_id", "it is closed already", "id")
        return json_response(rows.position_row(found, now))


def _levels(body: Body) -> Levels:
    """Raises ApiError 422 for anything but prices, and where there is none."""
    found: dict[str, Price | None] = {}
    for name in ("stop", "target"):
        if name in body:
            found[name] = None if body[name] is None else Price(number_of(body, name))
            price = found[name]
            if price is not None and price <= 0:
                raise ApiError(422, "bad_field", f"{name} must be above 0", name)
    if not found:
        raise ApiError(422, "bad_field", "give a stop or a target", "stop")
    return found
