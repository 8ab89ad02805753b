"""Angel One on loopback: SmartAPI's REST, its binary prices and its order updates over the venue and ledger of
tests/servers/broker.py.

Written from the venue's documents and apart from our adapter, so that what the one misreads the other does not. It
counts calls as the venue does: more than its limits allow are refused and kept in `exceeded`. Its ledger's client ids
are the tags.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pyotp
from aiohttp import web

from brokers.paper.contracts import Listing
from brokers.paper.orders import Row
from core.ports import Clock
from core.values.errors import Rejected
from core.values.instrument import Instrument
from core.values.money import Price
from core.values.orders import OrderState, OrderTicket
from tests.hurried import hurried
from tests.servers import angelone_json as say
from tests.servers.angelone_streams import Stream, Streaming
from tests.servers.broker import _reset, hosting

CLIENT, KEY, PIN, SECRET = "A1000", "key", "1234", "GDPO4QXN7LMO3XJWOH5PZOQDPU"
_TRADING = ((9, 1), (500, 60), (1000, 3600))
LIMITS: Mapping[str, tuple[tuple[int, float], ...]] = {
    "trading": _TRADING,
    "details": ((10, 1),),
    "getOrderBook": ((1, 1),),
    "getTradeBook": ((1, 1),),
    "getPosition": ((1, 1),),
    "getHolding": ((1, 1),),
    "getRMS": ((2, 1),),
    "quote": ((10, 1), (500, 60)),
    "getCandleData": ((3, 1), (180, 60)),
    "loginByPassword": ((1, 1),),
}
REFUSALS = {
    "market_closed": ("", "Your order cannot be taken: the market is closed"),
    "insufficient_margin": ("AB1007", "Your order has been rejected due to Insufficient Funds."),
    "bad_quantity": ("AB4014", "Quantity should be a multiple of the lot size"),
    "bad_price": ("", "Price is not a multiple of the tick size"),
    "unknown_ticker": ("AB1009", "Symbol Not Found"),
}


class No(Exception):
    """An error answer. gate: in the spelling of the gateway before the services."""

    def __init__(self, code: str, message: str, status: int = 200, *, gate: bool = False) -> None:
        super().__init__(code)
        self.code, self.message, self.status, self.gate = code, message, status, gate

    def answer(self) -> web.Response:
        if self.gate:
            body: dict[str, Any] = {"success": False, "message": self.message, "errorCode": self.code, "data": ""}
        else:
            body = {"status": False, "message": self.message, "errorcode": self.code, "data": None}
        return web.json_response(body, status=self.status)


TOO_MANY = "Access denied because of exceeding access rate"


class AngelOneServer(Streaming):
    """elsewhere: the caller's address is not registered. keeps: what comes after hours is kept for the next morning.
    late: a refusal is told in the book, the order being taken first. buy_flag: what marks buyers in a tick. cut: the
    path whose next call is cut off. away: logins that fail before one is let in. strict: how much of a window counts; 0
    on a hurried clock, where what was sent evenly arrives unevenly."""

    def __init__(self, ledger: Path, clock: Clock | None = None) -> None:
        self.clock = clock
        super().__init__(ledger, "tagged")
        self.calls: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []
        self.exceeded: list[str] = []
        self.elsewhere = self.keeps = self.late = False
        self.buy_flag, self.cut, self.away, self.strict = 1, "", 0, 0.0
        self.canned: dict[str, Any] = {}
        self.client, self.key, self.pin, self.secret = CLIENT, KEY, PIN, SECRET
        self.used: set[str] = set()
        self._sessions: dict[str, datetime] = {}
        self._refreshes: dict[str, str] = {}
        self._taken: dict[tuple[str, float], deque[float]] = {}
        self._links: list[Stream] = []
        self._kept: dict[str, dict[str, Any]] = {}
        self._numbers: dict[str, str] = {}
        self._by_token = {(say.exchange(i), say.token(i)): i for i in self.instruments.values()}

    def rows_listed(self) -> Sequence[Listing]:
        """The base's shares and futures, and options on an index."""
        rows = [row for row in super().rows_listed() if row.instrument.lot == int(row.instrument.lot)]
        for weeks in range(2):
            for strike in (24900, 25000, 25100):
                for call in (True, False):
                    made = say.option(say.expiry(self.now(), weeks), strike, call=call)
                    rows.append(Listing(made, Price(Decimal(120)), 100))
        return rows

    def now(self) -> datetime:
        return super().now() if self._replayed or self.clock is None else self.clock.now()

    # doors

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/OpenAPI_File/files/OpenAPIScripMaster.json", self.master),
            web.get("/smart-stream", self.prices),
            web.get("/smart-order-update", self.updates),
            web.route("*", "/rest/{rest:.*}", self.rest),
        ]

    def places(self, request: web.Request) -> bool:
        return request.path.endswith("/placeOrder")

    async def rest(self, request: web.Request) -> web.StreamResponse:
        name = request.path.rpartition("/")[2]
        name = "details" if "/details/" in request.path else name
        if self.cut and name == self.cut:
            return self._cut_off(request)
        try:
            self._count(name)
            if "/secure/" in request.path:
                self._let_in(request, name)
            if name == "placeOrder":
                return await self.place(request)
            body = await request.json() if request.can_read_body else {"key": request.path.rpartition("/")[2]}
            answer = getattr(self, f"on_{name.lower()}")
            return self._fine(self.canned[name] if name in self.canned else await answer(body, request))
        except No as no:
            return self._dated(no.answer())

    def _fine(self, data: Any) -> web.Response:
        return self._dated(web.json_response({"status": True, "message": "SUCCESS", "errorcode": "", "data": data}))

    def _dated(self, answer: web.Response) -> web.Response:
        """By the venue's own clock."""
        answer.headers["Date"] = format_datetime(self.now(), usegmt=True)
        return answer

    def _cut_off(self, request: web.Request) -> web.Response:
        """HTTP clients repeat a GET by themselves, so that one is cut off, too."""
        self._cut, self.cut = not self._cut, "" if self._cut else self.cut
        return _reset(request)

    def _count(self, name: str) -> None:
        self.calls[name] += 1
        group = "trading" if name in {"placeOrder", "cancelOrder"} else name
        now = self.now().timestamp()
        for most, per_s in LIMITS.get(group, ()):
            taken = self._taken.setdefault((group, per_s), deque())
            while taken and taken[0] <= now - per_s * self.strict:
                taken.popleft()
            taken.append(now)
            if len(taken) > most:
                self.exceeded.append(name)
                raise No("", TOO_MANY, 403, gate=True)

    def _let_in(self, request: web.Request, name: str) -> None:
        if request.headers.get("X-PrivateKey") != self.key:
            raise No("AG8004", "Invalid API Key", 401, gate=True)
        jwt = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not jwt:
            raise No("AG8003", "Token missing", gate=True)
        if not self.open_session(jwt):
            raise No("AG8002", "Token Expired", gate=True)
        if self.elsewhere and name in {"placeOrder", "cancelOrder"}:
            raise No("AG7002", "Request from unregistered IP", 403, gate=True)

    # sessions

    def open_session(self, jwt: str) -> bool:
        """They end at midnight in India."""
        made = self._sessions.get(jwt)
        return made is not None and made.astimezone(say.INDIA).date() == self.now().astimezone(say.INDIA).date()

    def logged_in(self) -> bool:
        return any(map(self.open_session, self._sessions))

    def end_session(self) -> None:
        """As after a night, the refresh token still being good."""
        self._sessions.clear()

    def end_sessions(self) -> None:
        self._sessions.clear()
        self._refreshes.clear()

    async def on_loginbypassword(self, body: Mapping[str, Any], request: web.Request) -> dict[str, str]:
        if self.away:
            self.away -= 1
            raise No("AB2001", "Internal Error, Please try after sometime")
        if request.headers.get("X-PrivateKey") != self.key:
            raise No("AG8004", "Invalid API Key", 401, gate=True)
        if (body["clientcode"], body["password"]) != (self.client, self.pin):
            raise No("AB1000", "Invalid Email Or Password")
        fresh = pyotp.TOTP(self.secret).verify(body["totp"], for_time=self.now(), valid_window=1)
        if not fresh or body["totp"] in self.used:
            raise No("AB1050", "Invalid totp")
        self.used.add(body["totp"])
        return self._session()

    async def on_generatetokens(self, body: Mapping[str, Any], _request: web.Request) -> dict[str, str]:
        if self._refreshes.pop(body["refreshToken"], None) is None:
            raise No("AB8051", "Refresh Token Expired")
        return self._session()

    def _session(self) -> dict[str, str]:
        number = str(self.calls["loginByPassword"] + self.calls["generateTokens"])
        self._sessions = {f"jwt{number}": self.now()}
        self._refreshes = {f"refresh{number}": f"jwt{number}"}
        return {"jwtToken": f"jwt{number}", "refreshToken": f"refresh{number}", "feedToken": f"feed{number}"}

    async def on_getprofile(self, _body: Mapping[str, Any], _request: web.Request) -> dict[str, Any]:
        return {"clientcode": CLIENT, "name": "A TRADER", "exchanges": '["NSE"]', "products": '["INTRADAY"]'}

    # placing, by way of the base's faults

    async def place(self, request: web.Request) -> web.StreamResponse:
        if self.books.closed and self.keeps:
            kept = self._keep(await request.json())
            lost = self.faults and self.faults.popleft()[0] == "accept_then_drop"
            return _reset(request) if lost else self._fine(kept)
        return await super().place(request)

    def asked(self, _request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
        """As the base's ledger keeps it."""
        self.bodies.append(body)
        if len(body.get("ordertag", "")) >= 20:
            raise No("AB4008", "ordertag length should be less than 20 characters")
        if body["ordertype"] not in {"LIMIT", "STOPLOSS_LIMIT"} or body["duration"] != "DAY":
            raise No("", "Market orders and IOC are not allowed for algo orders")
        instrument = self._by_token.get((body["exchange"], body["symboltoken"]))
        if instrument is None or say.symbol(instrument) != body["tradingsymbol"]:
            raise No("AB1009", "Symbol Not Found")
        stop = body["variety"] == "STOPLOSS"
        return {
            "client_id": body.get("ordertag") or f"foreign{len(self.bodies)}",
            "ticker": instrument.ticker,
            "side": body["transactiontype"].lower(),
            "quantity": body["quantity"],
            "price": body["price"],
            "stop_price": body["triggerprice"] if stop else None,
            "reduce_only": False,
            "expires_at": None,
            "type": "stop" if stop else "limit",
        }

    def _keep(self, body: Mapping[str, Any]) -> dict[str, str]:
        number = f"9{len(self._kept):08d}"
        words = "after market order req received"
        known = {"orderid": number, "uniqueorderid": say.unique(number), "orderstatus": words, "status": words}
        self._kept[number] = {**body, **known, "filledshares": "0", "averageprice": 0, "text": ""}
        return {"script": str(body["tradingsymbol"]), "orderid": number, "uniqueorderid": say.unique(number)}

    def say_placed(self, ticket: OrderTicket) -> web.Response:
        number = self.number(self.venue._rows[ticket.broker_id])
        return self._fine({"script": ticket.ticker, "orderid": number, "uniqueorderid": say.unique(number)})

    def say_refused(self, error: Rejected) -> web.Response:
        code, message = REFUSALS.get(error.code, ("", error.reason or error.code))
        return No(code, message).answer()

    def say_busy(self, _seconds: float) -> web.Response:
        return web.Response(text=TOO_MANY, status=403)

    def _refused(self, asked: dict[str, Any], error: Rejected) -> web.Response:
        answer = super()._refused(asked, error)
        if not self.late:
            return answer
        number = f"8{len(self._kept):08d}"
        instrument = self.instruments[asked["ticker"]]
        row = {
            **self.bodies[-1],
            "symboltoken": say.token(instrument),
            "orderid": number,
            "uniqueorderid": say.unique(number),
            "status": "rejected",
            "orderstatus": "rejected",
            "text": REFUSALS.get(error.code, ("", error.code))[1],
            "filledshares": "0",
            "averageprice": 0,
        }
        self._kept[number] = row
        return self._fine({"script": "", "orderid": number, "uniqueorderid": say.unique(number)})

    # orders

    def number(self, row: Row) -> str:
        return self._numbers.setdefault(row.broker_id, f"2611{len(self._numbers):08d}")

    def told_of(self, row: Row) -> dict[str, Any]:
        tag = "" if str(row.request.id).startswith("foreign") else str(row.request.id)
        return say.order(row, self._instrument(row), self.number(row), tag)

    async def on_getorderbook(self, _body: Mapping[str, Any], _request: web.Request) -> list[dict[str, Any]] | None:
        """Nothing at all where there was no order today."""
        return [*map(self.told_of, self.venue._rows.values()), *self._kept.values()] or None

    async def on_gettradebook(self, _body: Mapping[str, Any], _request: web.Request) -> list[dict[str, Any]] | None:
        fills = [(fill, self.venue._rows[fill.broker_id]) for fill in self.venue.fills if fill.broker_id]
        return [say.trade(fill, self._instrument(row), self.number(row)) for fill, row in fills] or None

    async def on_details(self, body: Mapping[str, Any], _request: web.Request) -> dict[str, Any]:
        for row in self.venue._rows.values():
            if say.unique(self.number(row)) == body["key"]:
                return self.told_of(row)
        for kept in self._kept.values():
            if kept["uniqueorderid"] == body["key"]:
                return kept
        raise No("AB1013", "Order not found")

    async def on_cancelorder(self, body: Mapping[str, Any], _request: web.Request) -> dict[str, str]:
        number = body["orderid"]
        if kept := self._kept.get(number):
            if body["variety"] != kept["variety"]:
                raise No("AB1008", "Invalid Order Variety")
            kept["orderstatus"] = kept["status"] = "cancelled after market order"
            return {"orderid": number}
        row = next((row for row in self.venue._rows.values() if self.number(row) == number), None)
        if row is None:
            raise No("AB1013", "Order not found")
        if body["variety"] != self.told_of(row)["variety"]:
            raise No("AB1008", "Invalid Order Variety")
        if row.working is None:
            raise No("AB1007", "The order is complete")
        self._write("cancel", client_id=row.request.id, broker_id=row.broker_id)
        self.venue.cancel(row)
        await self._flush()
        return {"orderid": number, "uniqueorderid": say.unique(number)}

    def _instrument(self, row: Row) -> Instrument:
        return self.instruments[row.request.ticker]

    # the account

    async def on_getrms(self, _body: Mapping[str, Any], _request: web.Request) -> dict[str, str]:
        margin = self.venue.margin()
        cash, held = self.venue.ledger.cash(), margin.equity - margin.free
        return {"net": f"{margin.free:.2f}", "availablecash": f"{cash:.2f}", "utiliseddebits": f"{held:.2f}"}

    async def on_getposition(self, _body: Mapping[str, Any], _request: web.Request) -> list[dict[str, Any]] | None:
        held = self.venue.ledger.holdings()
        return [say.position(holding, self.instruments[holding.ticker]) for holding in held] or None

    async def on_getholding(self, _body: Mapping[str, Any], _request: web.Request) -> None:
        return None

    # what is listed, and at what price

    async def master(self, _request: web.Request) -> web.Response:
        rows = [say.listed(i) for i in self.instruments.values()]
        return web.json_response([say.INDEX, *rows, *self.canned.get("listed", ())])

    async def on_quote(self, body: Mapping[str, Any], _request: web.Request) -> dict[str, Any]:
        fetched = []
        for exchange, tokens in body["exchangeTokens"].items():
            known = (self._by_token.get((exchange, token)) for token in tokens)
            quotes = ((i, self.books.quote(i.ticker)) for i in known if i)
            fetched += [say.quote(quote, i) for i, quote in quotes if quote]
        return {"fetched": fetched, "unfetched": []}

    async def on_getcandledata(self, body: Mapping[str, Any], _request: web.Request) -> Any:
        texts = (body[key] for key in ("fromdate", "todate"))
        start, end = (datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=say.INDIA) for text in texts)
        if end - start > timedelta(days=30):
            raise No("AB13000", "The span is too long")
        return say.candles(start, (end - start).days or 1)

    def made(self) -> list[str]:
        """Tags of the orders that were accepted, in order."""
        return [line["client_id"] for line in self.lines() if line["kind"] == "order"]

    def working(self) -> list[Row]:
        return [row for row in self.venue._rows.values() if row.state in {OrderState.OPEN, OrderState.PART_FILLED}]


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--dialect", choices=["angelone"], default="angelone")
    options = parser.parse_args()
    server = AngelOneServer(options.ledger, hurried())
    async with hosting(server):
        print(f"LISTENING {server.url}", flush=True)
        await asyncio.sleep(timedelta(days=1).total_seconds())


if __name__ == "__main__":
    asyncio.run(main())
