"""What a picture shows, from far and near."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from core.rules.charting import telling, views, with_now
from core.values.market import Candle, Quote
from core.values.money import NO_QUANTITY, Price

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def price(text: str) -> Price:
    return Price(Decimal(text))


def bars(count: int, low: str = "99", high: str = "101") -> list[Candle]:
    """Of five minutes each, the last one going on at NOW plus two minutes."""
    first = NOW - timedelta(minutes=5 * (count - 1))
    return [
        Candle(first + timedelta(minutes=5 * n), price("100"), price(high), price(low), price("100"), NO_QUANTITY)
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("hours", "intervals"),
    [(0, [300, 900, 3600]), (7, [300, 900, 3600]), (8, [900, 3600]), (24, [3600]), (500, [3600])],
)
def test_an_older_trade_is_seen_from_farther_away(hours: int, intervals: list[int]) -> None:
    """Its beginning is in the picture, with an hour before it, unless it began more than four days ago."""
    assert [interval_s for _, interval_s in views(timedelta(hours=hours))] == intervals
    assert all(span.total_seconds() == 96 * interval_s for span, interval_s in views(timedelta(hours=hours)))


def test_few_bars_and_flat_bars_say_nothing() -> None:
    """Eleven are too few; a span of two does not stand beside levels eleven apart."""
    assert not telling(bars(11), [])
    assert telling(bars(12), [price("95"), price("105")])
    assert not telling(bars(12), [price("95"), price("106")])


def test_the_last_bar_reaches_to_the_price_of_now() -> None:
    """It closes there, and is as high or low as that; the bars before it stay."""
    quote = Quote("SBER", NOW + timedelta(minutes=2), price("102"), price("104"), last=price("103"))
    *before, last = with_now(bars(3), 300, quote)
    assert before == bars(3)[:2]
    assert (last.close, last.high, last.low) == (price("103"), price("103"), price("99"))
    *_, last = with_now(bars(3), 300, replace(quote, last=price("98")))
    assert (last.close, last.high, last.low) == (price("98"), price("101"), price("98"))


def test_a_price_after_the_last_bar_is_not_put_into_it() -> None:
    """The feed's bars end earlier: what they say stays what they say."""
    quote = Quote("SBER", NOW + timedelta(minutes=6), None, None, last=price("103"))
    assert with_now(bars(3), 300, quote) == tuple(bars(3))
    assert with_now(bars(3), 300, None) == tuple(bars(3))
    assert with_now([], 300, quote) == ()
