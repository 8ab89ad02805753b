"""What works beside trading: its processes, its health checks, and beginning anew with its data (behaviour.md 4.8)."""

from __future__ import annotations

from aiohttp import web

from core.services.health_checks import Check, Result
from core.services.research import PROCESSES, ProcessState
from core.values.people import Person, Role
from dashboard.asking import asked_of, begun, day_asked, need, off, word_of
from dashboard.board import Board
from dashboard.docs import Route
from dashboard.rows import Row, notice_row
from dashboard.schemas import SUCCESS, TEXT, TIME, many, one_of, ref, row
from kit.http import json_response

CHECKS = " | ".join(Check)
CHECK = {"check_type": CHECKS, "symbol?": "default: the first that is collected", "day_date?": "a day, of the output"}
AGAIN = {"symbol?": "default: all", "start_date?": "a day; default: the oldest on file"}
RESULT = row(
    check_type=one_of(Check), status=one_of(("PASSED", "FAILED")), debug_messages=many(TEXT), last_updated=TIME
)
STATES = row(
    processes=many(row(name=one_of(PROCESSES), state=one_of(ProcessState))),
    symbols=many(TEXT),
    health_checks=many(RESULT),
)
NOTICES = row(notices=many(ref("notices")))


class ResearchRoutes:
    def __init__(self, board: Board) -> None:
        self._board = board

    def routes(self, api: str) -> list[Route]:
        checks, data, of_one = f"{api}/health_checks", f"{api}/data", {"check_type!": CHECKS}
        return [
            Route("GET", f"{api}/research", "its processes, symbols and health checks", self.states, answer=STATES),
            Route("POST", f"{checks}/perform", "begin a health check", self.perform, CHECK, answer=SUCCESS),
            Route("GET", f"{checks}/get", "its newest result", self.get, query=of_one, answer=RESULT, empty=True),
            Route(
                "POST",
                f"{data}/recollect",
                "collect candles anew (admin), after a press",
                self.again,
                AGAIN,
                answer=NOTICES,
            ),
            Route(
                "POST",
                f"{data}/reset_trade_history",
                "leave one's orders, fills and runs out of lists, after a press",
                self.reset,
                answer=NOTICES,
            ),
        ]

    async def states(self, _request: web.Request, _person: Person) -> web.Response:
        research = self._board.research
        processes = [{"name": name, "state": state} for name, state in research.processes().items()]
        results = [_row(result) for result in (research.checks.results() if research.checks else ())]
        return json_response({"processes": processes, "symbols": research.symbols, "health_checks": results})

    async def perform(self, request: web.Request, person: Person) -> web.Response:
        """200 where it has begun; 503 while one is done."""
        need(person, Role.TRADER)
        asked = await asked_of(request)
        check, day = word_of(asked, "check_type", Check), day_asked(asked, "day_date")
        if self._board.research.checks is None:
            raise off(person)
        wishes = {"symbol": asked.get("symbol", "").strip(), "day": day}
        begun(self._board.research.checks.perform(check, {name: wish for name, wish in wishes.items() if wish}), person)
        return json_response({"success": True})

    async def get(self, request: web.Request, _person: Person) -> web.Response:
        """200, or 204 before the first."""
        check, checks = word_of(request.query, "check_type", Check), self._board.research.checks
        result = None if checks is None else checks.result(check)
        return web.Response(status=204) if result is None else json_response(_row(result))

    async def again(self, request: web.Request, person: Person) -> web.Response:
        """200 with the question; its press begins."""
        asked = await asked_of(request)
        symbol, first = asked.get("symbol", "").strip(), day_asked(asked, "start_date")
        words = "".join(symbol.split())  # one word of a command, whatever was sent
        return await self._typed(" ".join(["/recollect", *filter(None, (words, first))]), person)

    async def reset(self, _request: web.Request, person: Person) -> web.Response:
        return await self._typed("/reset_history", person)

    async def _typed(self, text: str, person: Person) -> web.Response:
        """As if a person had typed it: with the same question, the same press, the same no."""
        notices = await self._board.console.run(text, person)
        return json_response({"notices": [notice_row(notice, person.language) for notice in notices]})


def _row(result: Result) -> Row:
    return {
        "check_type": result.check,
        "status": result.verdict.status,
        "debug_messages": list(result.verdict.said),
        "last_updated": result.at,
    }
