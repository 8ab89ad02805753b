"""GET /api/v1/orders.csv, fills.csv and positions.csv; DELETE /api/v1/history, which hides and deletes nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from aiohttp import web

from core.services.history import COLUMNS, Cell, History, Line
from core.values.money import plain
from core.values.orders import Side
from core.values.pages import Sought
from core.values.people import Person
from dashboard.board import Board
from dashboard.docs import Route
from dashboard.refusals import granted
from dashboard.view import Query
from kit.http import ApiError, json_response

QUERY = {
    "from": "time",
    "to": "time",
    "account": "",
    "ticker": "",
    "side": "buy | sell",
    "mode": "paper | live",
}
_RISKY = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a text for a formula."""
_DIGITS = 8


class Histories:
    def __init__(self, board: Board) -> None:
        self._history = History(board.store, board.desk, board.office.links)

    def routes(self, api: str) -> list[Route]:
        return [
            Route("GET", f"{api}/orders.csv", "orders as a table, oldest first", self._table("orders"), query=QUERY),
            Route("GET", f"{api}/fills.csv", "fills as a table, oldest first", self._table("fills"), query=QUERY),
            Route("GET", f"{api}/positions.csv", "positions, closed ones too", self._table("positions"), query=QUERY),
            Route(
                "DELETE",
                f"{api}/history",
                "hide one's finished orders and their fills; the journal keeps them",
                self.hide,
                query={"confirm": "true", "to": "time; now, where it is left out"},
            ),
        ]

    def _table(self, name: str) -> Callable[[web.Request, Person], Awaitable[web.Response]]:
        async def answer(request: web.Request, person: Person) -> web.Response:
            lines = await getattr(self._history, name)(person, sought(request.query))
            headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
            return web.Response(
                text=table(COLUMNS[name], lines), content_type="text/csv", charset="utf-8", headers=headers
            )

        return answer

    async def hide(self, request: web.Request, person: Person) -> web.Response:
        """200; 428 without `confirm=true`."""
        if request.query.get("confirm") != "true":
            raise ApiError(428, "confirm_needed", "say confirm=true to hide your finished orders and fills", "confirm")
        granted(await self._history.hide(person, _moment(request.query, "to")), person)
        return json_response({"success": True})


def table(columns: Sequence[str], lines: Sequence[Line]) -> str:
    """CSV with a header line, CRLF as RFC 4180 wants it. A text that a spreadsheet would run as a formula gets an
    apostrophe in front; numbers stay numbers."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([_cell(line[column]) for column in columns] for line in lines)
    return out.getvalue()


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return plain(round(value, _DIGITS))
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return f"'{value}" if value.startswith(_RISKY) else value


def sought(query: Query) -> Sought:
    """What a query string looks for. Raises ApiError 422."""
    mode, side = query.get("mode", ""), query.get("side", "")
    if mode not in {"", "paper", "live"}:
        raise ApiError(422, "bad_field", "mode must be paper or live", "mode")
    if side not in {"", *Side}:
        raise ApiError(422, "bad_field", "side must be buy or sell", "side")
    return Sought(
        start=_moment(query, "from"),
        end=_moment(query, "to"),
        account=query.get("account", ""),
        ticker=query.get("ticker", ""),
        side=Side(side) if side else None,
        paper=None if not mode else mode == "paper",
    )


def _moment(query: Query, name: str) -> datetime | None:
    """An ISO 8601 time with its zone, or a day, which begins in UTC. Raises ApiError 422."""
    text = query.get(name, "")
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ApiError(422, "bad_field", f"{name} must be a time of ISO 8601", name) from None
