"""Orders on their way: sent once, looked after until it is clear what they have become, cancelled.

The venue knows no immediate orders from programs, so one is a limit whose rest is cancelled after a moment; and what
comes after hours it keeps for the next morning, so that is cancelled, too. Where the desk dies or sees nothing in
between, `sweep` ends them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from brokers.angelone import translate
from brokers.angelone.client import Client
from brokers.angelone.codes import Refusal
from brokers.angelone.limits import CANCEL, PLACE
from brokers.angelone.listing import Catalogue
from brokers.angelone.records import Records, immediate
from brokers.angelone.translate import Row
from brokers.reading import NoAnswer, asking, placing, readable
from brokers.urgency import EXITS, URGENCY
from core.ports import World
from core.values.errors import Rejected, Transient
from core.values.ids import OrderId
from core.values.orders import ApprovedOrder, Order, OrderRequest, OrderState, OrderTicket

log = logging.getLogger(__name__)

PATIENCE_S = (0.1, 0.2, 0.3, 0.4)
"""How an immediate order is looked after before its rest is cancelled."""
ENDING_S = (0.0, 0.1, 0.2, 0.3, 0.5, 1.0, 1.0)
"""How an order is looked after that was cancelled."""


class Orders:
    """wake: told when the books will have news. delivery: shares are bought to keep, derivatives to carry."""

    def __init__(
        self,
        client: Client,
        records: Records,
        catalogue: Catalogue,
        world: World,
        wake: Callable[[], None],
        *,
        delivery: bool,
    ) -> None:
        self._client, self._records, self._catalogue, self._wake = client, records, catalogue, wake
        self._clock, self._wire, self._delivery = world.clock, world.wire, delivery
        self._placing: set[OrderId] = set()

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
            with placing(request.id):
                answer = await self._client.call(PLACE, body, URGENCY[request.purpose])
                number = str(answer["orderid"])
                self._records.placed(request, number, str(answer.get("uniqueorderid") or ""))
        except Refusal as no:
            self._records.forget(request.id)
            raise no.rejected() from no
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
                    row = await self._end(order, *_called(row)) or row
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

    async def _end(self, order: Order, variety: str, number: str) -> Row | None:
        """Its row after it was cancelled; None where the venue has none of it. Raises Transient."""
        refused = ""
        try:
            await self._client.call(CANCEL, {"variety": variety, "orderid": number}, EXITS)
        except (Refusal, NoAnswer) as no:  # too late, mostly
            refused = str(no)
        after = await self._look(order, ENDING_S[:1] if refused else ENDING_S)
        if not refused or after is None or translate.state(after).final:
            return after
        if (told := _called(after)) != (variety, number):  # what was kept over night is another's
            return await self._end(order, *told)
        raise Transient(f"not cancelled: {refused}")

    async def cancel(self, order: Order) -> OrderTicket:
        with asking("order"):
            number = self._records.number(order)
            if number is None:  # its answer was lost
                row = await self._records.row(order, EXITS)
                after = None if row is None else await self._end(order, *_called(row))
            else:
                after = await self._end(order, translate.variety(order.request), number)
            told = await self._records.find(order, EXITS) if after is None else self._records.read(after, order.request)
        self._wake()
        if told is None:
            raise Rejected("unknown_order", order.id)
        return told

    async def find(self, order: Order) -> OrderTicket | None:
        with asking("order"):
            return await self._records.find(order, EXITS)

    async def sweep(self, rows: Sequence[Row]) -> None:
        """End what of ours must not rest, and is looked after by nobody: the desk was killed, or could not see it."""
        for row in rows:
            told = self._records.read(row) if self._records.must_not_rest(row) else None
            request = self._records.request(row)
            if told is None or request is None or request.id in self._placing:
                continue
            now = self._clock.now()
            await self._end(Order(request, OrderState.OPEN, now, now, told.broker_id), *_called(row))
            self._wake()


def _called(row: Row) -> tuple[str, str]:
    """Variety and number, as a cancel names it."""
    return str(row["variety"]), str(row["orderid"])
