"""A broker and its market in memory: the venue and referee of tests/servers/broker.py, and lines to it that fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any

from brokers.paper.contracts import CURRENCY, listings
from brokers.paper.venue import Terms, Venue
from core.crashpoints import crashpoint
from core.values.accounts import Account, Mode
from core.values.errors import Rejected, Transient
from core.values.fills import Fill
from core.values.ids import AccountName
from core.values.market import Quote
from core.values.money import Price, Quantity
from core.values.orders import OrderTicket
from tests.servers.broker import DEPTH, DIALECTS, Books, asked_about, order_request, payload
from tests.simulation.timeline import World
from tests.wire.client import ANSWER_S, SILENCE_S, Client, NoAnswer

BEAT_S = 2.0
LATE_S = (3.0, 12.0)
"""A request can be stuck for so long, and arrive when its sender has given it up."""
TRADED = ("SBER", "GAZP", "BTCPERP", "ETHPERP")
Answer = tuple[int, float, Any]


class Exchange:
    """It outlives every desk. `ledger`: what arrived and what became of it, the referee's word."""

    def __init__(self, world: World, dialect: str, rng: Random, trace: Callable[..., None]) -> None:
        self._world, self._rng, self._trace = world, rng, trace
        self.dialect = dialect
        self.books = Books()
        self.ledger: list[dict[str, Any]] = []
        self.lines: list[Line] = []
        self._happened: list[OrderTicket | Fill] = []
        rows = listings(world.now(), {}, exchange_hours=False)
        self.instruments = {row.instrument.ticker: row.instrument for row in rows}
        self.starts = {row.instrument.ticker: Decimal(row.start) for row in rows}
        self._middle = dict(self.starts)
        terms = Terms(Decimal(10_000_000), CURRENCY, Decimal(0), 0.0, DIALECTS[dialect])
        account = Account(AccountName("wire"), "wire", Mode.LIVE, CURRENCY)
        self.venue = Venue(account, terms, self.books, self.instruments, world, self._happened.append)  # type: ignore[arg-type]  # of a Feed it asks quote alone
        for ticker in self.instruments:
            self._quote(ticker, self.starts[ticker], DEPTH)

    # the market

    def move(self) -> None:
        """One book moves: a little, or through somebody's stop; sometimes there is little to be had."""
        rng = self._rng
        ticker = rng.choice(TRADED)
        reach = 4 if rng.random() < 0.05 else 0.15
        middle = self._middle[ticker] * (1 + Decimal(str(round(rng.uniform(-reach, reach), 4))) / 100)
        low, high = self.starts[ticker] * Decimal("0.8"), self.starts[ticker] * Decimal("1.25")
        self._middle[ticker] = min(max(middle, low), high)
        self._quote(ticker, self._middle[ticker], Decimal(rng.choice([3, 50, 5_000, 100_000])))

    def calm(self) -> None:
        """Books where they are, deeper than any position, so that all that should fill can: none come after them."""
        for ticker in TRADED:
            self._quote(ticker, self._middle[ticker], 1000 * DEPTH)

    def last(self, ticker: str) -> Decimal:
        return self._middle[ticker]

    def _quote(self, ticker: str, middle: Decimal, size: Decimal) -> None:
        instrument = self.instruments[ticker]
        middle = instrument.price_nearest(Price(middle))
        bid, ask = Price(middle - instrument.tick), Price(middle + instrument.tick)
        quote = Quote(ticker, self._world.now(), bid, ask, Quantity(size), Quantity(size), middle)
        self.books.quotes[ticker] = quote
        self.venue.take_quote(quote)
        self._flush()
        self._tell("quote", quote)

    # orders and questions

    def serve(self, path: str, query: Mapping[str, str], body: Any) -> Answer:
        match path:
            case "/orders/place":
                return self._place(body)
            case "/orders/cancel" | "/orders/find":
                row = self.venue.row(asked_about(query["client_id"], query.get("broker_id")))
                if row is None:
                    return 404, 0.0, {"code": "unknown_order"}
                if path.endswith("cancel"):
                    self._write("cancel", row.request.id)
                    self.venue.cancel(row)
                    self._flush()
                return 200, 0.0, payload(row.ticket())
        if path.startswith("/quotes/"):
            quote = self.books.quote(path.rpartition("/")[2])
            return (404, 0.0, {}) if quote is None else (200, 0.0, payload(quote) | {"at": payload(self._world.now())})
        found = self.ask(path.rpartition("/")[2], query.get("since", "1970-01-01T00:00:00+00:00"))
        return 200, 0.0, [payload(one) for one in found] if isinstance(found, list | tuple) else payload(found)

    def ask(self, what: str, since: str = "1970-01-01T00:00:00+00:00") -> Any:
        moment, rows = datetime.fromisoformat(since), self.venue.working_rows()
        match what:
            case "orders":
                return [row.ticket() for row in rows if row.working and not row.working.waiting]
            case "stop_orders":
                return [row.ticket() for row in rows if row.working and row.working.waiting]
            case "changed":
                return [row.ticket() for row in self.venue._rows.values() if row.at >= moment]
            case "fills":
                return [fill for fill in self.venue.fills if fill.at >= moment]
            case "positions":
                return list(self.venue.ledger.holdings())
            case "margin":
                return self.venue.margin()
            case "instruments":
                return list(self.instruments.values())
        raise LookupError(what)

    def _place(self, asked: dict[str, Any]) -> Answer:
        client_id = asked["client_id"]
        known = set(self.venue._rows)
        self._write("request", client_id)
        try:
            ticket = self.venue.accept(order_request(asked))
        except Rejected as error:
            self._write("refused", client_id, error.code)
            return 400, 0.0, {"code": error.code, "reason": error.reason}
        if ticket.broker_id not in known:
            self._write("order", client_id, f"{ticket.side} {ticket.type} {ticket.quantity} {ticket.ticker}")
        self._flush()
        return 200, 0.0, payload(ticket)

    def busy(self, asked: dict[str, Any]) -> Answer:
        self._write("request", asked["client_id"])
        self._write("busy", asked["client_id"])
        return 429, 1.0, {"code": "busy"}

    def _write(self, kind: str, client_id: str, said: str = "") -> None:
        self.ledger.append({"kind": kind, "client_id": client_id, "at": payload(self._world.now())})
        self._trace("broker", kind, client_id, said)

    # the stream

    def _flush(self) -> None:
        happened, self._happened[:] = list(self._happened), []
        for event in happened:
            if isinstance(event, Fill):
                self._trace("broker", "fill", event.order_id, f"{event.quantity} at {event.price}")
            self._tell("fill" if isinstance(event, Fill) else "ticket", event)

    def beat(self) -> None:
        self._tell("beat", None)

    def _tell(self, kind: str, what: object) -> None:
        for line in self.lines:
            line.hear({"kind": kind, "number": 0, "what": payload(what)})


