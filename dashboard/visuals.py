"""Visuals: begin to make one, and read the newest, as JSON or as a picture (behaviour.md 4.9)."""

from __future__ import annotations

from urllib.parse import urlencode

from aiohttp import web

from core.services.visuals import Subject, Visual, VisualType
from core.values.people import Person, Role
from dashboard.asking import Words, asked_of, begun, need, off, paper_asked, word_of
from dashboard.board import Board
from dashboard.docs import Route
from dashboard.lists import owner_of
from dashboard.rows import Row
from dashboard.schemas import DECIMAL, SUCCESS, TEXT, TIME, WHOLE, many, maybe, one_of, row
from kit.http import ApiError, json_response

OF = {"symbol": "of PRICE_GRAPH", "paper": "of RUN_HISTORY: true | false | paper | live"}
QUERY = {"visual_type!": " | ".join(VisualType), **OF}
BODY = {"visual_type": " | ".join(VisualType), **{f"{name}?": says for name, says in OF.items()}}
SAID = row(
    visual_type=one_of(VisualType), last_updated=TIME, picture=maybe(TEXT),
    points=many({"anyOf": [
        row(date=TEXT, open=DECIMAL, minutes=WHOLE),
        row(date=TEXT, at=TIME, profit=DECIMAL, currency=TEXT, strategy=TEXT, symbol=TEXT, account=TEXT),
    ]}),
)  # fmt: skip


class VisualRoutes:
    def __init__(self, board: Board) -> None:
        self._board = board

    def routes(self, api: str) -> list[Route]:
        visuals = f"{api}/visuals"
        return [
            Route("POST", f"{visuals}/generate", "begin to make a visual", self.generate, BODY, answer=SUCCESS),
            Route("GET", f"{visuals}/get", "the newest of it", self.get, query=QUERY, answer=SAID, empty=True),
            Route("GET", f"{visuals}/picture", "the same as a PNG", self.picture, query=QUERY, empty=True),
        ]

    async def generate(self, request: web.Request, person: Person) -> web.Response:
        """200 where it has begun; 503 while one is made; 422 for a symbol that is not collected."""
        need(person, Role.TRADER)
        subject = subject_of(await asked_of(request), person)
        if self._board.research.visuals is None:
            raise off(person)
        begun(self._board.research.visuals.generate(subject), person)
        return json_response({"success": True})

    async def get(self, request: web.Request, person: Person) -> web.Response:
        """200, or 204 before the first."""
        found = self._found(request, person)
        return web.Response(status=204) if found is None else json_response(_row(found))

    async def picture(self, request: web.Request, person: Person) -> web.Response:
        """200 a PNG; 204 where there is nothing to draw yet."""
        found = self._found(request, person)
        if found is None or found.picture is None:
            return web.Response(status=204)
        return web.Response(body=found.picture, content_type="image/png")

    def _found(self, request: web.Request, person: Person) -> Visual | None:
        subject, visuals = subject_of(request.query, person), self._board.research.visuals
        return None if visuals is None else visuals.get(subject)


def subject_of(asked: Words, person: Person) -> Subject:
    """Runs are those that the person sees. Raises ApiError 422."""
    match word_of(asked, "visual_type", VisualType):
        case VisualType.PRICE_GRAPH:
            if not (symbol := asked.get("symbol", "").strip()):
                raise ApiError(422, "bad_field", "symbol must be a text", "symbol")
            return Subject(VisualType.PRICE_GRAPH, symbol)
        case VisualType.RUN_HISTORY:
            return Subject(VisualType.RUN_HISTORY, paper=paper_asked(asked), owner=owner_of(person))


def address(subject: Subject) -> str:
    """Of its picture."""
    of = {"symbol": subject.symbol} if subject.symbol else {"paper": "true" if subject.paper else "false"}
    return f"/api/v1/visuals/picture?{urlencode({'visual_type': subject.type, **of})}"


def _row(visual: Visual) -> Row:
    subject = visual.subject
    told: Row = {
        "visual_type": subject.type,
        "last_updated": visual.at,
        "picture": None if visual.picture is None else address(subject),
    }
    if subject.type is VisualType.PRICE_GRAPH:
        points = [{"date": each.date.isoformat(), "open": each.open, "minutes": each.minutes} for each in visual.prices]
        days = {"valid_days": visual.valid_days, "total_days": len(points)}
        return {**told, "symbol": subject.symbol, **days, "points": points}
    runs = [
        {
            "date": run.at.date().isoformat(),
            "at": run.at,
            "profit": run.profit,
            "currency": run.currency,
            "strategy": run.strategy,
            "symbol": run.symbol,
            "account": run.account,
        }
        for run in visual.runs
    ]
    return {**told, "paper": subject.paper, "points": runs}
