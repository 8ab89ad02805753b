"""POST, GET, PATCH and DELETE /api/v1/sellbuy: the queue of /sellbuy (behaviour.md 1.13)."""

from __future__ import annotations

from typing import NoReturn

from aiohttp import web

from core.services.supervisor import Supervisor
from core.services.worklist import Worklist
from core.values.accounts import Account
from core.values.instrument import Instrument
from core.values.orders import Refused, Side
from core.values.people import Person, Role
from core.values.tasks import QueueRow
from dashboard.board import Board
from dashboard.bodies import Body, flag_of, number_of, pieces_of, read_object, text_of
from dashboard.lists import Listing, held_listing
from dashboard.rows import Row, queue_row
from kit.http import ApiError, json_response
from texts import render

FIELDS = {"account_needed": "account", "unknown_account": "account", "unknown_ticker": "ticker"}


class SellBuys:
    def __init__(self, board: Board, worklist: Worklist, supervisor: Supervisor) -> None:
        self._board = board
        self._worklist = worklist
        self._supervisor = supervisor

    def listing(self) -> Listing:
        """Active rows; one of them by its id, also where it is done."""

        async def rows(person: Person) -> list[Row]:
            return [self._row(row) for row in reversed(await self._worklist.rows(person))]

        async def one(person: Person, key: str) -> Row | None:
            found = await self._worklist.row(key, person)
            return None if found is None else self._row(found)

        return held_listing("sellbuy", "rows of the queue that are not done", rows, one)

    async def add(self, request: web.Request, person: Person) -> web.Response:
        """201 the row."""
        _trader(person)
        body = await read_object(request)
        account = self._account(body, person)
        instrument = self._instrument(body, account, person)
        amount = pieces_of(body, "amount")
        if amount < instrument.lot:
            raise ApiError(422, "zero_size", f"a lot is {instrument.lot}", "amount")
        side = Side.SELL if flag_of(body, "sell") else Side.BUY
        row = self._worklist.make(account, instrument, side, amount)
        await self._worklist.add(row, person)
        return json_response(self._row(row), status=201)

    async def change(self, request: web.Request, person: Person) -> web.Response:
        """An audited correction: 200 the row. 409 while a task works on it."""
        row = await self._asked(request, person)
        body = await read_object(request)
        amount = pieces_of(body, "amount") if "amount" in body else None
        executed = number_of(body, "executed") if "executed" in body else None
        average = number_of(body, "avg_exec_price") if "avg_exec_price" in body else None
        side = (Side.SELL if flag_of(body, "sell") else Side.BUY) if "sell" in body else None
        if executed is not None and executed % 1:
            raise ApiError(422, "bad_field", "executed must be whole pieces", "executed")
        changed = await self._worklist.correct(row, person, amount, executed, average, side)
        if isinstance(changed, Refused):
            words = render(f"refused.{changed.code}", changed.params, person.language)
            raise ApiError(400, changed.code, words, changed.params.get("name"))
        return json_response(self._row(changed))

    async def remove(self, request: web.Request, person: Person) -> web.Response:
        row = await self._asked(request, person)
        await self._worklist.remove(row, person)
        return json_response({"success": True})

    async def _asked(self, request: web.Request, person: Person) -> QueueRow:
        """The row of the path, which nobody works on. Raises ApiError 403, 404 or 409."""
        _trader(person)
        row = await self._worklist.row(request.match_info["id"], person)
        if row is None:
            raise ApiError(404, "not_found", "there is no such row in sellbuy")
        if self._supervisor.working_on(row.id) is not None:
            raise ApiError(409, "already_running", "a task works on this row; stop it first")
        return row

    def _account(self, body: Body, person: Person) -> Account:
        name = text_of(body, "account") if body.get("account") is not None else None
        found = self._board.desk.directory.account(name, person)
        return found if isinstance(found, Account) else _refuse(found, person)

    def _instrument(self, body: Body, account: Account, person: Person) -> Instrument:
        """By `ticker`, or by `figi`, which is how its broker calls it."""
        directory = self._board.desk.directory
        if body.get("ticker") is None and body.get("figi") is not None:
            figi = text_of(body, "figi")
            known = (i for i in directory.instruments(account.name) if figi in {i.broker_key, i.ticker})
            found = next(known, None)
            if found is None:
                raise ApiError(422, "unknown_ticker", "no instrument has this figi", "figi")
            return found
        asked = directory.find(account.name, text_of(body, "ticker"))
        return asked if isinstance(asked, Instrument) else _refuse(asked, person)

    def _row(self, row: QueueRow) -> Row:
        return queue_row(row, self._worklist.instrument(row))


def _refuse(refused: Refused, person: Person) -> NoReturn:
    words = render(f"refused.{refused.code}", refused.params, person.language)
    raise ApiError(422, refused.code, words, FIELDS.get(refused.code, "ticker"))


def _trader(person: Person) -> None:
    if not person.may(Role.TRADER):
        raise ApiError(403, "not_allowed", "this needs the role trader")
