"""The Broker port over Angel One's SmartAPI.

What the venue's books say is the truth; its stream of order updates only says when to read them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, contextmanager
from dataclasses import replace
from datetime import date, datetime

from brokers.angelone import account as owned
from brokers.angelone import translate
from brokers.angelone.access import Tokens
from brokers.angelone.client import Client
from brokers.angelone.codes import NoAnswer, Refusal
from brokers.angelone.feed import AngelOneFeed
from brokers.angelone.limits import BUDGETS, CANCEL, EXITS, FUNDS, HOLDINGS, PLACE, POSITIONS, URGENCY
from brokers.angelone.listing import CURRENCY, Catalogue
from brokers.angelone.records import Records, immediate
from brokers.angelone.session import INDIA
from brokers.angelone.stream import Link, Socket, either
from brokers.angelone.translate import UNREADABLE, Row, readable
from core.ports import Clock, World
from core.rules.sessions import sessions
from core.values.accounts import Account, Margin
from core.values.capabilities import Capabilities, Idempotency, IdEncoding
from core.values.errors import OutcomeUnknown, Rejected, Transient
from core.values.fills import Fill, Holding
from core.values.ids import OrderId
from core.values.instrument import Instrument
from core.values.market import Session
from core.values.orders import ApprovedOrder, Order, OrderRequest, OrderState, OrderTicket, OrderType

log = logging.getLogger(__name__)

CAPABILITIES = Capabilities(
    Idempotency.NEVER, IdEncoding.BASE32_20, market_orders=False, reduce_only=False, budgets=BUDGETS
)
"""No key, only a tag: an order is searched by it and never sent twice."""
POLL_BUSY_S, POLL_S = 5.0, 30.0
"""How often the book is read without being told to, while something of ours may change and while nothing does."""
PATIENCE_S = (0.1, 0.2, 0.3, 0.4)
"""How an immediate order is looked after. There are none here: what is left of it then is cancelled."""
ENDING_S = (0.0, 0.1, 0.2, 0.3, 0.5, 1.0, 1.0)
"""How an order is looked after that was cancelled."""
STREAMS_S = 3.0
"""How long a start waits for the streams to say something."""
REFUSED_S = 30.0


class AngelOneBroker:
    """Broker (core.ports). `feed`: its own prices. delivery: shares are bought to keep, derivatives to carry."""

    def __init__(self, account: Account, client: Client, world: World, *, delivery: bool) -> None:
        self.account, self.capabilities = account.name, CAPABILITIES
        self._client, self._delivery = client, delivery
        self._clock: Clock = world.clock
        self._wire: Clock = world.wire
        self._catalogue = Catalogue()
        self._records = Records(client, account.name, self._catalogue, world.clock)
        self._orders = [o for o in world.orders if o.state is not OrderState.INTENDED]
        self.feed = AngelOneFeed(client, self._catalogue, world)
        self._updates = Link("orders", world.wire, client.session, self._dial, self._opened, self._heard)
        self._events: asyncio.Queue[OrderTicket | Fill | None] = asyncio.Queue()
        self._due, self._quiet = asyncio.Event(), asyncio.Event()
        self._placing: set[OrderId] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._listed_on: date | None = None

    async def start(self) -> None:
        """Where it fails nothing stays behind, and it may be tried again."""
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise

    async def _start(self) -> None:
        await self._client.open()
        await self._client.session.current()
        await self.instruments()
        for order in self._orders:
            self._records.remember(order.request)
        with asking("orders"):
            await self._records.changes()  # what was so before is no news
        self._client.session.on_new = self._relink
        works = (self._updates.run(), self.feed.link.run(), self._client.session.keep(), self._follow())
        self._tasks = [asyncio.create_task(work, name=f"angelone of {self.account}") for work in works]
        self._due.set()
        for link in (self._updates, self.feed.link):
            await either(link.first.wait(), self._wire.sleep(STREAMS_S))

    async def close(self) -> None:
        await self._stop()
        self._events.put_nowait(None)

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self._client.close()

    # orders

    async def place(self, order: ApprovedOrder) -> OrderTicket:
        request = order.request
        instrument = self._catalogue.by_ticker.get(request.ticker.upper())
        if instrument is None:
            raise Rejected("unknown_ticker", request.ticker)
        if request.expires_at is not None:
            raise Rejected("bad_expiry", "orders here rest for the day")
        body = translate.order_body(request, instrument, delivery=self._delivery)
        self._records.remember(request)
        self._placing.add(request.id)
        try:
            number = await self._send(request, body)
            return await self._seen_through(request, number)
        finally:
            self._placing.discard(request.id)

    async def _send(self, request: OrderRequest, body: Mapping[str, str]) -> str:
        try:
            answer = await self._client.call(PLACE, body, URGENCY[request.purpose])
            number = str(answer["orderid"])
            self._records.placed(request, number, str(answer.get("uniqueorderid") or ""))
        except Refusal as no:
            self._records.forget(request.id)
            raise no.rejected() from no
        except NoAnswer as error:
            raise OutcomeUnknown(request.id, str(error)) from error
        except UNREADABLE as error:
            raise OutcomeUnknown(request.id, f"unreadable: {error!r}") from error
        except (Transient, Rejected):
            self._records.forget(request.id)
            raise
        return number

    async def _seen_through(self, request: OrderRequest, number: str) -> OrderTicket:
        """What has become of an order that was taken; where that cannot be seen now, the books will tell.

        Raises Rejected market_closed where the venue kept it for another day, and let it be cancelled.
        """
        told, now = translate.taken(request, number, self._clock.now()), self._clock.now()
        order = Order(request, OrderState.SENT, now, now, told.broker_id)
        try:
            with readable("order"):
                row = await self._look(order, PATIENCE_S if immediate(request) else (0.0,))
                kept = row is not None and translate.after_hours(row)
                if row is not None and self._records.must_not_rest(row):
                    row = await self._end(order, row)
                told = (self._records.read(row, request) if row else None) or told
        except (Transient, Rejected) as error:
            log.warning("not seen yet", extra={"order_id": request.id, "reason": str(error)})
            self._wake()
            return told
        if kept and told.state is OrderState.CANCELLED and not told.filled:
            raise Rejected("market_closed", request.ticker)
        return told

    async def _look(self, order: Order, waits_s: Sequence[float]) -> Row | None:
        """Its row, once it is over or has been waited for."""
        row: Row | None = None
        for wait_s in waits_s:
            if wait_s:
                await self._wire.sleep(wait_s)
            row = await self._records.row(order, EXITS)
            if row is None or translate.state(row).final or translate.after_hours(row):
                break
        return row

    async def _end(self, order: Order, row: Row) -> Row:
        """What is so after it was cancelled. Raises Transient."""
        refused = ""
        try:
            await self._client.call(CANCEL, {"variety": str(row["variety"]), "orderid": str(row["orderid"])}, EXITS)
        except (Refusal, NoAnswer) as no:  # too late, mostly
            refused = str(no)
        after = await self._look(order, ENDING_S[:1] if refused else ENDING_S) or row
        if refused and not translate.state(after).final:
            raise Transient(f"not cancelled: {refused}")
        return after

    async def cancel(self, order: Order) -> OrderTicket:
        told = await self.find(order)
        if told is None:
            raise Rejected("unknown_order", order.id)
        if told.state.final:
            return told
        order = replace(order, broker_id=told.broker_id)
        with asking("order"):
            row = await self._records.row(order, EXITS)
            told = self._records.read(await self._end(order, row), order.request) if row else told
        self._wake()
        if told is None:
            raise Transient(f"{order.request.ticker} is not listed now")
        return told

    async def find(self, order: Order) -> OrderTicket | None:
        with asking("order"):
            return await self._records.find(order, EXITS)

    async def open_orders(self) -> Sequence[OrderTicket]:
        with asking("orders"):
            return [told for row, told in await self._records.working() if not _triggered(row, told)]

    async def stop_orders(self) -> Sequence[OrderTicket]:
        with asking("stop orders"):
            return [told for row, told in await self._records.working() if _triggered(row, told)]

    async def fills_since(self, moment: datetime) -> Sequence[Fill]:
        """Of today: the venue's book of trades begins anew each morning."""
        with asking("fills"):
            return await self._records.fills_since(moment)

    # the account and what it may trade

    async def positions(self) -> Sequence[Holding]:
        with asking("positions"):
            traded, kept = await self._client.ask(POSITIONS), await self._client.ask(HOLDINGS)
            return owned.holdings(traded or (), kept or (), self._catalogue)

    async def margin(self) -> Margin:
        with asking("margin"):
            return owned.margin(await self._client.ask(FUNDS), CURRENCY)

    async def cash(self) -> Mapping[str, str]:
        with asking("cash"):
            return owned.cash(await self._client.ask(FUNDS), CURRENCY)

    def calls_left(self) -> Mapping[str, int]:
        return self._client.limits.left()

    async def instruments(self) -> Sequence[Instrument]:
        """Asked for anew on a new day in India; a list that fails leaves all as it was. Raises Transient."""
        today = self._clock.now().astimezone(INDIA).date()
        if self._listed_on != today:
            found = Catalogue()
            async with aclosing(self._client.rows(self._client.access.instruments)) as rows:
                await found.fill(rows)
            self._catalogue.become(found)
            self._listed_on = today
        return list(self._catalogue.by_ticker.values())

    async def schedule(self, instrument: Instrument, start: datetime, end: datetime) -> Sequence[Session]:
        """By our own table of NSE's days: the venue tells none."""
        return sessions(instrument.calendar, start, end)

    # the stream

    async def events(self) -> AsyncIterator[OrderTicket | Fill]:
        """One reader at a time. An event counts as taken when its reader asks for the next."""
        while True:
            event = await self._events.get()
            try:
                if event is None:
                    return
                yield event
            finally:
                self._events.task_done()

    async def settled(self) -> None:
        """Return once the reader has dealt with all that was heard."""
        await self._quiet.wait()
        await self._events.join()

    def _dial(self, tokens: Tokens) -> AbstractAsyncContextManager[Socket]:
        return self._client.socket(self._client.access.orders, {"Authorization": f"Bearer {tokens.jwt}"})

    async def _opened(self, _link: Link) -> None:
        """What happened while there was no stream is in the books."""
        self._wake()

    def _heard(self, _message: str | bytes) -> None:
        self._wake()

    def _wake(self) -> None:
        self._quiet.clear()
        self._due.set()

    def _relink(self) -> None:
        """The streams of a session that is over hear nothing any more."""
        for link in (self._updates, self.feed.link):
            self._tasks.append(asyncio.create_task(link.restart()))

    async def _follow(self) -> None:
        while True:
            await either(self._due.wait(), self._wire.sleep(POLL_BUSY_S if self._records.busy else POLL_S))
            self._due.clear()
            try:
                with readable("books"):
                    words, rows = await self._records.changes()
                    for word in words:
                        self._events.put_nowait(word)
                    await self._sweep(rows)
            except (Transient, Rejected) as error:
                log.warning("books not read", extra={"account": self.account, "reason": str(error)})
                self._due.set()
                await self._wire.sleep(1.0)
            if not self._due.is_set():
                self._quiet.set()

    async def _sweep(self, rows: Sequence[Row]) -> None:
        """End what of ours must not rest, and is looked after by nobody: the desk was killed, or could not see it."""
        for row in rows:
            told = self._records.read(row) if self._records.must_not_rest(row) else None
            request = self._records.request(row)
            if told is None or request is None or request.id in self._placing:
                continue
            now = self._clock.now()
            await self._end(Order(request, OrderState.OPEN, now, now, told.broker_id), row)
            self._wake()


def _triggered(row: Row, told: OrderTicket) -> bool:
    """A stop that waits for its level, or a take-profit, which rests as the limit that it is."""
    return translate.waits(row) or told.type is OrderType.TAKE_PROFIT


@contextmanager
def asking(what: str) -> Iterator[None]:
    """A question that is refused, as with credentials withdrawn meanwhile, is one without an answer. Raises
    Transient."""
    try:
        with readable(what):
            yield
    except Rejected as no:
        log.error("refused to answer", extra={"what": what, "reason": str(no)})  # noqa: TRY400 - no fault of the code
        raise Transient(f"{what}: {no}", REFUSED_S) from no
