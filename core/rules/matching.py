"""Orders against a book: what trades, at what price, and what ends. Pure; the paper broker and the simulator share it.

An order fills only when the book trades at or through it, and never more than the book shows: a book update offers
its sizes once, and the orders of a side share what the other side shows in price-time priority.

* A limit order that arrives marketable takes the book's better price; one that rested fills at its own price. A book
  that only touches the resting price counts as tradable there.
* Market orders, and limit orders with time in force IOC, are immediate-or-cancel: what the first book does not carry
  is cancelled.
* A sell stop triggers when bid <= stop_price, a buy stop when ask >= stop_price; take-profits are the mirror. Then
  they act as a limit order (with `price`) or at market. A triggered market order stays until it is filled, however
  small the book: it has a position to close.
* reduce_only is capped to the position and cancelled once there is nothing to reduce; one that waits for its level
  may come before the position that it is to protect, and is judged when it fires.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from core.values.market import Quote
from core.values.money import ZERO, Price, Quantity, floor_to
from core.values.orders import OrderType, Side

NO_LIQUIDITY = "no_liquidity"
NOTHING_TO_REDUCE = "nothing_to_reduce"


@dataclass(frozen=True, slots=True)
class Working:
    """What matching needs of an order. left: pieces still wanted. number: arrival, the time in price-time priority.

    immediate: what the first book does not carry is cancelled. rested: it has met a book as a live order, so from now
    on others come to it and it fills at its own price.
    """

    id: str
    number: int
    side: Side
    type: OrderType
    left: Quantity
    price: Price | None = None
    stop_price: Price | None = None
    reduce_only: bool = False
    immediate: bool = False
    triggered: bool = False
    rested: bool = False

    @property
    def waiting(self) -> bool:
        """A triggered type whose level has not traded yet."""
        return self.type.triggered and not self.triggered


@dataclass(frozen=True, slots=True)
class Execution:
    """`quantity` pieces of order `id` traded at `price`."""

    id: str
    side: Side
    quantity: Quantity
    price: Price


@dataclass(frozen=True, slots=True)
class Ended:
    """A cancelled order with what was left of it. reason: NO_LIQUIDITY or NOTHING_TO_REDUCE."""

    order: Working
    reason: str


@dataclass(frozen=True, slots=True)
class Matched:
    """working: orders that go on, as they are now. book: with what is left of its sizes. position: signed pieces."""

    fills: tuple[Execution, ...]
    working: tuple[Working, ...]
    ended: tuple[Ended, ...]
    book: Quote
    position: Quantity


def match(orders: Iterable[Working], book: Quote, position: Quantity, step: Quantity) -> Matched:
    """Let every order of one account and instrument meet `book`, which offers what its sizes say and no more.

    Calling it again with `Matched.book` changes nothing, so an arriving order is matched by passing it together with
    those that rest. step: fills are whole multiples of it.
    """
    live = {order.id: _trigger(order, book) for order in orders}
    fills: list[Execution] = []
    while True:  # a fill on one side can give reduce-only orders of the other something to reduce
        made: list[Execution] = []
        for side in (Side.SELL, Side.BUY):
            queue = sorted((o for o in live.values() if o.side is side and not o.waiting), key=_priority)
            if not queue:
                continue
            done, position, book = _trade(queue, book, position, step)
            made += done
        if not made:
            break
        fills += made
        for fill in made:
            order = live[fill.id]
            live[fill.id] = replace(order, left=Quantity(order.left - fill.quantity))
    going = [order for order in live.values() if order.left > 0]
    ended = [Ended(order, reason) for order in going if (reason := _end(order, position))]
    gone = {end.order.id for end in ended}
    working = tuple(_rest(order) for order in going if order.id not in gone)
    return Matched(tuple(fills), working, tuple(ended), book, position)


def reducible(side: Side, position: Decimal) -> Quantity:
    """How many pieces an order of `side` can take off a signed position."""
    return Quantity(max(ZERO, -position * side.sign))


def reached(order: Working, book: Quote) -> bool:
    """Whether the book trades at or through the level of a stop or take-profit."""
    level, best = order.stop_price, book.bid if order.side is Side.SELL else book.ask
    if level is None or best is None:
        return False
    falling = (order.side is Side.SELL) == (order.type is OrderType.STOP)
    return best <= level if falling else best >= level


def _trigger(order: Working, book: Quote) -> Working:
    return replace(order, triggered=True) if order.waiting and reached(order, book) else order


def _priority(order: Working) -> tuple[bool, Decimal, int]:
    """Market orders first, then the better price, then the earlier one."""
    if order.price is None:
        return False, ZERO, order.number
    return True, -order.price * order.side.sign, order.number


def _trade(
    queue: Sequence[Working], book: Quote, position: Quantity, step: Quantity
) -> tuple[list[Execution], Quantity, Quote]:
    """Let one side's live orders, best first and at least one, take what the other side shows."""
    selling = queue[0].side is Side.SELL
    best, size = (book.bid, book.bid_size) if selling else (book.ask, book.ask_size)
    fills: list[Execution] = []
    if best is None:
        return fills, position, book
    for order in queue:
        if order.price is not None and (best - order.price) * order.side.sign > 0:
            break
        wanted = min(order.left, reducible(order.side, position)) if order.reduce_only else order.left
        quantity = Quantity(floor_to(min(wanted, size), step))
        if quantity <= 0:
            continue
        price = order.price if order.rested and order.price is not None else best
        fills.append(Execution(order.id, order.side, quantity, price))
        size = Quantity(size - quantity)
        position = Quantity(position + quantity * order.side.sign)
    if fills:
        book = replace(book, bid_size=size) if selling else replace(book, ask_size=size)
    return fills, position, book


def _end(order: Working, position: Quantity) -> str:
    if order.reduce_only and not order.waiting and reducible(order.side, position) == 0:
        return NOTHING_TO_REDUCE
    return NO_LIQUIDITY if order.immediate else ""


def _rest(order: Working) -> Working:
    return order if order.rested or order.waiting else replace(order, rested=True)
