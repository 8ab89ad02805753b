"""Orders against a book: the cases by hand, and what holds for all of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.rules.matching import Matched, Working, match, reached
from core.values.market import Quote
from core.values.money import NO_QUANTITY, Price, Quantity
from core.values.orders import OrderType, Side

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
BUY, SELL = Side.BUY, Side.SELL
FLAT = NO_QUANTITY
STEP = Quantity(Decimal(10))


def q(value: int) -> Quantity:
    return Quantity(Decimal(value))


def p(value: int | None) -> Price | None:
    return None if value is None else Price(Decimal(value))


def book(bid: int | None, ask: int | None, bid_size: int = 1000, ask_size: int = 1000) -> Quote:
    return Quote("SBER", NOON, p(bid), p(ask), q(bid_size), q(ask_size))


def limit(name: str, side: Side, left: int, price: int, number: int = 0, *, rested: bool = True) -> Working:
    return Working(name, number, side, OrderType.LIMIT, q(left), p(price), rested=rested)


def triggered(kind: OrderType, side: Side, level: int, left: int = 50, price: int | None = None) -> Working:
    return Working("s", 0, side, kind, q(left), p(price), p(level))


def trades(matched: Matched) -> list[tuple[str, int, int]]:
    return [(fill.id, int(fill.quantity), int(fill.price)) for fill in matched.fills]


def test_a_touch_is_tradable() -> None:
    """The ask reaching exactly the bid's price fills it; one tick above does not."""
    order = limit("a", BUY, 50, 100)
    assert trades(match([order], book(99, 100), FLAT, STEP)) == [("a", 50, 100)]
    assert trades(match([order], book(99, 101), FLAT, STEP)) == []


def test_a_resting_order_fills_at_its_own_price() -> None:
    """The book gapped through it: others came to the order, not the order to them."""
    assert trades(match([limit("a", BUY, 50, 100)], book(94, 95), FLAT, STEP)) == [("a", 50, 100)]
    assert trades(match([limit("a", SELL, 50, 100)], book(105, 106), FLAT, STEP)) == [("a", 50, 100)]


def test_an_arriving_order_takes_the_better_price_once() -> None:
    """Marketable on arrival it pays the book's price; what rests of it fills at its own from then on."""
    first = match([limit("a", BUY, 50, 100, rested=False)], book(94, 95, ask_size=20), FLAT, STEP)
    second = match(first.working, book(94, 95), first.position, STEP)
    assert trades(first) == [("a", 20, 95)]
    assert trades(second) == [("a", 30, 100)]


def test_size_goes_to_the_better_price_then_to_the_earlier_order() -> None:
    """Sixty on offer: the best bid first, then first come."""
    orders = [limit("late", BUY, 20, 100, 2), limit("best", BUY, 30, 101, 3), limit("early", BUY, 20, 100, 1)]
    matched = match(orders, book(98, 99, ask_size=60), FLAT, STEP)
    assert trades(matched) == [("best", 30, 101), ("early", 20, 100), ("late", 10, 100)]
    assert matched.book.ask_size == 0


def test_each_side_of_the_book_has_its_own_size() -> None:
    """What sellers take of the bid leaves the ask alone."""
    orders = [limit("s", SELL, 30, 100), Working("b", 1, BUY, OrderType.MARKET, q(20), immediate=True)]
    matched = match(orders, book(100, 101, 30, 20), FLAT, STEP)
    assert sorted(trades(matched)) == [("b", 20, 101), ("s", 30, 100)]


def test_an_empty_side_trades_nothing() -> None:
    """Without an ask nothing is bought, whatever the price."""
    assert trades(match([limit("a", BUY, 50, 100)], book(99, None), FLAT, STEP)) == []


def test_odd_sizes_fill_whole_steps() -> None:
    """A book of 25 carries two steps of ten."""
    matched = match([limit("a", BUY, 50, 100)], book(99, 100, ask_size=25), FLAT, STEP)
    assert trades(matched) == [("a", 20, 100)]


