"""Protective orders: what should stand, and how to get there without a naked moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core.rules.exits import Mending, Protection, better_stop, breakeven_price, mend, round_plan, stop_crossed
from core.values.ids import AccountName, IntentId, OrderId
from core.values.instrument import Instrument, InstrumentKind
from core.values.money import ZERO, Price, Quantity
from core.values.orders import (
    NO_PLAN,
    ExitPlan,
    Order,
    OrderRequest,
    OrderRole,
    OrderState,
    OrderType,
    Purpose,
    Side,
    side_of,
)

D = Decimal
NOW = datetime(2026, 1, 5, tzinfo=UTC)
SHARE = Instrument("SBER", "MOEX", InstrumentKind.SHARE, "RUB", Quantity(D(10)), D("0.5"), Quantity(D(10)))
PLAN = ExitPlan(Price(D(90)), Price(D(110)))


def order(protection: Protection, number: int, state: OrderState = OrderState.OPEN, filled: int = 0) -> Order:
    request = OrderRequest(
        id=OrderId(str(number)),
        intent=IntentId("i"),
        account=AccountName("Testing"),
        ticker="SBER",
        side=protection.side,
        type=protection.type,
        quantity=protection.quantity,
        role=protection.role,
        purpose=Purpose.EXIT,
        because=(),
        price=protection.price,
        stop_price=protection.stop_price,
        reduce_only=True,
    )
    return Order(request, state, NOW, NOW, filled=Quantity(D(filled)))


def stop(quantity: int, at: int = 90, number: int = 1, state: OrderState = OrderState.OPEN) -> Order:
    pieces = Quantity(D(quantity))
    return order(Protection(OrderRole.STOP, Side.SELL, OrderType.STOP, pieces, stop_price=Price(D(at))), number, state)


def target(quantity: int, at: int = 110, number: int = 2, state: OrderState = OrderState.OPEN) -> Order:
    pieces = Quantity(D(quantity))
    return order(Protection(OrderRole.TARGET, Side.SELL, OrderType.LIMIT, pieces, price=Price(D(at))), number, state)


def shown(live: Sequence[Order]) -> list[tuple[str, str, Decimal, Decimal | None]]:
    return sorted((o.request.role, o.request.side, o.remaining, o.request.stop_price or o.request.price) for o in live)


levels = st.one_of(st.none(), st.integers(80, 120).map(lambda n: Price(D(n))))
plans = st.builds(ExitPlan, levels, levels)
pieces = st.integers(-9, 9).map(D)
protections = st.builds(
    lambda role, side, quantity, level: (
        Protection(role, side, OrderType.STOP, quantity, stop_price=level)
        if role is OrderRole.STOP
        else Protection(role, side, OrderType.LIMIT, quantity, price=level)
    ),
    st.sampled_from([OrderRole.STOP, OrderRole.TARGET]),
    st.sampled_from(Side),
    st.integers(1, 12).map(lambda n: Quantity(D(n))),
    st.integers(80, 120).map(lambda n: Price(D(n))),
)
books = st.lists(protections, max_size=5).map(lambda found: [order(p, n) for n, p in enumerate(found)])


@given(pieces, plans, books)
def test_mending_ends_with_exactly_the_orders_of_the_plan(quantity: Decimal, plan: ExitPlan, live: list[Order]) -> None:
    """Step by step as orders come and go; then there is nothing left to do."""
    for step in range(4):
        todo = mend(quantity, ZERO, plan, live)
        live = [o for o in live if o not in todo.cancel]
        live += [order(p, 100 + 10 * step + n) for n, p in enumerate(todo.place)]
    assert mend(quantity, ZERO, plan, live) == mend(ZERO, ZERO, NO_PLAN, [])
    side = side_of(quantity).opposite
    wanted = [("stop", side, abs(quantity), plan.stop), ("target", side, abs(quantity), plan.target)]
    assert shown(live) == ([] if quantity == 0 else [row for row in wanted if row[3] is not None])


@given(pieces.filter(bool), pieces, plans, books, st.sampled_from(OrderState))
def test_no_step_takes_the_last_confirmed_stop_away(
    quantity: Decimal, entering: Decimal, plan: ExitPlan, live: list[Order], state: OrderState
) -> None:
    """As long as the plan has one: what comes anew may be refused, or its answer lost."""
    live = [replace(o, state=state) if n % 2 else o for n, o in enumerate(live)]
    mine = [o for o in live if o.request.role is OrderRole.STOP and not o.state.final]
    sure = [o for o in mine if o.state in {OrderState.OPEN, OrderState.PART_FILLED}]
    if plan.stop is None or not sure:
        return
    todo = mend(quantity, entering, plan, [o for o in live if not o.state.final])
    assert [o for o in sure if o not in todo.cancel]


def test_a_stop_that_serves_stays_while_entries_are_at_work() -> None:
    """Sized for the whole entry, it covers the part that is filled."""
    assert mend(D(4), D(6), ExitPlan(Price(D(90))), [stop(10)]) == mend(ZERO, ZERO, NO_PLAN, [])


def test_a_stop_waits_for_the_first_fill() -> None:
    """It was placed before its entry."""
    assert mend(ZERO, D(10), NO_PLAN, [stop(10)]).cancel == ()


def test_a_stop_is_made_smaller_when_no_more_will_come() -> None:
    """The rest of the entry was cancelled: the new stop first."""
    todo = mend(D(4), ZERO, ExitPlan(Price(D(90))), [stop(10)])
    assert [(p.quantity, p.stop_price) for p in todo.place] == [(D(4), D(90))]
    assert todo.cancel == ()


def test_a_stop_too_small_is_replaced() -> None:
    """It covers 4 of 10."""
    [new] = mend(D(10), ZERO, ExitPlan(Price(D(90))), [stop(4)]).place
    assert new.quantity == D(10)


def test_an_old_stop_goes_once_the_new_one_is_confirmed() -> None:
    """Not while nobody knows what became of the new one."""
    old, new = stop(10), stop(10, at=95, number=3)
    plan = ExitPlan(Price(D(95)))
    assert mend(D(10), ZERO, plan, [old, replace(new, state=OrderState.UNKNOWN)]).cancel == ()
    assert mend(D(10), ZERO, plan, [old, new]).cancel == (old,)


def test_a_target_goes_before_the_next_one_comes() -> None:
    """Two could both fill."""
    old = target(10, at=105)
    todo = mend(D(10), ZERO, PLAN, [stop(10), old])
    assert (todo.place, todo.cancel) == ((), (old,))
    [new] = mend(D(10), ZERO, PLAN, [stop(10)]).place
    assert (new.role, new.price) == (OrderRole.TARGET, D(110))


def test_a_flat_book_needs_nothing() -> None:
    """Stop and target go when the position is gone."""
    live = [stop(10), target(10)]
    assert mend(ZERO, ZERO, NO_PLAN, live).cancel == tuple(live)


@given(st.sampled_from(Side), levels, st.integers(80, 120).map(lambda n: Price(D(n))))
def test_a_stop_never_worsens(side: Side, standing: Price | None, offered: Price) -> None:
    """For a long it only rises, for a short it only falls."""
    better = better_stop(side, standing, offered)
    assert better in {standing, offered}
    assert standing is None or (better - standing) * side.sign >= 0
    assert (better - offered) * side.sign >= 0


@given(st.sampled_from(Side), st.decimals("80", "120", places=3), st.decimals("80", "120", places=3))
def test_rounding_a_plan_never_risks_more(side: Side, stop_at: Decimal, target_at: Decimal) -> None:
    """Stops towards the entry, targets towards a sure fill, by less than a tick, both on it."""
    plan = round_plan(ExitPlan(Price(stop_at), Price(target_at)), side, SHARE)
    assert plan.stop is not None
    assert plan.target is not None
    assert SHARE.on_tick(plan.stop)
    assert SHARE.on_tick(plan.target)
    assert 0 <= (plan.stop - stop_at) * side.sign < SHARE.tick
    assert 0 <= (target_at - plan.target) * side.sign < SHARE.tick


def test_a_stop_is_crossed_when_the_market_trades_there() -> None:
    """A long sells at the bid, a short buys at the ask; an empty side crosses nothing."""
    level = D(90)
    assert [stop_crossed(Side.BUY, level, bid, None) for bid in (D(91), D(90), None)] == [False, True, False]
    assert [stop_crossed(Side.SELL, level, None, ask) for ask in (D(89), D(90), None)] == [False, True, False]


# what mutants have shown to be held by no test


def test_where_nothing_reduces_only_an_old_stop_goes_before_the_new_one() -> None:
    """Two that stand could open a position: first all but a good one go, and only where none stands comes the new."""
    wrong, good = stop(50, number=1), stop(100, number=2)
    assert mend(D(100), ZERO, PLAN, [wrong], reduce_only=False) == Mending((), (wrong,))
    assert mend(D(100), ZERO, PLAN, [wrong, good], reduce_only=False) == Mending((), (wrong,))
    assert mend(D(100), ZERO, PLAN, [good, stop(100, number=3)], reduce_only=False).cancel == (stop(100, number=3),)
    placed = mend(D(100), ZERO, PLAN, [], reduce_only=False).place
    assert [(p.role, p.quantity) for p in placed] == [(OrderRole.STOP, D(100))]


def test_the_one_that_is_kept_is_one_that_the_broker_has_confirmed() -> None:
    """One on its way might be refused; one filled in part still stands for its rest."""
    sent, sure = stop(100, number=1, state=OrderState.SENT), stop(100, number=2)
    assert mend(D(100), ZERO, PLAN, [sent, sure, target(100, number=3)]).cancel == (sent,)
    part = order(Protection(OrderRole.STOP, Side.SELL, OrderType.STOP, Quantity(D(150)), stop_price=Price(D(90))), 4)
    part = replace(part, state=OrderState.PART_FILLED, filled=Quantity(D(50)))
    assert mend(D(100), ZERO, PLAN, [sent, part, target(100, number=3)]).cancel == (sent,)
    assert mend(D(100), ZERO, PLAN, [sent], reduce_only=False).cancel == ()


def test_a_stop_on_its_way_replaces_nothing_yet() -> None:
    """Until the broker has confirmed the new stop, the old one stays, where stops only reduce."""
    old, new = stop(100, at=85, number=1), stop(100, number=2, state=OrderState.SENT)
    assert mend(D(100), ZERO, PLAN, [old, new, target(100, number=3)]) == Mending()


def test_a_short_is_mended_as_a_long_is() -> None:
    """A stop sized for what a short's entry may still add is left as it is; a larger one is not."""
    side = Protection(OrderRole.STOP, Side.BUY, OrderType.STOP, Quantity(D(100)), stop_price=Price(D(110)))
    plan = ExitPlan(Price(D(110)))
    assert mend(D(-60), D(-40), plan, [order(side, 1)]) == Mending()
    assert mend(D(-60), D(-30), plan, [order(side, 1)]).place[0].quantity == D(60)
    [placed] = mend(D(-60), ZERO, plan, [], reduce_only=False).place
    assert (placed.side, placed.quantity) == (Side.BUY, D(60))
    assert mend(D(-100), ZERO, plan, [order(side, 1)], reduce_only=False) == Mending()


def test_a_stop_before_its_position_waits_only_where_it_reduces_only() -> None:
    """While its entry works; with the entry gone, or where it could open a position, it goes. A plan without a stop
    keeps none."""
    waiting = stop(100)
    assert mend(ZERO, D(100), PLAN, [waiting]) == Mending()
    assert mend(ZERO, ZERO, PLAN, [waiting]).cancel == (waiting,)
    assert mend(ZERO, D(100), PLAN, [waiting], reduce_only=False).cancel == (waiting,)
    assert mend(D(100), D(100), ExitPlan(), [waiting]).cancel == (waiting,)


def test_breakeven_pays_both_ways() -> None:
    """behaviour.md 2.8: bought at 200 with 0.5 % a way, 202; sold, 198."""
    assert breakeven_price(Price(D(200)), Side.BUY, D("0.5")) == D(202)
    assert breakeven_price(Price(D(200)), Side.SELL, D("0.5")) == D(198)


def test_of_two_equal_targets_the_confirmed_one_stays() -> None:
    """The other goes."""
    sent, sure = target(100, number=2, state=OrderState.SENT), target(100, number=3)
    assert mend(D(100), ZERO, PLAN, [stop(100), sent, sure]).cancel == (sent,)
