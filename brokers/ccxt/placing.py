"""Orders on their way out, and their ends: each is sent once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from brokers.ccxt import guard, translate
from brokers.ccxt.client import Client, Refusal, asking
from brokers.ccxt.dialect import Dialect
from brokers.ccxt.listing import Catalogue
from brokers.ccxt.records import Records, name_of, sent
from brokers.ccxt.riders import Riders
from brokers.reading import NoAnswer, number, placing
from core.ports import World
from core.values.errors import OutcomeUnknown, Rejected, Transient
from core.values.ids import BrokerOrderId
from core.values.instrument import Instrument
from core.values.money import ZERO, Quantity, plain
from core.values.orders import Order, OrderRequest, OrderRole, OrderState, OrderTicket, Purpose, Side, TimeInForce
from kit.rates import MOST_URGENT

log = logging.getLogger(__name__)

URGENCY: Mapping[Purpose, int] = {
    Purpose.EXIT: MOST_URGENT,
    Purpose.HEDGE: MOST_URGENT,
    Purpose.ENTRY: 2,
    Purpose.WORKING: 2,
    Purpose.TRAP: 3,
}
NEVER_ADDS = frozenset({Purpose.EXIT, Purpose.HEDGE})
"""Whatever the venue thinks of the leverage, these go out."""
LEFT_BY_FEES = Decimal("0.99")
"""Of what was bought, at least; a bigger gap has another cause."""
CANCEL_ASKS = (0.1, 0.3, 0.6)
"""Seconds between questions whether a cancel is done."""


@dataclass(frozen=True, slots=True)
class Terms:
    """leverage: set on an instrument before the first order in it; 0 leaves what the account has. hedge: the account
    holds long and short apart, and so do our orders."""

    leverage: int = 0
    hedge: bool = False


class Placing:
    """soon: called where there is reason to ask what was executed."""

    def __init__(
        self,
        client: Client,
        catalogue: Catalogue,
        records: Records,
        terms: Terms,
        world: World,
        riders: Riders,
        soon: Callable[[], None],
    ) -> None:
        self._riders, self._soon = riders, soon
        self._client, self._catalogue, self._records, self._terms = client, catalogue, records, terms
        self._clock, self._wire = world.clock, world.wire
        self._geared: set[str] = set()

    async def place(self, request: OrderRequest) -> OrderTicket:
        """As the port's. A stop whose work an attached one has done already is told as done."""
        listed = self._catalogue.get(request.ticker)
        self._catalogue.check(request, listed)
        self._records.remember(request, self._clock.now())
        try:
            with placing(request.id):
                if not (request.reduce_only or request.purpose in NEVER_ADDS):
                    await self._gear(listed)
                return await self._sent(request, listed)
        except (Transient, Rejected):
            self._records.forget(request.id)
            raise
        except Refusal as no:
            self._records.forget(request.id)
            raise no.rejected() from no

    async def _sent(self, request: OrderRequest, listed: Instrument) -> OrderTicket:
        """A refusal may have a reason that leaves something to be done."""
        try:
            return await self._place(request, listed)
        except Refusal as no:
            if no.code in self._client.dialect.repeated:
                return await self._first_of(request)
            if (less := await self._there_is(request, listed, no)) is not None:
                log.info("selling what the fees left", extra={"order_id": request.id, "quantity": plain(less)})
                return await self._place(replace(request, quantity=less), listed)  # it took nothing: the id is free
            if (ticket := await self._riders.fired(request, listed, no)) is not None:
                self._soon()
                return ticket
            raise

    async def _place(self, request: OrderRequest, listed: Instrument) -> OrderTicket:
        with self._client.library():
            args = await self._checked(request, listed)
        create, urgency = self._client.exchange.create_order, URGENCY[request.purpose]
        row = await self._client.call(create, *args, budget="trading", urgency=urgency)
        with self._client.library(sent=True):
            self._records.remember(request, self._clock.now(), str(row["id"]))
            told = row.get("status") is not None
            ticket = self._records.ours(request, row, listed) if told else await self._found(request, str(row["id"]))
        if request.role is OrderRole.STOP:
            await self._riders.tidy()
        return ticket

    async def _there_is(self, request: OrderRequest, listed: Instrument, no: Refusal) -> Quantity | None:
        """Where a fee was taken in the coin itself, a little less is there than was bought: the most that can be sold.

        None where that is not why the venue refused.
        """
        if not self._client.dialect.spot or request.side is Side.BUY or no.word != "insufficient_margin":
            return None
        coins = (await self._client.dialect.purse(self._client)).coins
        held = listed.quantity_down(number(coins.get(str(listed.basic_asset))))
        return held if request.quantity * LEFT_BY_FEES <= held < request.quantity else None

    async def _found(self, request: OrderRequest, broker_id: str) -> OrderTicket:
        """What became of an order of which the answer tells no more than its number."""
        try:
            ticket = await self._records.find(sent(request, self._clock.now()))
        except (Transient, Rejected) as error:
            log.info("taken, and not seen yet", extra={"order_id": request.id, "reason": str(error)})
            ticket = None
        return ticket or self._taken(request, broker_id)

    def _taken(self, request: OrderRequest, broker_id: str) -> OrderTicket:
        self._records.remember(request, self._clock.now(), broker_id)
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
            ticket = await self._records.find(sent(request, self._clock.now()))
        except (Transient, Rejected) as error:
            raise OutcomeUnknown(request.id, f"repeated: {error}") from error
        if ticket is None:
            raise OutcomeUnknown(request.id, "the venue knows the id and not the order")
        return ticket

    async def _closes(self, request: OrderRequest, listed: Instrument) -> bool:
        """Where long and short are held apart, an order against what is held takes from it, as it does elsewhere.

        Raises Rejected position_mode for one that would go beyond: that takes two orders there.
        """
        if not self._terms.hedge or request.reduce_only:
            return False
        against = "short" if request.side is Side.BUY else "long"
        rows = await self._client.dialect.positions(self._client)
        mine = [row for row in rows if row.get("symbol") == listed.broker_key and row.get("side") == against]
        held = sum((translate.pieces(row.get("contracts"), listed) for row in mine), ZERO)
        if 0 < held < request.quantity:
            raise Rejected(
                "position_mode", f"only {plain(held)} are held {against}: close them with an order of their own"
            )
        return held > 0

    async def _checked(self, request: OrderRequest, listed: Instrument) -> tuple[Any, ...]:
        """Arguments of the library's create_order. Raises Transient or Rejected."""
        dialect, exchange = self._client.dialect, self._client.exchange
        table = guard.features(exchange, spot=dialect.spot)
        guard.check(request, dialect, table)
        way = guard.protection(request, dialect, table, standing=self._records.stands(request))
        closes = await self._closes(request, listed)
        args = arguments(request, listed, dialect, self._terms, way, closes=closes)
        if way is guard.Way.RIDES:
            guard.rides(exchange.create_order_request(*args), dialect, way)
            self._records.carry(request)
        return args

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
        listed = self._catalogue.known(order.request.ticker)
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
            with asking("order"):
                ticket = await self._records.find(order)
            if ticket is None:
                raise Rejected("unknown_order", order.id)
            if ticket.state.final:
                return ticket
            await self._wire.sleep(wait_s)
        raise Transient("the cancel is on its way")


def arguments(
    request: OrderRequest, listed: Instrument, dialect: Dialect, terms: Terms, way: guard.Way, *, closes: bool = False
) -> tuple[Any, ...]:
    """Of the library's create_order. closes: it takes from the other side of a hedged account."""
    kind = translate.order_type(request)
    params = dialect.names(request, translate.encode(request.id))
    if kind == "limit" and not request.type.triggered:
        immediate = request.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL
        params["timeInForce"] = "IOC" if immediate else "GTC"
    if (request.reduce_only or closes) and not dialect.spot:  # coins know no such flag: what is not held is not sold
        params["reduceOnly"] = True
    if terms.hedge:
        params["hedged"] = True
    if request.type.triggered:
        if request.stop_price is None:
            raise Rejected("bad_price", "a triggered order has a stop price")
        params |= dialect.stop_params(request, plain(request.stop_price))
    if way is guard.Way.RIDES:
        params |= guard.riding(request, dialect)
    price = plain(request.price) if kind == "limit" and request.price is not None else None
    return listed.broker_key, kind, request.side.value, translate.contracts(request.quantity, listed), price, params
