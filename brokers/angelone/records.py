"""What the venue knows of orders, told as tickets and fills.

It gives our id back as a tag alone, so orders of ours are remembered from before they are sent; of one that this
process has not met, the tag tells the desk.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from brokers.angelone import translate
from brokers.angelone.client import Client
from brokers.angelone.limits import DETAILS, ORDERS, TRADES
from brokers.angelone.listing import Catalogue
from brokers.angelone.session import INDIA
from brokers.angelone.shared import Shared
from brokers.angelone.translate import Row
from brokers.reading import UNREADABLE, number
from brokers.urgency import POLLING
from core.ports import Clock
from core.values.errors import Rejected
from core.values.fills import Fill
from core.values.ids import AccountName, FillId, OrderId
from core.values.orders import Order, OrderRequest, OrderState, OrderTicket, OrderType, TimeInForce

log = logging.getLogger(__name__)

T = TypeVar("T")
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
        self._left_out: dict[str, bool] = {}

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
        rows = self._each(await self._book(), lambda row: (row, self.read(row)))
        return [(row, told) for row, told in rows if told is not None and not told.state.final]

    async def fills_since(self, moment: datetime) -> list[Fill]:
        """The venue tells whole seconds."""
        await self._read_trades()
        first = moment.replace(microsecond=0)
        return sorted((fill for fill in self._fills.values() if fill.at >= first), key=lambda fill: fill.at)

    async def changes(self) -> tuple[list[Word], list[Row]]:
        """What is new since the last time, executions first; and every row of today that can be read. Where it raises,
        nothing of it counts as told."""
        book = self._each(await self._book(), lambda row: (row, self.read(row), self._changed(row)))
        fresh = [(row, told) for row, told, changed in book if changed]
        if any(number(row.get("filledshares")) for row, _ in fresh):
            await self._read_trades()
            fills = [fill for fill in self._fills.values() if fill.id not in self._told]
        else:
            fills = []
        tickets = [told for _, told in fresh if told is not None]
        rows = [row for row, _, _ in book]
        self._live -= {self._whose[str(row["orderid"])] for row in rows if translate.state(row).final}
        self._told |= {fill.id: True for fill in fills}
        self._said |= {told.broker_id: (told.state, told.filled) for told in tickets}
        for memory in (self._requests, self._whose, self._unique, self._said, self._fills, self._told, self._left_out):
            _trim(memory)
        return [*fills, *tickets], rows

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

    async def _book(self) -> list[Row]:
        """Orders of today, with at least a number."""
        return self._each(await self._orders.rows(), self._noted)

    def _noted(self, row: Row) -> Row:
        number, tag = str(row["orderid"]), translate.tag(row)
        known = self._requests.get(tag)
        self._whose[number] = known.id if known else translate.id_like(tag)
        if row.get("uniqueorderid"):
            self._unique[number] = str(row["uniqueorderid"])
        return row

    async def _read_trades(self) -> None:
        """Executions of today."""
        rows = await self._trades.rows()
        if any(_number(row) not in self._whose for row in rows):
            await self._book()
        self._fills |= {fill.id: fill for fill in self._each(rows, self._fill) if fill is not None}

    def _each(self, rows: Iterable[Row], read: Callable[[Row], T]) -> list[T]:
        """What each row says. One of others that cannot be read is left out: it must not hide what is ours. Raises one
        of UNREADABLE for one of ours."""
        said: list[T] = []
        for row in rows:
            try:
                said.append(read(row))
            except UNREADABLE as error:
                if self._ours(row):
                    raise
                self._leave_out(row, error)
        return said

    def _ours(self, row: object) -> bool:
        """By its tag; an execution has none, and is what its order is."""
        if not isinstance(row, Mapping):
            return False
        tag = translate.tag(row)
        return tag in self._requests or translate.id_like(tag) is not None or bool(self._whose.get(_number(row)))

    def _leave_out(self, row: Row, error: Exception) -> None:
        """Said once, not each second."""
        number = _number(row)
        if number not in self._left_out:
            self._left_out[number] = True
            log.warning("unreadable row", extra={"account": self._account, "number": number, "reason": repr(error)})

    def _fill(self, row: Row) -> Fill | None:
        instrument = self._catalogue.of_row(row)
        if instrument is None:
            return None
        whose = self._whose.get(str(row["orderid"]))
        return translate.fill(row, instrument, self._account, self._clock.now(), whose)

    def _changed(self, row: Row) -> bool:
        return self._said.get(str(row["orderid"])) != (translate.state(row), number(row.get("filledshares")))

    def _midnight(self) -> datetime:
        return self._clock.now().astimezone(INDIA).replace(hour=0, minute=0, second=0, microsecond=0)


def _number(row: object) -> str:
    """Of the order that a row is of; empty where it has none."""
    return str(row.get("orderid") or "") if isinstance(row, Mapping) else ""


def _trim(memory: dict[Any, Any]) -> None:
    while len(memory) > KEPT:
        del memory[next(iter(memory))]


def immediate(request: OrderRequest) -> bool:
    return request.type is OrderType.LIMIT and request.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL


def _promising(row: Row) -> tuple[bool, str]:
    """One that works before one that is over, a newer before an older."""
    return not translate.state(row).final, str(row["orderid"])
