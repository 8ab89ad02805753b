"""What the venue knows of orders, told as tickets and fills. Trades are taken from its order service alone: numbers of
trades in its list of operations may differ (its page on operations says so), and a fill must not count twice."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from brokers.tinvest import stops, translate
from brokers.tinvest.client import Client
from brokers.tinvest.listing import Catalogue
from brokers.tinvest.questions import EXCHANGE, REQUEST, Questions
from brokers.tinvest.stops import Stop, Stops
from brokers.tinvest.translate import Row
from brokers.urgency import EXITS, POLLING
from core.ports import Clock
from core.values.fills import Fill
from core.values.ids import AccountName, BrokerOrderId, FillId, OrderId
from core.values.instrument import Instrument
from core.values.money import ZERO
from core.values.orders import Order, OrderRequest, OrderState, OrderTicket

log = logging.getLogger(__name__)

Word = OrderTicket | Fill
MOSCOW = timezone(timedelta(hours=3))
SEEN = 2000
"""Orders whose executions are kept in mind."""
_EVERY_STATUS = [f"EXECUTION_REPORT_STATUS_{s}" for s in ("NEW", "PARTIALLYFILL", "FILL", "CANCELLED", "REJECTED")]
_UNSEEN = "fired_unseen"
LATE_S = (0.0, 0.3, 0.7)
"""A stop's list may learn later than the stream what it has become. Booked as by hand, its executions would be lost to
it: so a stranger of its side is asked about again."""


class Records:
    """Orders of ours are remembered from before they are sent until they are over."""

    def __init__(self, client: Client, account: AccountName, catalogue: Catalogue, clock: Clock, wire: Clock) -> None:
        self._ask = Questions(client, clock)
        self._account, self._catalogue = account, catalogue
        self._clock, self._wire = clock, wire
        self.stops = Stops()
        self._live: dict[OrderId, Instrument] = {}
        self._seen: dict[str, dict[FillId, Fill]] = {}

    def of(self, account_id: str) -> None:
        """Whose records: the venue's id."""
        self._ask.account_id = account_id

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
        row = await self._ask.state(order.id, REQUEST, instrument)
        if row is None and order.broker_id:
            row = await self._ask.state(order.broker_id, EXCHANGE, instrument)
        if row is None:
            self.forget(order.id)
            return self._of_another_day(order)
        if instrument is None:
            instrument = await self._ask.instrument(row)
            self._catalogue.by_key[instrument.broker_key] = instrument
        return self._known(replace(self._read(row, instrument), order_id=order.id))

    def _of_another_day(self, order: Order) -> OrderTicket | None:
        """An order rests for the day, and the venue forgets it after one: what it had taken earlier is over."""
        if order.broker_id is None or order.at >= self._midnight():
            return None
        return replace(stops.taken(order.request, order.broker_id, order.at, OrderState.EXPIRED), filled=order.filled)

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
        child = await self._ask.state(stop.child, EXCHANGE, stop.instrument) if stop.child else None
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
        return [ticket for ticket in self._tickets(await self._ask.orders({})) if not ticket.state.final]

    async def stop_orders(self) -> list[OrderTicket]:
        rows = await self._ask.stop_orders(stops.ACTIVE, None, POLLING)
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
        start, now = translate.stamp(self._midnight()), translate.stamp(self._clock.now())
        span = {"from": start, "to": now, "executionStatus": _EVERY_STATUS}
        rows = await self._ask.orders({"advancedFilters": span})
        unheeded = not any(translate.over(row) for row in rows)
        there = {translate.our_id(row) for row in rows}
        for order_id, instrument in [item for item in self._live.items() if item[0] not in there]:
            row = await self._ask.state(order_id, REQUEST, instrument)
            if row is None:
                self._live.pop(order_id, None)
            else:
                rows.append(row)
        if any(self._strange(row) for row in rows) or (unheeded and self.stops.live()):
            await self._learn(POLLING)
        told = {str(row["orderId"]) for row in rows}
        for stop in self.stops.live():
            if stop.child and stop.child not in told:
                child = await self._ask.state(stop.child, EXCHANGE, stop.instrument)
                rows += [child] if child else []
        return rows

    def _midnight(self) -> datetime:
        """Moscow's, when the venue's day begins."""
        return self._clock.now().astimezone(MOSCOW).replace(hour=0, minute=0, second=0, microsecond=0)

    # what the stream says

    async def heard(self, row: Row) -> list[Word]:
        """An order's new state: its executions, then its ticket. Executions that it does not name are asked for."""
        instrument = self._instrument(row)
        if instrument is None:
            return []
        for wait_s in LATE_S:
            if not self._strange(row):
                break
            await self._wire.sleep(wait_s)
            await self._learn(EXITS)
        fills = self._fills(row)
        if self._executed(row) < translate.pieces(row.get("lotsExecuted"), instrument):
            ours = translate.our_id(row)
            whole = await self._ask.state(ours or str(row["orderId"]), REQUEST if ours else EXCHANGE, instrument)
            fills = self._fills(whole) if whole else fills
        return [*fills, *self._tickets([row])]

    async def poll_stops(self) -> list[Word]:
        """What became of stops that stand no longer; the stream does not tell of them."""
        watched = [stop for stop in self.stops.live() if stop.id]
        if not watched:
            return []
        standing = {str(row["stopOrderId"]) for row in await self._ask.stop_orders(stops.ACTIVE, None, POLLING)}
        if all(stop.id in standing for stop in watched):
            return []
        rows, told = await self._learn(POLLING), list[Word]()
        for stop in watched:
            row = rows.get(stop.request.id)
            if row is not None and stop.id not in standing and not stop.over:
                ticket = await self._stop_ticket(stop, row)
                child = await self._ask.state(stop.child, EXCHANGE, stop.instrument) if stop.child else None
                told += [*(self._fills(child) if child else ()), ticket]
        return told

    # inside

    def _strange(self, row: Row) -> bool:
        """No desk's order, it was executed, and it may be what a stop of ours has become."""
        if not int(row.get("lotsExecuted") or 0):
            return False
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
        return self.stops.read(await self._ask.stop_orders("STOP_ORDER_STATUS_ALL", self.stops.since(), urgency))
