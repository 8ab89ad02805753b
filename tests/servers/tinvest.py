"""T-Invest on loopback: its REST gateway and JSON WebSocket over the venue and ledger of tests/servers/broker.py.

Written from the venue's documents and apart from our adapter, so that what the one misreads the other does not. It
counts calls as the venue does: more than its limits allow are refused and kept in `exceeded`.

    python -m tests.servers.tinvest --ledger FILE
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

from brokers.paper.orders import Row
from core.values.errors import Rejected
from core.values.ids import BrokerOrderId
from core.values.instrument import Instrument, InstrumentKind
from core.values.market import Quote
from core.values.orders import OrderState, OrderTicket
from tests.servers import tinvest_json as say
from tests.servers.broker import BrokerServer, hosting

PACKAGE = "tinkoff.public.invest.api.contract.v1."
TOKEN, READONLY, ACCOUNT = "t.full", "t.readonly", "2000000001"
A_MINUTE = {
    "PostOrder": 300,
    "CancelOrder": 100,
    "GetOrders": 200,
    "OrdersService": 100,
    "StopOrdersService": 50,
    "OperationsService": 200,
    "MarketDataService": 600,
    "InstrumentsService": 200,
    "UsersService": 100,
}
TRADING = frozenset({"PostOrder", "PostStopOrder", "CancelOrder", "CancelStopOrder"})
CODES = {
    "bad_quantity": 30015,
    "bad_price": 30078,
    "market_closed": 30079,
    "insufficient_margin": 30042,
    "short": 30240,
    "refused": 30049,
    "unknown_order": 50005,
}
PLACING = ("OrdersService/PostOrder", "StopOrdersService/PostStopOrder")


class No(Exception):
    """An error answer. code: the business code, quoted as live gateways do."""

    def __init__(self, status: int, code: int, message: str = "") -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message

    def answer(self) -> web.Response:
        body = {"code": 3, "message": self.message or "refused", "description": str(self.code)}
        return web.json_response(body, status=self.status)


class Stream:
    """One WebSocket. pong: done when the client has dealt with all that was sent before it."""

    def __init__(self, socket: web.WebSocketResponse, *, orders: bool) -> None:
        self.socket, self.orders = socket, orders
        self.keys: set[str] = set()
        self.pong = asyncio.Event()


class TInvestServer(BrokerServer):
    """repeats: what a known key gets, `state` or `30057`. filtered: whether GetOrders heeds its filter. named: whether
    the stream names trades. late: how often GetStopOrders does not know yet what has fired. canned: method -> what it
    answers instead. What is asked: `calls`, by method; `bodies`, of placings; `exceeded`: what went beyond a limit."""

    def __init__(self, ledger: Path) -> None:
        super().__init__(ledger, "plain")
        self.repeats, self.filtered, self.named, self.margin_account = "state", True, True, True
        self.calls: dict[str, int] = {}
        self.late, self.market_orders, self.withdrawn = 0, True, False
        self.bodies: list[dict[str, Any]] = []
        self.canned: dict[str, Any] = {}
        self.seconds: Callable[[], float] = time.monotonic
        self.exceeded: list[str] = []
        self._minute: dict[str, deque[float]] = {}
        self._links: list[Stream] = []
        self._made_at: dict[str, datetime] = {}
        self.instruments = {t: i for t, i in self.instruments.items() if i.lot == int(i.lot)}
        self._by_uid = {say.uid(i): i for i in self.instruments.values()}
        self.access = "ACCOUNT_ACCESS_LEVEL_FULL_ACCESS"
        self.listed: list[dict[str, Any]] = []
        """More rows for Shares, as they are."""

    # doors

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(f"/rest/{PACKAGE}{{service}}/{{method}}", self.rest),
            web.get(f"/ws/{PACKAGE}{{service}}/{{method}}", self.socket),
        ]

    def places(self, request: web.Request) -> bool:
        return request.path.endswith(PLACING)

    async def rest(self, request: web.Request) -> web.StreamResponse:
        service, method = request.match_info["service"], request.match_info["method"]
        try:
            self._count(service, method)
            self._let_in(request, method)
            if self.places(request):
                return await self.place(request)
            told = self.canned.get(method) or await getattr(self, f"on_{method.lower()}")(await request.json())
            return web.Response(text=json.dumps(told, ensure_ascii=False), content_type="application/json")
        except No as no:
            answer = no.answer()
            if no.status == 429:
                answer.headers["x-ratelimit-reset"] = "2"
            return answer

    def _let_in(self, request: web.Request, method: str) -> None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in {TOKEN, READONLY} or self.withdrawn:
            raise No(401, 40003, "Authentication token is missing or invalid")
        if token == READONLY and method in TRADING:
            raise No(403, 40002, "Insufficient privileges")

    def _count(self, service: str, method: str) -> None:
        self.calls[method] = self.calls.get(method, 0) + 1
        name = method if method in A_MINUTE else service
        taken, now = self._minute.setdefault(name, deque()), self.seconds()
        while taken and taken[0] <= now - 60:
            taken.popleft()
        taken.append(now)
        if len(taken) > A_MINUTE[name]:
            self.exceeded.append(f"{service}/{method}")
            raise No(429, 80002, "request limit exceeded")

    # placing, by way of the base's faults

    def asked(self, request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
        """As the base's ledger keeps it."""
        self._mine(body)
        self.bodies.append(body)
        instrument = self._by_uid.get(body["instrumentId"])
        if instrument is None:
            raise No(404, 50002, "instrument not found")
        points = instrument.kind is InstrumentKind.FUTURE
        if body["priceType"] != ("PRICE_TYPE_POINT" if points else "PRICE_TYPE_CURRENCY"):
            raise No(400, 30085)
        stop = request.path.endswith("PostStopOrder")
        asked = {
            "client_id": body["orderId"],
            "ticker": instrument.ticker,
            "side": body["direction"].rpartition("_")[2].lower(),
            "quantity": str(Decimal(body["quantity"]) * instrument.lot),
            "price": say.text(body.get("price")),
            "stop_price": say.text(body.get("stopPrice")),
            "reduce_only": False,
            "immediate": body.get("timeInForce") == "TIME_IN_FORCE_FILL_AND_KILL",
            "expires_at": body.get("expireDate"),
        }
        if stop:
            kind = "take_profit" if body["stopOrderType"] == "STOP_ORDER_TYPE_TAKE_PROFIT" else "stop"
        else:
            kind = body["orderType"].rpartition("_")[2].lower()
            if kind == "market" and not self.market_orders:
                raise No(400, 30068, "only limit orders are allowed now")
            kind = "market" if kind == "bestprice" else kind
            held = self.venue.ledger.quantity(instrument.ticker) / instrument.lot
            uncovered = asked["side"] == "sell" and Decimal(body["quantity"]) > max(Decimal(0), held)
            if uncovered and not points and not body["confirmMarginTrade"]:
                raise No(400, 30240, "an uncovered position may be opened: confirm the margin trade")
        known = self.venue.row(say.order(body["orderId"]))
        if known is not None and self.repeats == "30057" and not stop:
            raise No(400, 30057, "the order with this key was placed before")
        return {**asked, "type": kind}

    def say_placed(self, ticket: OrderTicket) -> web.Response:
        row = self.venue._rows[ticket.broker_id]
        if row.request.type.triggered:
            made = {"stopOrderId": ticket.broker_id, "orderRequestId": row.request.id}
            return web.json_response({**made, "responseMetadata": {}})
        told = say.posted(row, self._instrument(row))
        if row.state is OrderState.REJECTED:
            told["message"] = row.reason
        return web.json_response(told)

    def say_refused(self, error: Rejected) -> web.Response:
        return No(400, CODES.get(error.code, 30049), error.reason or error.code).answer()

    def say_busy(self, seconds: float) -> web.Response:
        answer = No(429, 80002, "request limit exceeded").answer()
        answer.headers["x-ratelimit-reset"] = str(max(1, round(seconds)))
        return answer

    # orders

    async def on_cancelorder(self, body: Mapping[str, Any]) -> dict[str, Any]:
        return await self._cancel(body, self._find(body), 30059)

    async def on_cancelstoporder(self, body: Mapping[str, Any]) -> dict[str, Any]:
        row = self.venue._rows.get(BrokerOrderId(body["stopOrderId"]))
        if row is None or not row.request.type.triggered:
            raise No(404, 50006, "stop order not found")
        if row.working is not None and not row.working.waiting:
            raise No(400, 30060, "the stop order has been executed")
        return await self._cancel(body, row, 30060)

    async def _cancel(self, body: Mapping[str, Any], row: Row, late: int) -> dict[str, Any]:
        self._mine(body)
        if row.working is None:
            raise No(400, late, "the order is over")
        self._write("cancel", client_id=row.request.id, broker_id=row.broker_id)
        self.venue.cancel(row)
        await self._flush()
        return {"time": say.stamp(self.now())}

    async def on_getorderstate(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self._mine(body)
        row = self._find(body)
        return say.order_state(row, self._instrument(row), self._fills(row))

    async def on_getorders(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self._mine(body)
        ended = bool(body.get("advancedFilters")) and self.filtered
        rows = [row for row in self.venue._rows.values() if say.is_order(row) and (row.working or ended)]
        return {"orders": [say.order_state(row, self._instrument(row), self._fills(row)) for row in rows]}

    async def on_getstoporders(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self._mine(body)
        rows = [row for row in self.venue._rows.values() if row.request.type.triggered]
        late, self.late = self.late > 0, max(0, self.late - 1)
        told = [say.stop_order(row, self._instrument(row), self._made(row), late=late) for row in rows]
        wanted, since = body["status"], body.get("from", "")
        every = wanted == "STOP_ORDER_STATUS_ALL"
        return {"stopOrders": [t for t in told if (every or t["status"] == wanted) and t["createDate"] >= since[:19]]}

    def _find(self, body: Mapping[str, Any]) -> Row:
        """By either id; stops only by the id of what they became."""
        key, by_key = body["orderId"], body.get("orderIdType") == "ORDER_ID_TYPE_REQUEST"
        for row in self.venue._rows.values():
            if say.is_order(row) and key == (say.request_id(row) if by_key else say.exchange_id(row)):
                return row
        raise No(404, 50005, "order not found")

    def _fills(self, row: Row) -> list[Any]:
        return [fill for fill in self.venue.fills if fill.broker_id == row.broker_id]

    def _made(self, row: Row) -> datetime:
        if row.broker_id not in self._made_at:
            orders = [line for line in self.lines() if line["kind"] == "order"]
            self._made_at = {line["broker_id"]: datetime.fromisoformat(line["at"]) for line in orders}
        return self._made_at.get(row.broker_id, row.at)

    def _instrument(self, row: Row) -> Instrument:
        return self.instruments[row.request.ticker]

    def _mine(self, body: Mapping[str, Any]) -> None:
        if body.get("accountId") != ACCOUNT:
            raise No(404, 50004, "account not found")

    # the account

    async def on_getaccounts(self, _body: Mapping[str, Any]) -> dict[str, Any]:
        account = {"id": ACCOUNT, "name": "Brokerage", "type": "ACCOUNT_TYPE_TINKOFF", "accessLevel": self.access}
        return {"accounts": [{**account, "status": "ACCOUNT_STATUS_OPEN"}]}

    async def on_getmarginattributes(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self._mine(body)
        if not self.margin_account:
            raise No(400, 30051, "margin trading is not enabled")
        margin = self.venue.margin()
        held = say.money(margin.equity - margin.free)
        return {"liquidPortfolio": say.money(margin.equity), "startingMargin": held, "correctedMargin": held}

    async def on_getpositions(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self._mine(body)
        rows: dict[str, list[dict[str, Any]]] = {"securities": [], "futures": []}
        for holding in self.venue.ledger.holdings():
            future = self.instruments[holding.ticker].kind is InstrumentKind.FUTURE
            told = say.position(holding, self.instruments[holding.ticker])
            rows["futures" if future else "securities"].append(told)
        money = [say.money(self.venue.ledger.cash())]
        return {"money": money, "blocked": [], **rows, "options": [], "limitsLoadingInProgress": False}

    async def on_getportfolio(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self._mine(body)
        rows = [say.portfolio_position(h, self.instruments[h.ticker]) for h in self.venue.ledger.holdings()]
        return {"totalAmountPortfolio": say.money(self.venue.margin().equity), "positions": rows}

    # what is listed, and at what price

    async def on_shares(self, _body: Mapping[str, Any]) -> dict[str, Any]:
        return {"instruments": [*self._listed(InstrumentKind.SHARE), *self.listed]}

    async def on_futures(self, _body: Mapping[str, Any]) -> dict[str, Any]:
        return {"instruments": self._listed(InstrumentKind.FUTURE)}

    async def on_etfs(self, _body: Mapping[str, Any]) -> dict[str, Any]:
        return {"instruments": []}

    on_bonds = on_currencies = on_etfs

    def _listed(self, kind: InstrumentKind) -> list[dict[str, Any]]:
        return [say.instrument(i) for i in self.instruments.values() if i.kind is kind]

    async def on_tradingschedules(self, body: Mapping[str, Any]) -> dict[str, Any]:
        start, end = (datetime.fromisoformat(body[name]) for name in ("from", "to"))
        if start < self.now() - timedelta(days=1):
            raise No(400, 30003)
        if end - start > timedelta(days=14):
            raise No(400, 30002)
        days = [say.day(start + timedelta(days=n)) for n in range((end - start).days + 1)]
        return {"exchanges": [{"exchange": body["exchange"].upper(), "days": days}]}

    async def on_getorderbook(self, body: Mapping[str, Any]) -> dict[str, Any]:
        return say.order_book(self._quote(body["instrumentId"]), self._by_uid[body["instrumentId"]])

    async def on_getlastprices(self, body: Mapping[str, Any]) -> dict[str, Any]:
        known = [self._by_uid[key] for key in body["instrumentId"] if key in self._by_uid]
        quotes = [(i, self.books.quote(i.ticker)) for i in known]
        return {"lastPrices": [say.last_price(i, quote) for i, quote in quotes if quote is not None]}

    async def on_gettradingstatus(self, body: Mapping[str, Any]) -> dict[str, Any]:
        return say.trading_status(self._by_uid[body["instrumentId"]], closed=self.books.closed)

    async def on_getcandles(self, body: Mapping[str, Any]) -> dict[str, Any]:
        if datetime.fromisoformat(body["to"]) - datetime.fromisoformat(body["from"]) > timedelta(days=1):
            raise No(400, 30014)
        return {"candles": [say.candle(datetime.fromisoformat(body["from"]))]}

    def _quote(self, key: str) -> Quote:
        instrument = self._by_uid.get(key)
        quote = None if instrument is None else self.books.quote(instrument.ticker)
        if quote is None:
            raise No(404, 50002, "instrument not found")
        return quote

    # streams

    async def socket(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=("json",), autoping=False)
        await socket.prepare(request)
        try:
            self._let_in(request, request.match_info["method"])
        except No:
            await socket.close(code=4016)
            return socket
        link = Stream(socket, orders=request.match_info["method"] == "OrderStateStream")
        self._streams.add(socket)
        self._links.append(link)
        try:
            async for message in socket:
                if message.type is WSMsgType.PONG:
                    link.pong.set()
                elif message.type is WSMsgType.TEXT:
                    await self._ask_stream(link, message.json())
        finally:
            self._links.remove(link)
            self._streams.discard(socket)
        return socket

    async def _ask_stream(self, link: Stream, asked: Mapping[str, Any]) -> None:
        if link.orders:
            await self._send(link, {"subscription": {"status": "RESULT_SUBSCRIPTION_STATUS_OK", **asked}})
            return
        book = asked.get("subscribeOrderBookRequest")
        if book is None:
            return
        keys = {row["instrumentId"] for row in book["instruments"]}
        link.keys = link.keys | keys if book["subscriptionAction"].endswith("_SUBSCRIBE") else link.keys - keys
        status = [{"instrumentUid": key, "subscriptionStatus": "SUBSCRIPTION_STATUS_SUCCESS"} for key in keys]
        await self._send(link, {"subscribeOrderBookResponse": {"orderBookSubscriptions": status}})
        for key in sorted(keys & link.keys):
            if key in self._by_uid:
                await self._send(link, {"orderbook": say.order_book(self._quote(key), self._by_uid[key])})

    async def _tell(self, kind: str, what: object) -> None:
        self.told += 1
        for link in list(self._links):
            if (message := self._message(link, kind, what)) and not self.mute:
                await self._send(link, message)

    def _message(self, link: Stream, kind: str, what: Any) -> dict[str, Any] | None:
        if kind == "beat":
            return {"ping": {"time": say.stamp(self.now())}}
        if kind == "quote":
            key = say.uid(self.instruments[what.ticker]) if what.ticker in self.instruments else ""
            return {"orderbook": say.order_book(what, self._by_uid[key])} if key in link.keys else None
        row = self.venue._rows[what.broker_id]
        if not link.orders or not say.is_order(row):
            return None
        fills = [what] if kind == "fill" else self._fills(row)
        return {"orderState": say.stream_state(row, self._instrument(row), fills if self.named else [], ACCOUNT)}

    async def _send(self, link: Stream, message: Mapping[str, Any]) -> None:
        with suppress(ConnectionError):
            await link.socket.send_json(message)

    async def heard(self) -> None:
        """Return once every client has dealt with all that was told it."""
        for link in list(self._links):
            link.pong.clear()
            await link.socket.ping()
            await link.pong.wait()

    async def cut(self) -> None:
        """End every stream."""
        for link in list(self._links):
            await link.socket.close(code=1001)


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--dialect", choices=["tinvest"], default="tinvest")
    options = parser.parse_args()
    server = TInvestServer(options.ledger)
    async with hosting(server):
        print(f"LISTENING {server.url}", flush=True)
        await asyncio.sleep(timedelta(days=1).total_seconds())


if __name__ == "__main__":
    asyncio.run(main())
