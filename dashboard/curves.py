"""GET /api/v1/earnings and /api/v1/equity: profit by day, and what accounts were worth."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from aiohttp import web

from core.services.earnings import first_day, profit_by_day
from core.values.accounts import DayEquity, Mode
from core.values.people import Person
from dashboard.board import Board
from dashboard.docs import Route
from dashboard.history import QUERY, sought
from dashboard.lists import owner_of
from dashboard.rows import Row
from dashboard.schemas import DECIMAL, TEXT, many, row
from kit.http import json_response

ANSWER = row(series=many(row(name=TEXT, currency=TEXT, points=many(row(day=TEXT, value=DECIMAL)))))


class Curves:
    """board: as `dashboard.recent.reading` makes it."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def routes(self, api: str) -> list[Route]:
        return [
            Route(
                "GET", f"{api}/earnings", "gain after fees by UTC day and currency", self.earnings, {}, QUERY, ANSWER
            ),
            Route("GET", f"{api}/equity", "what each account was worth, by UTC day", self.equity, {}, QUERY, ANSWER),
        ]

    async def earnings(self, request: web.Request, person: Person) -> web.Response:
        """Of positions by the day that closed them; the last 90 days unless `from` says otherwise."""
        asked = sought(request.query)
        found = await profit_by_day(self._board.store, self._board.desk, person, asked)
        series = [
            {
                "name": currency,
                "currency": currency,
                "points": [_point(day, gain) for day, gain in sorted(days.items())],
            }
            for currency, days in sorted(found.items())
        ]
        return json_response({"series": series})

    async def equity(self, request: web.Request, person: Person) -> web.Response:
        """Of accounts that are still there; today's is of this moment."""
        asked, now = sought(request.query), self._board.clock.now()
        days: dict[str, dict[date, DayEquity]] = {}
        for kept in await self._board.store.equity(first_day(asked, now), owner_of(person)):
            days.setdefault(kept.account, {})[kept.day] = kept
        series = []
        for view in await self._board.portfolio.accounts(person):
            account, margin = view.account, view.margin
            paper = account.mode is Mode.PAPER
            if not asked.fits(account.name, asked.ticker, paper=paper):
                continue
            of_account = days.get(account.name, {})
            if margin is not None:
                of_account[now.date()] = DayEquity(account.name, now, margin.equity, margin.currency, account.owner)
            points = [
                _point(day, kept.equity)
                for day, kept in sorted(of_account.items())
                if asked.end is None or kept.at < asked.end
            ]
            series.append({"name": account.name, "currency": account.currency, "paper": paper, "points": points})
        return json_response({"series": series})


def _point(day: date, value: Decimal) -> Row:
    return {"day": day.isoformat(), "value": round(value, 8)}
