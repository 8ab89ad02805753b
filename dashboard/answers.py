"""POST /api/v1/proposals/{id}/answer: a person's word on a trade that waits for it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from aiohttp import web

from core.services.approvals import Approvals
from core.values.ids import ProposalId
from core.values.orders import Refused
from core.values.people import Person
from core.values.proposals import Answer
from dashboard import rows
from dashboard.board import Board
from dashboard.bodies import Body, number_of, read_object
from dashboard.pictures import drawn
from kit.http import ApiError, json_response
from texts import render

STATUSES: Mapping[str, int] = {
    "unknown_id": 404,
    "not_allowed": 403,
    "answered": 409,
    "old_version": 409,
    "second_person": 409,
    "expired": 410,
}
"""HTTP status by refusal; others are 422."""
REASON_MAX = 500


class Answers:
    def __init__(self, board: Board, approvals: Approvals) -> None:
        self._board = board
        self._approvals = approvals

    async def answer(self, request: web.Request, person: Person) -> web.Response:
        """200 the proposal; 428 with `price` where it has moved. Raises ApiError 403, 404, 409, 410, 422."""
        body = await read_object(request)
        said = await self._approvals.answer(
            ProposalId(request.match_info["id"]),
            _version(body),
            _action(body),
            person,
            _changes(body),
            str(body.get("reason") or "")[:REASON_MAX],
            accepted=_accepted(body),
        )
        if isinstance(said, Refused):
            words = render(f"refused.{said.code}", said.params, person.language)
            if said.code == "price_moved":
                return _moved(words, said.params["price"])
            raise ApiError(STATUSES.get(said.code, 422), said.code, words, said.params.get("name"))
        return json_response(
            rows.proposal_row(said, person.language, self._board.clock.now(), drawn(self._board, said))
        )


def _moved(words: str, price: str) -> web.Response:
    """428 with the price that may now be accepted."""
    told = {"code": "price_moved", "field": None, "message": words, "price": price}
    return json_response({"success": False, "error": told}, 428)


def _version(body: Body) -> int:
    """What the person saw: an answer to something else than that is no answer."""
    number = number_of(body, "version")
    if number != int(number):
        raise ApiError(422, "bad_field", "version must be a whole number", "version")
    return int(number)


def _action(body: Body) -> Answer:
    try:
        return Answer(str(body.get("action")))
    except ValueError:
        known = ", ".join(answer.value for answer in Answer)
        raise ApiError(422, "unknown_action", f"action must be one of {known}", "action") from None


def _accepted(body: Body) -> Decimal | bool | None:
    """The price that is taken though the market has moved: a number, or true for any."""
    value = body.get("accept_price")
    if value is None or isinstance(value, bool):
        return value or None
    return number_of(body, "accept_price")


def _changes(body: Body) -> dict[str, str]:
    """Numbers as they were written, words as they are."""
    changes = body.get("changes")
    if changes is None:
        return {}
    if not isinstance(changes, dict) or not all(isinstance(value, str) for value in changes.values()):
        raise ApiError(422, "bad_field", "changes must be an object of texts and numbers", "changes")
    return {str(name): str(value) for name, value in changes.items()}
