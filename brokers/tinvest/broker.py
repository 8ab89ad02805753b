"""The Broker port over T-Invest."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from brokers.reading import NoAnswer, asking, placing, readable
from brokers.tinvest import codes, stops, translate
from brokers.tinvest.account import Money, choose_account
from brokers.tinvest.client import Client, Refusal
from brokers.tinvest.feed import TInvestFeed
from brokers.tinvest.limits import BUDGETS
from brokers.tinvest.listing import Catalogue
from brokers.tinvest.questions import EXCHANGE, REQUEST
from brokers.tinvest.records import Records
from brokers.tinvest.reference import Reference
from brokers.tinvest.streams import PING_S, Link
from brokers.tinvest.translate import Row
from brokers.told import Told
from brokers.urgency import EXITS, URGENCY
from core.ports import Clock, World
from core.values.accounts import Account, Margin
from core.values.capabilities import Capabilities, Idempotency
from core.values.errors import OutcomeUnknown, Rejected, Transient
from core.values.fills import Fill, Holding
from core.values.ids import desk_of
from core.values.instrument import Instrument
from core.values.market import Session
from core.values.orders import ApprovedOrder, Order, OrderRequest, OrderState, OrderTicket, OrderType, Purpose

log = logging.getLogger(__name__)

CAPABILITIES = Capabilities(Idempotency.ALWAYS, stop_events=False, reduce_only=False, budgets=BUDGETS)
"""Its key is remembered for a month. No stream tells of stop orders: they are polled."""
STOPS_S = 6.0
STOPS_BUSY_S = 30.0
"""How often stops are looked at; the second while traps are placed, which are counted in the same budget."""
OVERLAP = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Terms:
    """account_id: empty where the token opens a single one. margin: orders may open what is not covered by money."""

    account_id: str = ""
    margin: bool = False


class TInvestBroker:
    """Broker (core.ports). `feed`: its own prices."""

    def __init__(self, account: Account, terms: Terms, client: Client, world: World) -> None:
        self.account, self.capabilities = account.name, CAPABILITIES
        self._terms, self._client = terms, client
        self._clock: Clock = world.clock
        self._wire: Clock = world.wire
        self._account_id = ""
        self._catalogue = Catalogue()
        self._reference = Reference(client, world.clock)
        self._money = Money(client, self._catalogue, account.currency)
        self._records = Records(client, account.name, self._catalogue, world.clock, world.wire)
        self._orders = [o for o in world.orders if o.state is not OrderState.INTENDED]
        self.feed = TInvestFeed(client, self._catalogue, world)
        self._told = Told()
        self._tasks: list[asyncio.Task[None]] = []
        self._told_at: datetime | None = None
        self._trapped_at = datetime.min.replace(tzinfo=UTC)
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
        self._account_id = self._money.account_id = await self._choose_account()
        self._records.of(self._account_id)
        await self.instruments()
        for order in self._orders:
            self._records.remember(order.request, order.at, order.broker_id)
        link = Link(self._client, "OrdersStreamService/OrderStateStream", self._wire, self._subscribe, self._take)
        self._tasks = [
            asyncio.create_task(link.run(), name=f"orders of {self.account}"),
            asyncio.create_task(self._watch_stops(), name=f"stops of {self.account}"),
        ]
        await link.first
        await self.feed.start(lambda: link.alive)

    async def close(self) -> None:
        await self._stop()
        self._told.end()

    async def _stop(self) -> None:
        await self.feed.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self._client.close()

    async def _choose_account(self) -> str:
        with readable("accounts"):
            rows = (await self._client.ask("UsersService/GetAccounts", {}))["accounts"]
            return str(choose_account(rows, self._terms.account_id)["id"])

    # orders

    async def place(self, order: ApprovedOrder) -> OrderTicket:
        request = order.request
        instrument = self._catalogue.by_ticker.get(request.ticker.upper())
        if instrument is None:
            raise Rejected("unknown_ticker", request.ticker)
        self._records.remember(request, self._clock.now())
        try:
            with placing(request.id):
                return await self._place(request, instrument)
        except Refusal as no:
            if no.code == codes.REPEATED_KEY:
                return await self._first_of(request)
            self._records.forget(request.id)
            raise no.rejected() from no
        except Transient:
            self._records.forget(request.id)
            raise

    async def _place(self, request: OrderRequest, instrument: Instrument) -> OrderTicket:
        triggered, urgency = request.type.triggered, URGENCY[request.purpose]
        if request.purpose is Purpose.TRAP:
            self._trapped_at = self._wire.now()
        if request.expires_at is not None and not triggered:
            raise Rejected("bad_expiry", "an order here rests for the day; a stop order may end at a moment")
        make = translate.stop_body if triggered else translate.order_body
        method = "StopOrdersService/PostStopOrder" if triggered else "OrdersService/PostOrder"
        try:
            body = make(request, instrument, self._account_id, margin=self._terms.margin)
        except ValueError as error:
            self._records.forget(request.id)
            raise Rejected("bad_quantity", str(error)) from error
        try:
            answer = await self._client.call(method, body, urgency, trading=True)
        except Refusal as no:
            if request.type is not OrderType.MARKET or no.code not in codes.NO_MARKET_ORDERS:
                raise
            best = {**body, "orderType": "ORDER_TYPE_BESTPRICE"}  # as immediate, and taken when market orders are not
            answer = await self._client.call(method, best, urgency, trading=True)
        if triggered:
            self._records.remember(request, self._clock.now(), answer["stopOrderId"])
            return stops.taken(request, answer["stopOrderId"], self._clock.now())
        return self._records.placed(answer, request, instrument)

    async def _first_of(self, request: OrderRequest) -> OrderTicket:
        """The venue knows the key: what became of the order that brought it first."""
        now = self._clock.now()
        try:
            ticket = await self.find(Order(request, OrderState.SENT, now - timedelta(days=1), now))
        except (Transient, Rejected) as error:
            raise OutcomeUnknown(request.id, f"repeated: {error}") from error
        if ticket is None:
            raise OutcomeUnknown(request.id, "the venue knows the key and not the order")
        return ticket

    async def cancel(self, order: Order) -> OrderTicket:
        if order.request.type.triggered:
            return await self._cancel_stop(order)
        # What was placed elsewhere has no key of ours, only the exchange's number.
        ours = order.broker_id is None or desk_of(order.id) is not None
        key, kind = (order.id, REQUEST) if ours else (order.broker_id, EXCHANGE)
        await self._end("OrdersService/CancelOrder", {"orderId": key, "orderIdType": kind})
        return await self._after_cancel(order)

    async def _cancel_stop(self, order: Order) -> OrderTicket:
        stop = self._records.stops.get(order.id)
        known = order.broker_id or (stop.id if stop else None) or (await self._after_cancel(order)).broker_id
        if await self._end("StopOrdersService/CancelStopOrder", {"stopOrderId": known}):
            self._records.stops.drop(order.id)
            return stops.taken(order.request, known, self._clock.now(), OrderState.CANCELLED)
        ticket = await self._after_cancel(order)
        stop = self._records.stops.get(order.id)
        if ticket.state.final or stop is None or stop.child is None:
            return ticket
        await self._end("OrdersService/CancelOrder", {"orderId": stop.child, "orderIdType": EXCHANGE})
        return await self._after_cancel(order)

    async def _end(self, method: str, body: Mapping[str, object]) -> bool:
        """False: it is over already, or was never there. Raises Transient."""
        try:
            await self._client.call(method, {"accountId": self._account_id, **body}, EXITS, trading=True)
        except Refusal as no:
            if no.code not in codes.TOO_LATE | codes.UNKNOWN_ORDER:
                raise Transient(f"not cancelled: {no}") from no
            return False
        except NoAnswer as error:
            raise Transient(f"cancel: {error}") from error
        return True

    async def _after_cancel(self, order: Order) -> OrderTicket:
        with asking("order"):
            ticket = await self._records.find(order, EXITS)
        if ticket is None:
            raise Rejected("unknown_order", order.id)
        return ticket

    async def find(self, order: Order) -> OrderTicket | None:
        with asking("order"):
            return await self._records.find(order)

    async def open_orders(self) -> Sequence[OrderTicket]:
        with asking("orders"):
            return await self._records.open_orders()

    async def stop_orders(self) -> Sequence[OrderTicket]:
        with asking("stop orders"):
            return await self._records.stop_orders()

    async def fills_since(self, moment: datetime) -> Sequence[Fill]:
        """Of today, and of older orders of ours that were not over; what others traded before shows in positions."""
        with asking("fills"):
            return await self._records.fills_since(moment)

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
        return self._client.limits.left()

    async def instruments(self) -> Sequence[Instrument]:
        """Asked for anew on a new day (UTC); a list that fails leaves all as it was. Raises Transient or Rejected."""
        today = self._clock.now().date()
        if self._listed_on != today:
            self._catalogue.become(await self._reference.lists())
            self._listed_on = today
        return list(self._catalogue.by_ticker.values())

    async def schedule(self, instrument: Instrument, start: datetime, end: datetime) -> Sequence[Session]:
        return await self._reference.schedule(
            instrument, self._catalogue.section.get(instrument.broker_key), start, end
        )

    # the stream

    def events(self) -> AsyncIterator[OrderTicket | Fill]:
        return self._told.words()

    async def settled(self) -> None:
        """Return once the reader has dealt with all that was heard."""
        await self._told.taken()

    async def _subscribe(self, link: Link) -> None:
        await link.send({"accounts": [self._account_id], "pingDelayMillis": PING_S * 1000})

    async def _take(self, row: Row) -> None:
        if state := row.get("orderState"):
            if state.get("accountId") in {None, "", self._account_id}:
                self._tell(await self._records.heard(state))
            self._told_at = self._clock.now()
        elif (answer := row.get("subscription")) is not None:
            if str(answer.get("status")).endswith("_ERROR"):
                raise Transient(f"no subscription: {answer.get('error')}")
            if self._told_at is not None:
                self._tell(await self._records.changed(self._told_at - OVERLAP))
            self._told_at = self._clock.now()
        elif row.get("code"):
            raise Transient(f"stream: {row.get('message')}")

    async def _watch_stops(self) -> None:
        seen = self._wire.now()
        while True:
            await self._wire.sleep(STOPS_S)
            now = self._wire.now()
            if now - self._trapped_at < timedelta(seconds=STOPS_S) and now - seen < timedelta(seconds=STOPS_BUSY_S):
                continue
            seen = now
            try:
                with readable("stops"):
                    self._tell(await self._records.poll_stops())
            except (Transient, Rejected) as error:
                log.warning("stops not seen", extra={"account": self.account, "reason": str(error)})

    def _tell(self, words: Sequence[OrderTicket | Fill]) -> None:
        for word in words:
            self._told.tell(word)
