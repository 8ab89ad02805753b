"""Bybit's dialect: API version 5, a unified account in one-way mode."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from aiohttp import web

from brokers.paper.orders import Row
from core.values.errors import Rejected
from core.values.fills import Fill
from core.values.ids import BrokerOrderId, OrderId
from core.values.market import Quote
from core.values.money import plain
from core.values.orders import OrderState, OrderTicket, OrderType, Side, TimeInForce
from tests.servers.venue import KEY, LEAST, SECRET, Link, No, VenueServer, plain_id, wire_id
from tests.servers.venue_riders import guard_entries, is_rider

CODES = {
    "bad_quantity": 10001,
    "bad_price": 10001,
    "market_closed": 110074,
    "insufficient_margin": 110007,
    "short": 170131,
    "unknown_ticker": 10001,
}
STATES = {
    OrderState.OPEN: "New",
    OrderState.PART_FILLED: "PartiallyFilled",
    OrderState.FILLED: "Filled",
    OrderState.CANCELLED: "Cancelled",
    OrderState.EXPIRED: "Cancelled",
    OrderState.REJECTED: "Rejected",
}


def pick(value: Any) -> str:
    return "" if value is None else plain(value)


class Server(VenueServer):
    """A stop that comes with an entry becomes an order of the venue's own, as large as the entry's fills."""

    exchange = "bybit"

    # doors

    def routes(self) -> list[web.RouteDef]:
        public = {
            "market/time": self.on_time,
            "market/instruments-info": self.on_instruments,
            "market/orderbook": self.on_orderbook,
            "market/tickers": self.on_tickers,
            "market/kline": self.on_kline,
        }
        private = {
            "user/query-api": self.on_key,
            "account/wallet-balance": self.on_wallet,
            "position/list": self.on_positions,
            "order/realtime": self.on_orders,
            "order/history": self.on_orders,
            "execution/list": self.on_executions,
        }
        posts = {
            "order/cancel": self.on_cancel,
            "position/set-leverage": self.on_leverage,
        }
        return [
            *(web.get(f"/v5/{path}", self._open(on, signed=False)) for path, on in public.items()),
            *(web.get(f"/v5/{path}", self._open(on)) for path, on in private.items()),
            *(web.post(f"/v5/{path}", self._open(on)) for path, on in posts.items()),
            web.post("/v5/order/create", self.create),
            web.get("/v5/public/{market}", self.public_stream),
            web.get("/v5/private", self.private_stream),
        ]

    def places(self, request: web.Request) -> bool:
        return request.path == "/v5/order/create"

    def _open(self, on: Any, *, signed: bool = True) -> Any:
        async def answer(request: web.Request) -> web.Response:
            self.calls[request.path] = self.calls.get(request.path, 0) + 1
            try:
                if signed:
                    await self._let_in(request)
                body = await request.json() if request.method == "POST" else request.query
                return self._say(await on(body))
            except No as no:
                return self._no(no)

        return answer

    def _say(self, result: Any) -> web.Response:
        return web.json_response({"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": self.ms()})

    def _no(self, no: No) -> web.Response:
        body = {"retCode": no.code, "retMsg": no.message, "result": {}, "retExtInfo": {}, "time": self.ms()}
        return web.json_response(body, status=no.status, headers=no.headers)

    async def _let_in(self, request: web.Request) -> None:
        head = request.headers
        stamp, window = head.get("X-BAPI-TIMESTAMP", "0"), head.get("X-BAPI-RECV-WINDOW", "")
        payload = await request.text() if request.method == "POST" else request.query_string
        signed = hmac.new(SECRET.encode(), f"{stamp}{KEY}{window}{payload}".encode(), hashlib.sha256).hexdigest()
        if head.get("X-BAPI-API-KEY") != KEY:
            raise No(200, 10003, "API key is invalid.")
        if head.get("X-BAPI-SIGN") != signed:
            raise No(200, 10004, "Error sign, please check your signature generation algorithm.")
        if not self.fresh(stamp):
            raise No(200, 10002, "invalid request, please check your server timestamp or recv_window param.")
        if self.maintenance:
            raise No(200, 99999, "The service is in maintenance.")  # its documents name no code
        if self.banned_s:
            until = self.ms(self.now() + timedelta(seconds=self.banned_s))
            raise No(200, 10006, "Too many visits!", {"X-Bapi-Limit-Reset-Timestamp": str(until)})

    # what is listed

    async def on_time(self, _query: Mapping[str, str]) -> Any:
        return {"timeSecond": str(self.ms() // 1000), "timeNano": str(self.ms() * 1_000_000)}

    async def on_instruments(self, query: Mapping[str, str]) -> Any:
        if query.get("status") == "PreLaunch":
            return {"category": query["category"], "list": [], "nextPageCursor": ""}
        return {
            "category": query["category"],
            "list": [self._listed(t) for t in self.instruments],
            "nextPageCursor": "",
        }

    def _listed(self, ticker: str) -> dict[str, Any]:
        instrument, base = self.instruments[ticker], ticker.removesuffix("USDT")
        names = {"symbol": ticker, "baseCoin": base, "quoteCoin": "USDT", "innovation": "0", "marginTrading": "none"}
        status = "Closed" if ticker in self.delisted else "Trading"
        tick, step = plain(instrument.tick), plain(instrument.step)
        if self.spot:
            lots = {"basePrecision": step, "quotePrecision": "0.00000001", "minOrderQty": step, "maxOrderQty": "1000"}
            lots |= {"minOrderAmt": str(LEAST), "maxOrderAmt": "4000000"}
            return {**names, "status": status, "lotSizeFilter": lots, "priceFilter": {"tickSize": tick}}
        return {
            **names,
            "status": status,
            "contractType": "LinearPerpetual",
            "launchTime": "1585526400000",
            "deliveryTime": "0",
            "settleCoin": "USDT",
            "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
            "priceFilter": {"minPrice": tick, "maxPrice": "1999999.80", "tickSize": tick},
            "lotSizeFilter": {
                "maxOrderQty": "10000.000",
                "minOrderQty": step,
                "qtyStep": step,
                "minNotionalValue": str(LEAST),
            },
            "fundingInterval": 480,
        }

    async def on_orderbook(self, query: Mapping[str, str]) -> Any:
        return self._book(self.price(query["symbol"]))

    def _book(self, quote: Quote) -> dict[str, Any]:
        sides = {"b": (quote.bid, quote.bid_size), "a": (quote.ask, quote.ask_size)}
        levels = {side: [[plain(p), plain(q)]] if p is not None else [] for side, (p, q) in sides.items()}
        return {"s": quote.ticker, **levels, "ts": self.ms(), "u": self.told + 1, "seq": self.told + 1}

    async def on_tickers(self, query: Mapping[str, str]) -> Any:
        wanted = [query["symbol"]] if "symbol" in query else list(self.instruments)
        return {"category": query["category"], "list": [self._ticker(self.price(t)) for t in wanted]}

    def _ticker(self, quote: Quote) -> dict[str, Any]:
        row = {"symbol": quote.ticker, "lastPrice": pick(quote.last), "highPrice24h": "0", "lowPrice24h": "0"}
        book = {"bid1Price": quote.bid, "bid1Size": quote.bid_size, "ask1Price": quote.ask, "ask1Size": quote.ask_size}
        funding = {} if self.spot else {"fundingRate": "0.0001", "nextFundingTime": str(self.ms() + 3_600_000)}
        funding |= {} if self.spot else {"markPrice": pick(quote.last), "indexPrice": pick(self.index)}
        return {**row, **{name: pick(value) for name, value in book.items()}, **funding}

    async def on_kline(self, query: Mapping[str, str]) -> Any:
        start, seconds = int(query["start"]), int(query["interval"]) * 60_000
        rows = [[str(start + n * seconds), "100", "110", "90", "105", "7", "735"] for n in range(3)]
        return {"symbol": query["symbol"], "category": query["category"], "list": rows[::-1]}

    # the account

    async def on_key(self, _query: Mapping[str, str]) -> Any:
        wallet = ["AccountTransfer", *(["Withdraw"] if self.withdraws else [])]
        granted = {"ContractTrade": ["Order", "Position"], "Spot": ["SpotTrade"], "Wallet": wallet}
        return {"readOnly": 0, "permissions": granted, "ips": ["*"], "uta": 1, "unified": 0, "userID": 1}

    async def on_wallet(self, _query: Mapping[str, str]) -> Any:
        margin = self.venue.margin()
        held = {h.ticker.removesuffix("USDT"): h for h in self.venue.ledger.holdings()} if self.spot else {}
        worth = sum((h.quantity * (self.price(h.ticker).last or 0) for h in held.values()), Decimal(0))
        usdt = {"coin": "USDT", "equity": pick(margin.equity - worth), "walletBalance": pick(margin.equity - worth)}
        usdt |= {"locked": "0", "totalPositionIM": pick(margin.equity - margin.free - worth), "totalOrderIM": "0"}
        left = {name: h.quantity * (1 - self.taken) for name, h in held.items()}
        coins = [{"coin": name, "walletBalance": pick(quantity), "locked": "0"} for name, quantity in left.items()]
        free = pick(max(Decimal(0), margin.free))
        return {"list": [{"accountType": "UNIFIED", "totalAvailableBalance": free, "coin": [usdt, *coins]}]}

    async def on_positions(self, query: Mapping[str, str]) -> Any:
        rows = [
            {
                "positionIdx": (1 if h.quantity > 0 else 2) if self.hedged else 0,
                "symbol": h.ticker,
                "side": "Buy" if h.quantity > 0 else "Sell",
                "size": plain(abs(h.quantity)),
                "avgPrice": pick(h.average_price),
                "markPrice": pick(self.price(h.ticker).last),
                "leverage": self.leverage.get(h.ticker, "10"),
                "positionValue": "0",
                "createdTime": str(self.ms()),
                "updatedTime": str(self.ms()),
            }
            for h in self.venue.ledger.holdings()
        ]
        if self.hedged and not rows:
            rows = [{"positionIdx": 1, "symbol": "BTCUSDT", "side": "", "size": "0", "avgPrice": "0"}]
        return {"category": query["category"], "list": rows, "nextPageCursor": ""}

    async def on_leverage(self, body: Mapping[str, Any]) -> Any:
        if self.leverage.get(body["symbol"]) == body["buyLeverage"]:
            raise No(200, 110043, "Set leverage has not been modified.")
        self.leverage[body["symbol"]] = body["buyLeverage"]
        return {}

    # placing, by way of the base's faults

    async def create(self, request: web.Request) -> web.StreamResponse:
        self.calls[request.path] = self.calls.get(request.path, 0) + 1
        try:
            await self._let_in(request)
            return await self.place(request)
        except No as no:
            return self._no(no)

    def asked(self, _request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
        """As the base's ledger keeps it."""
        symbol, quantity = body["symbol"], Decimal(body["qty"])
        if symbol in self.delisted or symbol not in self.instruments:
            raise No(200, 10029, "The requested symbol is invalid.")
        index = int(body.get("positionIdx") or 0)
        if not self.spot and bool(index) is not self.hedged:
            raise No(200, 10001, "position idx not match position mode")
        trigger = body.get("triggerPrice")
        kind = body["orderType"].lower()
        if trigger:
            kind = self._triggered(body, symbol, Decimal(trigger))
        price = body.get("price") if body["orderType"] == "Limit" else None
        reduces = bool(body.get("reduceOnly")) or (self.hedged and (index == 1) is (body["side"] == "Sell"))
        worth = quantity * Decimal(price or trigger or (self.price(symbol).last or 0))
        if worth < LEAST and not reduces:
            raise No(200, 110094, "Order does not meet minimum order value 5USDT")
        there = self.venue.ledger.quantity(symbol) * (1 - self.taken)
        if self.spot and body["side"] == "Sell" and quantity > there:
            raise No(200, 170131, "Balance insufficient.")
        client_id = plain_id(body.get("orderLinkId") or "")
        known = self.venue._latest.get(OrderId(client_id))
        if known is not None and known.working is not None:
            self._write("request", client_id=client_id, fault="")
            self._write("repeat", client_id=client_id, broker_id=known.broker_id, first=True)
            raise No(200, 110072, "OrderLinkedID is duplicate")
        if body.get("stopLoss"):
            self.attached[client_id] = body
        return {
            "client_id": client_id,
            "ticker": symbol,
            "side": body["side"].lower(),
            "type": kind,
            "quantity": body["qty"],
            "price": price,
            "stop_price": trigger,
            "reduce_only": reduces and not self.spot,
            "immediate": body.get("timeInForce") == "IOC" and body["orderType"] == "Limit",
            "expires_at": None,
        }

    def _triggered(self, body: Mapping[str, Any], symbol: str, trigger: Decimal) -> str:
        """A stop, or a take-profit, by the way in which its price must be passed; spot goes by the price of now."""
        last = self.price(symbol).last or Decimal(0)
        rises = trigger > last if self.spot else int(body["triggerDirection"]) == 1
        if not self.spot and rises is (trigger <= last):
            code, word = (110092, "Rising") if rises else (110093, "Falling")
            raise No(200, code, f"expect {word}, but trigger_price[{trigger}] against current[{last}]")
        return "stop" if rises is (body["side"] == "Buy") else "take_profit"

    def say_placed(self, ticket: OrderTicket) -> web.Response:
        if ticket.state is OrderState.REJECTED and ticket.reduce_only:
            return self._no(No(200, 110017, "current position is zero, cannot fix reduce-only order qty"))
        return self._say({"orderId": ticket.broker_id, "orderLinkId": wire_id(ticket.order_id or "")})

    def say_refused(self, error: Rejected) -> web.Response:
        return self._no(No(200, CODES.get(error.code, 10001), error.reason or error.code))

    def say_busy(self, seconds: float) -> web.Response:
        until = self.ms(self.now() + timedelta(seconds=seconds))
        return self._no(No(200, 10006, "Too many visits!", {"X-Bapi-Limit-Reset-Timestamp": str(until)}))

    async def _flush(self) -> None:
        guard_entries(self)
        await super()._flush()

    async def on_cancel(self, body: Mapping[str, Any]) -> Any:
        row = self._find(body)
        if row is None or row.working is None:
            raise No(200, 110001, "order not exists or too late to cancel")
        self._write("cancel", client_id=row.request.id, broker_id=row.broker_id)
        self.venue.cancel(row)
        await self._flush()
        return {"orderId": row.broker_id, "orderLinkId": wire_id(row.request.id)}

    def _find(self, asked: Mapping[str, Any]) -> Row | None:
        if asked.get("orderId"):
            return self.venue._rows.get(BrokerOrderId(asked["orderId"]))
        return self.venue._latest.get(OrderId(plain_id(asked["orderLinkId"])))

    # orders

    async def on_orders(self, query: Mapping[str, str]) -> Any:
        if query.get("orderId") or query.get("orderLinkId"):
            row = self._find(query)
            rows = [row] if row is not None else []
        else:
            rows = [row for row in self.rows() if row.working is not None]
        start = int(query.get("cursor") or 0)
        page = rows[start : start + int(query.get("limit") or 50)]
        after = str(start + len(page)) if start + len(page) < len(rows) else ""
        return {"category": query["category"], "list": [self._order(row) for row in page], "nextPageCursor": after}

    def _order(self, row: Row) -> dict[str, Any]:
        request, triggered = row.request, row.request.type.triggered
        state = STATES[row.state]
        if triggered and row.working is not None and row.working.waiting:
            state = "Untriggered"
        elif row.state is OrderState.CANCELLED and triggered and not row.filled:
            state = "Deactivated"
        elif row.state is OrderState.CANCELLED and row.filled:
            state = "PartiallyFilledCanceled"
        market = request.type is OrderType.MARKET or (triggered and request.price is None)
        told = {
            "category": "spot" if self.spot else "linear",
            "orderId": row.broker_id,
            "orderLinkId": self._link(row),
            "symbol": request.ticker,
            "price": "0" if market else pick(request.price),
            "qty": plain(request.quantity),
            "side": request.side.value.capitalize(),
            "positionIdx": 0,
            "orderStatus": state,
            "avgPrice": pick(row.value / row.filled) if row.filled else "",
            "leavesQty": plain(request.quantity - row.filled),
            "cumExecQty": plain(row.filled),
            "cumExecValue": plain(row.value),
            "cumExecFee": "0",
            "timeInForce": self._force(row, market=market),
            "orderType": "Market" if market else "Limit",
            "stopOrderType": self._stop_type(row) if triggered else "",
            "triggerPrice": pick(request.stop_price),
            "triggerDirection": 0,
            "reduceOnly": request.reduce_only,
            "createdTime": str(self.ms(row.at)),
            "updatedTime": str(self.ms(row.at)),
        }
        if self.spot:
            return {**told, "marketUnit": "baseCoin"}
        rises = (request.side is Side.BUY) is (request.type is OrderType.STOP)
        return {**told, "tpslMode": "", "triggerDirection": (1 if rises else 2) if triggered else 0}

    def _link(self, row: Row) -> str:
        return "" if is_rider(row) else wire_id(row.request.id)

    def _stop_type(self, row: Row) -> str:
        return "PartialStopLoss" if is_rider(row) else "Stop"

    def _force(self, row: Row, *, market: bool) -> str:
        return "IOC" if market or row.request.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL else "GTC"

    async def on_executions(self, query: Mapping[str, str]) -> Any:
        start = int(query.get("startTime") or 0)
        fills = [fill for fill in self.venue.fills if self.ms(fill.at) >= start][::-1]
        first = int(query.get("cursor") or 0)
        page = fills[first : first + int(query.get("limit") or 50)]
        after = str(first + len(page)) if first + len(page) < len(fills) else ""
        return {"category": query["category"], "list": [self._execution(f) for f in page], "nextPageCursor": after}

    def _execution(self, fill: Fill) -> dict[str, Any]:
        row = self.venue._rows[BrokerOrderId(str(fill.broker_id))]
        return {
            "category": "spot" if self.spot else "linear",
            "symbol": fill.ticker,
            "execFee": plain(fill.fee),
            "execId": fill.id,
            "execPrice": plain(fill.price),
            "execQty": plain(fill.quantity),
            "execType": "Trade",
            "execValue": plain(fill.price * fill.quantity),
            "isMaker": False,
            "feeRate": "0",
            "orderId": row.broker_id,
            "orderLinkId": self._link(row),
            "orderQty": plain(row.request.quantity),
            "orderType": "Limit",
            "stopOrderType": self._stop_type(row) if row.request.type.triggered else "UNKNOWN",
            "side": fill.side.value.capitalize(),
            "execTime": str(self.ms(fill.at)),
            **({} if self.spot else {"createType": "CreateByUser"}),
        }

    # the streams

    async def public_stream(self, request: web.Request) -> web.StreamResponse:
        return await self.attend(await self.connect(request, private=False))

    async def private_stream(self, request: web.Request) -> web.StreamResponse:
        return await self.attend(await self.connect(request, private=True))

    async def asked_on(self, link: Link, asked: Mapping[str, Any]) -> None:
        op, request_id = asked["op"], asked.get("req_id", "")
        if op == "ping":
            said = {"success": True, "ret_msg": "pong", "conn_id": "1", "req_id": request_id, "op": "ping"}
            await self.send(link, said)
        elif op == "auth":
            signed = hmac.new(SECRET.encode(), f"GET/realtime{asked['args'][1]}".encode(), hashlib.sha256).hexdigest()
            fine = asked["args"][0] == KEY and asked["args"][2] == signed
            await self.send(link, {"success": fine, "ret_msg": "", "op": "auth", "conn_id": "1"})
        elif op == "unsubscribe":
            link.topics -= set(asked["args"])
            said = {"success": True, "ret_msg": "", "conn_id": "1", "req_id": request_id, "op": "unsubscribe"}
            await self.send(link, said)
        elif op == "subscribe":
            link.topics |= set(asked["args"])
            said = {"success": True, "ret_msg": "", "conn_id": "1", "req_id": request_id, "op": "subscribe"}
            await self.send(link, said)
            for topic in asked["args"]:
                for message in self._first_words(topic):
                    await self.send(link, message)

    def _first_words(self, topic: str) -> list[Any]:
        name, _, symbol = topic.rpartition(".")
        if symbol not in self.instruments:
            return []
        quote = self.price(symbol)
        data = self._book(quote) if name.startswith("orderbook") else self._stream_ticker(quote)
        return [{"topic": topic, "type": "snapshot", "ts": self.ms(), "data": data}]

    def _stream_ticker(self, quote: Quote) -> dict[str, Any]:
        row = self._ticker(quote)
        return {k: v for k, v in row.items() if "1" not in k} | {"usdIndexPrice": "1"} if self.spot else row

    def messages(self, link: Link, kind: str, what: Any) -> list[Any]:
        if kind == "beat":
            return []
        if kind == "quote":
            topics = (f"orderbook.1.{what.ticker}", f"tickers.{what.ticker}")
            return [message for topic in topics if topic in link.topics for message in self._first_words(topic)]
        topic = "execution" if kind == "fill" else "order"
        if topic not in link.topics:
            return []
        row = self._execution(what) if kind == "fill" else self._order(self.venue._rows[what.broker_id])
        return [
            {"id": str(self.told), "topic": topic, "creationTime": self.ms(), "data": [json.loads(json.dumps(row))]}
        ]
