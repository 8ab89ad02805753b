"""Several targets: where they stand, for how much, and that nothing they do together turns a position."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.exits import Protection, breakeven_price, mend
from core.rules.targets import levels_at, prices_of, split, taken, targets_of, told_apart
from core.values.ids import AccountName, IntentId, OrderId
from core.values.instrument import Instrument, InstrumentKind
from core.values.money import ZERO, Price, Quantity
from core.values.orders import (
    ExitPlan,
    Order,
    OrderRequest,
    OrderRole,
    OrderState,
    PartTarget,
    Purpose,
    Side,
)

D = Decimal
NOW = datetime(2026, 1, 5, tzinfo=UTC)
COIN = Instrument("BTCPERP", "DEMO", InstrumentKind.PERPETUAL, "USD", Quantity(D(1)), D("0.5"), Quantity(D("0.001")))
ENTRY, STOP = Price(D(40000)), Price(D(39800))
MULTIPLES = (D("0.6"), D(1), D("1.5"))
multiples = st.lists(st.decimals("0.01", "250", places=2), min_size=1, max_size=6)
percents = st.decimals("0.1", "100", places=1)
pieces = st.integers(1, 3000).map(lambda n: Quantity(D(n) / 1000))


def cut(
    side: Side = Side.BUY,
    quantity: str = "0.5",
    close: str = "20",
    main: str | None = None,
    at: tuple[Decimal, ...] = MULTIPLES,
) -> list[tuple[Decimal, Decimal]]:
    stop = STOP if side is Side.BUY else Price(D(40200))
    target = None if main is None else Price(D(main))
    parts = split(levels_at(ENTRY, stop, side, at, COIN), side, Quantity(D(quantity)), D(close), target, COIN)
    return [(part.price, part.quantity) for part in parts]


def test_le_21_a_fifth_at_each_multiple_of_the_distance() -> None:
    """40000 and 39800, 0.6, 1.0 and 1.5: 40120, 40200 and 40300."""
    assert cut() == [(D(40120), D("0.1")), (D(40200), D("0.1")), (D(40300), D("0.1"))]


def test_le_23_downwards_for_a_short() -> None:
    """The mirror."""
    assert cut(Side.SELL) == [(D(39880), D("0.1")), (D(39800), D("0.1")), (D(39700), D("0.1"))]


@pytest.mark.parametrize(
    ("close", "main", "sizes"),
    [
        ("33.3333", "41000", ["0.003", "0.003", "0.003"]),
        ("33.3333", None, ["0.003", "0.003", "0.003"]),
        ("50", None, ["0.005", "0.005"]),
        ("34", None, ["0.003", "0.003", "0.004"]),
        ("60", "41000", ["0.006", "0.004"]),
        ("9", "41000", []),
    ],
)
def test_le_22_pieces_go_down_to_the_step_and_never_over_the_whole(
    close: str, main: str | None, sizes: list[str]
) -> None:
    """Ten steps: what rounding leaves is the main target's, or the last one's where they are to close everything."""
    assert [size for _, size in cut(quantity="0.01", close=close, main=main)] == [D(size) for size in sizes]


def test_a_target_at_the_entry_or_below_nothing_is_none() -> None:
    """On ticks of a half, a thousandth of the distance is the entry; two hundred times it, for a short, is no price."""
    assert cut(at=(D("0.001"), D(1))) == [(D(40200), D("0.1"))]
    assert cut(Side.SELL, at=(D(1), D(201))) == [(D(39800), D("0.1"))]


def test_one_where_the_main_target_stands_is_the_main_targets() -> None:
    """And two at one price are one."""
    assert cut(main="40200") == [(D(40120), D("0.1")), (D(40300), D("0.1"))]
    assert cut(at=(D(1), D(1))) == [(D(40200), D("0.2"))]


@given(st.sampled_from(Side), pieces, multiples, percents, st.booleans())
def test_le_22_targets_together_are_the_position(
    side: Side,
    quantity: Quantity,
    at: list[Decimal],
    close: Decimal,
    has_main: bool,  # noqa: FBT001  -- drawn
) -> None:
    """With a main target exactly, without one never more; of whatever part of it is held."""
    main = Price(ENTRY + side.sign * 150) if has_main else None
    stop = Price(ENTRY - side.sign * 200)
    parts = split(levels_at(ENTRY, stop, side, at, COIN), side, quantity, close, main, COIN)
    assert sum(part.quantity for part in parts) <= quantity
    assert all(COIN.on_step(part.quantity) and COIN.on_tick(part.price) for part in parts)
    plan = ExitPlan(stop, main, parts=parts)
    for held in (quantity, Quantity(quantity / 2), D("0.001")):
        asked = targets_of(plan, held * side.sign)
        total = sum((part.quantity for part in asked), ZERO)
        assert total == held if has_main else total <= held
        nearness = [part.price * side.sign for part in asked]
        assert nearness == sorted(set(nearness))


def test_what_people_are_shown_is_told_apart_again() -> None:
    """The main target stands last; one price in place of several is a person's own."""
    parts = tuple(PartTarget(Price(D(at)), Quantity(D("0.1"))) for at in (40120, 40200))
    for main in (Price(D(41000)), None):
        shown = prices_of(ExitPlan(STOP, main, parts=parts))
        assert told_apart(shown, 2, has_main=main is not None) == ((D(40120), D(40200)), main)
    assert told_apart([Price(D(40500))], 2, has_main=False) == ((), D(40500))
    assert told_apart([Price(D(40500))], 0, has_main=False) == ((), D(40500))
    assert told_apart([], 2, has_main=True) == ((), None)


