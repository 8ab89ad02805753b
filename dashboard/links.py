"""GET, POST, PATCH and DELETE /api/v1/links, their tokens, and the bot's switch."""

from __future__ import annotations

from aiohttp import web

from core.commands.composing import message_for
from core.services.links import Links
from core.values.links import Link
from core.values.people import Person
from dashboard.board import Board
from dashboard.bodies import read_object
from dashboard.docs import Route
from dashboard.lists import Listing, held_listing
from dashboard.refusals import granted, refuse
from dashboard.rows import Row
from kit.http import ApiError, json_response

BODY = {
    "name": "",
    "account": "",
    "accounts?": "others beside it: name and multiplier each",
    "strategy": "as its alerts call it",
    "stop_loss?": "percent",
    "target?": "percent",
    "trailing_stop?": "percent",
    "quantity?": "pieces",
    "risk_percent?": "instead of it",
    "paper?": "true | false",
    "approval?": "none | ask",
    "product?": "intraday | delivery | carry",
    "option?": "expiry: a day or nearest; strike: a number or atm",
}


class LinkRoutes:
    def __init__(self, board: Board) -> None:
        self._links: Links = board.office.links
        self._bots = board.office.bots

    def listing(self) -> Listing:
        async def rows(person: Person) -> list[Row]:
            return [link_row(link) for link in self._links.seen(person)]

        async def one(person: Person, key: str) -> Row | None:
            return next((link_row(link) for link in self._links.seen(person) if link.id == key), None)

        return held_listing("links", "webhook links", rows, one)

    def routes(self, api: str) -> list[Route]:
        links = f"{api}/links"
        changed = {f"{name.rstrip('?')}?": says for name, says in BODY.items()} | {"running?": "false = paused"}
        return [
            Route("POST", links, "make a webhook link; its token is told this once", self.create, BODY),
            Route("PATCH", f"{links}/{{id}}", "change a link", self.change, changed),
            Route("DELETE", f"{links}/{{id}}", "take a link away; what it holds stays protected", self.remove),
            Route("POST", f"{links}/{{id}}/rotate", "a new token; the old one opens nothing", self.rotate),
            Route("GET", f"{api}/bot", "whether new alerts are taken up", self.bot),
            Route("POST", f"{api}/bot", "start or stop taking up new alerts", self.switch, {"running": "true | false"}),
        ]

    async def create(self, request: web.Request, person: Person) -> web.Response:
        """201 the link, with its token and URL, which are told this once."""
        made = granted(await self._links.create(await read_object(request), person), person)
        return json_response(_with_token(*made, request), status=201)

    async def change(self, request: web.Request, person: Person) -> web.Response:
        change = self._links.change(request.match_info["id"], await read_object(request), person)
        changed = granted(await change, person)
        return json_response(link_row(changed))

    async def rotate(self, request: web.Request, person: Person) -> web.Response:
        """200 the link with a new token; the old one opens nothing from now on."""
        made = granted(await self._links.rotate(request.match_info["id"], person), person)
        return json_response(_with_token(*made, request))

    async def remove(self, request: web.Request, person: Person) -> web.Response:
        granted(await self._links.delete(request.match_info["id"], person), person)
        return json_response({"success": True})

    async def bot(self, _request: web.Request, person: Person) -> web.Response:
        return json_response({"running": self._bots.state(person)})

    async def switch(self, request: web.Request, person: Person) -> web.Response:
        """200 what is so afterwards."""
        running = (await read_object(request)).get("running")
        if not isinstance(running, bool):
            raise ApiError(422, "bad_field", "running must be true or false", "running")
        refused = await self._bots.switch(person, running=running)
        if refused is not None:
            refuse(refused, person)
        return json_response({"running": self._bots.state(person)})


def link_row(link: Link) -> Row:
    """Everything but the token."""
    rule = link.option
    option = rule and {"expiry": rule.expiry.isoformat() if rule.expiry else "nearest", "strike": rule.strike or "atm"}
    return {
        "id": link.id,
        "name": link.name,
        "account": link.account,
        "accounts": [{"name": share.name, "multiplier": share.multiplier} for share in link.accounts],
        "strategy": link.strategy,
        "stop_loss": link.stop_loss,
        "target": link.target,
        "trailing_stop": link.trailing_stop,
        "quantity": link.quantity,
        "risk_percent": link.risk_percent,
        "product": link.product or None,
        "option": option,
        "paper": link.paper,
        "approval": "ask" if link.ask else "none",
        "running": link.running,
        "book": link.book,
        "made_at": link.made_at,
        "owner": link.owner,
    }


def _with_token(link: Link, token: str, request: web.Request) -> Row:
    url = f"{request.scheme}://{request.host}/hook/{token}"
    return {**link_row(link), "token": token, "url": url, "message": message_for(link)}
