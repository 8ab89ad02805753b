"""What the venue knows of orders, told as tickets and fills. Trades are taken from its order service alone: numbers of
trades in its list of operations may differ (its page on operations says so), and a fill must not count twice."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from brokers.tinvest import codes, stops, translate
from brokers.tinvest.client import Client, Refusal
from brokers.tinvest.limits import EXITS, POLLING
from brokers.tinvest.listing import Catalogue
from brokers.tinvest.stops import Stop, Stops
from brokers.tinvest.translate import UNREADABLE, Row
from core.ports import Clock
from core.values.errors import Transient
from core.values.fills import Fill
from core.values.ids import AccountName, BrokerOrderId, FillId, OrderId
from core.values.instrument import Instrument
from core.values.money import ZERO
from core.values.orders import Order, OrderRequest, OrderState, OrderTicket

log = logging.getLogger(__name__)

Word = OrderTicket | Fill
MOSCOW = timezone(timedelta(hours=3))
REQUEST, EXCHANGE = "ORDER_ID_TYPE_REQUEST", "ORDER_ID_TYPE_EXCHANGE"
SEEN = 2000
"""Orders whose executions are kept in mind."""
_EVERY_STATUS = [f"EXECUTION_REPORT_STATUS_{s}" for s in ("NEW", "PARTIALLYFILL", "FILL", "CANCELLED", "REJECTED")]
_UNSEEN = "fired_unseen"


class Records:
    """account_id: the venue's. Orders of ours are remembered from before they are sent until they are over."""

    def __init__(self, client: Client, account: AccountName, catalogue: Catalogue, clock: Clock) -> None:
        self._client, self._account, self._catalogue, self._clock = client, account, catalogue, clock
        self.account_id = ""
        self.stops = Stops()
        self._live: dict[OrderId, Instrument] = {}
        self._seen: dict[str, dict[FillId, Fill]] = {}

    def remember(self, request: OrderRequest, at: datetime, broker_id: str | None = None) -> None:
        """An order that is about to be sent, or that the journal calls unfinished."""
        instrument = self._catalogue.by_ticker.get(request.ticker.upper())
        if instrument is None:
            return
        if request.type.triggered:
            self.stops.add(request, instrument, at, BrokerOrderId(broker_id) if broker_id else None)
        else:
            self._live[request.id] = instrument

    def forget(self, order_id: OrderId) -> None:
        """The venue has it not."""
        self._live.pop(order_id, None)
        self.stops.drop(order_id)

    # one order

    async def find(self, order: Order, urgency: int = POLLING) -> OrderTicket | None:
        """Raises Transient."""
        self.remember(order.request, order.at, order.broker_id)
        if order.request.type.triggered:
            return await self._find_stop(order.id, urgency)
        instrument = self._live.get(order.id)
        row = await self._state(order.id, REQUEST, instrument)
        if row is None and order.broker_id:
            row = await self._state(order.broker_id, EXCHANGE, instrument)
        if row is None or instrument is None:
            self.forget(order.id)
            return None
        return self._known(replace(self._read(row, instrument), order_id=order.id))

    async def _find_stop(self, order_id: OrderId, urgency: int) -> OrderTicket | None:
        row = (await self._learn(urgency)).get(order_id)
        stop = self.stops.get(order_id)
        if row is None or stop is None:
            self.forget(order_id)
            return None
        return await self._stop_ticket(stop, row)

    async def _stop_ticket(self, stop: Stop, row: Row) -> OrderTicket:
        """Of a stop that has fired: what its child says, in the stop's name."""
        told = stops.ticket(row, stop.instrument, stop.request.id, self._clock.now())
        told = replace(told, quantity=stop.request.quantity)
        if row.get("status") != stops.EXECUTED:
            stop.over = told.state.final
            return told
        child = await self._state(stop.child, EXCHANGE, stop.instrument) if stop.child else None
        if child is not None:
            return self._fired(stop, child)
        if stop.child is None and not self._long_ago(row):
            return replace(told, state=OrderState.OPEN)
        stop.over = True  # its executions are no longer told; what they did shows in the positions
        return replace(told, state=OrderState.CANCELLED, reason=_UNSEEN)

    def _long_ago(self, row: Row) -> bool:
        fired = translate.time(row.get("activationDateTime"))
        return fired is None or self._clock.now() - fired > timedelta(minutes=1)

    def _fired(self, stop: Stop, child: Row) -> OrderTicket:
        told, request = self._read(child, stop.instrument), stop.request
        stop.over = stop.over or (told.state.final and not told.filled)
        return replace(
            told,
            order_id=request.id,
            broker_id=stop.id or told.broker_id,
            type=request.type,
            price=request.price,
            stop_price=request.stop_price,
            expires_at=request.expires_at,
        )

    # lists

    async def open_orders(self) -> list[OrderTicket]:
        return [ticket for ticket in self._tickets(await self._orders({})) if not ticket.state.final]

    async def stop_orders(self) -> list[OrderTicket]:
        rows = await self._stop_rows(stops.ACTIVE, None, POLLING)
        ours = {str(row["stopOrderId"]): order_id for order_id, row in self.stops.read(rows).items()}
        return [
            stops.ticket(row, instrument, ours.get(str(row["stopOrderId"])), self._clock.now())
            for row in rows
            if (instrument := self._instrument(row)) is not None
        ]

    async def fills_since(self, moment: datetime) -> list[Fill]:
        for row in await self._rows():
            self._fills(row)
        return self._known_since(moment)

    def _known_since(self, moment: datetime) -> list[Fill]:
        found = (fill for fills in self._seen.values() for fill in fills.values() if fill.at >= moment)
        return sorted(found, key=lambda fill: fill.at)

    async def changed(self, since: datetime) -> list[Word]:
        """Everything there is to say of today's orders and of ours, executions from `since` on first."""
        rows = await self._rows()
        for row in rows:
            self._fills(row)
        return [*self._known_since(since), *self._tickets(rows), *await self.poll_stops()]

    async def _rows(self) -> list[Row]:
        """Today's orders, ended ones too, and whatever of ours is missing there: older, or the filter not heeded."""
        now = self._clock.now()
        midnight = now.astimezone(MOSCOW).replace(hour=0, minute=0, second=0, microsecond=0)
        span = {"from": translate.stamp(midnight), "to": translate.stamp(now), "executionStatus": _EVERY_STATUS}
        rows = await self._orders({"advancedFilters": span})
        unheeded = not any(translate.over(row) for row in rows)
        there = {translate.our_id(row) for row in rows}
        for order_id, instrument in [item for item in self._live.items() if item[0] not in there]:
            row = await self._state(order_id, REQUEST, instrument)
            if row is None:
                self._live.pop(order_id, None)
            else:
                rows.append(row)
        if any(self._strange(row) for row in rows) or (unheeded and self.stops.live()):
            await self._learn(POLLING)
        told = {str(row["orderId"]) for row in rows}
        for stop in self.stops.live():
            if stop.child and stop.child not in told:
                child = await self._state(stop.child, EXCHANGE, stop.instrument)
                rows += [child] if child else []
        return rows

    # what the stream says

    async def heard(self, row: Row) -> list[Word]:
        """An order's new state: its executions, then its ticket. Executions that it does not name are asked for."""
        instrument = self._instrument(row)
        if instrument is None:
            return []
        if self._strange(row):
            await self._learn(EXITS)
        fills = self._fills(row)
        if self._executed(row) < translate.pieces(row.get("lotsExecuted"), instrument):
            ours = translate.our_id(row)
            whole = await self._state(ours or str(row["orderId"]), REQUEST if ours else EXCHANGE, instrument)
            fills = self._fills(whole) if whole else fills
        return [*fills, *self._tickets([row])]

    async def poll_stops(self) -> list[Word]:
        """What became of stops that stand no longer; the stream does not tell of them."""
        watched = [stop for stop in self.stops.live() if stop.id]
        if not watched:
            return []
        standing = {str(row["stopOrderId"]) for row in await self._stop_rows(stops.ACTIVE, None, POLLING)}
        if all(stop.id in standing for stop in watched):
            return []
        rows, told = await self._learn(POLLING), list[Word]()
        for stop in watched:
            row = rows.get(stop.request.id)
            if row is not None and stop.id not in standing and not stop.over:
                ticket = await self._stop_ticket(stop, row)
                child = await self._state(stop.child, EXCHANGE, stop.instrument) if stop.child else None
                told += [*(self._fills(child) if child else ()), ticket]
        return told

    # inside

    def _strange(self, row: Row) -> bool:
        """No desk's order, and it may be what a stop of ours has become."""
        unknown = translate.our_id(row) is None and self.stops.child_of(str(row.get("orderId"))) is None
        return unknown and self.stops.may_be_child(row)

    def _fills(self, row: Row) -> list[Fill]:
        instrument = self._instrument(row)
        if instrument is None:
            return []
        stop = self.stops.child_of(str(row["orderId"]))
        order_id = stop.request.id if stop else translate.our_id(row)
        fills = translate.fills(row, instrument, self._account, self._clock.now(), order_id)
        if fills:
            self._seen.setdefault(str(row["orderId"]), {}).update({fill.id: fill for fill in fills})
        while len(self._seen) > SEEN:
            del self._seen[next(iter(self._seen))]
        if translate.over(row) and self._executed(row) >= translate.pieces(row.get("lotsExecuted"), instrument):
            self._live.pop(order_id or OrderId(""), None)
            if stop is not None:
                stop.over = True
        return fills

    def _executed(self, row: Row) -> Decimal:
        """Pieces of an order whose executions are known."""
        return sum((fill.quantity for fill in self._seen.get(str(row["orderId"]), {}).values()), ZERO)

    def _tickets(self, rows: Iterable[Row]) -> list[OrderTicket]:
        told = []
        for row in rows:
            instrument, stop = self._instrument(row), self.stops.child_of(str(row["orderId"]))
            if stop is not None:
                told.append(self._fired(stop, row))
            elif instrument is not None:
                told.append(self._known(self._read(row, instrument)))
        return told

    def _known(self, ticket: OrderTicket) -> OrderTicket:
        """An order is over once its executions were told; without any, when the venue says so."""
        if ticket.order_id is not None and ticket.state.final and not ticket.filled:
            self._live.pop(ticket.order_id, None)
        return ticket

    def placed(self, row: Row, request: OrderRequest, instrument: Instrument) -> OrderTicket:
        """Of PostOrder's reply."""
        self._live[request.id] = instrument
        return self._known(replace(self._read(row, instrument), order_id=request.id))

    def _read(self, row: Row, instrument: Instrument) -> OrderTicket:
        return translate.ticket(row, instrument, self._clock.now())

    def _instrument(self, row: Row) -> Instrument | None:
        return self._catalogue.by_key.get(str(row.get("instrumentUid")))

    async def _learn(self, urgency: int) -> dict[OrderId, Row]:
        """Whose stop orders are whose, and what they became."""
        return self.stops.read(await self._stop_rows("STOP_ORDER_STATUS_ALL", self.stops.since(), urgency))

    async def _orders(self, more: Mapping[str, Any]) -> list[Row]:
        answer = await self._client.ask("OrdersService/GetOrders", {"accountId": self.account_id, **more})
        return _list(answer, "orders")

    async def _stop_rows(self, status: str, since: datetime | None, urgency: int) -> list[Row]:
        body = {"accountId": self.account_id, "status": status}
        if since is not None:
            body |= {"from": translate.stamp(since), "to": translate.stamp(self._clock.now() + stops.SKEW)}
        return _list(await self._client.ask("StopOrdersService/GetStopOrders", body, urgency), "stopOrders")

    async def _state(self, order_id: str, kind: str, instrument: Instrument | None) -> Row | None:
        body = {"accountId": self.account_id, "orderId": order_id, "orderIdType": kind}
        if instrument is not None:
            body["priceType"] = translate.price_type(instrument)
        try:
            row: Row = await self._client.read("OrdersService/GetOrderState", body)
        except Refusal as no:
            if no.code in codes.UNKNOWN_ORDER:
                return None
            raise no.rejected() from no
        return row


def _list(answer: Any, name: str) -> list[Row]:
    """Raises Transient for what is no list: a failed query is never an empty answer."""
    try:
        return list(answer[name])
    except UNREADABLE as error:
        raise Transient(f"unreadable {name}: {error!r}") from error
