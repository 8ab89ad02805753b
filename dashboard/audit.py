"""GET /api/v1/audit: whether the chain of the audit trail is whole."""

from __future__ import annotations

from aiohttp import web

from core.values.people import Person, Role
from dashboard.board import Board
from dashboard.docs import Route
from dashboard.schemas import FLAG, TEXT, WHOLE, maybe, row
from kit.http import ApiError, json_response

SAID = row(whole=FLAG, first_misfit=maybe(WHOLE), rows=WHOLE, hash=TEXT)


class AuditRoutes:
    def __init__(self, board: Board) -> None:
        self._store = board.store

    def routes(self, api: str) -> list[Route]:
        says = "reads the audit trail and says whether its chain is whole (admin)"
        return [Route("GET", f"{api}/audit", says, self.verify, answer=SAID)]

    async def verify(self, _request: web.Request, person: Person) -> web.Response:
        """200 {whole, first_misfit, rows, hash}: the first row that does not fit, the newest row and its hash."""
        if not person.may(Role.ADMIN):
            raise ApiError(403, "not_allowed", "this needs the role admin")
        misfit = await self._store.verify_audit()
        newest = next(iter((await self._store.audit(1)).items), None)
        return json_response(
            {
                "whole": misfit is None,
                "first_misfit": misfit,
                "rows": 0 if newest is None else newest.number,
                "hash": "" if newest is None else newest.hash,
            }
        )
