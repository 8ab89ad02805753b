"""Questions about orders, asked of the venue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from brokers.reading import UNREADABLE
from brokers.tinvest import codes, listing, stops, translate
from brokers.tinvest.client import Client, Refusal
from brokers.tinvest.translate import Row
from core.ports import Clock
from core.values.errors import Transient
from core.values.instrument import Instrument, InstrumentKind

REQUEST, EXCHANGE = "ORDER_ID_TYPE_REQUEST", "ORDER_ID_TYPE_EXCHANGE"


class Questions:
    """Each raises Transient or Rejected. account_id: the venue's."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self.account_id = ""

    async def orders(self, more: Mapping[str, Any]) -> list[Row]:
        answer = await self._client.ask("OrdersService/GetOrders", {"accountId": self.account_id, **more})
        return _list(answer, "orders")

    async def stop_orders(self, status: str, since: datetime | None, urgency: int) -> list[Row]:
        body = {"accountId": self.account_id, "status": status}
        if since is not None:
            body |= {"from": translate.stamp(since), "to": translate.stamp(self._clock.now() + stops.SKEW)}
        return _list(await self._client.ask("StopOrdersService/GetStopOrders", body, urgency), "stopOrders")

    async def state(self, order_id: str, kind: str, instrument: Instrument | None) -> Row | None:
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

    async def instrument(self, row: Row) -> Instrument:
        """What an order of ours is in that was listed when it was sent."""
        body = {"idType": "INSTRUMENT_ID_TYPE_UID", "id": row["instrumentUid"]}
        told = (await self._client.ask("InstrumentsService/GetInstrumentBy", body))["instrument"]
        kind = str(told.get("instrumentType") or "share").rstrip("s")
        return listing.instrument(told, InstrumentKind(kind) if kind in set(InstrumentKind) else InstrumentKind.SHARE)


def _list(answer: Any, name: str) -> list[Row]:
    """Raises Transient for what is no list: a failed query is never an empty answer."""
    try:
        return list(answer[name])
    except UNREADABLE as error:
        raise Transient(f"unreadable {name}: {error!r}") from error
