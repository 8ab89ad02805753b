"""GET, POST, PATCH and DELETE /api/v1/spreads: what /spreads works on (behaviour.md 1.13)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from aiohttp import web

from core.values.accounts import Account
from core.values.instrument import Instrument
from core.values.money import ZERO, Price, Quantity
from core.values.orders import Refused, Side
from core.values.people import Person, Role
from core.values.spreads import LegDone, SpreadRow
from dashboard.board import Board
from dashboard.bodies import Body, flag_of, number_of, pieces_of, read_object, text_of
from dashboard.docs import Route
from dashboard.lists import Listing, held_listing
from dashboard.refusals import refuse
from dashboard.rows import Row, spread_row
from kit.http import ApiError, json_response

BODY = {
    "far": "ticker",
    "near": "ticker",
    "sell": "true | false, of the far leg",
    "price": "that far - ratio * near must beat",
    "amount": "far pieces",
    "ratio?": "near pieces for a far one",
    "account?": "",
}
LEG = "executed, avg_exec_price"
CHANGES = {"far_leg?": LEG, "near_leg?": LEG, "sell?": "", "price?": "", "amount?": "", "ratio?": "", "active?": ""}


class SpreadRoutes:
    def __init__(self, board: Board) -> None:
        self._desk = board.desk
        self._pairs = board.pairs
        self._supervisor = board.supervisor

    def listing(self) -> Listing:
        """Active rows; one of them by its id, also where it is done."""

        async def rows(person: Person) -> list[Row]:
            return [self._row(row) for row in reversed(await self._pairs.rows(person))]

        async def one(person: Person, key: str) -> Row | None:
            found = await self._pairs.row(key, person)
            return None if found is None else self._row(found)

        return held_listing("spreads", "spreads that are not done", rows, one)

    def routes(self, api: str) -> list[Route]:
        spreads = f"{api}/spreads"
        return [
            Route("POST", spreads, "add a spread; its ratio follows from its legs", self.add, BODY),
            Route("PATCH", f"{spreads}/{{id}}", "change or correct a spread, audited", self.change, CHANGES),
            Route("DELETE", f"{spreads}/{{id}}", "take a spread away", self.remove),
        ]

    async def add(self, request: web.Request, person: Person) -> web.Response:
        """201 the row. 422 where the legs do not belong together, or the amount is less than a lot of either."""
        _trader(person)
        body = await read_object(request)
        account = self._account(body, person)
        far, near = (self._instrument(body, field, account, person) for field in ("far", "near"))
        side = Side.SELL if flag_of(body, "sell") else Side.BUY
        price, amount = number_of(body, "price"), pieces_of(body, "amount")
        row = self._pairs.make(account, (far, near), side, price, amount, _ratio(body))
        if isinstance(row, Refused):
            refuse(row, person, "ratio" if row.code == "no_ratio" else "amount")
        await self._pairs.add(row, person)
        return json_response(self._row(row), status=201)

    async def change(self, request: web.Request, person: Person) -> web.Response:
        """200 the row. 409 while a task works on it."""
        row = await self._asked(request, person)
        body = await read_object(request)
        if "sell" in body:
            row = replace(row, side=Side.SELL if flag_of(body, "sell") else Side.BUY)
        if "price" in body:
            row = replace(row, price=number_of(body, "price"))
        if "amount" in body:
            row = replace(row, amount=Quantity(pieces_of(body, "amount")))
        if ratio := _ratio(body):
            row = replace(row, ratio=ratio)
        if body.get("far_leg") is not None:
            row = replace(row, far_done=_leg(body, "far_leg"))
        if body.get("near_leg") is not None:
            row = replace(row, near_done=_leg(body, "near_leg"))
        wanted = flag_of(body, "active") if "active" in body else True
        return json_response(self._row(await self._pairs.change(row, person, wanted=wanted)))

    async def remove(self, request: web.Request, person: Person) -> web.Response:
        await self._pairs.remove(await self._asked(request, person), person)
        return json_response({"success": True})

    async def _asked(self, request: web.Request, person: Person) -> SpreadRow:
        """The row of the path, which nobody works on. Raises ApiError 403, 404 or 409."""
        _trader(person)
        row = await self._pairs.row(request.match_info["id"], person)
        if row is None:
            raise ApiError(404, "not_found", "there is no such row in spreads")
        if self._supervisor.working_on(row.id) is not None:
            raise ApiError(409, "already_running", "a task works on this row; stop it first")
        return row

    def _account(self, body: Body, person: Person) -> Account:
        name = text_of(body, "account") if body.get("account") is not None else None
        found = self._desk.directory.account(name, person)
        return found if isinstance(found, Account) else refuse(found, person)

    def _instrument(self, body: Body, field: str, account: Account, person: Person) -> Instrument:
        found = self._desk.directory.find(account.name, text_of(body, field))
        if isinstance(found, Refused):
            refuse(found, person, field)
        return found

    def _row(self, row: SpreadRow) -> Row:
        legs = self._pairs.legs(row)
        return spread_row(row, {} if isinstance(legs, Refused) else {leg.ticker: leg for leg in legs})


def _trader(person: Person) -> None:
    if not person.may(Role.TRADER):
        raise ApiError(403, "not_allowed", "this needs the role trader")


def _ratio(body: Body) -> Decimal:
    """0 where none is asked for."""
    ratio = number_of(body, "ratio") if body.get("ratio") is not None else ZERO
    if ratio < ZERO:
        raise ApiError(422, "bad_field", "ratio must be positive", "ratio")
    return ratio


def _leg(body: Body, field: str) -> LegDone:
    """Pieces done and their average; both positive, or nothing done."""
    leg = body[field]
    if not isinstance(leg, dict):
        raise ApiError(422, "bad_field", f"{field} must be an object", field)
    executed = number_of(leg, "executed")
    average = number_of(leg, "avg_exec_price") if executed else ZERO
    if executed < 0 or (executed and average <= 0):
        raise ApiError(400, "bad_change", f"{field} must be positive", field)
    return LegDone(Quantity(executed), Price(average) if executed else None)
