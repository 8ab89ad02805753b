"""Whose stop orders are whose. The venue takes our key with a stop order and never gives it back: its lists name a
stop only by the venue's own id, and once it has fired, the order that it became by the exchange's.

So the desk's stops are known by the id of the answer; one whose answer was lost is known by its shape: the newest
stop of that instrument, side, kind, size and price, made since it was sent, that is nobody else's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from brokers.tinvest import translate
from brokers.tinvest.translate import Row
from core.values.ids import BrokerOrderId, OrderId
from core.values.instrument import Instrument
from core.values.orders import OrderRequest, OrderState, OrderTicket, OrderType

SKEW = timedelta(seconds=5)
"""How far the venue's clock may be behind ours."""
ACTIVE, EXECUTED = "STOP_ORDER_STATUS_ACTIVE", "STOP_ORDER_STATUS_EXECUTED"
_STATES = {
    ACTIVE: OrderState.OPEN,
    EXECUTED: OrderState.FILLED,
    "STOP_ORDER_STATUS_CANCELED": OrderState.CANCELLED,
    "STOP_ORDER_STATUS_EXPIRED": OrderState.EXPIRED,
}


@dataclass(slots=True)
class Stop:
    """One of ours. id: the venue's, once it is known. child: the order it became. over: nothing more comes of it."""

    request: OrderRequest
    instrument: Instrument
    since: datetime
    id: BrokerOrderId | None = None
    child: BrokerOrderId | None = None
    over: bool = False


class Stops:
    """Every stop order of ours that this process has met: a fired one is asked for by its child's id for ever."""

    def __init__(self) -> None:
        self._stops: dict[OrderId, Stop] = {}

    def live(self) -> list[Stop]:
        """Those that may still stand or work."""
        return [stop for stop in self._stops.values() if not stop.over]

    def add(
        self, request: OrderRequest, instrument: Instrument, at: datetime, known: BrokerOrderId | None = None
    ) -> Stop:
        """One that is about to be sent, or that the journal holds. The same again keeps what is known."""
        stop = self._stops.setdefault(request.id, Stop(request, instrument, at))
        stop.id = stop.id or known
        return stop

    def drop(self, order_id: OrderId) -> None:
        self._stops.pop(order_id, None)

    def get(self, order_id: OrderId) -> Stop | None:
        return self._stops.get(order_id)

    def child_of(self, broker_id: str) -> Stop | None:
        """The stop that became this order of the exchange."""
        return next((stop for stop in self._stops.values() if stop.child == broker_id), None)

    def may_be_child(self, row: Row) -> bool:
        """Whether an order that nobody knows may come of one of these: same instrument and side."""
        return any(
            stop.child is None
            and not stop.over
            and row.get("instrumentUid") == stop.instrument.broker_key
            and translate.side(row) is stop.request.side
            for stop in self._stops.values()
        )

    def since(self) -> datetime | None:
        """When the oldest live one was sent, with room for a clock that is behind."""
        return min((stop.since - SKEW for stop in self.live()), default=None)

    def read(self, rows: Sequence[Row]) -> dict[OrderId, Row]:
        """Whose rows these are: ids and children are learnt on the way."""
        taken = {stop.id for stop in self._stops.values() if stop.id}
        by_id = {str(row["stopOrderId"]): row for row in rows}
        free = sorted((row for key, row in by_id.items() if key not in taken), key=_promising, reverse=True)
        found = {}
        for order_id, stop in self._stops.items():
            row = by_id.get(stop.id) if stop.id else next((row for row in free if _fits(stop, row)), None)
            if row is None:
                continue
            if stop.id is None:
                free.remove(row)
                stop.id = BrokerOrderId(row["stopOrderId"])
            stop.child = BrokerOrderId(row["exchangeOrderId"]) if row.get("exchangeOrderId") else stop.child
            found[order_id] = row
        return found


def _promising(row: Row) -> tuple[bool, str]:
    """One that stands before one that is over, a newer before an older."""
    return row.get("status") == ACTIVE, str(row.get("createDate") or "")


def _fits(stop: Stop, row: Row) -> bool:
    request, instrument = stop.request, stop.instrument
    made = translate.time(row.get("createDate"))
    return (
        row.get("instrumentUid") == instrument.broker_key
        and translate.side(row) is request.side
        and kind(row) is request.type
        and translate.pieces(row.get("lotsRequested"), instrument) == request.quantity
        and translate.price(row.get("stopPrice"), instrument) == request.stop_price
        and made is not None
        and made >= stop.since - SKEW
    )


def kind(row: Row) -> OrderType:
    return OrderType.TAKE_PROFIT if str(row.get("orderType")).endswith("TAKE_PROFIT") else OrderType.STOP


def state(row: Row) -> OrderState:
    return _STATES.get(str(row.get("status")), OrderState.OPEN)


def ticket(row: Row, instrument: Instrument, order_id: OrderId | None, at: datetime) -> OrderTicket:
    """Of a stop that has not fired; what became of one that has, its child tells (`fired`)."""
    limit = translate.price(row.get("price"), instrument)
    return OrderTicket(
        order_id=order_id,
        broker_id=BrokerOrderId(row["stopOrderId"]),
        ticker=instrument.ticker,
        side=translate.side(row),
        type=kind(row),
        quantity=translate.pieces(row.get("lotsRequested"), instrument),
        state=state(row),
        at=translate.time(row.get("createDate")) or at,
        price=limit,
        stop_price=translate.price(row.get("stopPrice"), instrument),
        expires_at=translate.time(row.get("expirationTime")),
    )


def taken(request: OrderRequest, stop_id: str, at: datetime, ended: OrderState | None = None) -> OrderTicket:
    """Of one that was just taken, or just cancelled."""
    return OrderTicket(
        order_id=request.id,
        broker_id=BrokerOrderId(stop_id),
        ticker=request.ticker,
        side=request.side,
        type=request.type,
        quantity=request.quantity,
        state=ended or OrderState.OPEN,
        at=at,
        price=request.price,
        stop_price=request.stop_price,
        expires_at=request.expires_at,
    )
