"""Whose position a fill changes."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core.rules.books import share_out
from core.values.money import ZERO
from core.values.orders import ALERTS, BY_HAND, Book

BOOKS = [BY_HAND, ALERTS, Book("link:7"), Book("spread:1")]
PIECES = st.integers(-50, 50).map(Decimal)
HELD = st.dictionaries(st.sampled_from(BOOKS), PIECES.filter(bool))


def after(held: dict[Book, Decimal], book: Book, change: Decimal) -> dict[Book, Decimal]:
    """What each book holds once each of its shares has been booked on what it held."""
    now = dict(held)
    for name, pieces in share_out(held, book, change):
        now[name] = held.get(name, ZERO) + pieces * (1 if change > 0 else -1)
    return now


@given(HELD, st.sampled_from(BOOKS), PIECES.filter(bool))
def test_every_piece_is_booked_once(held: dict[Book, Decimal], book: Book, change: Decimal) -> None:
    """The books together move by exactly what was traded."""
    assert sum(after(held, book, change).values(), ZERO) == sum(held.values(), ZERO) + change


@given(HELD, PIECES.filter(bool))
def test_trades_by_hand_close_what_stands_against_them(held: dict[Book, Decimal], change: Decimal) -> None:
    """By hand one is never long in one book and short in another through the same trade."""
    now = after(held, BY_HAND, change)
    if (now.get(BY_HAND, ZERO) - held.get(BY_HAND, ZERO)) * change > 0 and now[BY_HAND] * change > 0:
        assert not [name for name, pieces in now.items() if pieces * change < 0]


@given(HELD, st.sampled_from(BOOKS[1:]), PIECES.filter(bool))
def test_a_book_keeps_what_it_trades(held: dict[Book, Decimal], book: Book, change: Decimal) -> None:
    """Orders of alerts, links and spreads touch no other book."""
    assert share_out(held, book, change) == [(book, abs(change))]


def test_a_sale_by_hand_can_turn_a_long_by_hand_into_a_short() -> None:
    """Closing and going on is one share, not two that overwrite each other."""
    assert share_out({BY_HAND: Decimal(5)}, BY_HAND, Decimal(-10)) == [(BY_HAND, Decimal(10))]


def test_own_holdings_by_hand_go_first() -> None:
    """Then what the desk holds."""
    held = {ALERTS: Decimal(10), BY_HAND: Decimal(4)}
    assert share_out(held, BY_HAND, Decimal(-6)) == [(BY_HAND, Decimal(4)), (ALERTS, Decimal(2))]
