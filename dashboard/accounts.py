"""POST, PATCH and DELETE /api/v1/accounts: those that people add. Credentials go in and never out."""

from __future__ import annotations

from aiohttp import web

from core.services.accounts import Accounts
from core.services.probing import probe
from core.values.money import plain
from core.values.people import Person
from dashboard import rows
from dashboard.board import Board
from dashboard.bodies import Body, read_object
from dashboard.docs import Route
from dashboard.refusals import granted
from dashboard.schemas import FLAG, TEXT, row
from kit.http import ApiError, json_response
from texts import render

BODY = {
    "name": "what alerts call `subaccount`",
    "broker": "paper | tinvest | ccxt | alpaca | angelone",
    "credentials?": "by the keys of the settings file; never told again",
    "risk_percent?": "and what else the settings file has for its broker",
}
TRIED = row(ok=FLAG, text=TEXT)


class AccountRoutes:
    def __init__(self, board: Board) -> None:
        self._board = board
        self._accounts: Accounts = board.office.accounts

    def routes(self, api: str) -> list[Route]:
        accounts = f"{api}/accounts"
        changed = {name: says for name, says in BODY.items() if name.endswith("?")}
        return [
            Route("POST", accounts, "add an account of one's own", self.add, BODY),
            Route("PATCH", f"{accounts}/{{id}}", "change an account on which nothing is open", self.change, changed),
            Route("DELETE", f"{accounts}/{{id}}", "take it and its credentials away", self.remove),
            Route("POST", f"{accounts}/{{id}}/test", "whether its broker answers just now", self.test, answer=TRIED),
        ]

    async def add(self, request: web.Request, person: Person) -> web.Response:
        body = await read_object(request)
        name, broker = body.pop("name", None), body.pop("broker", None)
        added = granted(await self._accounts.add(name, broker, _said(body), person), person)
        return json_response(await self._row(added.name, person), status=201)

    async def change(self, request: web.Request, person: Person) -> web.Response:
        change = self._accounts.change(request.match_info["id"], _said(await read_object(request)), person)
        changed = granted(await change, person)
        return json_response(await self._row(changed.name, person))

    async def remove(self, request: web.Request, person: Person) -> web.Response:
        granted(await self._accounts.remove(request.match_info["id"], person), person)
        return json_response({"success": True})

    async def test(self, request: web.Request, person: Person) -> web.Response:
        """200 also where it does not answer: `ok` is false then, and `text` says why."""
        found = granted(await probe(self._board.desk, request.match_info["id"], person), person)
        margin, account = found.margin, found.account
        said = {"account": account.name, "why": found.why}
        if margin is None:
            return json_response({"ok": False, "text": render("account.silent", said, person.language)})
        said |= {"equity": plain(round(margin.equity, 2)), "currency": margin.currency}
        text = render("account.answers" if found.fed else "account.unfed", said, person.language)
        answer = {
            "ok": True,
            "text": text,
            "prices": found.fed,
            "equity": margin.equity,
            "free_collateral": margin.free,
        }
        return json_response(answer)

    async def _row(self, name: str, person: Person) -> rows.Row:
        views = await self._board.portfolio.accounts(person)
        return next(rows.account_row(view) for view in views if view.account.name == name)


def _said(body: Body) -> dict[str, str]:
    """Settings and credentials as texts, side by side; a null is left out."""
    credentials = body.pop("credentials", None) or {}
    if not isinstance(credentials, dict):
        raise ApiError(422, "bad_field", "credentials must be an object", "credentials")
    return {name: _text(name, value) for name, value in {**body, **credentials}.items() if value is not None}


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str) or not value.isprintable():
        raise ApiError(422, "bad_field", f"{name} must be a text, a number, true or false", name)
    return value
