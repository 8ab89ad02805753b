"""What the venue tells of orders as it happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from brokers.alpaca.client import Client
from brokers.alpaca.link import Link
from brokers.alpaca.records import Records, Word
from brokers.alpaca.translate import Row
from brokers.reading import asking
from core.ports import World
from core.values.errors import Rejected, Transient
from core.values.ids import BrokerOrderId

CHANNEL = "trade_updates"
OVERLAP = timedelta(seconds=10)


class Stream:
    """tell: gets every word. What was missed between two connections is asked for, a little more than that."""

    def __init__(self, client: Client, records: Records, world: World, tell: Callable[[Sequence[Word]], None]) -> None:
        self._client, self._records, self._tell = client, records, tell
        self._clock, self._wire = world.clock, world.wire
        self._told_at: datetime | None = None
        self._owed: dict[BrokerOrderId, datetime] = {}
        self._link: Link | None = None

    def open(self) -> Link:
        """To be run by the caller."""
        self._link = Link("orders", self._client.trade_stream, self._wire, self._login, self._take, self._owes)
        return self._link

    def owe(self, broker_id: BrokerOrderId) -> None:
        """It was taken and not told of yet."""
        self._owed[broker_id] = self._wire.now()

    def _owes(self) -> datetime | None:
        """Every order that was taken is told of, be it only as new: one that is not means a stream that is mute."""
        return min(self._owed.values(), default=None)

    def _login(self) -> Mapping[str, str]:
        self._owed.clear()  # what was missed will be asked for
        access = self._client.access
        return {"action": "auth", "key": access.key_id, "secret": access.secret_key}

    async def _take(self, row: Row) -> None:
        data = row.get("data") or {}
        match row.get("stream"):
            case "authorization":
                if data.get("status") != "authorized":
                    raise Rejected("key_refused", f"stream: {data.get('status')}")
                assert self._link is not None
                await self._link.send({"action": "listen", "data": {"streams": [CHANNEL]}})
            case "listening":
                await self._listening(data.get("streams") or ())
            case "trade_updates":
                self._told_at = self._clock.now()
                self._owed.pop(BrokerOrderId(data["order"]["id"]), None)
                self._tell(self._records.heard(data))

    async def _listening(self, streams: Sequence[str]) -> None:
        if CHANNEL not in streams or self._link is None:
            raise Transient("the stream does not bring orders")
        now = self._clock.now()
        if self._told_at is not None:
            with asking("what was missed"):
                self._tell(await self._records.changed(self._told_at - OVERLAP))
        self._told_at = now
        self._link.settle()
