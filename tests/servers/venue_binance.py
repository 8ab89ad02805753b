"""Binance's dialect: spot, and USDT-margined contracts in one-way mode, whose triggered orders are algo orders.

An algo order that fires becomes another order, under ids that the venue makes up; the stream tells of that order's
execution before it tells where it came from.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from brokers.paper.orders import Row
from core.values.errors import Rejected
from core.values.fills import Fill
from core.values.ids import BrokerOrderId, OrderId
from core.values.market import Quote
from core.values.money import plain
from core.values.orders import OrderState, OrderTicket, OrderType, TimeInForce
from tests.servers.venue import KEY, LEAST, SECRET, Link, No, VenueServer, plain_id, wire_id

FIRST_ORDER, FIRST_ALGO = 1_000_000, 9_000_000
CODES = {
    "bad_quantity": (-1111, "Precision is over the maximum defined for this asset."),
    "bad_price": (-4014, "Price not increased by tick size."),
    "market_closed": (-4141, "Symbol is closed."),
    "insufficient_margin": (-2019, "Margin is insufficient."),
    "unknown_ticker": (-1121, "Invalid symbol."),
}
SPOT_CODES = {
    "bad_quantity": (-1013, "Filter failure: LOT_SIZE"),
    "bad_price": (-1013, "Filter failure: PRICE_FILTER"),
    "market_closed": (-1013, "Market is closed."),
    "insufficient_margin": (-2010, "Account has insufficient balance for requested action."),
    "short": (-2010, "Account has insufficient balance for requested action."),
    "unknown_ticker": (-1121, "Invalid symbol."),
}
STATES = {
    OrderState.OPEN: "NEW",
    OrderState.PART_FILLED: "PARTIALLY_FILLED",
    OrderState.FILLED: "FILLED",
    OrderState.CANCELLED: "CANCELED",
    OrderState.EXPIRED: "EXPIRED",
    OrderState.REJECTED: "REJECTED",
}


def pick(value: Any) -> str:
    return "0" if value is None else plain(value)


class Server(VenueServer):
    exchange = "binance"

    # doors

    def routes(self) -> list[web.RouteDef]:
        public = {"time": self.on_time, "exchangeInfo": self.on_info, "depth": self.on_depth, "klines": self.on_klines}
        public |= {"ticker/24hr": self.on_ticker}
        rest = "/api/v3" if self.spot else "/fapi/v1"
        found = [web.get(f"{rest}/{path}", self._open(on, signed=False)) for path, on in public.items()]
        found += [
            web.get("/sapi/v1/account/apiRestrictions", self._open(self.on_key)),
            web.get(f"{rest}/openOrders", self._open(self.on_open)),
            web.get(f"{rest}/order", self._open(self.on_order)),
            web.delete(f"{rest}/order", self._open(self.on_cancel)),
            web.post(f"{rest}/order", self.create),
        ]
        if self.spot:
            found += [
                web.get("/api/v3/account", self._open(self.on_account)),
                web.get("/api/v3/myTrades", self._open(self.on_trades)),
            ]
        else:
            found += [
                web.get("/fapi/v1/premiumIndex", self._open(self.on_premium, signed=False)),
                web.get("/fapi/v1/positionSide/dual", self._open(self.on_mode)),
                web.get("/fapi/v1/algoOrder", self._open(self.on_algo)),
                web.get("/fapi/v1/openAlgoOrders", self._open(self.on_open_algos)),
                web.delete("/fapi/v1/algoOrder", self._open(self.on_cancel_algo)),
                web.post("/fapi/v1/algoOrder", self.create),
                web.post("/fapi/v1/leverage", self._open(self.on_leverage)),
                web.post("/fapi/v1/listenKey", self._open(self.on_listen_key, signed=False)),
                web.get("/fapi/v1/userTrades", self._open(self.on_trades)),
                web.get("/fapi/v3/positionRisk", self._open(self.on_positions)),
                web.get("/fapi/v3/account", self._open(self.on_account)),
            ]
        sockets = ("/stream/ws/{n}", "/fstream/public/ws/{n}", "/fstream/market/ws/{n}")
        found += [web.get(path, self.public_stream) for path in sockets]
        return [*found, web.get("/fstream/private/ws", self.private_stream), web.get("/ws-api/v3", self.private_stream)]

    def places(self, request: web.Request) -> bool:
        return request.method == "POST" and request.path.endswith(("/order", "/algoOrder"))

    def _open(self, on: Any, *, signed: bool = True) -> Any:
        async def answer(request: web.Request) -> web.Response:
            self.calls[request.path] = self.calls.get(request.path, 0) + 1
            try:
                query = await self._let_in(request) if signed else dict(request.query)
                return web.json_response(await on(query))
            except No as no:
                return self._no(no)

        return answer

    def _no(self, no: No) -> web.Response:
        return web.json_response({"code": no.code, "msg": no.message}, status=no.status, headers=no.headers)

    async def _let_in(self, request: web.Request) -> dict[str, str]:
        text = await request.text() if request.method == "POST" else request.query_string
        head, _, signature = text.rpartition("&signature=")
        if request.headers.get("X-MBX-APIKEY") != KEY:
            raise No(401, -2015, "Invalid API-key, IP, or permissions for action.")
        if hmac.new(SECRET.encode(), head.encode(), hashlib.sha256).hexdigest() != signature:
            raise No(400, -1022, "Signature for this request is not valid.")
        query = dict(parse_qsl(head))
        if not self.fresh(query["timestamp"]):
            raise No(400, -1021, "Timestamp for this request is outside of the recvWindow.")
        if self.maintenance:
            raise No(400, -1016, "This service is no longer available.")
        if self.banned_s:
            until = self.ms(self.now() + timedelta(seconds=self.banned_s))
            raise No(418, -1003, f"Way too many requests; IP(1.2.3.4) banned until {until}.")
        return query

    # what is listed

    async def on_time(self, _query: Mapping[str, str]) -> Any:
        return {"serverTime": self.ms()}

    async def on_info(self, _query: Mapping[str, str]) -> Any:
        return {"serverTime": self.ms(), "symbols": [self._listed(ticker) for ticker in self.instruments]}

    def _listed(self, ticker: str) -> dict[str, Any]:
        instrument, base = self.instruments[ticker], ticker.removesuffix("USDT")
        step, tick = plain(instrument.step), plain(instrument.tick)
        least = {"filterType": "NOTIONAL", "minNotional": str(LEAST)} if self.spot else None
        filters = [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "9999999", "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": step, "maxQty": "10000", "stepSize": step},
            least or {"filterType": "MIN_NOTIONAL", "notional": str(LEAST)},
        ]
        row = {"symbol": ticker, "baseAsset": base, "quoteAsset": "USDT", "filters": filters, "pricePrecision": 2}
        row |= {"quantityPrecision": 3, "baseAssetPrecision": 8, "quotePrecision": 8}
        row["status"] = ("BREAK" if self.spot else "SETTLING") if ticker in self.delisted else "TRADING"
        if self.spot:
            types = ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT"]
            return {**row, "orderTypes": [*types, "TAKE_PROFIT_LIMIT"], "permissions": ["SPOT"]}
        types = ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"]
        ends = {"contractType": "PERPETUAL", "deliveryDate": 4133404800000, "marginAsset": "USDT"}
        return {**row, **ends, "orderTypes": types, "underlyingType": "COIN", "onboardDate": 1569398400000}

    async def on_depth(self, query: Mapping[str, str]) -> Any:
        if int(query.get("limit", "500")) not in {5, 10, 20, 50, 100, 500, 1000}:
            raise No(400, -4021, "Limit is not valid")
        quote = self.price(query["symbol"])
        sides = {"bids": (quote.bid, quote.bid_size), "asks": (quote.ask, quote.ask_size)}
        return {"lastUpdateId": self.told + 1, "E": self.ms(), "T": self.ms()} | {
            side: [[plain(p), plain(q)]] if p is not None else [] for side, (p, q) in sides.items()
        }

    async def on_ticker(self, query: Mapping[str, str]) -> Any:
        if "symbol" in query:
            return self._ticker(self.price(query["symbol"]))
        return [self._ticker(self.price(ticker)) for ticker in self.instruments]

    def _ticker(self, quote: Quote) -> dict[str, Any]:
        return {
            "symbol": quote.ticker,
            "lastPrice": pick(quote.last),
            "openTime": 1,
            "closeTime": self.ms(),
            "count": 1,
        }

    async def on_premium(self, _query: Mapping[str, str]) -> Any:
        rows = [self.price(ticker) for ticker in self.instruments]
        told = {"indexPrice": plain(self.index), "lastFundingRate": "0.0001", "nextFundingTime": self.ms()}
        return [{"symbol": q.ticker, "markPrice": pick(q.last), "time": self.ms(), **told} for q in rows]

    async def on_klines(self, query: Mapping[str, str]) -> Any:
        start = int(query["startTime"])
        return [[start + n * 60_000, "100", "110", "90", "105", "7", 0, "735", 1, "0", "0", "0"] for n in range(3)]

    # the account

    async def on_key(self, _query: Mapping[str, str]) -> Any:
        rights = {"enableReading": True, "enableFutures": True, "enableSpotAndMarginTrading": True}
        return {**rights, "ipRestrict": True, "enableWithdrawals": self.withdraws, "enableInternalTransfer": False}

    async def on_mode(self, _query: Mapping[str, str]) -> Any:
        return {"dualSidePosition": self.hedged}

    async def on_listen_key(self, _query: Mapping[str, str]) -> Any:
        return {"listenKey": "listen-key-of-tests"}

    async def on_leverage(self, query: Mapping[str, str]) -> Any:
        self.leverage[query["symbol"]] = query["leverage"]
        return {"leverage": int(query["leverage"]), "maxNotionalValue": "1000000", "symbol": query["symbol"]}

    async def on_account(self, _query: Mapping[str, str]) -> Any:
        margin = self.venue.margin()
        if not self.spot:
            equity, free = plain(margin.equity), plain(max(Decimal(0), margin.free))
            usdt = {"asset": "USDT", "walletBalance": equity, "marginBalance": equity, "availableBalance": free}
            return {"totalMarginBalance": equity, "availableBalance": free, "assets": [usdt]}
        held = self.venue.ledger.holdings()
        worth = sum((h.quantity * (self.price(h.ticker).last or 0) for h in held), Decimal(0))
        coins = [{"asset": h.ticker.removesuffix("USDT"), "free": plain(h.quantity), "locked": "0"} for h in held]
        return {"balances": [{"asset": "USDT", "free": plain(margin.equity - worth), "locked": "0"}, *coins]}

    async def on_positions(self, _query: Mapping[str, str]) -> Any:
        return [
            {
                "symbol": h.ticker,
                "positionSide": "BOTH",
                "positionAmt": plain(h.quantity),
                "entryPrice": pick(h.average_price),
                "markPrice": pick(self.price(h.ticker).last),
            }
            for h in self.venue.ledger.holdings()
        ]

    # placing, by way of the base's faults

    async def create(self, request: web.Request) -> web.StreamResponse:
        self.calls[request.path] = self.calls.get(request.path, 0) + 1
        try:
            self._body = await self._let_in(request)
            return await self.place(request)
        except No as no:
            return self._no(no)

    async def body(self, _request: web.Request) -> dict[str, Any]:
        return self._body

    def asked(self, request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
        """As the base's ledger keeps it. What it does not know, like an attached stop, it overlooks."""
        symbol, quantity = body["symbol"], Decimal(body["quantity"])
        if symbol in self.delisted or symbol not in self.instruments:
            raise No(400, -1121, "Invalid symbol.")
        if not self.spot and (body.get("positionSide", "BOTH") != "BOTH") is not self.hedged:
            raise No(400, -4061, "Order's position side does not match user's setting.")
        algo = request.path.endswith("/algoOrder")
        trigger = body.get("triggerPrice") if algo else body.get("stopPrice")
        limit = "price" in body
        kind = "limit" if limit else "market"
        if trigger is not None:
            kind = "take_profit" if body["type"].startswith("TAKE_PROFIT") else "stop"
            self._not_crossed(kind, body, Decimal(trigger))
        reduces = str(body.get("reduceOnly", "false")).lower() == "true"
        worth = quantity * Decimal(body.get("price") or trigger or (self.price(symbol).last or 0))
        if worth < LEAST and not reduces:
            word = "Filter failure: NOTIONAL" if self.spot else "Order's notional must be no smaller than 5."
            raise No(400, -1013 if self.spot else -4164, word)
        client_id = plain_id(body.get("clientAlgoId") or body.get("newClientOrderId") or "")
        known = self.venue._latest.get(OrderId(client_id))
        if known is not None and known.working is not None:
            self._write("request", client_id=client_id, fault="")
            self._write("repeat", client_id=client_id, broker_id=known.broker_id, first=True)
            spot, linear = (-2010, "Duplicate order sent."), (-4116, "ClientOrderId is duplicated.")
            raise No(400, *(spot if self.spot else linear))
        return {
            "client_id": client_id,
            "ticker": symbol,
            "side": body["side"].lower(),
            "type": kind,
            "quantity": body["quantity"],
            "price": body.get("price"),
            "stop_price": trigger,
            "reduce_only": reduces and not self.spot,
            "immediate": body.get("timeInForce") == "IOC",
            "expires_at": None,
        }

    def _not_crossed(self, kind: str, body: Mapping[str, Any], trigger: Decimal) -> None:
        last = self.price(body["symbol"]).last or Decimal(0)
        rises = (body["side"] == "BUY") is (kind == "stop")
        if (rises and trigger <= last) or (not rises and trigger >= last):
            raise No(400, -2021, "Order would immediately trigger.")

    def say_placed(self, ticket: OrderTicket) -> web.Response:
        row = self.venue._rows[ticket.broker_id]
        if ticket.state is OrderState.REJECTED and ticket.reduce_only:
            return self._no(No(400, -2022, "ReduceOnly Order is rejected."))
        return web.json_response(self._algo(row) if self._is_algo(row) else self._order(row))

    def say_refused(self, error: Rejected) -> web.Response:
        code, message = (SPOT_CODES if self.spot else CODES).get(error.code, (-1102, error.reason))
        return self._no(No(400, code, message))

    def say_busy(self, seconds: float) -> web.Response:
        return self._no(No(429, -1003, "Too many requests.", {"Retry-After": str(max(1, round(seconds)))}))

    # orders

    def _number(self, row: Row, first: int = FIRST_ORDER) -> int:
        return first + list(self.venue._rows).index(row.broker_id)

    def _is_algo(self, row: Row) -> bool:
        return row.request.type.triggered and not self.spot

    def _fired(self, row: Row) -> bool:
        return row.filled > 0 or (row.working is not None and not row.working.waiting)

    def _find(self, query: Mapping[str, str], *, algo: bool) -> Row:
        by_id = query.get("clientAlgoId") if algo else query.get("origClientOrderId")
        if by_id:
            row = self.venue._latest.get(OrderId(plain_id(by_id)))
        else:
            first = FIRST_ALGO if algo else FIRST_ORDER
            place = int(query["algoId" if algo else "orderId"]) - first
            rows = self.rows()
            row = rows[place] if 0 <= place < len(rows) else None
        if row is None or (self._is_algo(row) is not algo and not (not algo and not by_id and self._fired(row))):
            raise No(400, -2013, "Order does not exist.")
        return row

    async def on_order(self, query: Mapping[str, str]) -> Any:
        return self._order(self._find(query, algo=False))

    async def on_algo(self, query: Mapping[str, str]) -> Any:
        return self._algo(self._find(query, algo=True))

    async def on_open(self, _query: Mapping[str, str]) -> Any:
        rows = [row for row in self.rows() if row.working is not None]
        return [self._order(row) for row in rows if not self._is_algo(row) or self._fired(row)]

    async def on_open_algos(self, _query: Mapping[str, str]) -> Any:
        rows = [row for row in self.rows() if row.working is not None]
        return [self._algo(row) for row in rows if self._is_algo(row) and not self._fired(row)]

    async def on_cancel(self, query: Mapping[str, str]) -> Any:
        try:
            row = self._find(query, algo=False)
        except No:
            raise No(400, -2011, "Unknown order sent.") from None
        await self._end(row)
        return self._order(row)

    async def on_cancel_algo(self, query: Mapping[str, str]) -> Any:
        try:
            row = self._find(query, algo=True)
        except No:
            raise No(400, -2011, "Unknown order sent.") from None
        if self._fired(row):
            raise No(400, -2011, "Unknown order sent.")
        await self._end(row)
        ids = {"algoId": self._number(row, FIRST_ALGO), "clientAlgoId": wire_id(row.request.id)}
        return {**ids, "code": "200", "msg": "success"}

    async def _end(self, row: Row) -> None:
        if row.working is None:
            raise No(400, -2011, "Unknown order sent.")
        self._write("cancel", client_id=row.request.id, broker_id=row.broker_id)
        self.venue.cancel(row)
        await self._flush()

    def _name(self, row: Row) -> str:
        """Of what an algo order became, nobody chose it."""
        return f"autoclose-{self._number(row)}" if self._is_algo(row) else wire_id(row.request.id)

    def _kind(self, row: Row) -> str:
        request = row.request
        if self._is_algo(row):
            return "MARKET" if request.price is None else "LIMIT"
        if request.type is OrderType.STOP:
            return "STOP_LOSS" if request.price is None else "STOP_LOSS_LIMIT"
        if request.type is OrderType.TAKE_PROFIT:
            return "TAKE_PROFIT" if request.price is None else "TAKE_PROFIT_LIMIT"
        return request.type.name

    def _state(self, row: Row) -> str:
        immediate = row.request.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL or row.request.type is OrderType.MARKET
        return "EXPIRED" if row.state is OrderState.CANCELLED and immediate else STATES[row.state]

    def _order(self, row: Row) -> dict[str, Any]:
        request = row.request
        told = {
            "symbol": request.ticker,
            "orderId": self._number(row),
            "clientOrderId": self._name(row),
            "price": pick(request.price),
            "origQty": plain(request.quantity),
            "executedQty": plain(row.filled),
            "status": self._state(row),
            "timeInForce": "IOC" if request.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL else "GTC",
            "type": self._kind(row),
            "side": request.side.name,
            "stopPrice": pick(request.stop_price) if self.spot else "0",
            "time": self.ms(row.at),
            "updateTime": self.ms(row.at),
        }
        if self.spot:
            waiting = row.working is not None and row.working.waiting
            return {**told, "cummulativeQuoteQty": plain(row.value), "isWorking": not waiting}
        average = row.value / row.filled if row.filled else None
        more = {"avgPrice": pick(average), "cumQuote": plain(row.value), "reduceOnly": request.reduce_only}
        return {**told, **more, "positionSide": "BOTH", "closePosition": False, "origType": self._kind(row)}

    def _algo_kind(self, row: Row) -> str:
        word = "STOP" if row.request.type is OrderType.STOP else "TAKE_PROFIT"
        return f"{word}_MARKET" if row.request.price is None else word

    def _algo_state(self, row: Row) -> str:
        if row.request.id in self.stuck:
            return "TRIGGERING"
        if self._fired(row):
            return "TRIGGERED" if row.working is not None else "FINISHED"
        return "NEW" if row.working is not None else STATES[row.state]

    def _algo(self, row: Row) -> dict[str, Any]:
        request, fired = row.request, self._fired(row)
        return {
            "algoId": self._number(row, FIRST_ALGO),
            "clientAlgoId": wire_id(request.id),
            "algoType": "CONDITIONAL",
            "orderType": self._algo_kind(row),
            "symbol": request.ticker,
            "side": request.side.name,
            "positionSide": "BOTH",
            "timeInForce": "GTC",
            "quantity": plain(request.quantity),
            "algoStatus": self._algo_state(row),
            "actualOrderId": str(self._number(row)) if fired else "",
            "triggerPrice": pick(request.stop_price),
            "price": pick(request.price),
            "reduceOnly": request.reduce_only,
            "createTime": self.ms(row.at),
            "updateTime": self.ms(row.at),
            "triggerTime": self.stuck.get(row.request.id) or (self.ms(row.at) if fired else 0),
        }

    async def on_trades(self, query: Mapping[str, str]) -> Any:
        start = int(query.get("startTime") or 0)
        found = [f for f in self.venue.fills if f.ticker == query["symbol"] and self.ms(f.at) >= start]
        return [self._trade(fill) for fill in found]

    def _trade(self, fill: Fill) -> dict[str, Any]:
        row = self.venue._rows[BrokerOrderId(str(fill.broker_id))]
        told = {
            "symbol": fill.ticker,
            "id": self.venue.fills.index(fill) + 1,
            "orderId": self._number(row),
            "price": plain(fill.price),
            "qty": plain(fill.quantity),
            "quoteQty": plain(fill.price * fill.quantity),
            "commission": plain(fill.fee),
            "commissionAsset": "USDT",
            "time": self.ms(fill.at),
        }
        if self.spot:
            return {**told, "isBuyer": fill.side.name == "BUY", "isMaker": False, "isBestMatch": True}
        return {
            **told,
            "side": fill.side.name,
            "positionSide": "BOTH",
            "buyer": fill.side.name == "BUY",
            "maker": False,
        }

    # the streams

    async def public_stream(self, request: web.Request) -> web.StreamResponse:
        return await self.attend(await self.connect(request, private=False))

    async def private_stream(self, request: web.Request) -> web.StreamResponse:
        link = await self.connect(request, private=True)
        if not self.spot:
            link.topics.add("user")
        return await self.attend(link)

    async def asked_on(self, link: Link, asked: Mapping[str, Any]) -> None:
        if asked["method"] == "userDataStream.subscribe.signature":
            told = {**asked["params"]}
            signature = told.pop("signature")
            text = "&".join(f"{name}={told[name]}" for name in sorted(told))
            if hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest() == signature:
                link.topics.add("user")
                await self.send(link, {"id": asked["id"], "status": 200, "result": {"subscriptionId": 0}})
        elif asked["method"] == "UNSUBSCRIBE":
            link.topics -= set(asked["params"])
            await self.send(link, {"result": None, "id": asked["id"]})
        elif asked["method"] == "SUBSCRIBE":
            link.topics |= set(asked["params"])
            await self.send(link, {"result": None, "id": asked["id"]})
            for topic in asked["params"]:
                for message in self._first_words(topic):
                    await self.send(link, message)

    def _first_words(self, topic: str) -> list[Any]:
        symbol, _, channel = topic.partition("@")
        if symbol.upper() not in self.instruments:
            return []
        quote = self.price(symbol.upper())
        if channel == "bookTicker":
            row = {"u": self.told, "s": quote.ticker, "b": pick(quote.bid), "B": pick(quote.bid_size)}
            row |= {"a": pick(quote.ask), "A": pick(quote.ask_size)}
            return [row if self.spot else {"e": "bookTicker", "E": self.ms(), "T": self.ms(), **row}]
        return [{"e": "24hrMiniTicker", "E": self.ms(), "s": quote.ticker, "c": pick(quote.last), "p": "0", "P": "0"}]

    def messages(self, link: Link, kind: str, what: Any) -> list[Any]:
        if kind == "beat":
            return []
        if kind == "quote":
            topics = (f"{what.ticker.lower()}@bookTicker", f"{what.ticker.lower()}@miniTicker")
            return [message for topic in topics if topic in link.topics for message in self._first_words(topic)]
        if "user" not in link.topics:
            return []
        row = self.venue._rows[what.broker_id]
        if not self._is_algo(row) or self._fired(row):
            found = [self._report(row, what if kind == "fill" else None)]
        else:
            found = []
        if self._is_algo(row) and kind == "ticket":
            found.append({"e": "ALGO_UPDATE", "E": self.ms(), "T": self.ms(), "o": self._algo_report(row)})
        return found

    def _algo_report(self, row: Row) -> dict[str, Any]:
        told = self._algo(row)
        short = {"caid": "clientAlgoId", "aid": "algoId", "at": "algoType", "o": "orderType", "s": "symbol"}
        short |= {"S": "side", "ps": "positionSide", "f": "timeInForce", "q": "quantity", "X": "algoStatus"}
        short |= {"ai": "actualOrderId", "tp": "triggerPrice", "p": "price", "R": "reduceOnly"}
        return {letter: told[name] for letter, name in short.items()}

    def _report(self, row: Row, fill: Fill | None) -> dict[str, Any]:
        """An execution report; of spot and of contracts it has the same letters."""
        told = self._order(row)
        trade = self._trade(fill) if fill is not None else None
        ended = {"CANCELED": "CANCELED", "EXPIRED": "EXPIRED", "REJECTED": "REJECTED"}.get(told["status"], "NEW")
        report = {
            "s": told["symbol"],
            "c": told["clientOrderId"],
            "S": told["side"],
            "o": told["type"],
            "f": told["timeInForce"],
            "q": told["origQty"],
            "p": told["price"],
            "ap": told.get("avgPrice", "0"),
            "x": "TRADE" if trade else ended,
            "X": told["status"],
            "i": told["orderId"],
            "l": trade["qty"] if trade else "0",
            "z": told["executedQty"],
            "L": trade["price"] if trade else "0",
            "n": trade["commission"] if trade else "0",
            "N": "USDT",
            "T": trade["time"] if trade else told["updateTime"],
            "t": trade["id"] if trade else 0,
            "R": told.get("reduceOnly", False),
            "m": False,
        }
        if self.spot:
            report |= {"P": told["stopPrice"], "C": "", "O": told["time"], "Z": told["cummulativeQuoteQty"]}
            return {"subscriptionId": 0, "event": {"e": "executionReport", "E": self.ms(), **report}}
        report |= {"sp": "0", "ps": "BOTH", "ot": told["origType"]}
        return {"e": "ORDER_TRADE_UPDATE", "E": self.ms(), "T": self.ms(), "o": report}
