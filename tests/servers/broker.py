"""A broker on loopback with a memory of its own: HTTP and WebSocket, JSON, a ledger on disk that is the referee.

Every line of the ledger is on disk (fsync) before anybody hears of what it says: requests with their client id, what
became of them, orders, fills, ends, books. Started again on the same file it is the same broker. It runs inside a
test's loop (`serving`) or as a process that outlives the desk:

    python -m tests.servers.broker --ledger FILE --dialect always
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import struct
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

from brokers.paper.contracts import CURRENCY, Listing, listings
from brokers.paper.venue import Terms, Venue
from core.values.accounts import Account, Mode
from core.values.capabilities import Capabilities, Idempotency
from core.values.errors import Rejected
from core.values.fills import Fill
from core.values.ids import AccountName, BrokerOrderId, IntentId, OrderId
from core.values.market import Quote
from core.values.money import Price, Quantity, plain
from core.values.orders import (
    Order,
    OrderRequest,
    OrderRole,
    OrderState,
    OrderTicket,
    OrderType,
    Purpose,
    Side,
    TimeInForce,
)

DIALECTS: Mapping[str, Capabilities] = {
    "always": Capabilities(Idempotency.ALWAYS),
    "while_open": Capabilities(Idempotency.WHILE_OPEN),
    "never": Capabilities(Idempotency.NEVER),
    "plain": Capabilities(Idempotency.ALWAYS, reduce_only=False),
    "coins": Capabilities(Idempotency.WHILE_OPEN, reduce_only=False, short_selling=False),
    "bare": Capabilities(Idempotency.ALWAYS, reduce_only=False, native_stops=False),
    "tagged": Capabilities(Idempotency.NEVER, reduce_only=False),
}
"""What its ids mean; `plain` knows no reduce-only orders, so that a stop can only follow its position; `bare` keeps no
stops either, so that the desk watches; `coins` sells what is held and no more."""
FAULTS = frozenset(
    {
        "accept_then_drop",
        "accept_then_500",
        "accept_then_garbage",
        "accept_then_silence",
        "drop",
        "refuse",
        "too_many_requests",
        "disconnect",
    }
)
ALIASES = {"server_error": "accept_then_500", "429": "too_many_requests"}
BEAT_S = 1.0
DEPTH = Decimal(100_000)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def payload(thing: Any) -> Any:
    """JSON of a value: decimals and times as text, dataclasses as objects."""
    if isinstance(thing, Decimal):
        return plain(thing)
    if isinstance(thing, datetime):
        return thing.isoformat()
    if isinstance(thing, frozenset):
        return sorted(thing)
    if is_dataclass(thing):
        return {f.name: payload(getattr(thing, f.name)) for f in fields(thing)}
    return thing


class Books:
    """What the venue prices on."""

    def __init__(self) -> None:
        self.quotes: dict[str, Quote] = {}
        self.closed = False

    def quote(self, ticker: str) -> Quote | None:
        quote = self.quotes.get(ticker)
        return None if quote is None else replace(quote, trading=not self.closed)


class BrokerServer:
    """`faults` meet the next placings; a disconnect whatever comes next. mute, twice, backwards: the stream's ways."""

    def __init__(self, ledger: Path, dialect: str) -> None:
        self.faults: deque[tuple[str, float]] = deque()
        self.mute = self.twice = self.backwards = False
        self.told = 0
        self._cut = False
        self.url = ""
        self._ledger = ledger
        self._file: int | None = None
        self._replayed: datetime | None = None
        self._happened: list[OrderTicket | Fill] = []
        self._streams: set[web.WebSocketResponse] = set()
        self.books = Books()
        listed = self.rows_listed()
        self.instruments = {row.instrument.ticker: row.instrument for row in listed}
        terms = Terms(Decimal(10_000_000), CURRENCY, Decimal(0), 0.0, DIALECTS[dialect])
        account = Account(AccountName("wire"), "wire", Mode.LIVE, CURRENCY)
        self.venue = Venue(account, terms, self.books, self.instruments, self, self._happened.append)  # type: ignore[arg-type]  # of a Feed and a Clock it only asks quote and now
        for row in listed:
            tick = row.instrument.tick
            self._take_book(row.instrument.ticker, row.start - tick, row.start + tick, DEPTH, DEPTH)
        self._happened.clear()
        self._replay()

    def now(self) -> datetime:
        return self._replayed or datetime.now(UTC)

    def rows_listed(self) -> Sequence[Listing]:
        return listings(self.now(), {}, exchange_hours=False)

    # the ledger

    def _write(self, kind: str, **what: Any) -> None:
        if self._file is not None:
            line = {"kind": kind, "at": self.now().isoformat(), **{key: payload(value) for key, value in what.items()}}
            os.write(self._file, json.dumps(line).encode() + b"\n")
            os.fsync(self._file)

    def lines(self) -> list[dict[str, Any]]:
        whole = self._ledger.read_bytes().split(b"\n")[:-1] if self._ledger.exists() else []
        return [json.loads(line) for line in whole]

    def _replay(self) -> None:
        for line in self.lines():
            self._replayed = datetime.fromisoformat(line["at"])
            if line["kind"] == "book":
                sizes = (Decimal(line[key]) for key in ("bid", "ask", "bid_size", "ask_size"))
                self._take_book(line["ticker"], *sizes)
            elif line["kind"] == "order":
                self.venue.accept(order_request(line["asked"]))
            elif line["kind"] == "cancel":
                row = self.venue._rows.get(BrokerOrderId(line["broker_id"]))
                if row is not None:
                    self.venue.cancel(row)
        self._replayed = None
        self._happened.clear()
        self._file = os.open(self._ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    # what can be done to it

    def script(self, fault: str, count: int = 1, seconds: float = 1.0) -> None:
        """Raises ValueError for a fault that there is not."""
        name = ALIASES.get(fault, fault)
        if name not in FAULTS:
            raise ValueError(f"{fault}: none of {', '.join(sorted(FAULTS))}")
        self.faults.extend((name, seconds) for _ in range(count))

    async def heard(self) -> None:
        """Return once every client has dealt with all that was told it."""
        raise NotImplementedError

    async def set_book(self, ticker: str, bid: Decimal, ask: Decimal, bid_size: Decimal, ask_size: Decimal) -> None:
        self._write("book", ticker=ticker, bid=bid, ask=ask, bid_size=bid_size, ask_size=ask_size)
        self._take_book(ticker, bid, ask, bid_size, ask_size)
        await self._flush()
        await self._tell("quote", self.books.quote(ticker))

    def _take_book(self, ticker: str, bid: Decimal, ask: Decimal, bid_size: Decimal, ask_size: Decimal) -> None:
        quote = Quote(ticker, self.now(), Price(bid), Price(ask), Quantity(bid_size), Quantity(ask_size), Price(bid))
        self.books.quotes[ticker] = quote
        self.venue.take_quote(quote)

    # the stream

    async def _flush(self) -> None:
        """Write down what happened, then tell it."""
        happened, self._happened[:] = list(self._happened), []
        for event in happened:
            self._write("fill" if isinstance(event, Fill) else "ticket", **payload(event))
        for event in reversed(happened) if self.backwards else happened:
            for _ in range(2 if self.twice else 1):
                await self._tell("fill" if isinstance(event, Fill) else "ticket", event)

    async def _tell(self, kind: str, what: object) -> None:
        self.told += 1
        if not self.mute:
            text = json.dumps({"kind": kind, "number": self.told, "what": payload(what)})
            for stream in list(self._streams):
                try:
                    await stream.send_str(text)
                except ConnectionError:
                    self._streams.discard(stream)

    async def beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            await self._tell("beat", None)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        socket_ = web.WebSocketResponse()
        await socket_.prepare(request)
        self._streams.add(socket_)
        try:
            for ticker in self.books.quotes:
                if not self.mute:
                    text = {"kind": "quote", "number": self.told, "what": payload(self.books.quote(ticker))}
                    await socket_.send_str(json.dumps(text))
            async for message in socket_:
                if message.type is WSMsgType.ERROR:
                    break
        finally:
            self._streams.discard(socket_)
        return socket_

    # orders

    async def place(self, request: web.Request) -> web.StreamResponse:
        asked = self.asked(request, await self.body(request))
        fault, seconds = self.faults.popleft() if self.faults else ("", 0.0)
        self._write("request", client_id=asked["client_id"], fault=fault)
        match fault:
            case "refuse":
                return self._refused(asked, Rejected("refused", "a scripted refusal"))
            case "too_many_requests":
                self._write("busy", client_id=asked["client_id"])
                return self.say_busy(seconds)
            case "drop" | "disconnect":
                return _reset(request)
        if asked.get("ticker") not in self.instruments:
            return self._refused(asked, Rejected("unknown_ticker", str(asked.get("ticker"))))
        try:
            row = self.venue.row(asked_about(asked["client_id"], None))
            known = set(self.venue._rows)
            ticket = self.venue.accept(order_request(asked))
        except (Rejected, KeyError, ValueError, ArithmeticError) as error:
            return self._refused(asked, error if isinstance(error, Rejected) else Rejected("bad_request", repr(error)))
        if ticket.broker_id in known:
            self._write("repeat", client_id=asked["client_id"], broker_id=ticket.broker_id, first=row is not None)
        else:
            self._write("order", client_id=asked["client_id"], broker_id=ticket.broker_id, asked=asked)
        await self._flush()
        return await self._answer_placed(request, fault, ticket)

    async def _answer_placed(self, request: web.Request, fault: str, ticket: OrderTicket) -> web.StreamResponse:
        match fault:
            case "accept_then_drop":
                return _reset(request)
            case "accept_then_500":
                return web.json_response({"code": "internal"}, status=500)
            case "accept_then_garbage":
                return web.Response(text=json.dumps(payload(ticket))[:40], content_type="application/json")
            case "accept_then_silence":
                await asyncio.sleep(3600)
        return self.say_placed(ticket)

    def _refused(self, asked: dict[str, Any], error: Rejected) -> web.Response:
        self._write("refused", client_id=asked.get("client_id"), code=error.code, reason=error.reason)
        return self.say_refused(error)

    # how it says so; a server of another dialect says it in its own way

    async def body(self, request: web.Request) -> dict[str, Any]:
        body: dict[str, Any] = await request.json()
        return body

    def asked(self, _request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
        return body

    def places(self, request: web.Request) -> bool:
        return request.path == "/orders/place"

    def say_placed(self, ticket: OrderTicket) -> web.Response:
        return web.json_response(payload(ticket))

    def say_refused(self, error: Rejected) -> web.Response:
        return web.json_response({"code": error.code, "reason": error.reason}, status=400)

    def say_busy(self, seconds: float) -> web.Response:
        return web.json_response({"code": "busy"}, status=429, headers={"Retry-After": str(seconds)})

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        row = self.venue.row(asked_about(request.query["client_id"], request.query.get("broker_id")))
        if row is None:
            return web.json_response({"code": "unknown_order"}, status=404)
        self._write("cancel", client_id=row.request.id, broker_id=row.broker_id)
        self.venue.cancel(row)
        await self._flush()
        return web.json_response(payload(row.ticket()))

    async def find(self, request: web.Request) -> web.StreamResponse:
        row = self.venue.row(asked_about(request.query["client_id"], request.query.get("broker_id")))
        if row is None:
            return web.json_response({"code": "unknown_order"}, status=404)
        return web.json_response(payload(row.ticket()))

    # questions

    async def ask(self, request: web.Request) -> web.StreamResponse:
        since = datetime.fromisoformat(request.query.get("since", "1970-01-01T00:00:00+00:00"))
        rows = self.venue.working_rows()
        answers: dict[str, Callable[[], object]] = {
            "orders": lambda: [row.ticket() for row in rows if row.working and not row.working.waiting],
            "stop_orders": lambda: [row.ticket() for row in rows if row.working and row.working.waiting],
            "changed": lambda: [row.ticket() for row in self.venue._rows.values() if row.at >= since],
            "fills": lambda: [fill for fill in self.venue.fills if fill.at >= since],
            "positions": self.venue.ledger.holdings,
            "margin": self.venue.margin,
            "cash": lambda: {CURRENCY: plain(self.venue.ledger.cash())},
            "instruments": lambda: list(self.instruments.values()),
            "ledger": self.lines,
        }
        answer = answers[request.match_info["what"]]()
        return web.json_response(
            [payload(one) for one in answer] if isinstance(answer, list | tuple) else payload(answer)
        )

    async def quote(self, request: web.Request) -> web.StreamResponse:
        quote = self.books.quote(request.match_info["ticker"])
        if quote is None:
            return web.json_response({"code": "unknown_ticker"}, status=404)
        return web.json_response(payload(replace(quote, at=self.now())))

    async def control(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        match request.match_info["what"]:
            case "book":
                sizes = (Decimal(str(body.get(key, DEPTH))) for key in ("bid", "ask", "bid_size", "ask_size"))
                await self.set_book(body["ticker"], *sizes)
            case "fault":
                self.script(body["next"], int(body.get("count", 1)), float(body.get("seconds", 1)))
            case "stream":
                self.mute, self.twice = bool(body.get("mute")), bool(body.get("twice"))
                self.backwards = bool(body.get("backwards"))
        return web.json_response({})

    def app(self) -> web.Application:
        @web.middleware
        async def cut_off(request: web.Request, handler: Handler) -> web.StreamResponse:
            """A disconnect meets whatever comes first but the referee's own questions: HTTP clients repeat a GET by
            themselves, so it meets that one too."""
            asked_by_desk = not (request.path.startswith(("/control", "/referee")) or self.places(request))
            if asked_by_desk and self.faults and self.faults[0][0] == "disconnect":
                self._cut = request.method == "GET" and not self._cut
                if not self._cut:
                    self.faults.popleft()
                return _reset(request)
            return await handler(request)

        app = web.Application(middlewares=[cut_off])
        app.add_routes([web.get("/referee/{what}", self.ask), web.post("/control/{what}", self.control)])
        app.add_routes(self.routes())
        return app

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/orders/place", self.place),
            web.post("/orders/cancel", self.cancel),
            web.get("/orders/find", self.find),
            web.get("/ask/{what}", self.ask),
            web.get("/quotes/{ticker}", self.quote),
            web.get("/stream", self.stream),
        ]


def order_request(asked: Mapping[str, Any]) -> OrderRequest:
    """What the venue needs of an order; the rest is no business of a broker's."""
    price, stop, expires = asked["price"], asked["stop_price"], asked["expires_at"]
    return OrderRequest(
        id=OrderId(asked["client_id"]),
        intent=IntentId(""),
        account=AccountName("wire"),
        ticker=asked["ticker"],
        side=Side(asked["side"]),
        type=OrderType(asked["type"]),
        quantity=Quantity(Decimal(asked["quantity"])),
        role=OrderRole.TASK,
        purpose=Purpose.WORKING,
        because=(),
        price=None if price is None else Price(Decimal(price)),
        stop_price=None if stop is None else Price(Decimal(stop)),
        reduce_only=asked["reduce_only"],
        expires_at=None if expires is None else datetime.fromisoformat(expires),
        time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL if asked.get("immediate") else TimeInForce.GOOD_TILL_CANCEL,
    )


def asked_about(client_id: str, broker_id: str | None) -> Order:
    """A question about an order, in the form the venue takes it."""
    blank = {"ticker": "", "side": "buy", "type": "limit", "quantity": "1", "reduce_only": False}
    request = order_request({**blank, "client_id": client_id, "price": None, "stop_price": None, "expires_at": None})
    now = datetime.now(UTC)
    return Order(request, OrderState.SENT, now, now, broker_id=BrokerOrderId(broker_id) if broker_id else None)


def _reset(request: web.Request) -> web.Response:
    """Cut the connection hard: the client sees RST, no answer."""
    assert request.transport is not None
    link = request.transport.get_extra_info("socket")
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()
    return web.Response()


@asynccontextmanager
async def serving(ledger: Path, dialect: str, port: int = 0) -> AsyncIterator[BrokerServer]:
    server = BrokerServer(ledger, dialect)
    async with hosting(server, port):
        yield server


@asynccontextmanager
async def hosting(server: BrokerServer, port: int = 0) -> AsyncIterator[None]:
    runner = web.AppRunner(server.app(), access_log=None, shutdown_timeout=0.1, handler_cancellation=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    beating = asyncio.create_task(server.beat())
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.gather(beating, *(s.close() for s in list(server._streams)), return_exceptions=True)
        await runner.cleanup()


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--dialect", choices=sorted(DIALECTS), default="always")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    async with serving(options.ledger, options.dialect, options.port) as server:
        print(f"LISTENING {server.url}", flush=True)
        await asyncio.sleep(timedelta(days=1).total_seconds())


if __name__ == "__main__":
    asyncio.run(main())