def made(wanted: Protection, number: int) -> Order:
    request = OrderRequest(
        id=OrderId(str(number)),
        intent=IntentId("i"),
        account=AccountName("Testing"),
        ticker="BTCPERP",
        side=wanted.side,
        type=wanted.type,
        quantity=wanted.quantity,
        role=wanted.role,
        purpose=Purpose.EXIT,
        because=(),
        price=wanted.price,
        stop_price=wanted.stop_price,
        reduce_only=True,
    )
    return Order(request, OrderState.OPEN, NOW, NOW)


@given(st.sampled_from(Side), pieces, multiples, percents, st.data())
def test_no_sequence_of_fills_turns_the_position(
    side: Side, quantity: Quantity, at: list[Decimal], close: Decimal, data: st.DataObject
) -> None:
    """Fills of targets in any order and size, mended after each: never more rests than is held, each level takes its
    share once, and what is over takes everything else away."""
    main, stop = Price(ENTRY + side.sign * 500), Price(ENTRY - side.sign * 200)
    parts = split(levels_at(ENTRY, stop, side, at, COIN), side, quantity, close, main, COIN)
    plan, held, live = ExitPlan(stop, main, parts=parts), quantity * side.sign, list[Order]()
    due = {part.price: part.quantity for part in targets_of(plan, held)}
    for number in range(12):
        for step in range(3):
            todo = mend(held, ZERO, plan, live)
            live = [o for o in live if o not in todo.cancel]
            live += [made(one, 1000 * number + 100 * step + n) for n, one in enumerate(todo.place)]
        targets = [o for o in live if o.request.role is OrderRole.TARGET]
        stops = [o for o in live if o.request.role is OrderRole.STOP]
        assert sum((o.remaining for o in targets), ZERO) == abs(held) == sum((o.remaining for o in stops), ZERO)
        assert {o.request.price: o.remaining for o in targets} == {at: left for at, left in due.items() if left}
        if held == 0:
            assert live == []
            return
        hit = data.draw(st.sampled_from(targets))
        steps = data.draw(st.integers(1, int(hit.remaining / COIN.step)))
        size = COIN.step * steps
        filled = replace(hit, filled=Quantity(hit.filled + size))
        live = [filled if o is hit else o for o in live if o is not hit or filled.remaining]
        assert hit.request.price is not None
        due[hit.request.price] = Quantity(due[hit.request.price] - size)
        plan, held = taken(plan, hit.request, size), held - size * side.sign


def test_a_stop_that_fired_in_part_shrinks_the_furthest_target() -> None:
    """0.2 of 0.5 are left: the two nearest keep theirs."""
    parts = tuple(PartTarget(Price(D(at)), Quantity(D("0.1"))) for at in (40120, 40200, 40300))
    plan = ExitPlan(STOP, Price(D(41000)), parts=parts)
    assert [part.price for part in targets_of(plan, D("0.2"))] == [D(40120), D(40200)]


def test_without_reduce_only_no_target_is_placed() -> None:
    """They are the desk's to watch: one beside the stop could turn the position."""
    plan = ExitPlan(STOP, Price(D(41000)), parts=(PartTarget(Price(D(40120)), Quantity(D("0.1"))),))
    assert [one.role for one in mend(D("0.5"), ZERO, plan, [], reduce_only=False).place] == [OrderRole.STOP]


def test_le_28_breakeven_pays_the_fees_of_both_ways() -> None:
    """Average 40000, 0.1 % a side: 40080 for a long, 39920 for a short."""
    average, fee = Price(D(40000)), D("0.1")
    assert breakeven_price(average, Side.BUY, fee) == D(40080)
    assert breakeven_price(average, Side.SELL, fee) == D(39920)
