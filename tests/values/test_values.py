"""Money, ids, orders and fills."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.values.fills import Fill, Position, apply
from core.values.ids import AccountName, DeskId, FillId, PositionId, derive_id, desk_of
from core.values.instrument import Instrument, InstrumentKind
from core.values.money import (
    NUMBER_MAX,
    ZERO,
    Money,
    Price,
    Quantity,
    ceil_to,
    floor_to,
    nearest_to,
    parse_decimal,
    plain,
)
from core.values.orders import (
    ALERTS,
    BY_HAND,
    FINAL_STATES,
    LEGAL_MOVES,
    Book,
    OrderState,
    ProtectionClass,
    Side,
    protection_class,
    side_of,
)

D = Decimal
NOW = datetime(2026, 1, 5, tzinfo=UTC)

# money


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", "1"), ("-1.50", "-1.5"), (".5", "0.5"), ("5.", "5"), ("+7", "7"), ("1e3", "1000"), ("2.5E-3", "0.0025")],
)
def test_plain_numbers_are_read(text: str, value: str) -> None:
    """As charts and people write them."""
    assert parse_decimal(text) == D(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1_000",
        "1,5",
        "NaN",
        "sNaN",
        "Infinity",
        "-inf",
        "1e999",
        "0x10",
        "\u0661",
        "1e",
        ".",
        "9" * 31,
        "1" * 19,
    ],
)
def test_what_decimal_takes_and_a_price_is_not_is_none(text: str) -> None:
    """Underscores, foreign digits, infinities and what no market quotes."""
    assert parse_decimal(text) is None


@given(st.text(max_size=40))
def test_reading_never_raises_and_never_lets_a_monster_in(text: str) -> None:
    """Whatever comes: None, or finite and bounded."""
    value = parse_decimal(text)
    assert value is None or (value.is_finite() and abs(value) < NUMBER_MAX)


amounts = st.decimals(-(10**9), 10**9, places=4)
steps = st.sampled_from([D("0.001"), D("0.05"), D("0.5"), D(1), D(10)])


@given(amounts)
def test_plain_text_reads_back(value: Decimal) -> None:
    """Without exponent, trailing zeros or a minus before zero."""
    text = plain(value)
    assert parse_decimal(text) == value
    assert "E" not in text
    assert text != "-0"
    assert not ("." in text and text.endswith("0"))


@given(amounts, steps)
def test_rounding_goes_the_way_it_says(value: Decimal, step: Decimal) -> None:
    """Down, up, nearest; always a multiple, never a whole step away."""
    low, near, high = floor_to(value, step), nearest_to(value, step), ceil_to(value, step)
    assert low <= value <= high
    assert high - low in {ZERO, step}
    assert near in {low, high}
    assert abs(near - value) * 2 <= step
    assert all(found % step == 0 for found in (low, near, high))


def test_currencies_do_not_mix() -> None:
    """Adding roubles to dollars is a fault of the program."""
    assert Money(D(1), "RUB") + Money(D(2), "RUB") - Money(D(4), "RUB") == -Money(D(1), "RUB")
    with pytest.raises(ValueError, match="cannot mix"):
        Money(D(1), "RUB") + Money(D(1), "USD")


def test_an_instrument_rounds_prices_to_ticks_and_pieces_down_to_steps() -> None:
    """The only place where they are rounded."""
    share = Instrument("S", "X", InstrumentKind.SHARE, "RUB", Quantity(D(10)), D("0.05"), Quantity(D(10)), D(2))
    assert (share.price_down(D("1.07")), share.price_up(D("1.07")), share.price_nearest(D("1.07"))) == (
        D("1.05"), D("1.10"), D("1.05"),
    )  # fmt: skip
    assert share.quantity_down(D(29)) == D(20)
    assert (share.on_tick(D("1.05")), share.on_tick(D("1.06"))) == (True, False)
    assert (share.on_step(D(20)), share.on_step(D(25))) == (True, False)
    assert share.notional(D(3), D(10)) == D(60)


# ids


@given(st.integers(0, 2**32 - 1).map(DeskId), st.lists(st.text(), min_size=1, max_size=4))
def test_an_id_is_a_uuid_of_version_8_that_names_its_desk(desk: DeskId, cause: list[str]) -> None:
    """Equal for equal causes."""
    made = derive_id(desk, *cause)
    assert (UUID(made).version, UUID(made).variant) == (8, "specified in RFC 4122")
    assert desk_of(made) == desk
    assert desk_of(made.replace("-", "")) == desk
    assert derive_id(desk, *cause) == made


def test_different_causes_make_different_ids() -> None:
    """Also where their texts run together."""
    desk = DeskId(7)
    causes = [("a",), ("b",), ("ab",), ("a", "b"), ("a", "b", ""), ("", "a", "b")]
    assert len({derive_id(desk, *cause) for cause in causes}) == len(causes)
    assert derive_id(DeskId(8), "a") != derive_id(desk, "a")


@pytest.mark.parametrize(
    "text", ["", "x", "P-1", "0" * 32, "550e8400-e29b-41d4-a716-446655440000", "z" * 12 + "80008" + "z" * 15]
)
def test_foreign_ids_are_of_no_desk(text: str) -> None:
    """Other versions, other forms."""
    assert desk_of(text) is None


# orders


def test_a_final_state_is_left_only_for_a_fill_that_crossed_on_the_wire() -> None:
    """Cancelled and expired may turn out to be filled; nothing else moves."""
    for state in FINAL_STATES:
        assert LEGAL_MOVES[state] <= {OrderState.FILLED}
    assert LEGAL_MOVES[OrderState.FILLED] == LEGAL_MOVES[OrderState.REJECTED] == frozenset()


def test_nothing_reaches_the_broker_without_having_been_marked_as_sent() -> None:
    """From INTENDED the only way on is SENT, or an end."""
    assert LEGAL_MOVES[OrderState.INTENDED] - FINAL_STATES == {OrderState.SENT}
    assert OrderState.FILLED not in LEGAL_MOVES[OrderState.INTENDED]
    assert not any(OrderState.INTENDED in after for after in LEGAL_MOVES.values())


def test_only_unknown_may_be_sent_again() -> None:
    """Under the same id, where that is safe."""
    assert [s for s, after in LEGAL_MOVES.items() if OrderState.SENT in after] == [
        OrderState.INTENDED,
        OrderState.UNKNOWN,
    ]


def test_books_name_the_promise() -> None:
    """Managed, hedged or by hand."""
    names = [BY_HAND, ALERTS, Book("link:1"), Book("strategy:x"), Book("spread:1")]
    assert [protection_class(name).value for name in names] == ["by_hand", "managed", "managed", "managed", "hedged"]
    assert ProtectionClass("managed") is ProtectionClass.MANAGED


def test_sides_mirror() -> None:
    """And a signed position names the one that made it."""
    assert [(s.opposite, s.sign, side_of(D(s.sign))) for s in Side] == [
        (Side.SELL, 1, Side.BUY), (Side.BUY, -1, Side.SELL),
    ]  # fmt: skip


# fills

FLAT = Position(PositionId("p"), AccountName("A"), "SBER", ALERTS, Quantity(ZERO), Price(ZERO), NOW, NOW)


def fill(signed: int, price: str, fee: str = "0") -> Fill:
    side = Side.BUY if signed > 0 else Side.SELL
    quantity, at = Quantity(D(abs(signed))), Price(D(price))
    return Fill(FillId("f"), AccountName("A"), "SBER", side, quantity, at, D(fee), NOW)


def held(*fills: Fill) -> Position:
    position = FLAT
    for one in fills:
        position = apply(position, one)
    return position


def test_growing_weighs_the_average() -> None:
    """10 at 100 and 30 at 104: 103."""
    position = held(fill(10, "100"), fill(30, "104"))
    assert (position.quantity, position.average_price, position.realised) == (D(40), D(103), ZERO)


def test_shrinking_realises_and_keeps_the_average() -> None:
    """Half of it sold 5 higher."""
    position = held(fill(10, "100"), fill(-5, "105"))
    assert (position.quantity, position.average_price, position.realised) == (D(5), D(100), D(25))


def test_a_short_gains_when_the_price_falls() -> None:
    """The mirror."""
    position = held(fill(-10, "100"), fill(10, "95"))
    assert (position.quantity, position.realised, position.is_open) == (ZERO, D(50), False)


def test_crossing_zero_realises_all_and_opens_the_rest() -> None:
    """At the price of the fill that crossed."""
    position = held(fill(10, "100"), fill(-15, "110"))
    assert (position.quantity, position.average_price, position.realised) == (D(-5), D(110), D(100))


def test_a_share_of_a_fill_pays_its_share_of_the_fee() -> None:
    """By pieces."""
    position = apply(FLAT, fill(10, "100", "3"), Quantity(D(4)))
    assert (position.quantity, position.fees) == (D(4), D("1.2"))


@given(st.lists(st.tuples(st.integers(-20, 20).filter(bool), st.integers(90, 110)), max_size=12))
def test_what_is_realised_and_what_is_open_add_up_to_the_cash(trades: list[tuple[int, int]]) -> None:
    """Marked at 100, the profit is what was taken in less what was paid out, plus what is held."""
    position = held(*(fill(signed, str(price)) for signed, price in trades))
    cash = -sum(signed * price for signed, price in trades)
    assert position.quantity == sum(signed for signed, _ in trades)
    profit = position.realised + (100 - position.average_price) * position.quantity
    assert abs(profit - (cash + 100 * position.quantity)) < D("1e-18")


def test_a_position_by_hand_or_of_a_spread_is_not_managed() -> None:
    """The promise holds for alerts, links and strategies."""
    books = [ALERTS, Book("link:1"), BY_HAND, Book("spread:1")]
    assert [replace(FLAT, book=book).managed for book in books] == [True, True, False, False]
