"""/api/v1/stops, shorts and stop_lists; stop_orders and stashes (behaviour.md 1.13)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from core.services.lists import FLAGS, Lists
from core.values.instrument import Instrument
from core.values.notices import Notice, NoticeKind
from core.values.orders import OrderType, Side
from core.values.people import Person, Role
from core.values.traps import USUAL, Stash, StopList, Trap
from dashboard import rows
from dashboard.board import Board
from dashboard.bodies import Body, flag_of, read_object, text_of
from dashboard.docs import Route
from dashboard.lists import Listing, held_listing
from dashboard.refusals import granted
from dashboard.rows import Row
from kit.http import ApiError, json_response

BODY = {
    "ticker": "",
    "whitelist": "true | false",
    "stop_blacklist?": "true: not for /stops",
    "short_blacklist?": "true: not for /shorts",
    "morning?": "false: left alone in the morning session",
}
NAMED = {"name?": f"of the stash; {USUAL} without one", "account?": "where there are several"}
_OLD_KINDS = {OrderType.TAKE_PROFIT: 1, OrderType.STOP: 2}
"""Types as the old surface numbered them; a stop with a price of its own is 3."""


class StopRoutes:
    def __init__(self, board: Board) -> None:
        self._board = board
        self._lists: Lists = board.office.lists

    def listings(self) -> list[Listing]:
        return [
            self._listing("stops", "what /stops takes", lambda row: row.takes(Side.BUY)),
            self._listing("shorts", "what /shorts takes", lambda row: row.takes(Side.SELL)),
            self._listing("stop_lists", "every ticker of the lists", lambda _row: True),
            self._stashed("stop_orders", "the usual stash, order by order", self._orders),
            self._stashed("stashes", "every stash", self._stashes),
        ]

    def routes(self, api: str) -> list[Route]:
        stops, orders = f"{api}/stops", f"{api}/stop_orders"
        changed = {f"{name.rstrip('?')}?": says for name, says in BODY.items() if name != "ticker"}
        restored = {
            **NAMED,
            "all?": "true: also what the price has passed",
            "dry_run?": "true: only say what it would do",
        }
        return [
            Route("POST", stops, "put a ticker on the lists; one row each", self.add, BODY),
            Route("PATCH", f"{stops}/{{id}}", "change a row", self.change, changed),
            Route("DELETE", f"{stops}/{{id}}", "take a ticker off the lists", self.remove),
            Route("POST", f"{orders}/stash", "keep the stop orders that stand", self.stash, NAMED),
            Route("POST", orders, "restore a stash", self.restore, restored),
        ]

    # lists

    async def add(self, request: web.Request, person: Person) -> web.Response:
        """201 the row; the one of this ticker, where there is one, is changed."""
        _trader(person)
        body = await read_object(request)
        ticker = text_of(body, "ticker")
        return json_response(await self._put(person, ticker, {"whitelist": True, **_flags(body)}), status=201)

    async def change(self, request: web.Request, person: Person) -> web.Response:
        row = await self._asked(request, person)
        return json_response(await self._put(person, row.ticker, _flags(await read_object(request))))

    async def remove(self, request: web.Request, person: Person) -> web.Response:
        await self._lists.remove(person, await self._asked(request, person))
        return json_response({"success": True})

    async def _put(self, person: Person, ticker: str, flags: dict[str, bool]) -> Row:
        row = granted(await self._lists.put(person, ticker, flags), person)
        return self._row(person, row)

    async def _asked(self, request: web.Request, person: Person) -> StopList:
        _trader(person)
        row = await self._lists.row(person, request.match_info["id"])
        if row is None:
            raise ApiError(404, "not_found", "there is no such row in stops")
        return row

    def _listing(self, name: str, says: str, takes: Callable[[StopList], bool]) -> Listing:
        async def found(person: Person) -> list[Row]:
            return [self._row(person, row) for row in await self._lists.rows(person) if takes(row)]

        async def one(person: Person, key: str) -> Row | None:
            row = await self._lists.row(person, key)
            return None if row is None else self._row(person, row)

        return held_listing(name, says, found, one)

    def _row(self, person: Person, row: StopList) -> Row:
        flags = {name: getattr(row, name) for name in FLAGS}
        return {"id": row.id, **_asset(row.ticker, self._lists.instrument(person, row)), **flags}

    # stashes

    def _stashed(self, name: str, says: str, read: Callable[[Person], Awaitable[list[Row]]]) -> Listing:
        async def one(person: Person, key: str) -> Row | None:
            return next((row for row in await read(person) if row["id"] == key), None)

        return held_listing(name, says, read, one)

    async def _stashes(self, person: Person) -> list[Row]:
        return [
            {
                "id": stash.id,
                "name": stash.name,
                "account": stash.account,
                "made_at": stash.made_at,
                "orders": [self._trap(stash, number, trap) for number, trap in enumerate(stash.traps)],
            }
            for stash in await self._seen(person)
        ]

    async def _orders(self, person: Person) -> list[Row]:
        usual = [stash for stash in await self._seen(person) if stash.name.casefold() == USUAL]
        return [self._trap(stash, number, trap) for stash in usual for number, trap in enumerate(stash.traps)]

    async def _seen(self, person: Person) -> list[Stash]:
        return [stash for stash in await self._board.store.stashes() if person.sees(stash.owner)]

    def _trap(self, stash: Stash, number: int, trap: Trap) -> Row:
        found = self._board.desk.directory.find(stash.account, trap.ticker)
        known = found if isinstance(found, Instrument) else None
        limited = trap.type is OrderType.STOP and trap.price is not None
        return {
            "id": f"{stash.id}:{number}",
            "account": stash.account,
            **_asset(trap.ticker, known),
            "lots": trap.quantity // known.lot if known else None,
            "quantity": trap.quantity,
            "type": trap.type,
            "order_type": 3 if limited else _OLD_KINDS.get(trap.type, 0),
            "side": trap.side,
            "sell": trap.side is Side.SELL,
            "stop_price": trap.stop_price,
            "price": trap.price,
            "expires_at": trap.expires_at,
        }

    async def stash(self, request: web.Request, person: Person) -> web.Response:
        """200 what was kept; 404 where nothing stands, and the old stash stays."""
        body = await _body(request)
        return self._told(await self._say(f"/stash {_words(body)}", person), person)

    async def restore(self, request: web.Request, person: Person) -> web.Response:
        """200 what was begun or, with dry_run, what would be; asking for it here is the press."""
        body = await _body(request)
        name = _words(body, every="all" in body and flag_of(body, "all"))
        notice = await self._say(f"/restore {name}", person)
        if notice.kind is NoticeKind.CONFIRM and not ("dry_run" in body and flag_of(body, "dry_run")):
            [notice] = await self._board.console.press(notice.actions[0].id, person)
        return self._told(notice, person)

    async def _say(self, text: str, person: Person) -> Notice:
        [notice] = await self._board.console.run(text, person)
        return notice

    def _told(self, notice: Notice, person: Person) -> web.Response:
        row = rows.notice_row(notice, person.language)
        code = notice.params.get("code", "")
        if notice.kind is NoticeKind.REFUSED:
            status = {"not_allowed": 403, "nothing_stashed": 404, "nothing_to_stash": 404}.get(code, 422)
            field = "account" if "account" in code else None
            raise ApiError(status, code, str(row["text"]), field)
        return json_response({"success": True, "notices": [row]})


def _asset(ticker: str, found: Instrument | None) -> Row:
    """The fields of the old surface; empty where the venue dropped it."""
    return {
        "ticker": ticker,
        "figi": found.broker_key or None if found else None,
        "min_price_increment": found.tick if found else None,
        "lot": found.lot if found else None,
    }


def _flags(body: Body) -> dict[str, bool]:
    return {name: flag_of(body, name) for name in FLAGS if name in body}


async def _body(request: web.Request) -> Body:
    """An empty one asks for what is usual."""
    return await read_object(request) if request.body_exists else {}


def _words(body: Body, *, every: bool = False) -> str:
    """The command's words behind its name. Raises ApiError 422 for a name that is more than one word."""
    name = text_of(body, "name") if body.get("name") is not None else USUAL
    if len(name.split()) != 1 or name.startswith("@"):
        raise ApiError(422, "bad_field", "name must be one word", "name")
    account = f"@{text_of(body, 'account')}" if body.get("account") is not None else ""
    return " ".join([name, *(["all"] if every else []), *([account] if account else [])])


def _trader(person: Person) -> None:
    if not person.may(Role.TRADER):
        raise ApiError(403, "not_allowed", "this needs the role trader")
