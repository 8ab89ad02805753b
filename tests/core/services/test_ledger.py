"""What a broker says of orders, in whatever order and however often it says it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import ManualClock
from core.services.ledger import Ledger
from core.values.fills import Fill
from core.values.ids import AccountName, BrokerOrderId, FillId, IntentId, OrderId
from core.values.money import Price, Quantity
from core.values.orders import (
    ALERTS,
    BY_HAND,
    ExitPlan,
    Order,
    OrderRequest,
    OrderRole,
    OrderState,
    OrderTicket,
    OrderType,
    Purpose,
    Side,
)
from storage.sqlite import open_store
from storage.sqlite.store import SqliteStore

D = Decimal
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
ACCOUNT = AccountName("Testing")
KEY = (ACCOUNT, "SBER", ALERTS)
REQUEST = OrderRequest(
    id=OrderId("entry"),
    intent=IntentId("i"),
    account=ACCOUNT,
    ticker="SBER",
    side=Side.BUY,
    type=OrderType.LIMIT,
    quantity=Quantity(D(30)),
    role=OrderRole.ENTRY,
    purpose=Purpose.ENTRY,
    because=(),
    book=ALERTS,
    price=Price(D(100)),
    plan=ExitPlan(Price(D(90))),
)
Word = OrderTicket | Fill


def fill(number: int, quantity: int, at: str = "100", **fields: Any) -> Fill:
    known = {"order_id": REQUEST.id, "broker_id": BrokerOrderId("B1"), "side": Side.BUY}
    return Fill(
        id=FillId(f"F{number}"),
        account=ACCOUNT,
        ticker="SBER",
        quantity=Quantity(D(quantity)),
        price=Price(D(at)),
        fee=D(0),
        at=NOW + timedelta(seconds=number),
        **(known | fields),
    )


def ticket(state: OrderState, filled: int = 0) -> OrderTicket:
    return OrderTicket(
        order_id=REQUEST.id,
        broker_id=BrokerOrderId("B1"),
        ticker="SBER",
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=REQUEST.quantity,
        state=state,
        at=NOW,
        filled=Quantity(D(filled)),
    )


@asynccontextmanager
async def opened(directory: Path) -> AsyncIterator[tuple[Ledger, SqliteStore]]:
    """A ledger with one order on its way to the broker."""
    clock = ManualClock(NOW)
    store = await open_store(directory / "desk.sqlite3", clock)
    ledger = Ledger(store, store.desk_id, clock)
    await ledger.make([Order(REQUEST, OrderState.INTENDED, NOW, NOW)])
    await ledger.move(replace(ledger.orders[REQUEST.id], state=OrderState.SENT))
    yield ledger, store
    await store.close()


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[tuple[Ledger, SqliteStore]]:
    async with opened(tmp_path) as found:
        yield found


Books = tuple[Ledger, SqliteStore]


async def hear(ledger: Ledger, *words: Word) -> None:
    for word in words:
        await ledger.absorb(ACCOUNT, word)


async def test_a_fill_told_twice_counts_once(books: Books) -> None:
    """In the order, the position and the journal."""
    ledger, store = books
    await hear(ledger, fill(1, 10), fill(1, 10))
    assert ledger.orders[REQUEST.id].filled == D(10)
    assert ledger.held(KEY) == D(10)
    assert len(await store.fills_of(REQUEST.id)) == 1


async def test_fills_may_come_before_the_ticket(books: Books) -> None:
    """The late ticket takes nothing back."""
    ledger, store = books
    await hear(ledger, fill(1, 10), fill(2, 20, "103"), ticket(OrderState.OPEN))
    order = await store.order(REQUEST.id)
    assert order is not None
    assert (order.state, order.filled, order.average_price) == (OrderState.FILLED, D(30), D(102))


async def test_an_order_lives_until_its_fills_have_come(books: Books) -> None:
    """A broker's "filled" runs ahead of them; whoever looks must still see an entry at work."""
    ledger, _ = books
    heard: list[Order] = []
    ledger.on_awaited = heard.append
    await hear(ledger, ticket(OrderState.FILLED, 30))
    assert ledger.entering(KEY) == D(30)
    assert [order.id for order in heard if ledger.awaits(order)] == [REQUEST.id]
    await hear(ledger, fill(1, 30))
    assert (ledger.orders, ledger.held(KEY), ledger.awaits(heard[0])) == ({}, D(30), False)


async def test_a_cancel_that_crossed_a_fill_waits_for_it(books: Books) -> None:
    """Cancelled with 10 filled: live until the 10 are booked, then over."""
    ledger, store = books
    await hear(ledger, ticket(OrderState.CANCELLED, 10))
    assert ledger.orders[REQUEST.id].state is OrderState.OPEN
    await hear(ledger, fill(1, 10))
    order = await store.order(REQUEST.id)
    assert order is not None
    assert (order.state, order.filled, ledger.orders) == (OrderState.CANCELLED, D(10), {})


@pytest.mark.parametrize("state", [OrderState.OPEN, OrderState.CANCELLED, OrderState.REJECTED, OrderState.EXPIRED])
async def test_a_late_ticket_never_moves_an_order_back(books: Books, state: OrderState) -> None:
    """Filled is filled."""
    ledger, store = books
    await hear(ledger, fill(1, 30), ticket(state, 30))
    order = await store.order(REQUEST.id)
    assert order is not None
    assert order.state is OrderState.FILLED


