"""Alpaca on loopback: its REST API and WebSockets over the venue and ledger of tests/servers/broker.py.

Written from the venue's documents and apart from our adapter, so that what the one misreads the other does not. It
counts calls as the venue does: more than its limits allow are refused and kept in `exceeded`. Of what it refuses, it
knows what hurts a desk: an id twice, shares that another order holds, an order of the other side, a part of a share
that would rest overnight.

    python -m tests.servers.alpaca --ledger FILE
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

from brokers.paper.orders import Row
from core.values.errors import Rejected
from core.values.fills import Fill
from core.values.instrument import InstrumentKind
from core.values.money import Quantity, plain
from core.values.orders import OrderState, OrderTicket, OrderType, Side
from tests.servers import alpaca_json as say
from tests.servers.broker import BrokerServer, hosting

KEY, SECRET = "PKTEST", "a-secret-of-alpaca"
A_MINUTE = 200
ONE = Quantity(Decimal(1))
REFUSALS: Mapping[str, tuple[int, int, str]] = {
    "bad_quantity": (422, 42210000, "qty must be > 0"),
    "bad_price": (422, 42210000, "limit price must be > 0"),
    "market_closed": (403, 40310000, "market is closed"),
    "insufficient_margin": (403, 40310000, "insufficient buying power"),
    "unknown_ticker": (422, 42210000, "could not find asset"),
    "refused": (422, 42210000, "a scripted refusal"),
}


class No(Exception):
    """An error answer."""

    def __init__(self, status: int, code: int, message: str, **more: str) -> None:
        super().__init__(message)
        self.status, self.body = status, {"code": code, "message": message, **more}


class Stream:
    """One WebSocket. symbols: what it brings prices of; None for orders. pong: the client has dealt with all before."""

    def __init__(self, socket: web.WebSocketResponse, *, prices: bool) -> None:
        self.socket, self.prices = socket, prices
        self.in_, self.listens = False, False
        self.symbols: set[str] = set()
        self.pong = asyncio.Event()


class AlpacaServer(BrokerServer):
    """slow: an answer to a placing tells `pending_new`, one to a cancel comes before the end. deaf: pings are answered
    and nothing else is said. mute: not even those. shy: a login is not answered. withdrawn: the key is none any more.
    fields: of the account, over what is told. canned: path -> what it answers instead. What is asked: `calls`, by
    path; `bodies`, of placings. open_paths: which ask for no key."""

    def __init__(self, ledger: Path) -> None:
        self.calls: dict[str, int] = {}
        self.bodies: list[dict[str, Any]] = []
        self.canned: dict[str, Any] = {}
        self.fields: dict[str, Any] = {}
        self.slow = self.deaf = self.shy = self.withdrawn = self.binary = False
        self.symbols_max = 30
        self.open_paths: set[str] = set()
        self.seconds: Callable[[], float] = time.monotonic
        self.exceeded: list[str] = []
        self._minutes: dict[str, deque[float]] = {}
        self._links: list[Stream] = []
        self._ending: dict[str, int] = {}
        super().__init__(ledger, "plain")

    def _replay(self) -> None:
        """Its shares are traded by the piece."""
        for ticker, listed in list(self.instruments.items()):
            if listed.kind is InstrumentKind.SHARE:
                part = Quantity(Decimal("0.000001"))
                self.instruments[ticker] = replace(listed, lot=ONE, step=part, currency="USD")
            else:
                del self.instruments[ticker]
                del self.books.quotes[ticker]
        super()._replay()

    # doors

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/stream", self.trades),
            web.get("/v2/iex", self.prices),
            web.post("/v2/orders", self.rest),
            web.get("/v2/orders:by_client_order_id", self.rest),
            web.route("*", "/v2/{path:.*}", self.rest),
        ]

    def places(self, request: web.Request) -> bool:
        return request.method == "POST" and request.path == "/v2/orders"

    async def rest(self, request: web.Request) -> web.StreamResponse:
        try:
            if request.path not in self.open_paths:
                self._let_in(request.headers)
            self._count(request.path)
            if self.places(request):
                return await self.place(request)
            told = self.canned.get(request.path)
            told = await self._told(request) if told is None else told
            return web.Response(status=204) if told == "" else web.json_response(told)
        except No as no:
            headers = {"X-RateLimit-Reset": str(int(time.time()) + 2)} if no.status == 429 else {}
            return web.json_response(no.body, status=no.status, headers=headers)

    def _let_in(self, headers: Mapping[str, str]) -> None:
        if self.withdrawn or (headers.get("APCA-API-KEY-ID"), headers.get("APCA-API-SECRET-KEY")) != (KEY, SECRET):
            raise No(401, 40110000, "request is not authorized")

    def _count(self, path: str) -> None:
        self.calls[path] = self.calls.get(path, 0) + 1
        taken = self._minutes.setdefault("prices" if path.startswith("/v2/stocks") else "trading", deque())
        now = self.seconds()
        while taken and taken[0] <= now - 60:
            taken.popleft()
        taken.append(now)
        if len(taken) > A_MINUTE:
            self.exceeded.append(path)
            raise No(429, 42910000, "rate limit exceeded")

    async def _told(self, request: web.Request) -> Any:
        name, _, rest = request.path.removeprefix("/v2/").partition("/")
        if name == "orders:by_client_order_id":
            return self._say(self._by(lambda row: row.request.id == request.query["client_order_id"]))
        if name == "orders" and rest:
            row = self._by(lambda row: say.order_id(row) == rest)
            return await self._cancel(row) if request.method == "DELETE" else self._say(row, looked=True)
        return getattr(self, f"on_{name}")(rest, request.query)

    def _by(self, wanted: Callable[[Row], bool]) -> Row:
        found = next((row for row in self.venue._rows.values() if wanted(row)), None)
        if found is None:
            raise No(404, 40410000, "order not found")
        return found

    def _say(self, row: Row, *, looked: bool = False) -> dict[str, Any]:
        """A cancelled order may take a look or two to be so."""
        status = ""
        if looked and self._ending.get(row.broker_id, 0) > 0:
            self._ending[row.broker_id] -= 1
            status = "pending_cancel"
        return say.order(row, status=status)

    # placing, by way of the base's faults

    def asked(self, _request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
        """As the base's ledger keeps it."""
        self.bodies.append(body)
        if any(row.request.id == body["client_order_id"] for row in self.venue._rows.values()):
            raise No(422, 40010001, "client_order_id must be unique")
        asked = {
            "client_id": body["client_order_id"],
            "ticker": body["symbol"],
            "side": body["side"],
            "type": {"stop_limit": "stop"}.get(body["type"], body["type"]),
            "quantity": body["qty"],
            "price": body.get("limit_price"),
            "stop_price": body.get("stop_price"),
            "reduce_only": False,
            "immediate": body["time_in_force"] == "ioc",
            "expires_at": None,
        }
        if body["symbol"] in self.instruments:
            self._protect(body)
        return asked

    def _protect(self, body: Mapping[str, Any]) -> None:
        """Parts of shares, wash trades (its page on user protection), and what other orders hold."""
        side, quantity = Side(body["side"]), Decimal(body["qty"])
        if quantity != int(quantity) and body["time_in_force"] != "day":
            raise No(422, 42210000, "fractional orders must be DAY orders")
        working = [row for row in self.venue.working_rows() if row.request.ticker == body["symbol"]]
        for row in working:
            if row.request.side is not side and _washes(row, body):
                why = "opposite side market/stop order exists"
                more = {"existing_order_id": say.order_id(row), "reject_reason": why}
                raise No(403, 40310000, "potential wash trade detected. use complex orders", **more)
        held = self.venue.ledger.quantity(body["symbol"]) * -side.sign
        if held > 0:
            busy = sum((row.request.quantity - row.filled for row in working if row.request.side is side), Decimal(0))
            if quantity > held - busy:
                said = f"insufficient qty available for order (requested: {body['qty']}, available: {held - busy})"
                raise No(403, 40310000, said, held_for_orders=plain(busy), existing_qty=plain(held))
        elif side is Side.SELL and quantity != int(quantity):
            raise No(403, 40310000, "fractional orders cannot be sold short")

    def say_placed(self, ticket: OrderTicket) -> web.Response:
        row = self.venue._rows[ticket.broker_id]
        return web.json_response(say.order(row, status="pending_new" if self.slow else ""))

    def say_refused(self, error: Rejected) -> web.Response:
        status, code, message = REFUSALS.get(error.code, (422, 42210000, error.reason or error.code))
        return web.json_response({"code": code, "message": message}, status=status)

    def say_busy(self, seconds: float) -> web.Response:
        headers = {"X-RateLimit-Reset": str(int(time.time() + max(1.0, seconds)))}
        return web.json_response({"code": 42910000, "message": "rate limit exceeded"}, status=429, headers=headers)

    async def _cancel(self, row: Row) -> str:
        if row.working is None:
            raise No(422, 42210000, f'order is already in "{say.STATES[row.state]}" state')
        self._write("cancel", client_id=row.request.id, broker_id=row.broker_id)
        self.venue.cancel(row)
        self._ending[row.broker_id] = 2 if self.slow else 0
        await self._flush()
        return ""

    # lists

    def on_orders(self, _rest: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        rows = list(self.venue._rows.values())[::-1]
        if query["status"] == "open":
            rows = [row for row in rows if row.working is not None]
        rows = [row for row in rows if not query.get("until") or say.stamp(row.at) < query["until"]]
        return [self._say(row) for row in rows][: int(query["limit"])]

    def on_account(self, rest: str, query: Mapping[str, str]) -> Any:
        if rest == "activities/FILL":
            return self._activities(query)
        margin = self.venue.margin()
        told = {
            "id": say.uuid("account"),
            "account_number": "PA3TEST",
            "status": "ACTIVE",
            "currency": "USD",
            "cash": plain(self.venue.ledger.cash()),
            "equity": plain(margin.equity),
            "buying_power": plain(margin.free * 2),
            "regt_buying_power": plain(margin.free * 2),
            "multiplier": "2",
            "shorting_enabled": True,
            "trading_blocked": False,
            "account_blocked": False,
            "trade_suspended_by_user": False,
        }
        return told | self.fields

    def _activities(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        told, sums = list[dict[str, Any]](), dict[str, Decimal]()
        for fill in self.venue.fills:
            row = self.venue._rows[fill.broker_id or ""]  # type: ignore[index]  # every fill has one
            so_far = sums[row.broker_id] = sums.get(row.broker_id, Decimal(0)) + fill.quantity
            told.append(say.activity(fill, self._say(row), so_far))
        told = [row for row in told if row["transaction_time"] > query["after"]]
        token = query.get("page_token")
        start = next((n + 1 for n, row in enumerate(told) if row["id"] == token), 0)
        return told[start : start + int(query["page_size"])]

    def on_positions(self, _rest: str, _query: Mapping[str, str]) -> list[dict[str, Any]]:
        return [say.position(holding) for holding in self.venue.ledger.holdings()]

    def on_assets(self, _rest: str, _query: Mapping[str, str]) -> list[dict[str, Any]]:
        return [say.asset(instrument) for instrument in self.instruments.values()]

    def on_clock(self, _rest: str, _query: Mapping[str, str]) -> dict[str, Any]:
        return say.clock(self.now(), closed=self.books.closed)

    def on_calendar(self, _rest: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        first, last = (datetime.fromisoformat(query[name]).date() for name in ("start", "end"))
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        hours = {"open": "09:30", "close": "16:00", "session_open": "0400", "session_close": "2000"}
        return [{"date": day.isoformat(), **hours} for day in days if day.weekday() < 5]

    def on_stocks(self, rest: str, query: Mapping[str, str]) -> Any:
        if rest.endswith("/bars"):
            return self._bars(rest.partition("/")[0], query)
        quotes = {name: self.books.quote(name) for name in query["symbols"].split(",")}
        known = {name: quote for name, quote in quotes.items() if quote is not None}
        if rest == "trades/latest":
            return {"trades": {name: say.snapshot(quote)["latestTrade"] for name, quote in known.items()}}
        return {name: say.snapshot(quote) for name, quote in known.items()}

    def _bars(self, symbol: str, query: Mapping[str, str]) -> dict[str, Any]:
        """One every hour, two a page."""
        start, end = (datetime.fromisoformat(query[name]) for name in ("start", "end"))
        moments = [start + timedelta(hours=n) for n in range(int((end - start) / timedelta(hours=1)))]
        token = query.get("page_token") or "0"
        if not token.isdecimal():
            raise No(422, 42210000, "invalid page_token")
        at = int(token)
        more = str(at + 2) if at + 2 < len(moments) else None
        bars = [say.bar(moment) for moment in moments[at : at + 2]]
        return {"symbol": symbol, "bars": bars or None, "next_page_token": more}

    # streams

    async def trades(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, Stream(web.WebSocketResponse(autoping=False), prices=False))

    async def prices(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, Stream(web.WebSocketResponse(autoping=False), prices=True))

    async def _serve(self, request: web.Request, link: Stream) -> web.StreamResponse:
        await link.socket.prepare(request)
        self._streams.add(link.socket)
        self._links.append(link)
        if link.prices:
            await self._send(link, [{"T": "success", "msg": "connected"}])
        try:
            async for message in link.socket:
                if message.type is WSMsgType.PONG:
                    link.pong.set()
                elif message.type is WSMsgType.PING and not self.mute:
                    await link.socket.pong(message.data)
                elif message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                    await (self._ask_prices if link.prices else self._ask_trades)(link, json.loads(message.data))
        finally:
            self._links.remove(link)
            self._streams.discard(link.socket)
        return link.socket

    async def _ask_trades(self, link: Stream, asked: Mapping[str, Any]) -> None:
        if self.shy:
            return
        if asked["action"] == "auth":
            link.in_ = (asked["key"], asked["secret"]) == (KEY, SECRET) and not self.withdrawn
            status = "authorized" if link.in_ else "unauthorized"
            await self._send(link, {"stream": "authorization", "data": {"action": "authenticate", "status": status}})
        elif asked["action"] == "listen" and link.in_:
            link.listens = "trade_updates" in asked["data"]["streams"]
            await self._send(link, {"stream": "listening", "data": asked["data"]})

    async def _ask_prices(self, link: Stream, asked: Mapping[str, Any]) -> None:
        if asked["action"] == "auth":
            link.in_ = (asked["key"], asked["secret"]) == (KEY, SECRET) and not self.withdrawn
            error = {"T": "error", "code": 402, "msg": "auth failed"}
            await self._send(link, [{"T": "success", "msg": "authenticated"} if link.in_ else error])
            return
        wanted = set(asked["quotes"])
        wanted = link.symbols | wanted if asked["action"] == "subscribe" else link.symbols - wanted
        if len(wanted) > self.symbols_max:
            await self._send(link, [{"T": "error", "code": 405, "msg": "symbol limit exceeded"}])
            return
        link.symbols = wanted
        named = sorted(wanted)
        await self._send(link, [{"T": "subscription", "quotes": named, "trades": named, "statuses": named, "bars": []}])
        quotes = [self.books.quote(name) for name in named]
        await self._send(link, [{"T": "q", "S": quote.ticker, **say.best(quote)} for quote in quotes if quote])

    async def _tell(self, kind: str, what: object) -> None:
        self.told += 1
        for link in list(self._links):
            if (message := self._message(link, kind, what)) and not (self.mute or self.deaf):
                await self._send(link, message)

    def _message(self, link: Stream, kind: str, what: Any) -> Any:
        if kind == "quote" and link.prices:
            last = {"T": "t", "S": what.ticker, "p": float(what.last or 0), "s": 1, "t": say.stamp(what.at)}
            return [{"T": "q", "S": what.ticker, **say.best(what)}, last] if what.ticker in link.symbols else None
        if kind not in {"fill", "ticket"} or not link.listens:
            return None
        row = self.venue._rows[what.broker_id]
        told = self._say(row)
        if isinstance(what, Fill):
            mine = [fill for fill in self.venue.fills if fill.broker_id == row.broker_id]
            so_far = sum((fill.quantity for fill in mine[: mine.index(what) + 1]), Decimal(0))
            return {"stream": "trade_updates", "data": say.after(what, told, so_far, what.at)}
        event = "fill" if row.state is OrderState.FILLED else say.STATES[what.state]
        if event in {"fill", "partially_filled"}:
            return None  # its executions have told it
        return {"stream": "trade_updates", "data": {"event": event, "timestamp": say.stamp(row.at), "order": told}}

    async def halt(self, ticker: str, code: str) -> None:
        """A status message of the tape."""
        for link in [one for one in self._links if ticker in one.symbols]:
            await self._send(
                link, [{"T": "s", "S": ticker, "sc": code, "sm": "", "t": say.stamp(self.now()), "z": "C"}]
            )

    async def _send(self, link: Stream, message: Any) -> None:
        with suppress(ConnectionError):
            if self.binary and not link.prices:
                await link.socket.send_bytes(json.dumps(message).encode())
            else:
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


def _washes(row: Row, body: Mapping[str, Any]) -> bool:
    """The venue's table: a stop or market order beside any of the other side is refused; two limits where they meet."""
    there, kind = row.request, body["type"]
    if there.type in {OrderType.STOP, OrderType.MARKET} or kind in {"stop", "stop_limit", "market"}:
        return True
    limit, other = Decimal(body["limit_price"]), there.price or there.stop_price or Decimal(0)
    return limit >= other if body["side"] == "buy" else limit <= other


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--dialect", choices=["alpaca"], default="alpaca")
    options = parser.parse_args()
    server = AlpacaServer(options.ledger)
    server.slow = server.binary = True  # as the paper host is
    async with hosting(server):
        print(f"LISTENING {server.url}", flush=True)
        await asyncio.sleep(timedelta(days=1).total_seconds())


if __name__ == "__main__":
    asyncio.run(main())
