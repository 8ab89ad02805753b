"""What the venue knows of orders, told as tickets and fills.

It gives our id back as a tag alone, so orders of ours are remembered from before they are sent; of one that this
process has not met, the tag tells the desk.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from brokers.angelone import translate
from brokers.angelone.client import Client
from brokers.angelone.limits import DETAILS, ORDERS, POLLING, TRADES
from brokers.angelone.listing import Catalogue
from brokers.angelone.session import INDIA
from brokers.angelone.shared import Shared
from brokers.angelone.translate import Row
from core.ports import Clock
from core.values.errors import Rejected
from core.values.fills import Fill
from core.values.ids import AccountName, FillId, OrderId
from core.values.orders import Order, OrderRequest, OrderState, OrderTicket, OrderType, TimeInForce

Word = OrderTicket | Fill
KEPT = 10_000
"""Orders and executions that are remembered; more in a day the venue does not take from one client."""


class Records:
    def __init__(self, client: Client, account: AccountName, catalogue: Catalogue, clock: Clock) -> None:
        self._client, self._account, self._catalogue, self._clock = client, account, catalogue, clock
        self._orders, self._trades = Shared(client, ORDERS), Shared(client, TRADES)
        self._requests: dict[str, OrderRequest] = {}
        self._live: set[OrderId | None] = set()
        self._whose: dict[str, OrderId | None] = {}
        self._unique: dict[str, str] = {}
        self._said: dict[str, tuple[OrderState, Decimal]] = {}
        self._fills: dict[FillId, Fill] = {}
        self._told: dict[FillId, bool] = {}

    @property
    def busy(self) -> bool:
        """Whether something of ours may change."""
        return bool(self._live)

    def remember(self, request: OrderRequest) -> None:
        """An order that is about to be sent, or that the journal calls unfinished."""
        self._requests[translate.tag_of(request.id)] = request
        self._live.add(request.id)

    def forget(self, order_id: OrderId) -> None:
        """The venue has it not, or it is over."""
        self._live.discard(order_id)

    def placed(self, request: OrderRequest, broker_id: str, unique: str) -> None:
        self._whose[broker_id] = request.id
        self._unique[broker_id] = unique

    # one order

    async def find(self, order: Order, urgency: int = POLLING) -> OrderTicket | None:
        """Raises Transient or Rejected."""
        row = await self.row(order, urgency)
        if row is not None:
            return self.read(row, order.request)
        self.forget(order.id)
        if order.broker_id is not None and order.at < self._midnight():
            return translate.of_another_day(order, order.broker_id)
        return None

    def number(self, order: Order) -> str | None:
        """The venue's, where it is known."""
        return order.broker_id or next((n for n, whose in self._whose.items() if whose == order.id), None)

    async def row(self, order: Order, urgency: int = POLLING) -> Row | None:
        """Of an order of ours, asked for by itself where its number is known, else looked up by its tag."""
        self.remember(order.request)
        number = self.number(order)
        row = await self._alone(number or "", urgency)
        if row is not None:
            return row
        tag = translate.tag_of(order.id)
        rows = [row for row in await self._book() if str(row["orderid"]) == number or translate.tag(row) == tag]
        return max(rows, key=_promising, default=None)

    async def _alone(self, number: str, urgency: int) -> Row | None:
        """None where the venue does not tell it by itself: what was kept over night has another number."""
        unique = self._unique.get(number)
        try:
            row: Row | None = await self._client.ask(DETAILS, None, urgency, key=unique) if unique else None
        except Rejected as no:
            if no.code != "unknown_order":
                raise
            del self._unique[number]
            return None
        return row

    def read(self, row: Row, request: OrderRequest | None = None) -> OrderTicket | None:
        """None for what is in something that the desk does not know."""
        request = request or self.request(row)
        instrument = self._catalogue.of_row(row)
        if instrument is None:
            return None
        return translate.ticket(row, instrument, self._clock.now(), request)

    # lists

    async def working(self) -> list[tuple[Row, OrderTicket]]:
        """Every order that is not over, foreign ones too."""
        rows = ((row, self.read(row)) for row in await self._book())
        return [(row, told) for row, told in rows if told is not None and not told.state.final]

    async def fills_since(self, moment: datetime) -> list[Fill]:
        """The venue tells whole seconds."""
        await self._read_trades()
        first = moment.replace(microsecond=0)
        return sorted((fill for fill in self._fills.values() if fill.at >= first), key=lambda fill: fill.at)

    async def changes(self) -> tuple[list[Word], list[Row]]:
        """What is new since the last time, executions first; and every row of today."""
        rows = await self._book()
        fresh = [row for row in rows if self._changed(row)]
        traded = any(translate.number(row.get("filledshares")) for row in fresh)
        words: list[Word] = [*await self._news()] if traded else []
        for row in fresh:
            told = self.read(row)
            if told is not None:
                self._said[told.broker_id] = (told.state, told.filled)
                words.append(told)
        self._live -= {self._whose[str(row["orderid"])] for row in rows if translate.state(row).final}
        for memory in (self._requests, self._whose, self._unique, self._said, self._fills, self._told):
            _trim(memory)
        return words, list(rows)

    def request(self, row: Row) -> OrderRequest | None:
        return self._requests.get(translate.tag(row))

    def must_not_rest(self, row: Row) -> bool:
        """An order of ours that was meant to be over at once, or that the venue keeps for another day. A stop may wait
        for the morning: orders end with the day, and what is held over night is protected when the market opens."""
        request = self.request(row)
        if request is None or translate.state(row).final:
            return False
        return immediate(request) or (translate.after_hours(row) and not request.type.triggered)

    # inside

    async def _book(self) -> Sequence[Row]:
        rows = await self._orders.rows()
        for row in rows:
            number, tag = str(row["orderid"]), translate.tag(row)
            known = self._requests.get(tag)
            self._whose[number] = known.id if known else translate.id_like(tag)
            if row.get("uniqueorderid"):
                self._unique[number] = str(row["uniqueorderid"])
        return rows

    async def _read_trades(self) -> None:
        """Executions of today."""
        rows = await self._trades.rows()
        if any(str(row["orderid"]) not in self._whose for row in rows):
            await self._book()
        self._fills |= {fill.id: fill for row in rows if (fill := self._fill(row)) is not None}

    async def _news(self) -> list[Fill]:
        """Executions that were not told yet."""
        await self._read_trades()
        fresh = [fill for fill in self._fills.values() if fill.id not in self._told]
        self._told |= {fill.id: True for fill in fresh}
        return fresh

    def _fill(self, row: Row) -> Fill | None:
        instrument = self._catalogue.of_row(row)
        if instrument is None:
            return None
        whose = self._whose.get(str(row["orderid"]))
        return translate.fill(row, instrument, self._account, self._clock.now(), whose)

    def _changed(self, row: Row) -> bool:
        return self._said.get(str(row["orderid"])) != (translate.state(row), translate.number(row.get("filledshares")))

    def _midnight(self) -> datetime:
        return self._clock.now().astimezone(INDIA).replace(hour=0, minute=0, second=0, microsecond=0)


def _trim(memory: dict[Any, Any]) -> None:
    while len(memory) > KEPT:
        del memory[next(iter(memory))]


def immediate(request: OrderRequest) -> bool:
    return request.type is OrderType.LIMIT and request.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL


def _promising(row: Row) -> tuple[bool, str]:
    """One that works before one that is over, a newer before an older."""
    return not translate.state(row).final, str(row["orderid"])
