"""Routes that move a still market. Elsewhere they answer 403."""

from __future__ import annotations

from collections.abc import Awaitable

from aiohttp import web

from core.values.errors import Rejected
from core.values.people import Person, Role
from dashboard.board import Board, DemoControls
from dashboard.bodies import Body, number_of, number_or_none, read_object, text_of
from kit.http import ApiError, json_response

ADVANCE_S_MAX = 400 * 24 * 3600
FAULTS_MAX = 1000
_STATUS = {"unknown_ticker": 404, "market_moves": 403}
_FIELDS = {"unknown_ticker": "ticker", "crossed_book": "bid", "bad_price": "bid", "bad_quantity": "bid_size"}
_FAULT_PARAMS = frozenset({"seconds", "retry_after"})


class Demo:
    def __init__(self, board: Board) -> None:
        self._board = board

    async def market(self, request: web.Request, person: Person) -> web.Response:
        controls = self._controls(person)
        body = await read_object(request)
        return await _done(
            controls.market(
                text_of(body, "ticker"),
                number_of(body, "bid"),
                number_of(body, "ask"),
                number_or_none(body, "bid_size"),
                number_or_none(body, "ask_size"),
            )
        )

    async def clock(self, request: web.Request, person: Person) -> web.Response:
        controls = self._controls(person)
        seconds = number_of(await read_object(request), "advance_s")
        if not 0 <= seconds <= ADVANCE_S_MAX:
            raise ApiError(422, "bad_field", f"advance_s must be 0..{ADVANCE_S_MAX}", "advance_s")
        return await _done(controls.clock(float(seconds)))

    async def faults(self, request: web.Request, person: Person) -> web.Response:
        controls = self._controls(person)
        body = await read_object(request)
        name = text_of(body, "next")
        count = number_of(body, "count") if "count" in body else 1
        if count != int(count) or not 1 <= count <= FAULTS_MAX:
            raise ApiError(422, "bad_field", f"count must be a whole number, 1..{FAULTS_MAX}", "count")
        try:
            controls.faults(name, int(count), _fault_params(body))
        except ValueError as error:
            raise ApiError(422, "unknown_fault", str(error), "next") from None
        return json_response({"success": True})

    async def sample(self, _request: web.Request, person: Person) -> web.Response:
        """The body of the alert that the page's button sends; its passphrase is the demo's own."""
        _trader(person)
        if self._board.sample_alert is None:
            raise ApiError(403, "not_demo", "only the demo has a sample alert")
        return json_response(self._board.sample_alert())

    def _controls(self, person: Person) -> DemoControls:
        _trader(person)
        if self._board.demo is None:
            raise ApiError(403, "market_moves", "only a still market or the demo can be moved by hand")
        return self._board.demo


def _trader(person: Person) -> None:
    if not person.may(Role.TRADER):
        raise ApiError(403, "not_allowed", "this needs the role trader")


def _fault_params(body: Body) -> dict[str, object]:
    for name in body.keys() - {"next", "count"} - _FAULT_PARAMS:
        raise ApiError(422, "bad_field", f"faults know {', '.join(sorted(_FAULT_PARAMS))}", name)
    return {name: number_of(body, name) for name in body.keys() & _FAULT_PARAMS}


async def _done(doing: Awaitable[None]) -> web.Response:
    try:
        await doing
    except Rejected as error:
        status = _STATUS.get(error.code, 422)
        raise ApiError(status, error.code, error.reason or error.code, _FIELDS.get(error.code)) from None
    return json_response({"success": True})
