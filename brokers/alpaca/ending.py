"""How orders end that did not fill: by a cancel, at their moment, or to make way for an exit."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from brokers.alpaca.client import Client, Refusal
from brokers.alpaca.records import Records
from brokers.alpaca.translate import over
from brokers.reading import NoAnswer, asking
from brokers.urgency import EXITS, TRAPS
from core.ports import Clock
from core.values.errors import Transient
from core.values.ids import BrokerOrderId
from core.values.orders import Order, OrderRequest, OrderState, OrderTicket, Purpose

log = logging.getLogger(__name__)

ENDING_S = (0.0, 0.5, 1.0)
"""When a cancelled order is looked at, where the stream does not tell: the venue's yes to a cancel is not the end."""
LEAVING = frozenset({Purpose.EXIT, Purpose.HEDGE})
OVER = frozenset({404, 422})
"""How a cancel is answered that came too late, or for an order that is not there."""


class Endings:
    """Raises Transient or Rejected, and one of UNREADABLE where an answer cannot be read."""

    def __init__(self, client: Client, records: Records, clock: Clock, wire: Clock) -> None:
        self._client, self._records, self._clock, self._wire = client, records, clock, wire

    async def cancel(self, order: Order) -> OrderTicket | None:
        """None for what the venue does not know."""
        broker_id = order.broker_id
        if broker_id is None:
            found = await self._records.find(order, EXITS)
            if found is None:
                return None
            broker_id = found.broker_id
        ended = await self._end(broker_id, EXITS)
        return None if ended is None else replace(ended, order_id=order.id)

    async def make_way(self, request: OrderRequest) -> bool:
        """The venue takes no stop or exit beside an order of ours on the other side, as the rest of an entry that
        was filled in part: that is cancelled, since what is held must not stay naked. False: there was none."""
        rivals = [
            other
            for other in self._records.live.values()
            if other.ticker == request.ticker and other.side is not request.side and other.purpose not in LEAVING
        ]
        for rival in rivals:
            log.warning("makes way for an exit", extra={"order": rival.id, "exit": request.id})
            with asking("order"):
                await self.cancel(self._order(rival))
        return bool(rivals)

    async def in_time(self, tell: Callable[[Sequence[OrderTicket]], None]) -> None:
        """For ever: orders that are to end at a moment. The venue knows none, so it is done from here."""
        while True:
            now = self._clock.now()
            for request in [r for r in self._records.live.values() if r.expires_at and r.expires_at <= now]:
                try:
                    with asking("order"):
                        found = await self._records.find(self._order(request), TRAPS)
                        if found is not None and not found.state.final:
                            found = await self._end(found.broker_id, TRAPS)
                    if found is not None:
                        tell([found])
                except Transient as error:
                    log.warning("not ended in time", extra={"order": request.id, "reason": str(error)})
            await self._clock.sleep(1.0)

    def _order(self, request: OrderRequest) -> Order:
        return Order(request, OrderState.OPEN, self._clock.now(), self._clock.now())

    async def _end(self, broker_id: BrokerOrderId, urgency: int) -> OrderTicket | None:
        """The order once it is over; as it is then, where the venue takes longer than a moment."""
        try:
            await self._client.call("DELETE", f"/v2/orders/{broker_id}", urgency)
        except Refusal as no:
            if no.status not in OVER:
                raise Transient(f"not cancelled: {no}") from no
        except NoAnswer as error:
            raise Transient(f"cancel: {error}") from error
        row = await self._records.word(broker_id, over)
        for wait_s in () if row else ENDING_S:
            await self._wire.sleep(wait_s)
            row = await self._records.row(f"/v2/orders/{broker_id}", None, urgency)
            if row is None or over(row):
                break
        return None if row is None else self._records.read(row)
