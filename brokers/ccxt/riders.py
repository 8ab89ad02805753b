"""Stops that went out with their entry. Such a stop is the venue's own order, under no id of ours: it guards until the
desk's stop stands, and is then taken away. Where it fires first, it was the desk's stop that fired.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from brokers.ccxt import translate
from brokers.ccxt.client import Client, Refusal, asking
from brokers.ccxt.dialect import Name
from brokers.ccxt.listing import Catalogue
from brokers.ccxt.records import Records
from brokers.ccxt.translate import Row
from brokers.reading import NoAnswer, number
from core.values.errors import Transient
from core.values.instrument import Instrument
from core.values.orders import OrderRequest, OrderRole, OrderTicket, OrderType, Side
from kit.rates import MOST_URGENT

log = logging.getLogger(__name__)

LATELY = timedelta(minutes=1)


class Riders:
    def __init__(self, client: Client, catalogue: Catalogue, records: Records) -> None:
        self._client, self._catalogue, self._records = client, catalogue, records

    async def tidy(self, rows: Sequence[Row] | None = None) -> None:
        """Where the desk's own stops stand, the venue's may go. rows: what works now; else it is asked for.

        One that stays closes no more than the position.
        """
        dialect = self._client.dialect
        if not dialect.attaches:
            return
        try:
            with asking("attached stops"):
                found = rows if rows is not None else await dialect.working(self._client)
                stops = [row for row in found if dialect.kind(row) is OrderType.STOP]
                own = [row for row in stops if translate.decode(row.get("clientOrderId"))]
                riders = [row for row in stops if self._carried(row) and any(_beside(row, stop) for stop in own)]
                held = await dialect.positions(self._client) if riders else ()
                for row in riders:
                    if _spare(row, own, held):
                        await self._cancel(row)
        except (Transient, Refusal, NoAnswer) as error:
            log.warning("an attached stop stays for now", extra={"reason": str(error)})

    def _carried(self, row: Row) -> bool:
        """Whether it came with an entry of ours."""
        listed = self._catalogue.by_symbol.get(str(row["symbol"]))
        if listed is None or not self._client.dialect.rider(row):
            return False
        levels = self._records.carried.get((listed.ticker, Side(row["side"])), ())
        return translate.price(row.get("triggerPrice")) in levels

    async def _cancel(self, row: Row) -> None:
        name = Name(str(row["id"]), ours=False, triggered=True)
        args = (self._client.exchange, self._catalogue.by_symbol[row["symbol"]], name)
        await self._client.call(self._client.dialect.cancel, *args, budget="trading", urgency=MOST_URGENT)

    async def fired(self, request: OrderRequest, listed: Instrument, no: Refusal) -> OrderTicket | None:
        """The stop that is refused because there is nothing left to guard: the attached one has done its work."""
        if request.role is not OrderRole.STOP or no.word not in {"nothing_to_reduce", "stop_crossed"}:
            return None
        broker_id = self._records.ridden(listed.ticker, request.side) or await self._look(request, listed)
        if broker_id is None:
            return None
        self._records.own(broker_id, request.id)
        row = await self._client.dialect.find(self._client, listed, Name(broker_id, ours=False))
        return None if row is None else self._records.ours(request, row, listed)

    async def _look(self, request: OrderRequest, listed: Instrument) -> str | None:
        """The stream may not have told it yet."""
        since = self._client.now() - LATELY
        await self._records.fills(await self._client.dialect.trades(self._client, since, [listed]))
        return self._records.ridden(listed.ticker, request.side)


def _beside(row: Row, other: Row) -> bool:
    return bool((row["symbol"], row["side"]) == (other["symbol"], other["side"]))


def _spare(rider: Row, own: Sequence[Row], held: Sequence[Row]) -> bool:
    """Whether the desk's stops guard all that is held there, or one of them is just like this: with less, it may be
    all that another book has."""
    stops = [row for row in own if _beside(row, rider)]
    if any(_size(row) == _size(rider) for row in stops):
        return True
    guards = "long" if rider["side"] == "sell" else "short"
    mine = [row for row in held if (row["symbol"], row["side"]) == (rider["symbol"], guards)]
    return sum(_size(row)[0] for row in stops) >= sum(number(row.get("contracts")) for row in mine)


def _size(row: Row) -> tuple[Decimal, Decimal]:
    return number(row.get("amount")), number(row.get("triggerPrice"))
