"""GET /api/v1/proposals/{id}/picture: what a trade that waits for a word looks like."""

from __future__ import annotations

from aiohttp import web

from core.values.ids import ProposalId
from core.values.people import Person
from core.values.proposals import Proposal
from dashboard.board import Board
from kit.http import ApiError


def drawn(board: Board, proposal: Proposal) -> str | None:
    """Where its picture is read; None while there is none."""
    return f"/api/v1/proposals/{proposal.id}/picture" if board.picture(proposal.id) else None


class PictureRoutes:
    def __init__(self, board: Board) -> None:
        self._board = board

    async def proposal(self, request: web.Request, person: Person) -> web.StreamResponse:
        """200 a PNG. Raises ApiError 404 while there is none, and for another owner's."""
        found = await self._board.store.proposal(ProposalId(request.match_info["id"]))
        path = self._board.picture(found.id) if found is not None and person.sees(found.owner) else None
        if path is None:
            raise ApiError(404, "not_found", "there is no such picture")
        return web.FileResponse(path, headers={"Cache-Control": "private, no-cache", "Content-Type": "image/png"})
