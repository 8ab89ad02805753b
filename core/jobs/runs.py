"""One run of a strategy: what it sees and wants, the order it asks for, and what its orders came to."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from core.ports.strategies import Bid, Environment, Strategy, Update
from core.rules.aims import away
from core.rules.exits import round_plan
from core.values.ids import DeskId, IntentId, OrderId, derive_id
from core.values.instrument import Instrument
from core.values.market import Quote
from core.values.money import NO_QUANTITY, ZERO, Price, Quantity, plain
from core.values.orders import ExitPlan, Key, Order, OrderRequest, OrderRole, OrderType, Purpose, Side, TimeInForce
from core.values.tasks import Task, causes

BATCH = 10


@dataclass(slots=True)
class Run:
    """One try at a task. entries: how many it has made. waiting: prices it has not seen; held: what it held since it
    last looked, pieces and what they cost, as that changed. moved: its orders or position did. tried: the last wish
    that was sent. why: what ended it, other than the strategy."""

    key: Key
    instrument: Instrument
    strategy: Strategy
    env: Environment
    entries: int
    waiting: deque[Update] = field(default_factory=lambda: deque(maxlen=BATCH))
    held: list[tuple[Quantity, Price | None]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    moved: bool = True
    tried: Bid | None = None
    why: str = ""

    def holds(self, pieces: Quantity, average: Price | None) -> None:
        known = self.held[-1] if self.held else (self.env.held, self.env.average)
        if known != (pieces, average):
            self.held.append((pieces, average))

    def ask(self) -> None:
        """Of the last price."""
        if self.strategy.bought:
            self.strategy.sell_logic()
        else:
            self.strategy.buy_logic()

    def crossed(self) -> bool:
        """Whether a price that waits is at or through an order of its own: a fill may be on its way."""
        env, bid = self.env, None if self.env.held else self.env.bid
        sold = env.offer is not None and any(update.price >= env.offer for update in self.waiting)
        return sold or (bid is not None and any(update.price <= bid.price for update in self.waiting))

    def waits_for(self) -> str:
        env = self.env
        if env.held:
            return "stop" if env.offer is None else f"offer {plain(env.offer)}"
        return "price" if env.bid is None else f"fill {plain(env.bid.price)}"


def entry(run: Run, task: Task, bid: Bid, desk_id: DeskId) -> OrderRequest:
    """The order of a wish, its protection with it. Each has an intent of its own."""
    side = Side.BUY
    stop = None if bid.rule.stop is None else Price(away(bid.price, -bid.rule.stop, side))
    plan = round_plan(ExitPlan(stop=stop, rule=bid.rule), side, run.instrument)
    cause = derive_id(desk_id, "entry", task.id, str(run.entries))
    return OrderRequest(
        id=OrderId(cause),
        intent=IntentId(cause),
        account=run.key[0],
        ticker=run.instrument.ticker,
        side=side,
        type=OrderType.LIMIT,
        quantity=bid.quantity,
        role=OrderRole.ENTRY,
        purpose=Purpose.ENTRY,
        because=causes(task),
        book=run.key[2],
        price=bid.price,
        time_in_force=TimeInForce.DAY,
        plan=plan,
        arrival=run.env.last.price,
        owner=task.owner,
    )


def counted(task: Task, orders: Sequence[Order], instrument: Instrument) -> Task:
    """What its orders came to: pieces bought and their price; profit before fees once all is sold."""
    bought = [order for order in orders if order.request.role is OrderRole.ENTRY]
    pieces, value = _sum(bought)
    sold, gained = _sum(order for order in orders if order.request.role is not OrderRole.ENTRY)
    told = dict(task.checkpoint)
    if pieces and pieces == sold:
        told["profit"] = plain((gained - value) * instrument.point_value)
    asked = bought[-1].request.quantity if bought else NO_QUANTITY
    average = Price(value / pieces) if pieces else None
    return replace(task, asked=asked, done=Quantity(pieces), average_price=average, checkpoint=told)


def update_of(quote: Quote) -> Update | None:
    """The last trade; where none is told, the middle of the book. None while there is neither."""
    price = quote.last
    if price is None and quote.bid is not None and quote.ask is not None:
        price = Price((quote.bid + quote.ask) / 2)
    return None if price is None else Update(quote.at, price, quote.bid, quote.ask)


def _sum(orders: Iterable[Order]) -> tuple[Decimal, Decimal]:
    """Pieces, and pieces times price."""
    pieces = value = ZERO
    for order in orders:
        pieces += order.filled
        value += order.filled * (order.average_price or ZERO)
    return pieces, value