async def test_a_word_about_an_order_of_nobody_is_left_alone(books: Books) -> None:
    """Somebody else's ticket changes nothing; their fill is a position by hand."""
    ledger, _ = books
    await hear(ledger, replace(ticket(OrderState.FILLED, 30), order_id=OrderId("theirs")))
    assert ledger.orders[REQUEST.id].state is OrderState.SENT
    await hear(ledger, fill(1, 10, order_id=None))
    assert ledger.held((ACCOUNT, "SBER", BY_HAND)) == D(10)


async def test_selling_by_hand_through_zero_leaves_a_short(books: Books) -> None:
    """10 bought, 25 sold: 15 short, in one book."""
    ledger, _ = books
    await hear(ledger, fill(1, 10, order_id=None), fill(2, 25, order_id=None, side=Side.SELL))
    assert {k[2]: p.quantity for k, p in ledger.positions.items()} == {BY_HAND: D(-15)}


async def test_later_fills_of_an_entry_do_not_bring_the_old_stop_back(books: Books) -> None:
    """The stop was moved between two fills; a stop never worsens."""
    ledger, store = books
    await hear(ledger, fill(1, 10))
    await ledger.plan(KEY, lambda plan: replace(plan, stop=Price(D(99))))
    await hear(ledger, fill(2, 20))
    [position] = await store.open_positions()
    assert (position.quantity, position.plan.stop) == (D(30), D(99))


async def test_a_plan_changed_while_a_fill_comes_in_loses_neither(books: Books) -> None:
    """Both write the same position."""
    ledger, store = books
    await hear(ledger, fill(1, 10))
    await asyncio.gather(
        ledger.absorb(ACCOUNT, fill(2, 20)), ledger.plan(KEY, lambda plan: replace(plan, target=Price(D(120))))
    )
    [position] = await store.open_positions()
    assert (position.quantity, position.plan) == (D(30), ExitPlan(Price(D(90)), Price(D(120))))


async def test_a_move_made_from_an_older_copy_takes_no_fill_back(books: Books) -> None:
    """Somebody read the order, a fill came, then they wrote what they had decided."""
    ledger, store = books
    older = ledger.orders[REQUEST.id]
    await hear(ledger, fill(1, 10))
    await ledger.move(replace(older, state=OrderState.CANCELLED))
    order = await store.order(REQUEST.id)
    assert order is not None
    assert (order.state, order.filled, order.average_price) == (OrderState.CANCELLED, D(10), D(100))


async def test_a_position_that_is_gone_takes_no_plan(books: Books) -> None:
    """A stop that fires meanwhile is not undone."""
    ledger, store = books
    await hear(ledger, fill(1, 10))
    await asyncio.gather(
        ledger.absorb(ACCOUNT, fill(2, 10, order_id=None, side=Side.SELL)),
        ledger.plan(KEY, lambda plan: replace(plan, target=Price(D(120)))),
    )
    assert await store.open_positions() == []


async def test_a_loaded_ledger_goes_on_where_the_old_one_was(books: Books) -> None:
    """Live orders with what was executed, positions with their plans."""
    ledger, store = books
    await hear(ledger, fill(1, 10), ticket(OrderState.PART_FILLED, 10))
    again = Ledger(store, store.desk_id, ManualClock(NOW))
    await again.load()
    assert (again.orders, again.positions) == (ledger.orders, ledger.positions)
    await hear(again, fill(1, 10), fill(2, 20, "103"))
    order = await store.order(REQUEST.id)
    assert order is not None
    assert (order.average_price, again.held(KEY)) == (D(102), D(30))


STORIES: Sequence[Sequence[Word]] = (
    (
        ticket(OrderState.OPEN),
        fill(1, 10),
        fill(2, 20, "103"),
        ticket(OrderState.PART_FILLED, 10),
        ticket(OrderState.FILLED, 30),
    ),
    (
        ticket(OrderState.OPEN),
        fill(1, 10),
        fill(2, 5),
        ticket(OrderState.PART_FILLED, 10),
        ticket(OrderState.CANCELLED, 15),
    ),
    (ticket(OrderState.OPEN), ticket(OrderState.EXPIRED)),
)


async def ending(words: Sequence[Word]) -> tuple[Any, ...]:
    with tempfile.TemporaryDirectory() as directory:
        async with opened(Path(directory)) as (ledger, store):
            await hear(ledger, *words)
            order = await store.order(REQUEST.id)
            assert order is not None
            assert await store.verify_audit() is None
            positions = [(p.quantity, p.average_price, p.plan) for p in await store.open_positions()]
            return (order.state, order.filled, order.average_price, order.broker_id, positions, dict(ledger.orders))


@settings(max_examples=40, deadline=None)
@given(st.data(), st.sampled_from(STORIES))
def test_every_telling_of_a_story_ends_alike(data: st.DataObject, story: Sequence[Word]) -> None:
    """Shuffled, with words repeated: the same order, the same position."""
    repeated = data.draw(st.lists(st.sampled_from(story), max_size=4))
    told = data.draw(st.permutations([*story, *repeated]))
    assert asyncio.run(ending(told)) == asyncio.run(ending(story))
