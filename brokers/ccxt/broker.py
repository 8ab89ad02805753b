"""The Broker port over ccxt."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from brokers.ccxt import translate
from brokers.ccxt.account import Money
from brokers.ccxt.client import Client, NoAnswer, Refusal
from brokers.ccxt.feed import CcxtFeed
from brokers.ccxt.links import Links
from brokers.ccxt.listing import Catalogue
from brokers.ccxt.records import Records, name_of, sent
from brokers.ccxt.sweep import Sweep, asking
from brokers.ccxt.translate import UNREADABLE, Row, readable
from core.ports import Clock, World
from core.rules.sessions import sessions
from core.values.accounts import Account, Margin
from core.values.errors import OutcomeUnknown, Rejected, Transient
from core.values.fills import Fill, Holding
from core.values.ids import BrokerOrderId
from core.values.instrument import Instrument
from core.values.market import Session
from core.values.money import plain
from core.values.orders import (
    ApprovedOrder,
    Order,
    OrderRequest,
    OrderState,
    OrderTicket,
    Purpose,
    TimeInForce,
)
from kit.rates import MOST_URGENT

log = logging.getLogger(__name__)

URGENCY: Mapping[Purpose, int] = {
    Purpose.EXIT: MOST_URGENT,
    Purpose.HEDGE: MOST_URGENT,
    Purpose.ENTRY: 2,
    Purpose.WORKING: 2,
    Purpose.TRAP: 3,
}
GREETING_S = 5.0
CANCEL_ASKS = (0.1, 0.3, 0.6)


@dataclass(frozen=True, slots=True)
class Terms:
    """leverage: set on an instrument before the first order in it; 0 leaves what the account has. hedge: the account
    holds long and short apart, and so do our orders."""

    leverage: int = 0
    hedge: bool = False


class CcxtBroker:
    """Broker (core.ports). `feed`: its own prices."""

    def __init__(self, account: Account, terms: Terms, client: Client, world: World) -> None:
        self.account, self.capabilities = account.name, client.dialect.capabilities
        self._terms, self._client, self._currency = terms, client, account.currency
        self._clock: Clock = world.clock
        self._wire: Clock = world.wire
        self._catalogue = Catalogue()
        self.records = Records(client, account.name, self._catalogue, world.clock)
        self._orders = [o for o in world.orders if o.state is not OrderState.INTENDED]
        self.feed = CcxtFeed(client, self._catalogue, world)
        self._links = Links(client, world.wire)
        self._greeted = asyncio.Queue[None]()
        self._inbox: asyncio.Queue[tuple[list[Row], list[Row]]] = asyncio.Queue()
        self._events: asyncio.Queue[OrderTicket | Fill | None] = asyncio.Queue()
        self._sweep = Sweep(self, self._links, world)
        self._money = Money(client, self._catalogue, account.currency)
        self._tasks: list[asyncio.Task[None]] = []
        self._listed_on: date | None = None
        self._geared: set[str] = set()

    async def start(self) -> None:
        """Where it fails nothing stays behind, and it may be tried again."""
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise

    async def _start(self) -> None:
        await self._client.open()
        await self._check_rights()
        self._list(self._client.exchange.markets.values())
        for order in self._orders:
            self.records.remember(order.request, order.at, order.broker_id)
        self._client.heard = lambda orders, trades: self._inbox.put_nowait((orders, trades))
        self._client.greeted = lambda: self._greeted.put_nowait(None)
        self._links.broken = self._sweep.soon
        self._links.start()
        self._tasks = [
            asyncio.create_task(self._listen(), name=f"stream of {self.account}"),
            asyncio.create_task(self._sweep.run(), name=f"sweeps of {self.account}"),
        ]
        try:
            async with asyncio.timeout(GREETING_S):
                for _ in range(self._client.dialect.greetings):
                    await self._greeted.get()
        except TimeoutError:
            log.warning("no stream yet, asking instead", extra={"account": self.account})

    async def _check_rights(self) -> None:
        with readable("rights of the key"):
            rights = await self._client.dialect.rights(self._client)
        if rights.withdraws:
            raise Rejected("key_can_withdraw", "make a key that may trade and nothing else")
        if not rights.trades:
            raise Rejected("token_lacks_rights", "this key may not trade here")
        if rights.hedged is not self._terms.hedge:
            held = "hedge" if rights.hedged else "one-way"
            raise Rejected("position_mode", f"the account is in {held} mode: say so in position_mode, or change it")

    async def close(self) -> None:
        await self._stop()
        self._events.put_nowait(None)

    async def _stop(self) -> None:
        await self.feed.close()
        await self._links.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self._client.close()

    # orders

    async def place(self, order: ApprovedOrder) -> OrderTicket:
        request = order.request
        listed = self._catalogue.get(request.ticker)
        self._catalogue.check(request, listed)
        self.records.remember(request, self._clock.now())
        try:
            await self._gear(listed)
            return await self._place(request, listed)
        except Refusal as no:
            if no.code in self._client.dialect.repeated:
                return await self._first_of(request)
            self.records.forget(request.id)
            raise no.rejected() from no
        except NoAnswer as error:
            raise OutcomeUnknown(request.id, str(error)) from error
        except (Transient, Rejected):
            self.records.forget(request.id)
            raise

    async def _place(self, request: OrderRequest, listed: Instrument) -> OrderTicket:
        args = self._args(request, listed)
        create, urgency = self._client.exchange.create_order, URGENCY[request.purpose]
        row = await self._client.call(create, *args, budget="trading", urgency=urgency)
        try:
            self.records.remember(request, self._clock.now(), str(row["id"]))
            if row.get("status") is not None:
                return self.records.ours(request, row, listed)
            return await self._found(request, str(row["id"]))
        except UNREADABLE as error:
            raise OutcomeUnknown(request.id, f"unreadable: {error!r}") from error

    async def _found(self, request: OrderRequest, broker_id: str) -> OrderTicket:
        """What became of an order of which the answer tells no more than its number."""
        try:
            ticket = await self.records.find(sent(request, self._clock.now()))
        except (Transient, Rejected) as error:
            log.info("taken, and not seen yet", extra={"order_id": request.id, "reason": str(error)})
            ticket = None
        return ticket or self._taken(request, broker_id)

    def _taken(self, request: OrderRequest, broker_id: str) -> OrderTicket:
        self.records.remember(request, self._clock.now(), broker_id)
        return OrderTicket(
            request.id,
            BrokerOrderId(broker_id),
            request.ticker,
            request.side,
            request.type,
            request.quantity,
            OrderState.OPEN,
            self._clock.now(),
            price=request.price,
            stop_price=request.stop_price,
            reduce_only=request.reduce_only,
            expires_at=request.expires_at,
        )

    async def _first_of(self, request: OrderRequest) -> OrderTicket:
        """The venue knows the id: what became of the order that brought it first."""
        try:
            ticket = await self.records.find(sent(request, self._clock.now()))
        except (Transient, Rejected) as error:
            raise OutcomeUnknown(request.id, f"repeated: {error}") from error
        if ticket is None:
            raise OutcomeUnknown(request.id, "the venue knows the id and not the order")
        return ticket

    def _args(self, request: OrderRequest, listed: Instrument) -> tuple[Any, ...]:
        """Of the library's create_order."""
        kind = translate.order_type(request)
        params: dict[str, Any] = {"clientOrderId": translate.encode(request.id)}
        if kind == "limit" and not request.type.triggered:
            immediate = request.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL
            params["timeInForce"] = "IOC" if immediate else "GTC"
        if request.reduce_only:
            params["reduceOnly"] = True
        if self._terms.hedge:
            params["hedged"] = True
        if request.type.triggered:
            if request.stop_price is None:
                raise Rejected("bad_price", "a triggered order has a stop price")
            params |= self._client.dialect.stop_params(request, plain(request.stop_price))
        price = plain(request.price) if kind == "limit" and request.price is not None else None
        amount = translate.contracts(request.quantity, listed)
        return listed.broker_key, kind, request.side.value, amount, price, params

    async def _gear(self, listed: Instrument) -> None:
        """Leverage is the instrument's, and is set before it matters."""
        if not self._terms.leverage or listed.ticker in self._geared:
            return
        try:
            args = (self._terms.leverage, listed.broker_key)
            await self._client.call(self._client.exchange.set_leverage, *args, budget="trading")
        except Refusal as no:
            if no.word != "unchanged":
                raise
        except NoAnswer as error:
            raise Transient(f"leverage: {error}") from error
        self._geared.add(listed.ticker)

    async def cancel(self, order: Order) -> OrderTicket:
        listed = self._catalogue.get(order.request.ticker)
        dialect = self._client.dialect
        args = (self._client.exchange, listed, name_of(order))
        try:
            await self._client.call(dialect.cancel, *args, budget="trading", urgency=MOST_URGENT)
        except Refusal as no:
            if no.code not in dialect.gone:
                raise Transient(f"not cancelled: {no}") from no
        except NoAnswer as error:
            raise Transient(f"cancel: {error}") from error
        return await self._after_cancel(order)

    async def _after_cancel(self, order: Order) -> OrderTicket:
        """Venues answer before it is done."""
        for wait_s in (*CANCEL_ASKS, 0.0):
            ticket = await self.find(order)
            if ticket is None:
                raise Rejected("unknown_order", order.id)
            if ticket.state.final:
                return ticket
            await self._wire.sleep(wait_s)
        raise Transient("the cancel is on its way")

    async def find(self, order: Order) -> OrderTicket | None:
        with asking("order"):
            return await self.records.find(order)

    async def open_orders(self) -> Sequence[OrderTicket]:
        with asking("orders"):
            return await self.working(waiting=False)

    async def stop_orders(self) -> Sequence[OrderTicket]:
        with asking("stop orders"):
            return await self.working(waiting=True)

    async def working(self, *, waiting: bool) -> list[OrderTicket]:
        """Raises Transient or Rejected."""
        dialect = self._client.dialect
        rows = [row for row in await dialect.working(self._client) if dialect.waits(row) is waiting]
        return self.records.tickets(rows)

    async def fills_since(self, moment: datetime) -> Sequence[Fill]:
        with asking("fills"):
            return [fill for fill in await self.fills(moment) if fill.at >= moment]

    async def fills(self, since: datetime) -> list[Fill]:
        """Some venues must be asked instrument by instrument. Raises Transient or Rejected."""
        rows = await self._client.dialect.trades(self._client, since, self.records.traded())
        return await self.records.fills(rows)

    def tell(self, words: Iterable[OrderTicket | Fill]) -> None:
        for word in words:
            self._events.put_nowait(word)

    # the account and what it may trade

    async def positions(self) -> Sequence[Holding]:
        with asking("positions"):
            return await self._money.positions()

    async def margin(self) -> Margin:
        with asking("margin"):
            return await self._money.margin()

    async def cash(self) -> Mapping[str, str]:
        with asking("cash"):
            return await self._money.cash()

    def calls_left(self) -> Mapping[str, int]:
        return self._client.left()

    async def instruments(self) -> Sequence[Instrument]:
        """Asked for anew on a new day (UTC); a list that fails leaves all as it was. Raises Transient or Rejected."""
        if self._listed_on != self._clock.now().date():
            markets = await self._client.ask(self._client.exchange.fetch_markets)
            self._client.exchange.set_markets(markets)
            self._list(markets)
        return list(self._catalogue.by_ticker.values())

    def _list(self, markets: Any) -> None:
        self._catalogue.become(markets, self._client.dialect.exchange, self._currency)
        self._listed_on = self._clock.now().date()

    async def schedule(self, instrument: Instrument, start: datetime, end: datetime) -> Sequence[Session]:
        return sessions(instrument.calendar, start, end)

    # the streams, and sweeping up behind them

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
        await self._inbox.join()
        await self._events.join()

    async def _listen(self) -> None:
        while True:
            orders, trades = await self._inbox.get()
            try:
                with asking("stream"):
                    self.tell(self.records.news(await self.records.fills(trades)))
                    self.tell(self.records.tickets(orders))
            except Transient as error:
                log.warning("stream not followed", extra={"account": self.account, "reason": error.reason})
                self._sweep.soon()
            finally:
                self._inbox.task_done()
