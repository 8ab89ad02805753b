"""What a broker's contract is tested with: a market that a test can move, and a desk that speaks in ticks."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Protocol

from core.ports import Broker, Clock
from core.values.fills import Fill
from core.values.ids import DeskId, IntentId, OrderId, derive_id
from core.values.instrument import Instrument
from core.values.money import Price, Quantity
from core.values.orders import (
    ApprovedOrder,
    Cause,
    CauseKind,
    Order,
    OrderRequest,
    OrderRole,
    OrderState,
    OrderTicket,
    OrderType,
    Purpose,
    Side,
)

DESK = DeskId(7)
DEEP = 1000


class Harness(Protocol):
    """broker: started, flat, with room for a few thousand steps. price: a price on the tick around which to trade."""

    @property
    def broker(self) -> Broker: ...
    @property
    def instrument(self) -> Instrument: ...
    @property
    def price(self) -> Decimal: ...
    @property
    def clock(self) -> Clock: ...

    async def set_book(self, bid: Decimal, ask: Decimal, bid_size: Decimal, ask_size: Decimal) -> None:
        """Return once the venue has this book and has matched against it."""

    async def settled(self) -> None:
        """Return once the reader of `broker.events()` has dealt with all that happened."""

    def script(self, fault: str, count: int = 1) -> None:
        """Fault names of brokers.paper.faults, met by the next placings."""

    async def close_market(self) -> None:
        """From now on the venue takes no orders."""


@dataclass
class Desk:
    """Speaks in ticks around the harness price and in whole steps, and keeps what the stream told."""

    on: Harness
    told: list[OrderTicket | Fill] = field(default_factory=list)
    _ids: count[int] = field(default_factory=count)

    def at(self, ticks: int) -> Price:
        return Price(self.on.price + ticks * self.on.instrument.tick)

    def pieces(self, steps: int) -> Quantity:
        return Quantity(steps * self.on.instrument.step)

    async def book(self, bid: int, ask: int, bid_size: int = DEEP, ask_size: int = DEEP) -> None:
        await self.on.set_book(self.at(bid), self.at(ask), self.pieces(bid_size), self.pieces(ask_size))

    def request(
        self, side: Side, steps: int, price: int | None, type_: OrderType = OrderType.LIMIT, stop: int | None = None
    ) -> OrderRequest:
        name = str(next(self._ids))
        return OrderRequest(
            id=OrderId(derive_id(DESK, "contract", name)),
            intent=IntentId(name),
            account=self.on.broker.account,
            ticker=self.on.instrument.ticker,
            side=side,
            type=type_,
            quantity=self.pieces(steps),
            role=OrderRole.STOP if type_.triggered else OrderRole.ENTRY,
            purpose=Purpose.ENTRY,
            because=(Cause(CauseKind.PERSON, "contract"),),
            price=None if price is None else self.at(price),
            stop_price=None if stop is None else self.at(stop),
            reduce_only=type_.triggered,  # as the core asks it, also of venues that know no such flag
        )

    async def send(self, request: OrderRequest) -> OrderTicket:
        return await self.on.broker.place(ApprovedOrder(request, self.on.clock.now()))

    async def buy(self, steps: int, price: int) -> tuple[Order, OrderTicket]:
        request = self.request(Side.BUY, steps, price)
        ticket = await self.send(request)
        return self.journalled(request, ticket), ticket

    def journalled(self, request: OrderRequest, ticket: OrderTicket | None = None) -> Order:
        now = self.on.clock.now()
        return Order(request, OrderState.SENT, now, now, broker_id=ticket.broker_id if ticket else None)

    async def find(self, order: Order) -> OrderTicket:
        ticket = await self.on.broker.find(order)
        assert ticket is not None
        return ticket

    async def stream(self) -> list[OrderTicket | Fill]:
        await self.on.settled()
        return self.told
