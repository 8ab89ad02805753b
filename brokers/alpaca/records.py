"""What the venue knows of orders and executions, told as tickets and fills."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from brokers.alpaca import translate
from brokers.alpaca.client import Client, Refusal
from brokers.alpaca.translate import Row
from brokers.reading import UNREADABLE
from brokers.urgency import POLLING
from core.ports import Clock
from core.values.errors import Transient
from core.values.fills import Fill
from core.values.ids import AccountName, BrokerOrderId, FillId, OrderId
from core.values.orders import FINAL_STATES, Order, OrderRequest, OrderState, OrderTicket

Word = OrderTicket | Fill
PAGE, FILLS_PAGE = 500, 100
"""The most that one answer holds."""
SEEN = 5000
"""Orders whose owner, and executions, that are kept in mind."""
WORDS, WORD_S = 200, 0.5
"""Orders whose last word of the stream is kept, and how long one is waited for."""
SKEW = timedelta(seconds=1)
BLINK = timedelta(milliseconds=1)
"""A page's last moment is asked for again: several orders may share it."""


class Records:
    """Orders of ours are remembered from before they are sent until they are over. `live`: by our id."""

    def __init__(self, client: Client, account: AccountName, clock: Clock, wire: Clock) -> None:
        self._client, self._account = client, account
        self._clock, self._wire = clock, wire
        self._rows: dict[BrokerOrderId, Row] = {}
        self._listeners: list[Callable[[], None]] = []
        self.live: dict[OrderId, OrderRequest] = {}
        self._owners: dict[BrokerOrderId, OrderId | None] = {}
        self._fills: dict[FillId, Fill] = {}

    def remember(self, request: OrderRequest, broker_id: BrokerOrderId | None = None) -> None:
        """An order that is about to be sent, or that the journal calls unfinished."""
        self.live[request.id] = request
        if broker_id is not None:
            self._owners[broker_id] = request.id

    def knows(self, broker_id: BrokerOrderId) -> bool:
        """Whether anything was ever said of it."""
        return broker_id in self._owners

    def forget(self, order_id: OrderId) -> None:
        """The venue has it not."""
        self.live.pop(order_id, None)

    def read(self, row: Row) -> OrderTicket:
        """Raises UNREADABLE."""
        told = translate.ticket(row)
        if told.order_id is None:
            told = replace(told, order_id=self._owners.get(told.broker_id))
        self._keep(told.broker_id, told.order_id)
        request = self.live.get(told.order_id) if told.order_id else None
        if request is None:
            return told
        if told.state.final:
            self.live.pop(request.id)
        ends = request.expires_at
        if told.state is OrderState.CANCELLED and ends is not None and ends <= self._clock.now():
            told = replace(told, state=OrderState.EXPIRED)
        return replace(told, expires_at=ends)

    def _keep(self, broker_id: BrokerOrderId, order_id: OrderId | None) -> None:
        self._owners[broker_id] = order_id
        while len(self._owners) > SEEN:
            del self._owners[next(iter(self._owners))]

    # one order

    async def find(self, order: Order, urgency: int = POLLING) -> OrderTicket | None:
        """Raises Transient or Rejected."""
        row = await self.row("/v2/orders:by_client_order_id", translate.client_id(order.request), urgency)
        if row is None and order.broker_id is not None:
            row = await self.row(f"/v2/orders/{order.broker_id}", None, urgency)
        if row is None:
            self.forget(order.id)
            return None
        return replace(self.read(row), order_id=order.id)

    async def row(self, path: str, client_id: str | None = None, urgency: int = POLLING) -> Row | None:
        """None where the venue does not know it. Raises Transient or Rejected."""
        query = None if client_id is None else {"client_order_id": client_id}
        try:
            found: Row = await self._client.get(path, query, urgency)
        except Refusal as no:
            if no.status == 404:
                return None
            raise no.rejected() from no
        return found

    # lists

    async def standing(self) -> list[OrderTicket]:
        """Every order that works or waits, legs of brackets included. Raises Transient or Rejected."""
        found: dict[str, Row] = {}
        query = {"status": "open", "limit": str(PAGE), "nested": "true"}
        while True:
            rows = _list(await self._client.ask("/v2/orders", query), "orders")
            new = {str(row["id"]): row for row in translate.flat(rows) if str(row["id"]) not in found}
            found |= new
            if len(rows) < PAGE or not new:
                tickets = [self.read(row) for row in found.values()]
                return [ticket for ticket in tickets if ticket.state not in FINAL_STATES]
            query["until"] = translate.stamp((translate.time(rows[-1]["submitted_at"]) or self._clock.now()) + BLINK)

    async def fills_since(self, moment: datetime) -> list[Fill]:
        """Raises Transient or Rejected."""
        query = {"after": translate.stamp(moment - SKEW), "direction": "asc", "page_size": str(FILLS_PAGE)}
        rows = list[Row]()
        while True:
            page = _list(await self._client.ask("/v2/account/activities/FILL", query), "fills")
            rows += page
            if len(page) < FILLS_PAGE:
                break
            query["page_token"] = str(page[-1]["id"])
        await self._learn_owners(BrokerOrderId(row["order_id"]) for row in rows)
        for row in rows:
            self._take(translate.activity(row, self._owners.get(BrokerOrderId(row["order_id"])), self._account))
        found = (fill for fill in self._fills.values() if fill.at >= moment)
        return sorted(found, key=lambda fill: fill.at)

    def _take(self, fill: Fill) -> None:
        self._fills[fill.id] = fill
        while len(self._fills) > SEEN:
            del self._fills[next(iter(self._fills))]

    async def _learn_owners(self, ids: Iterable[BrokerOrderId]) -> None:
        """Executions name the venue's order only: whose it is, the newest orders say, or the order itself."""
        strange = {known for known in ids if known not in self._owners}
        if len(strange) > 1:
            query = {"status": "all", "limit": str(PAGE), "nested": "true"}
            for row in translate.flat(_list(await self._client.ask("/v2/orders", query), "orders")):
                self._keep(BrokerOrderId(row["id"]), translate.whose(row))
        for broker_id in sorted(strange - self._owners.keys()):
            found = await self.row(f"/v2/orders/{broker_id}")
            self._keep(broker_id, None if found is None else translate.whose(found))

    async def changed(self, since: datetime) -> list[Word]:
        """Everything there is to say of orders that were ours and live, executions from `since` on first."""
        fills, waiting = await self.fills_since(since), dict(self.live)
        tickets = await self.standing()
        for order_id in waiting.keys() - {ticket.order_id for ticket in tickets}:
            row = await self.row("/v2/orders:by_client_order_id", translate.client_id(waiting[order_id]))
            if row is None:
                self.forget(order_id)
            else:
                tickets.append(self.read(row))
        return [*fills, *tickets]

    # what the stream says

    def heard(self, event: Row) -> list[Word]:
        """Its execution, then the order. Raises UNREADABLE."""
        fill, told = translate.executed(event, self._account), self.read(event["order"])
        self._rows[told.broker_id] = event["order"]
        while len(self._rows) > WORDS:
            del self._rows[next(iter(self._rows))]
        for listener in list(self._listeners):
            listener()
        if fill is None:
            return [told]
        self._take(replace(fill, order_id=told.order_id))
        return [self._fills[fill.id], told]

    async def word(self, broker_id: BrokerOrderId, settled: Callable[[Row], bool]) -> Row | None:
        """What the stream says of an order once that is `settled`; None where it does not within a moment. It spares
        the question, of which there are 200 a minute for all that a desk does."""
        come = asyncio.Event()

        def hear() -> None:
            if broker_id in self._rows and settled(self._rows[broker_id]):
                come.set()

        hear()
        self._listeners.append(hear)
        waits = {asyncio.ensure_future(come.wait()), asyncio.ensure_future(self._wire.sleep(WORD_S))}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return self._rows.get(broker_id) if come.is_set() else None
        finally:
            self._listeners.remove(hear)
            for wait in waits:
                wait.cancel()


def _list(answer: object, name: str) -> Sequence[Row]:
    """Raises Transient for what is no list: a failed query is never an empty answer."""
    try:
        if isinstance(answer, list):
            return [dict(row) for row in answer]
    except UNREADABLE as error:
        raise Transient(f"unreadable {name}: {error!r}") from error
    raise Transient(f"unreadable {name}")