@dataclass(slots=True)
class Weather:
    """Chances of each trouble, for every request; of the stream, for every message."""

    lost: float = 0.0
    late: float = 0.0
    unanswered: float = 0.0
    busy: float = 0.0
    garbled: float = 0.0
    unreachable: float = 0.0
    twice: float = 0.0
    backwards: float = 0.0
    cut: float = 0.0
    slow_s: float = 0.05


class Line(Client):
    """What one life of the desk has of the exchange, in place of HTTP and WebSocket. What was sent arrives, also where
    the sender is dead by then."""

    def __init__(self, exchange: Exchange, world: World, weather: Weather, rng: Random) -> None:
        super().__init__("")
        self._exchange, self._world, self._weather, self._rng = exchange, world, weather, rng
        self._messages: asyncio.Queue[Any] | None = None
        self.dead = False

    async def open(self) -> None:
        self._exchange.lines.append(self)

    async def close(self) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        self.dead = True
        if self in self._exchange.lines:
            self._exchange.lines.remove(self)

    async def call(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: Any = None
    ) -> tuple[int, float, Any]:
        weather, rng = self._weather, self._rng
        if self.dead or rng.random() < weather.unreachable:
            raise Transient("no connection")
        placing = path == "/orders/place"
        chance = rng.random()
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

        def arrive() -> None:
            busy = placing and rng.random() < weather.busy
            said = self._exchange.busy(body) if busy else self._exchange.serve(path, query or {}, body)
            if placing and self._exchange.dialect == "always" and rng.random() < weather.twice:
                self._exchange.serve(path, query or {}, body)  # a proxy that sends once more what it has sent
            if chance >= weather.lost + weather.unanswered:
                self._world.after(rng.uniform(0, weather.slow_s), lambda: self._answered(answer, said))

        if chance >= weather.lost:
            stuck_s = rng.uniform(*LATE_S) if placing and rng.random() < weather.late else 0.0
            self._world.after(rng.uniform(0, weather.slow_s) + stuck_s, arrive)
        if placing:
            crashpoint("send.bytes_out")
        try:
            async with asyncio.timeout(ANSWER_S):
                status, wait, said = await answer
        except TimeoutError as error:
            raise NoAnswer("no answer") from error
        if rng.random() < weather.garbled:
            return (500, 0.0, {"code": "internal"}) if rng.random() < 0.5 else (200, 0.0, {"order_id": "?"})
        return status, wait, said

    def _answered(self, answer: asyncio.Future[Answer], said: Answer) -> None:
        if not self.dead and not answer.done():
            answer.set_result(said)

    def hear(self, message: Any) -> None:
        """On its way: messages overtake each other only in bad weather."""
        queue, rng, weather = self._messages, self._rng, self._weather
        if queue is None:
            return
        late = rng.uniform(0, weather.slow_s) if rng.random() < weather.backwards else 0.01
        for _ in range(2 if rng.random() < weather.twice else 1):
            self._world.after(late, lambda: None if self.dead else queue.put_nowait(message))
        if rng.random() < weather.cut:
            self._world.after(0.01, lambda: None if self.dead else queue.put_nowait(None))

    async def stream(self) -> AsyncGenerator[Any, None]:
        if self.dead:
            raise Transient("no connection")
        queue = self._messages = asyncio.Queue()
        try:
            yield None
            while True:
                try:
                    async with asyncio.timeout(SILENCE_S):
                        message = await queue.get()
                except TimeoutError:
                    raise Transient("the stream is silent") from None
                if message is None:
                    raise Transient("the stream ended")
                yield message
        finally:
            if self._messages is queue:
                self._messages = None
