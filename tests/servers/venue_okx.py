"""OKX's dialect: API version 5. Amounts of swaps are contracts of a hundredth of a coin; a triggered order is an algo
order, and what it becomes names it by its `algoId`. A stop that comes with an entry becomes an algo order when that
fills, under an id that nobody of ours gave.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

from aiohttp import web

from brokers.paper.orders import Row
from core.values.errors import Rejected
from core.values.fills import Fill
from core.values.ids import BrokerOrderId, OrderId
from core.values.market import Quote
from core.values.money import plain
from core.values.orders import OrderState, OrderTicket, OrderType, TimeInForce
from tests.servers.venue import KEY, SECRET, Link, No, VenueServer, plain_id, wire_id
from tests.servers.venue_riders import guard_entries, is_rider

PASSPHRASE = "phrase-of-tests"
CONTRACT = Decimal("0.01")
FIRST_ORDER, FIRST_ALGO = 3_000_000, 7_000_000
CODES = {
    "bad_quantity": 51121,
    "bad_price": 51000,
    "market_closed": 51028,
    "insufficient_margin": 51008,
    "short": 51008,
    "unknown_ticker": 51001,
}
STATES = {
    OrderState.OPEN: "live",
    OrderState.PART_FILLED: "partially_filled",
    OrderState.FILLED: "filled",
    OrderState.CANCELLED: "canceled",
    OrderState.EXPIRED: "canceled",
    OrderState.REJECTED: "canceled",
}


def pick(value: Any) -> str:
    return "" if value is None else plain(value)


class Server(VenueServer):
    exchange = "okx"
    symbols: ClassVar[dict[str, dict[str, str]]] = {
        "linear": {"BTCPERP": "BTC-USDT-SWAP", "ETHPERP": "ETH-USDT-SWAP"},
        "spot": {"BTCPERP": "BTC-USDT", "ETHPERP": "ETH-USDT"},
    }

    @property
    def unit(self) -> Decimal:
        """Coins in one of what amounts count."""
        return Decimal(1) if self.spot else CONTRACT

    def size(self, quantity: Decimal) -> str:
        return plain(quantity / self.unit)

    # doors

    def routes(self) -> list[web.RouteDef]:
        public = {
            "public/time": self.on_time,
            "public/instruments": self.on_instruments,
            "market/books": self.on_books,
            "market/ticker": self.on_tickers,
            "market/tickers": self.on_tickers,
            "market/candles": self.on_candles,
            "market/history-candles": self.on_candles,
            "market/index-tickers": self.on_index,
            "public/mark-price": self.on_mark,
            "public/funding-rate": self.on_funding,
        }
        private = {
            "account/config": self.on_config,
            "account/balance": self.on_balance,
            "account/positions": self.on_positions,
            "trade/order": self.on_order,
            "trade/order-algo": self.on_algo,
            "trade/orders-pending": self.on_pending,
            "trade/orders-algo-pending": self.on_algos_pending,
            "trade/fills": self.on_fills,
        }
        posts = {
            "trade/cancel-order": self.on_cancel,
            "trade/cancel-algos": self.on_cancel_algos,
            "account/set-leverage": self.on_leverage,
        }
        return [
            *(web.get(f"/api/v5/{path}", self._open(on, signed=False)) for path, on in public.items()),
            *(web.get(f"/api/v5/{path}", self._open(on)) for path, on in private.items()),
            *(web.post(f"/api/v5/{path}", self._open(on)) for path, on in posts.items()),
            web.post("/api/v5/trade/order", self.create),
            web.post("/api/v5/trade/order-algo", self.create),
            *(web.get(f"/ws/v5/{name}", self.stream_of) for name in ("public", "private", "business")),
        ]

    def places(self, request: web.Request) -> bool:
        return request.method == "POST" and request.path.endswith(("/trade/order", "/trade/order-algo"))

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

    def _say(self, data: list[Any]) -> web.Response:
        return web.json_response({"code": "0", "msg": "", "data": data})

    def _no(self, no: No) -> web.Response:
        return web.json_response({"code": str(no.code), "msg": no.message, "data": []}, status=no.status)

    def _no_order(self, code: int, message: str) -> web.Response:
        row = {"ordId": "", "clOrdId": "", "sCode": str(code), "sMsg": message}
        return web.json_response({"code": "1", "msg": "All operations failed", "data": [row]})

    async def _let_in(self, request: web.Request) -> None:
        head, body = request.headers, await request.text() if request.method == "POST" else ""
        stamp = head.get("OK-ACCESS-TIMESTAMP", "1970-01-01T00:00:00.000Z")
        text = f"{stamp}{request.method}{request.path_qs}{body}"
        signed = base64.b64encode(hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).digest()).decode()
        if head.get("OK-ACCESS-KEY") != KEY:
            raise No(401, 50111, "Invalid OK-ACCESS-KEY")
        if head.get("OK-ACCESS-PASSPHRASE") != PASSPHRASE:
            raise No(401, 50105, "Request header OK-ACCESS-PASSPHRASE incorrect.")
        if head.get("OK-ACCESS-SIGN") != signed:
            raise No(401, 50113, "Invalid Sign")
        if not self.fresh(datetime.fromisoformat(stamp).replace(tzinfo=UTC).timestamp() * 1000 // 1):
            raise No(401, 50102, "Timestamp request expired")
        if self.maintenance:
            raise No(503, 50001, "Service temporarily unavailable. Try again later")

    def fresh(self, stamp: object) -> bool:
        return abs(float(str(stamp)) - self.ms()) < 30_000

    # what is listed

    async def on_time(self, _query: Mapping[str, str]) -> list[Any]:
        return [{"ts": str(self.ms())}]

    async def on_instruments(self, query: Mapping[str, str]) -> list[Any]:
        return [self._listed(ticker) for ticker in self.instruments] if query["instType"] == self.family else []

    @property
    def family(self) -> str:
        return "SPOT" if self.spot else "SWAP"

    def _listed(self, ticker: str) -> dict[str, Any]:
        instrument, base = self.instruments[ticker], ticker.partition("-")[0]
        state = "suspend" if ticker in self.delisted else "live"
        step = self.size(instrument.step)
        row = {"instId": ticker, "instType": self.family, "state": state, "tickSz": plain(instrument.tick)}
        row |= {"lotSz": step, "minSz": step, "maxLmtSz": "100000", "lever": "50", "listTime": "1"}
        if self.spot:
            return {**row, "baseCcy": base, "quoteCcy": "USDT", "uly": "", "settleCcy": ""}
        more = {"uly": f"{base}-USDT", "ctVal": plain(CONTRACT), "ctType": "linear", "ctValCcy": base}
        return {**row, **more, "baseCcy": "", "quoteCcy": "", "settleCcy": "USDT"}

    async def on_books(self, query: Mapping[str, str]) -> list[Any]:
        return [self._book(self.price(query["instId"]))]

    def _book(self, quote: Quote) -> dict[str, Any]:
        sides = {"bids": (quote.bid, quote.bid_size), "asks": (quote.ask, quote.ask_size)}
        levels = {s: [[plain(p), self.size(q), "0", "1"]] if p is not None else [] for s, (p, q) in sides.items()}
        return {**levels, "ts": str(self.ms()), "seqId": self.told}

    async def on_tickers(self, query: Mapping[str, str]) -> list[Any]:
        wanted = [query["instId"]] if "instId" in query else list(self.instruments)
        return [self._ticker(self.price(ticker)) for ticker in wanted]

    def _ticker(self, quote: Quote) -> dict[str, Any]:
        book = {"bidPx": quote.bid, "askPx": quote.ask, "last": quote.last}
        sizes = {"bidSz": self.size(quote.bid_size), "askSz": self.size(quote.ask_size)}
        names = {"instType": self.family, "instId": quote.ticker, "ts": str(self.ms())}
        return {**names, **{name: pick(value) for name, value in book.items()}, **sizes}

    async def on_index(self, _query: Mapping[str, str]) -> list[Any]:
        names = (ticker.removesuffix("-SWAP") for ticker in self.instruments)
        return [{"instId": name, "idxPx": plain(self.index), "ts": str(self.ms())} for name in names]

    async def on_mark(self, _query: Mapping[str, str]) -> list[Any]:
        rows = [self.price(ticker) for ticker in self.instruments]
        return [{"instType": "SWAP", "instId": q.ticker, "markPx": pick(q.last), "ts": str(self.ms())} for q in rows]

    async def on_funding(self, _query: Mapping[str, str]) -> list[Any]:
        times = {"fundingTime": str(self.ms()), "nextFundingTime": str(self.ms() + 8 * 3_600_000)}
        names = {"instType": "SWAP", "fundingRate": "0.0001", "nextFundingRate": ""}
        return [{"instId": ticker, **names, **times} for ticker in self.instruments]

    async def on_candles(self, query: Mapping[str, str]) -> list[Any]:
        start = int(query["before"]) + 1 if "before" in query else self.ms() - 180_000
        rows = [[str(start + n * 60_000), "100", "110", "90", "105", "700", "7", "735", "1"] for n in range(3)]
        return rows[::-1]

    # the account

    async def on_config(self, _query: Mapping[str, str]) -> list[Any]:
        granted = "read_only,trade" + (",withdraw" if self.withdraws else "")
        return [
            {"uid": "1", "acctLv": "2", "posMode": "long_short_mode" if self.hedged else "net_mode", "perm": granted}
        ]

    async def on_balance(self, _query: Mapping[str, str]) -> list[Any]:
        margin, held = self.venue.margin(), self.venue.ledger.holdings() if self.spot else []
        worth = sum((h.quantity * (self.price(h.ticker).last or 0) for h in held), Decimal(0))
        equity, free = plain(margin.equity - worth), plain(max(Decimal(0), margin.free))
        usdt = {"ccy": "USDT", "eq": equity, "availEq": free, "availBal": free, "cashBal": equity}
        coins = [
            {"ccy": h.ticker.partition("-")[0], "eq": plain(h.quantity), "cashBal": plain(h.quantity)} for h in held
        ]
        return [{"totalEq": equity, "details": [usdt, *coins]}]

    async def on_positions(self, _query: Mapping[str, str]) -> list[Any]:
        return [
            {
                "instType": "SWAP",
                "instId": h.ticker,
                "posSide": "net",
                "mgnMode": "cross",
                "pos": self.size(h.quantity),
                "avgPx": pick(h.average_price),
                "markPx": pick(self.price(h.ticker).last),
                "lever": "5",
                "posId": "1",
            }
            for h in self.venue.ledger.holdings()
        ]

    async def on_leverage(self, body: Mapping[str, Any]) -> list[Any]:
        self.leverage[body["instId"]] = str(body["lever"])
        return [body]

    # placing, by way of the base's faults

    async def create(self, request: web.Request) -> web.StreamResponse:
        self.calls[request.path] = self.calls.get(request.path, 0) + 1
        try:
            await self._let_in(request)
            return await self.place(request)
        except No as no:
            return self._no_order(no.code, no.message) if no.code >= 51000 else self._no(no)

    def asked(self, request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
        """As the base's ledger keeps it. An algo order's id is `algoClOrdId`; `clOrdId` is overlooked there."""
        algo = request.path.endswith("order-algo")
        if body["instId"] in self.delisted or body["instId"] not in self.instruments:
            raise No(200, 51001, "Instrument ID does not exist")
        if (body.get("posSide", "net") != "net") is not self.hedged and not self.spot:
            raise No(200, 51000, "Parameter posSide error")
        if algo:
            level = body.get("slTriggerPx") or body["tpTriggerPx"]
            kind = "stop" if "slTriggerPx" in body else "take_profit"
            price = body["slOrdPx" if kind == "stop" else "tpOrdPx"]
            self._not_crossed(kind, body, Decimal(level))
        else:
            level, price = None, body.get("px")
            kind = "market" if body["ordType"] == "market" else "limit"
        client_id = plain_id(body.get("algoClOrdId" if algo else "clOrdId") or "")
        known = self.venue._latest.get(OrderId(client_id))
        if known is not None and known.working is not None:
            self._write("request", client_id=client_id, fault="")
            self._write("repeat", client_id=client_id, broker_id=known.broker_id, first=True)
            raise No(200, 51065 if algo else 51016, "Client order ID already exists.")
        if attached := body.get("attachAlgoOrds"):
            self.attached[client_id] = {"stopLoss": attached[0]["slTriggerPx"]}
        return {
            "client_id": client_id,
            "ticker": body["instId"],
            "side": body["side"],
            "type": kind,
            "quantity": plain(Decimal(body["sz"]) * self.unit),
            "price": None if price in {None, "-1"} else price,
            "stop_price": level,
            "reduce_only": str(body.get("reduceOnly", "false")).lower() == "true" and not self.spot,
            "immediate": body["ordType"] == "ioc",
            "expires_at": None,
        }

    def _not_crossed(self, kind: str, body: Mapping[str, Any], trigger: Decimal) -> None:
        last = self.price(body["instId"]).last or Decimal(0)
        rises = (body["side"] == "buy") is (kind == "stop")
        if (rises and trigger <= last) or (not rises and trigger >= last):
            raise No(200, 51280 if rises else 51279, "trigger price against the last price")

    def say_placed(self, ticket: OrderTicket) -> web.Response:
        row = self.venue._rows[ticket.broker_id]
        if ticket.state is OrderState.REJECTED and ticket.reduce_only:
            return self._no_order(51169, "no position in this direction to reduce")
        if row.request.type.triggered:
            ids = {"algoId": str(self._number(row, FIRST_ALGO)), "algoClOrdId": wire_id(row.request.id)}
            return self._say([{**ids, "clOrdId": "", "sCode": "0", "sMsg": ""}])
        ids = {"ordId": str(self._number(row)), "clOrdId": wire_id(row.request.id)}
        return self._say([{**ids, "tag": "", "sCode": "0", "sMsg": ""}])

    def say_refused(self, error: Rejected) -> web.Response:
        return self._no_order(CODES.get(error.code, 51000), error.reason or error.code)

    def say_busy(self, _seconds: float) -> web.Response:
        return self._no(No(429, 50011, "Too Many Requests"))

    async def _flush(self) -> None:
        guard_entries(self)
        await super()._flush()

    # orders

    def _number(self, row: Row, first: int = FIRST_ORDER) -> int:
        return first + list(self.venue._rows).index(row.broker_id)

    def _fired(self, row: Row) -> bool:
        return row.filled > 0 or (row.working is not None and not row.working.waiting)

    def _find(self, asked: Mapping[str, Any], *, algo: bool) -> Row | None:
        by_name = asked.get("algoClOrdId" if algo else "clOrdId")
        if by_name:
            row = self.venue._latest.get(OrderId(plain_id(by_name)))
        else:
            first = FIRST_ALGO if algo else FIRST_ORDER
            place, rows = int(asked["algoId" if algo else "ordId"]) - first, self.rows()
            row = rows[place] if 0 <= place < len(rows) else None
        if row is None or (row.request.type.triggered and not algo and not self._fired(row)):
            return None
        return row

    async def on_order(self, query: Mapping[str, str]) -> list[Any]:
        row = self._find(query, algo=False)
        if row is None:
            raise No(200, 51603, "Order does not exist")
        return [self._order(row)]

    async def on_algo(self, query: Mapping[str, str]) -> list[Any]:
        row = self._find(query, algo=True)
        if row is None:
            raise No(200, 51603, "Order does not exist")
        return [self._algo(row)]

    async def on_pending(self, _query: Mapping[str, str]) -> list[Any]:
        rows = [row for row in self.rows() if row.working is not None]
        return [self._order(row) for row in rows if not row.request.type.triggered or self._fired(row)]

    async def on_algos_pending(self, query: Mapping[str, str]) -> list[Any]:
        assert query["ordType"] == "conditional"
        rows = [row for row in self.rows() if row.working is not None]
        return [self._algo(row) for row in rows if row.request.type.triggered and not self._fired(row)]

    async def on_cancel(self, body: Mapping[str, Any]) -> list[Any]:
        row = self._find(body, algo=False)
        if row is None or row.working is None:
            raise No(200, 51400, "Cancellation failed as the order has been filled, canceled or does not exist.")
        return [await self._end(row)]

    async def on_cancel_algos(self, bodies: list[Mapping[str, Any]]) -> list[Any]:
        row = self._find(bodies[0], algo=True)
        if row is None or row.working is None or self._fired(row):
            raise No(200, 51400, "Cancellation failed as the order has been filled, canceled or does not exist.")
        return [await self._end(row)]

    async def _end(self, row: Row) -> dict[str, str]:
        self._write("cancel", client_id=row.request.id, broker_id=row.broker_id)
        self.venue.cancel(row)
        await self._flush()
        return {"sCode": "0", "sMsg": ""}

    def _name(self, row: Row) -> str:
        return "" if is_rider(row) else wire_id(row.request.id)

    def _order(self, row: Row, fill: Fill | None = None) -> dict[str, Any]:
        """A fired algo order is told as the order that it became."""
        request, algo = row.request, row.request.type.triggered
        immediate = request.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL
        market = request.price is None or request.type is OrderType.MARKET
        average = row.value / row.filled if row.filled else None
        told = {
            "instType": self.family,
            "instId": request.ticker,
            "ordId": str(self._number(row)),
            "clOrdId": "" if algo else self._name(row),
            "algoId": str(self._number(row, FIRST_ALGO)) if algo else "",
            "algoClOrdId": self._name(row) if algo else "",
            "px": "" if market else pick(request.price),
            "sz": self.size(request.quantity),
            "ordType": "market" if market else ("ioc" if immediate else "limit"),
            "side": request.side.value,
            "posSide": "net",
            "tdMode": "cash" if self.spot else "cross",
            "accFillSz": self.size(row.filled),
            "avgPx": pick(average),
            "state": STATES[row.state],
            "reduceOnly": str(request.reduce_only).lower(),
            "fee": "0",
            "feeCcy": "USDT",
            "cTime": str(self.ms(row.at)),
            "uTime": str(self.ms(row.at)),
            "tradeId": "",
            "fillSz": "0",
            "fillPx": "",
            "fillTime": "",
        }
        if fill is not None:
            told |= {"tradeId": str(self.venue.fills.index(fill) + 1), "fillSz": self.size(fill.quantity)}
            told |= {"fillPx": plain(fill.price), "fillTime": str(self.ms(fill.at)), "execType": "T"}
            told |= {"fillFee": plain(-fill.fee), "fillFeeCcy": "USDT"}
        return told

    def _algo(self, row: Row) -> dict[str, Any]:
        request, fired = row.request, self._fired(row)
        side = "sl" if request.type is OrderType.STOP else "tp"
        state = "effective" if fired else ("live" if row.working is not None else "canceled")
        levels = dict.fromkeys(("slTriggerPx", "slOrdPx", "tpTriggerPx", "tpOrdPx"), "")
        levels |= {f"{side}TriggerPx": pick(request.stop_price), f"{side}OrdPx": pick(request.price) or "-1"}
        return {
            "instType": self.family,
            "instId": request.ticker,
            "ordType": "conditional",
            "algoId": str(self._number(row, FIRST_ALGO)),
            "algoClOrdId": self._name(row),
            "clOrdId": "",
            "ordId": str(self._number(row)) if fired else "",
            "sz": self.size(request.quantity),
            "side": request.side.value,
            "posSide": "net",
            "state": state,
            "reduceOnly": str(request.reduce_only).lower(),
            "cTime": str(self.ms(row.at)),
            "uTime": str(self.ms(row.at)),
            **levels,
        }

    async def on_fills(self, query: Mapping[str, str]) -> list[Any]:
        start, after = int(query.get("begin") or 0), int(query.get("after") or 10**9)
        numbered = list(enumerate(self.venue.fills, start=1))
        found = [(n, fill) for n, fill in numbered if self.ms(fill.at) >= start and n < after]
        return [self._trade(n, fill) for n, fill in found[::-1][: int(query.get("limit") or 100)]]

    def _trade(self, number: int, fill: Fill) -> dict[str, Any]:
        row = self.venue._rows[BrokerOrderId(str(fill.broker_id))]
        return {
            "instType": self.family,
            "instId": fill.ticker,
            "tradeId": str(number),
            "billId": str(number),
            "ordId": str(self._number(row)),
            "clOrdId": "" if row.request.type.triggered else self._name(row),
            "fillPx": plain(fill.price),
            "fillSz": self.size(fill.quantity),
            "side": fill.side.value,
            "posSide": "net",
            "execType": "T",
            "feeCcy": "USDT",
            "fee": plain(-fill.fee),
            "ts": str(self.ms(fill.at)),
        }

    # the streams

    async def stream_of(self, request: web.Request) -> web.StreamResponse:
        return await self.attend(await self.connect(request, private=not request.path.endswith("public")))

    async def asked_on(self, link: Link, asked: Mapping[str, Any]) -> None:
        if asked["op"] == "login":
            told = asked["args"][0]
            text = f"{told['timestamp']}GET/users/self/verify"
            signed = base64.b64encode(hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).digest()).decode()
            if (told["apiKey"], told["passphrase"], told["sign"]) == (KEY, PASSPHRASE, signed):
                await self.send(link, {"event": "login", "code": "0", "msg": ""})
            return
        for arg in asked["args"] if asked["op"] == "unsubscribe" else ():
            link.topics.discard(f"{arg['channel']}:{arg.get('instId', '')}")
            await self.send(link, {"event": "unsubscribe", "arg": arg})
        for arg in asked["args"] if asked["op"] == "subscribe" else ():
            link.topics.add(f"{arg['channel']}:{arg.get('instId', '')}")
            await self.send(link, {"event": "subscribe", "arg": arg})
            for message in self._first_words(arg["channel"], arg.get("instId", "")):
                await self.send(link, message)

    def _first_words(self, channel: str, ticker: str) -> list[Any]:
        if ticker not in self.instruments:
            return []
        quote = self.price(ticker)
        data = self._book(quote) if channel == "bbo-tbt" else self._ticker(quote)
        return [{"arg": {"channel": channel, "instId": ticker}, "data": [data]}]

    def messages(self, link: Link, kind: str, what: Any) -> list[Any]:
        if kind == "beat":
            return []
        if kind == "quote":
            channels = [c for c in ("bbo-tbt", "tickers") if f"{c}:{what.ticker}" in link.topics]
            return [message for channel in channels for message in self._first_words(channel, what.ticker)]
        row = self.venue._rows[what.broker_id]
        algo = row.request.type.triggered
        found = []
        if "orders:" in link.topics and (not algo or self._fired(row)):
            data = self._order(row, what if kind == "fill" else None)
            found.append({"arg": {"channel": "orders", "instType": "ANY"}, "data": [data]})
        if "orders-algo:" in link.topics and algo and kind == "ticket":
            found.append({"arg": {"channel": "orders-algo", "instType": "ANY"}, "data": [self._algo(row)]})
        return found