@pytest.mark.parametrize(
    ("kind", "side", "bid", "ask", "fires"),
    [
        (OrderType.STOP, SELL, 101, 102, False),
        (OrderType.STOP, SELL, 100, 101, True),
        (OrderType.STOP, BUY, 98, 99, False),
        (OrderType.STOP, BUY, 99, 100, True),
        (OrderType.TAKE_PROFIT, SELL, 99, 100, False),
        (OrderType.TAKE_PROFIT, SELL, 100, 101, True),
        (OrderType.TAKE_PROFIT, BUY, 100, 101, False),
        (OrderType.TAKE_PROFIT, BUY, 99, 100, True),
        (OrderType.STOP, SELL, None, 90, False),
    ],
)
def test_levels_fire_on_the_side_they_would_trade(
    kind: OrderType, side: Side, bid: int | None, ask: int | None, *, fires: bool
) -> None:
    """A level of 100: sells look at the bid, buys at the ask, touching it is reaching it."""
    assert reached(triggered(kind, side, 100), book(bid, ask)) is fires


def test_a_fired_level_with_a_price_is_a_limit_order() -> None:
    """It takes the better book at once, and rests at its price where the book is worse."""
    near = match([triggered(OrderType.TAKE_PROFIT, BUY, 100, price=100)], book(98, 99), FLAT, STEP)
    far = match([triggered(OrderType.STOP, SELL, 100, price=99)], book(98, 99), FLAT, STEP)
    assert trades(near) == [("s", 50, 99)]
    assert trades(far) == []
    assert [order.waiting for order in far.working] == [False]


def test_a_fired_level_stays_fired() -> None:
    """A market stop that met a small book goes on closing though the price came back."""
    first = match([triggered(OrderType.STOP, SELL, 100)], book(100, 101, bid_size=20), q(50), STEP)
    second = match(first.working, book(105, 106), first.position, STEP)
    assert trades(first) == [("s", 20, 100)]
    assert trades(second) == [("s", 30, 105)]


def test_reduce_only_is_capped_and_then_over() -> None:
    """Of fifty to sell, thirty are held: thirty trade and the order ends."""
    order = Working("x", 0, SELL, OrderType.MARKET, q(50), reduce_only=True, immediate=True)
    matched = match([order], book(100, 101), q(30), STEP)
    assert trades(matched) == [("x", 30, 100)]
    assert [(int(ended.order.left), ended.reason) for ended in matched.ended] == [(20, "nothing_to_reduce")]


def test_reduce_only_on_the_wrong_side_ends_untraded() -> None:
    """Selling cannot reduce a short position."""
    order = replace(limit("x", SELL, 50, 100), reduce_only=True)
    matched = match([order], book(100, 101), q(-30), STEP)
    assert (matched.fills, len(matched.ended)) == ((), 1)


def test_a_waiting_exit_may_come_before_its_position() -> None:
    """Placed while flat it waits, sees the entry fill, and closes it when its level trades."""
    stop = replace(triggered(OrderType.STOP, SELL, 90, left=30), reduce_only=True)
    early = match([stop], book(100, 101), FLAT, STEP)
    entered = match([*early.working, limit("e", BUY, 30, 101)], book(100, 101), FLAT, STEP)
    assert trades(entered) == [("e", 30, 101)]
    assert trades(match(entered.working, book(89, 90), entered.position, STEP)) == [("s", 30, 89)]


def test_an_exit_that_fires_too_late_ends() -> None:
    """The target closed the position before: the stop waits on, and is over when its level trades."""
    stop = replace(triggered(OrderType.STOP, SELL, 90, left=30), reduce_only=True)
    closed = match([stop, limit("t", SELL, 30, 100)], book(100, 101), q(30), STEP)
    late = match(closed.working, book(89, 90), closed.position, STEP)
    assert (trades(late), [ended.reason for ended in late.ended]) == ([], ["nothing_to_reduce"])


def test_an_immediate_order_does_not_rest() -> None:
    """What the first book does not carry is cancelled."""
    order = replace(limit("x", BUY, 50, 100, rested=False), immediate=True)
    matched = match([order], book(99, 100, ask_size=20), FLAT, STEP)
    assert (trades(matched), matched.working) == ([("x", 20, 100)], ())
    assert [ended.reason for ended in matched.ended] == ["no_liquidity"]


# ------------------------------------------------------------------------------------------- what always holds


