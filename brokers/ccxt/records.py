"""Whose orders and executions are whose. Fills are known by the venue's number of the trade, orders by our own id."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from brokers.ccxt import translate
from brokers.ccxt.client import Client
from brokers.ccxt.dialect import Name
from brokers.ccxt.listing import Catalogue
from brokers.ccxt.translate import Row
from core.ports import Clock
from core.values.fills import Fill
from core.values.ids import AccountName, BrokerOrderId, OrderId, desk_of
from core.values.instrument import Instrument
from core.values.money import Price
from core.values.orders import Order, OrderRequest, OrderRole, OrderState, OrderTicket, Side

SEEN = 10_000
"""Executions and orders that are kept in mind."""
WAITED = timedelta(minutes=1)
"""So long an execution of a stop that rode on an entry waits for the desk's own stop."""


@dataclass(slots=True)
class Known:
    """One of ours that may still work. id: the venue's, once it is known."""

    request: OrderRequest
    at: datetime
    id: str = ""


class Records:
    """Orders of ours are remembered from before they are sent until they are over."""

    def __init__(self, client: Client, account: AccountName, catalogue: Catalogue, clock: Clock) -> None:
        self._client, self._account, self._catalogue, self._clock = client, account, catalogue, clock
        self.live: dict[OrderId, Known] = {}
        self.told: dict[str, None] = {}
        """Ids of the fills that were told, oldest first."""
        self._traded: dict[str, None] = {}
        self.carried: dict[tuple[str, Side], set[Price]] = {}
        """Ticker and side of stops that went out with an entry of ours -> their levels. Others' are left alone."""
        self._ridden: dict[tuple[str, Side], str] = {}
        self._owners: dict[str, OrderId | None] = {}
        """The venue's id of an order -> ours; None for a stranger's."""

    def remember(self, request: OrderRequest, at: datetime, broker_id: str | None = None) -> None:
        known = self.live.setdefault(request.id, Known(request, at))
        self._traded[request.ticker.upper()] = None
        if broker_id:
            known.id = known.id or broker_id
            self.own(broker_id, request.id)

    def forget(self, order_id: OrderId) -> None:
        """The venue has it not, or no more."""
        self.live.pop(order_id, None)

    def carry(self, request: OrderRequest) -> None:
        """An entry whose stop goes out with it; or, after a restart, a stop that may still have one beside it."""
        entering = request.role is OrderRole.ENTRY
        level = (request.plan.stop if request.plan else None) if entering else request.stop_price
        if level is not None and request.role in {OrderRole.ENTRY, OrderRole.STOP}:
            side = request.side.opposite if entering else request.side
            self.carried.setdefault((request.ticker.upper(), side), set()).add(level)

    def own(self, broker_id: str, order_id: OrderId | None) -> None:
        """An order of the venue is this one of ours, or what it became."""
        self._owners[broker_id] = order_id
        _bound(self._owners)

    def traded(self) -> list[Instrument]:
        """Whatever orders of ours may have been executed in, listed still or not."""
        return [found for found in self._catalogue.by_symbol.values() if found.ticker in self._traded]

    # one order

    async def find(self, order: Order) -> OrderTicket | None:
        """By our id, or by the venue's where the order is nobody's of ours. Raises Transient or Rejected."""
        listed = self._catalogue.known(order.request.ticker)
        row = await self._client.dialect.find(self._client, listed, name_of(order))
        if row is None:
            self.forget(order.id)
            return None
        if child := self._client.dialect.child(row):
            self.own(child, order.id)
        return self._as(order.request, self.read(row, listed))

    def _as(self, request: OrderRequest, ticket: OrderTicket) -> OrderTicket:
        """What the venue says of one order, in the words in which we asked for it."""
        self.own(ticket.broker_id, request.id)
        self.remember(request, ticket.at, ticket.broker_id)
        broker_id = BrokerOrderId(self.live[request.id].id)
        if ticket.state.final:
            self.forget(request.id)
        return replace(
            ticket,
            order_id=request.id,
            broker_id=broker_id,
            type=request.type,
            price=request.price,
            stop_price=request.stop_price,
            expires_at=request.expires_at,
        )

    def ours(self, request: OrderRequest, row: Row, listed: Instrument) -> OrderTicket:
        """Of the answer to our own request."""
        return self._as(request, self.read(row, listed))

    def read(self, row: Row, listed: Instrument) -> OrderTicket:
        return translate.ticket(row, listed, self._client.dialect.kind(row), self._clock.now())

    # lists and the stream

    def tickets(self, rows: Iterable[Row]) -> list[OrderTicket]:
        """Of orders as the venue lists or streams them, ours and others'."""
        found = []
        for row in map(self._client.dialect.mend, rows):
            listed = self._catalogue.by_symbol.get(str(row.get("symbol")))
            if listed is None or row.get("amount") is None:
                continue
            if (child := self._client.dialect.child(row)) and (ours := translate.decode(row.get("clientOrderId"))):
                self.own(child, ours)
            if self._client.dialect.speaks(row):
                found.append(self._ours(self.read(row, listed)))
        return found

    def _ours(self, ticket: OrderTicket) -> OrderTicket:
        owner = ticket.order_id or self._owners.get(ticket.broker_id)
        known = self.live.get(owner) if owner else None
        if known is not None:
            return self._as(known.request, ticket)
        if owner is not None:
            self.own(ticket.broker_id, owner)
        return replace(ticket, order_id=owner)

    async def fills(self, rows: Sequence[Row]) -> list[Fill]:
        """Oldest first. Raises Transient where the owner of one cannot be asked for."""
        found = []
        for row in map(self._client.dialect.mend, rows):
            listed = self._catalogue.by_symbol.get(str(row.get("symbol")))
            if listed is not None:
                owner = await self._owner(row, listed)
                if owner is None and self._held_back(row):
                    continue
                found.append(translate.fill(row, listed, self._account, owner, self._named(owner)))
        return sorted(found, key=lambda fill: fill.at)

    def _held_back(self, row: Row) -> bool:
        """Until the desk's own stop asks for it, or it is clear that none will."""
        at = translate.time(row.get("timestamp"))
        fresh = at is not None and self._clock.now() - at < WAITED
        return fresh and str(row.get("order")) in self._ridden.values()

    def _named(self, owner: OrderId | None) -> BrokerOrderId | None:
        """A stop keeps the id that it was placed under, whatever order the venue made of it."""
        known = self.live.get(owner) if owner else None
        return BrokerOrderId(known.id) if known and known.id else None

    def stands(self, entry: OrderRequest) -> bool:
        """Whether a stop of this entry's trade was taken by the venue, and is large enough."""
        return any(
            known.id
            and known.request.role is OrderRole.STOP
            and known.request.intent == entry.intent
            and known.request.ticker == entry.ticker
            and known.request.side is not entry.side
            and known.request.quantity >= entry.quantity
            for known in self.live.values()
        )

    def ridden(self, ticker: str, side: Side) -> str | None:
        """The stop that came with an entry and has fired, while the desk's own did not stand yet; told once."""
        return self._ridden.pop((ticker, side), None)

    def _rode(self, row: Row, listed: Instrument) -> OrderId | None:
        """Whose stop it was that fired; None while the desk has placed none."""
        side, broker_id = Side(row["side"]), str(row["order"])
        if (listed.ticker, side) not in self.carried:
            return None
        for order_id, known in self.live.items():
            request, taken = known.request, bool(known.id)
            here = request.side is side and request.ticker.upper() == listed.ticker
            if taken and here and request.role is OrderRole.STOP:
                self.own(broker_id, order_id)
                return order_id
        self._ridden[listed.ticker, side] = broker_id
        return None

    async def _owner(self, row: Row, listed: Instrument) -> OrderId | None:
        """The venue names our id in some executions; else it is asked for the order, once."""
        broker_id = str(row.get("order") or "")
        if ours := translate.decode(self._client.dialect.link(row)):
            self.own(broker_id, ours)
        if broker_id not in self._owners:
            found = await self._order_of(row, listed, broker_id)
            if found is not None and self._client.dialect.rider(found):
                return self._rode(row, listed)
            ours = translate.decode(self._client.dialect.link(found)) if found else None
            if ours is None:
                await self._learn(Side(row["side"]), listed)
            self._owners.setdefault(broker_id, ours)
        return self._owners.get(broker_id)

    async def _order_of(self, row: Row, listed: Instrument, broker_id: str) -> Row | None:
        """The order of an execution, which may say itself what it is of."""
        if self._client.dialect.rider(row):
            return row
        return await self._client.dialect.find(self._client, listed, Name(broker_id, ours=False))

    async def _learn(self, side: Side, listed: Instrument) -> None:
        """A stranger's order may be what a triggered one of ours has become: those that could be it are asked."""
        for known in list(self.live.values()):
            request = known.request
            if request.type.triggered and request.side is side and request.ticker.upper() == listed.ticker:
                await self.find(sent(request, known.at))

    def news(self, fills: Iterable[Fill]) -> list[Fill]:
        """Those that were not told before."""
        fresh = [fill for fill in fills if fill.id not in self.told]
        self.told.update(dict.fromkeys(fill.id for fill in fresh))
        _bound(self.told)
        return fresh


def name_of(order: Order) -> Name:
    """By which id the venue is asked: what was placed elsewhere has only the venue's own."""
    triggered = order.request.type.triggered
    if order.broker_id is not None and desk_of(order.id) is None:
        return Name(order.broker_id, ours=False, triggered=triggered)
    return Name(translate.encode(order.id), triggered=triggered)


def sent(request: OrderRequest, at: datetime) -> Order:
    """An order of which no more is known than that it left."""
    return Order(request, OrderState.SENT, at, at)


def _bound(kept: dict[str, object] | dict[str, None] | dict[str, OrderId | None]) -> None:
    while len(kept) > SEEN:
        del kept[next(iter(kept))]
