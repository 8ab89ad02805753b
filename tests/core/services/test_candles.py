"""Bars for charts: asked once however many look, and up to the price of now."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from core.services.candles import BARS, KEPT_MAX, Candles
from core.values.errors import Rejected
from tests.desk import TESTING, TestDesk


async def test_bars_reach_to_the_price_of_now(desk: TestDesk) -> None:
    """Oldest first, no more than are shown, the last at the newest price."""
    await desk.book("40500", "40501")
    bars = await Candles(desk.engine.desk).newest(TESTING, "BTCPERP", 300)
    assert [bar.at for bar in bars] == sorted(bar.at for bar in bars)
    assert len(bars) == BARS
    quote = desk.engine.market.quote("BTCPERP")
    assert quote is not None
    assert bars[-1].close == quote.last


async def test_a_feed_is_asked_once_for_all_who_look(desk: TestDesk) -> None:
    """At the same time and soon after; anew once the bars have aged."""
    candles, asked = Candles(desk.engine.desk), list[str]()
    venue = desk.engine.desk.venues[TESTING]

    class Counting:
        def __getattr__(self, name: str) -> object:
            asked.append(name)
            return getattr(venue.feed, name)

    desk.engine.desk.venues[TESTING] = replace(venue, feed=Counting())  # type: ignore[arg-type] # a feed that counts
    await asyncio.gather(*(candles.newest(TESTING, "BTCPERP", 300) for _ in range(5)))
    assert asked.count("candles") == 1
    await desk.wire.advance(11)
    await candles.newest(TESTING, "BTCPERP", 300)
    assert asked.count("candles") == 1
    await desk.wire.advance(50)
    await candles.newest(TESTING, "BTCPERP", 300)
    assert asked.count("candles") == 2


async def test_a_new_bar_is_asked_for_when_prices_tell_of_it(desk: TestDesk) -> None:
    """Sooner than bars age otherwise, and not before some seconds are over."""
    candles = Candles(desk.engine.desk)
    before = await candles.newest(TESTING, "BTCPERP", 60)
    await desk.clock.advance(60)
    await desk.book("40700", "40701")
    assert (await candles.newest(TESTING, "BTCPERP", 60))[-1].at == before[-1].at
    await desk.wire.advance(11)
    assert (await candles.newest(TESTING, "BTCPERP", 60))[-1].at > before[-1].at


async def test_what_is_kept_is_bounded(desk: TestDesk) -> None:
    """The oldest makes room."""
    candles = Candles(desk.engine.desk)
    for minute in range(KEPT_MAX + 3):
        await candles.newest(TESTING, "BTCPERP", 60 * (minute + 1))
    assert len(candles._known) == KEPT_MAX


async def test_an_unknown_ticker_is_refused(desk: TestDesk) -> None:
    """As the feed does."""
    with pytest.raises(Rejected):
        await Candles(desk.engine.desk).newest(TESTING, "NOSUCH", 300)
