"""Ticks by the byte: sizes, order of bytes, paise, and what cannot be read."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from brokers.angelone import ticks
from core.values.market import Quote
from core.values.money import NO_QUANTITY, Price, Quantity
from tests.servers import angelone_json as say

NOW = datetime(2026, 11, 18, 5, tzinfo=UTC)
OPTION = say.option(say.expiry(NOW, 0), 25000, call=True)
QUOTE = Quote(
    OPTION.ticker,
    NOW,
    Price(Decimal("119.95")),
    Price(Decimal("120.05")),
    Quantity(Decimal(130)),
    Quantity(Decimal(65)),
    Price(Decimal("120.00")),
)


@pytest.mark.parametrize(("mode", "size"), [(ticks.LTP, 51), (ticks.QUOTE, 123), (ticks.SNAP_QUOTE, 379)])
def test_each_mode_has_its_size(mode: int, size: int) -> None:
    """As the document counts them; all tell the last price."""
    data = say.tick(QUOTE, OPTION, mode, 1)
    tick = ticks.read(data)
    assert len(data) == size
    assert tick is not None
    assert (tick.exchange, tick.token, tick.last) == ("NFO", say.token(OPTION), Decimal("120.00"))
    assert tick.book is (mode == ticks.SNAP_QUOTE)


def test_a_tick_by_the_byte() -> None:
    """Little-endian: mode 1, NSE, token 3045, number 7, a moment, 825.55 in paise."""
    data = bytes([1, 1]) + b"3045".ljust(25, b"\0") + struct.pack("<qqq", 7, 1_763_000_000_000, 82_555)
    assert data[-8:] == bytes([0x7B, 0x42, 0x01, 0, 0, 0, 0, 0])
    tick = ticks.read(data)
    assert tick is not None
    assert (tick.exchange, tick.token, tick.last) == ("NSE", "3045", Decimal("825.55"))


@pytest.mark.parametrize("buy", [1, 0])
def test_the_best_of_both_sides_whichever_flag_means_buyers(buy: int) -> None:
    """The document says 1; the venue's own libraries read it both ways, and no book is crossed."""
    tick = ticks.read(say.tick(QUOTE, OPTION, ticks.SNAP_QUOTE, 1, buy))
    assert tick is not None
    assert (tick.bid, tick.bid_size) == (QUOTE.bid, QUOTE.bid_size)
    assert (tick.ask, tick.ask_size) == (QUOTE.ask, QUOTE.ask_size)


def test_an_empty_side_is_none() -> None:
    """A level without a price is no level."""
    tick = ticks.read(say.tick(Quote(OPTION.ticker, NOW, None, QUOTE.ask, ask_size=QUOTE.ask_size), OPTION, 3, 1))
    assert tick is not None
    assert (tick.bid, tick.bid_size, tick.ask, tick.last) == (None, NO_QUANTITY, QUOTE.ask, None)


@pytest.mark.parametrize("size", [0, 1, 50, 122, 378])
def test_what_is_cut_short_is_no_tick(size: int) -> None:
    """Of whatever mode."""
    with pytest.raises(ValueError, match="a tick of"):
        ticks.read(say.tick(QUOTE, OPTION, ticks.SNAP_QUOTE, 1)[:size])


def test_another_segments_tick_is_left_alone() -> None:
    """Currencies count in other units."""
    assert ticks.read(bytes([1, 13]) + bytes(49)) is None
