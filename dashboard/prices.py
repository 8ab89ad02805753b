"""GET /api/v1/prices: what things cost now, and what they cost before."""

from __future__ import annotations

from aiohttp import web

from core.values.market import Quote
from core.values.people import Person
from dashboard.board import Board
from dashboard.bodies import bad_after, page_asked
from dashboard.rows import Row
from kit.http import json_response


class Prices:
    def __init__(self, board: Board) -> None:
        self._board = board

    async def now(self, _request: web.Request, person: Person) -> web.Response:
        """Last price by ticker."""
        views = self._board.portfolio.instruments(person)
        return json_response({v.instrument.ticker: v.quote.last for v in views if v.quote and v.quote.last is not None})

    async def before(self, request: web.Request, _person: Person) -> web.Response:
        """One ticker's, newest first. An unknown ticker has none."""
        limit, after = page_asked(request)
        try:
            page = await self._board.store.prices(request.match_info["ticker"].upper(), limit, after)
        except ValueError:
            raise bad_after() from None
        return json_response({"items": [_row(quote) for quote in page.items], "next": page.next})


def _row(quote: Quote) -> Row:
    return {"ticker": quote.ticker, "at": quote.at, "bid": quote.bid, "ask": quote.ask, "last": quote.last}
