"""Commands, presses, and the small questions of the old REST surface."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from core.values.ids import ActionId
from core.values.notices import Notice
from core.values.people import Person
from dashboard import rows
from dashboard.board import Board
from dashboard.bodies import read_object, text_of
from kit.http import ApiError, json_response


class Doing:
    def __init__(self, board: Board) -> None:
        self._board = board

    async def command(self, request: web.Request, person: Person) -> web.Response:
        """A refusal is an answer like any other: 200 with its notice."""
        text = text_of(await read_object(request), "text")
        return _told(await self._board.console.run(text, person), person)

    async def press(self, request: web.Request, person: Person) -> web.Response:
        return _told(await self._board.console.press(ActionId(request.match_info["id"]), person), person)

    async def health(self, _request: web.Request, _person: Person) -> web.Response:
        return web.Response()

    async def ticker(self, request: web.Request, person: Person) -> web.Response:
        wanted = request.match_info["ticker"].upper()
        for view in self._board.portfolio.instruments(person):
            if view.instrument.ticker.upper() == wanted:
                trading = view.quote is not None and view.quote.trading
                return json_response(rows.ticker_row(view.instrument, trading=trading))
        raise ApiError(404, "unknown_ticker", "no account of this desk trades that ticker", "ticker")


def _told(notices: Sequence[Notice], person: Person) -> web.Response:
    return json_response({"notices": [rows.notice_row(notice, person.language) for notice in notices]})