sides = st.sampled_from(Side)
pieces = st.integers(1, 30).map(lambda steps: q(10 * steps))
prices = st.integers(95, 105).map(lambda value: Price(Decimal(value)))


@st.composite
def orders_of(draw: st.DrawFn) -> list[Working]:
    made = []
    for number in range(draw(st.integers(0, 8))):
        kind = draw(st.sampled_from(OrderType))
        priced = kind is OrderType.LIMIT or (kind.triggered and draw(st.booleans()))
        order = Working(
            id=str(number),
            number=number,
            side=draw(sides),
            type=kind,
            left=draw(pieces),
            price=draw(prices) if priced else None,
            stop_price=draw(prices) if kind.triggered else None,
            reduce_only=draw(st.booleans()),
            immediate=kind is OrderType.MARKET,
            rested=kind is OrderType.LIMIT and draw(st.booleans()),
        )
        made.append(order)
    return made


@st.composite
def books(draw: st.DrawFn) -> Quote:
    bid = draw(st.integers(95, 104))
    sizes = st.integers(0, 400)
    return book(bid, bid + draw(st.integers(1, 3)), draw(sizes), draw(sizes))


positions = st.integers(-30, 30).map(lambda steps: q(10 * steps))


@settings(max_examples=200, deadline=None)
@given(orders_of(), books(), positions)
def test_nothing_trades_that_is_not_there(orders: list[Working], quote: Quote, position: Quantity) -> None:
    """Never beyond the book's size, never beyond the order, and every piece is filled, working or ended."""
    matched = match(orders, quote, position, STEP)
    for side, size, rest in (
        (BUY, quote.ask_size, matched.book.ask_size),
        (SELL, quote.bid_size, matched.book.bid_size),
    ):
        assert sum(fill.quantity for fill in matched.fills if fill.side is side) == size - rest <= size
    filled: Counter[str] = Counter()
    for fill in matched.fills:
        assert fill.quantity > 0
        assert fill.quantity % STEP == 0
        filled[fill.id] += int(fill.quantity)
    left = {order.id: order.left for order in (*matched.working, *(ended.order for ended in matched.ended))}
    assert all(filled[order.id] + left.get(order.id, 0) == order.left for order in orders)


@settings(max_examples=200, deadline=None)
@given(orders_of(), books(), positions)
def test_no_price_is_worse_than_asked(orders: list[Working], quote: Quote, position: Quantity) -> None:
    """A buyer never pays more than the limit, a seller never gets less, and no level fires before it is reached."""
    by_id = {order.id: order for order in orders}
    for fill in match(orders, quote, position, STEP).fills:
        order = by_id[fill.id]
        assert order.price is None or (fill.price - order.price) * order.side.sign <= 0
        assert not order.type.triggered or reached(order, quote)


@settings(max_examples=200, deadline=None)
@given(orders_of(), books(), positions)
def test_the_sum_of_fills_is_the_position(orders: list[Working], quote: Quote, position: Quantity) -> None:
    """Signed fills on the position before make the position after."""
    matched = match(orders, quote, position, STEP)
    assert position + sum(fill.quantity * fill.side.sign for fill in matched.fills) == matched.position


@settings(max_examples=200, deadline=None)
@given(orders_of(), st.lists(books(), min_size=1, max_size=4), positions)
def test_reduce_only_never_flips(orders: list[Working], quotes: list[Quote], position: Quantity) -> None:
    """Through any books, exits alone take a position towards zero and never across it."""
    working = tuple(replace(order, reduce_only=True) for order in orders)
    for quote in quotes:
        matched = match(working, quote, position, STEP)
        assert abs(matched.position) <= abs(position)
        assert matched.position * position >= 0
        position, working = matched.position, matched.working
        assert all(order.waiting or order.side.sign * position < 0 for order in working)


@settings(max_examples=200, deadline=None)
@given(orders_of(), books(), positions)
def test_a_book_is_good_for_one_meeting(orders: list[Working], quote: Quote, position: Quantity) -> None:
    """What is left after a match holds nothing for the same orders."""
    once = match(orders, quote, position, STEP)
    again = match(once.working, once.book, once.position, STEP)
    assert (again.fills, again.ended, again.working) == ((), (), once.working)
