"""Prices: streamed, asked for, and honest about what is not known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.values.errors import Rejected
from core.values.market import Quote
from tests.brokers.ccxt.harness import CcxtHarness, Hasty, connected
from tests.brokers.wired import until
from tests.contracts.broker import Desk
from tests.servers.venue import VenueServer, venue


async def test_a_watched_ticker_is_told(desk: Desk, harness: CcxtHarness) -> None:
    """Best of both sides with sizes, and the last price."""
    feed, heard = harness.broker.feed, list[Quote]()
    feed.listen(heard.append)
    await feed.watch(harness.instrument.ticker)
    await until(lambda: heard and heard[-1].last)
    await desk.book(4, 6, bid_size=3, ask_size=7)
    await until(lambda: heard[-1].bid == desk.at(4))
    await until(lambda: heard[-1].last == desk.at(4))
    newest = heard[-1]
    assert (newest.bid, newest.ask) == (desk.at(4), desk.at(6))
    assert (newest.bid_size, newest.ask_size) == (desk.pieces(3), desk.pieces(7))
    assert feed.alive()


async def test_coins_are_told_as_contracts_are(tmp_path: Path, exchange: str) -> None:
    """The streams of spot are others."""
    async with venue(exchange, tmp_path / "coins", "spot") as server, connected(server) as harness:
        desk = Desk(harness)
        await desk.book(0, 1)
        await harness.broker.feed.watch(harness.instrument.ticker)
        await desk.book(4, 6)
        await until(lambda: (q := harness.broker.feed.quote(harness.instrument.ticker)) and q.last == desk.at(4))
        quote = harness.broker.feed.quote(harness.instrument.ticker)
        assert quote is not None
        assert quote.ask == desk.at(6)


async def test_a_fresh_quote_is_asked_for(desk: Desk, harness: CcxtHarness) -> None:
    """Without any stream."""
    quote = await harness.broker.feed.fresh_quote(harness.instrument.ticker.lower())
    assert (quote.ticker, quote.bid, quote.ask, quote.trading) == (
        harness.instrument.ticker,
        desk.at(0),
        desk.at(1),
        True,
    )
    assert quote.bid_size == desk.pieces(1000)


async def test_an_empty_side_is_none(harness: CcxtHarness, server: VenueServer) -> None:
    """Nobody offers: there is no price, and no size."""
    await harness.set_book(harness.price, harness.price + 1, Decimal(1), Decimal(1))
    server.books.quotes[harness.instrument.ticker] = Quote(harness.instrument.ticker, datetime.now(UTC), None, None)
    quote = await harness.broker.feed.fresh_quote(harness.instrument.ticker)
    assert quote.bid is quote.ask is None
    assert quote.bid_size == 0


async def test_two_watches_need_two_unwatches(desk: Desk, harness: CcxtHarness) -> None:
    """The last one ends it."""
    feed, heard = harness.broker.feed, list[Quote]()
    await feed.watch(harness.instrument.ticker)
    await feed.watch(harness.instrument.ticker)
    await feed.unwatch(harness.instrument.ticker)
    feed.listen(heard.append)
    await desk.book(4, 6)
    await until(lambda: heard and heard[-1].bid == desk.at(4))
    await feed.unwatch(harness.instrument.ticker)
    told = len(heard)
    await desk.book(5, 6)
    await harness.settled()
    assert len(heard) == told


async def test_who_is_watched_no_more_is_not_subscribed_to(desk: Desk, harness: CcxtHarness) -> None:
    """A scan of hundreds leaves nothing behind that goes on coming."""
    feed, server = harness.broker.feed, harness.server
    await feed.watch(harness.instrument.ticker)
    await until(lambda: feed.quote(harness.instrument.ticker))
    assert any(link.topics for link in server.links if not link.private)
    await feed.unwatch(harness.instrument.ticker)
    await until(lambda: all("bbo" in t for link in server.links if not link.private for t in link.topics))
    await feed.watch(harness.instrument.ticker)
    await desk.book(4, 6)
    await until(lambda: (q := feed.quote(harness.instrument.ticker)) and q.bid == desk.at(4))


async def test_prices_come_back_after_a_cut(server: VenueServer) -> None:
    """The subscription is made again."""
    async with connected(server, wire=Hasty()) as harness:
        desk = Desk(harness)
        await desk.book(0, 1)
        await harness.broker.feed.watch(harness.instrument.ticker)
        await until(lambda: harness.broker.feed.quote(harness.instrument.ticker))
        await server.cut()
        await until(lambda: any(not link.private and link.topics for link in server.links))
        await desk.book(4, 6)
        await until(lambda: (q := harness.broker.feed.quote(harness.instrument.ticker)) and q.bid == desk.at(4))


async def test_last_prices_are_asked_for_together(desk: Desk, harness: CcxtHarness, server: VenueServer) -> None:
    """Those of unknown tickers are left out."""
    prices = await harness.broker.feed.last_prices([harness.instrument.ticker, server.eth.lower(), "NOTHING"])
    assert set(prices) == {harness.instrument.ticker, server.eth}
    assert prices[harness.instrument.ticker] == desk.at(0)


async def test_candles_of_a_span(harness: CcxtHarness) -> None:
    """Oldest first, none before the start or after the end."""
    start = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    bars = await harness.broker.feed.candles(harness.instrument.ticker, start, start + timedelta(minutes=2), 60)
    assert [bar.at for bar in bars] == [start, start + timedelta(minutes=1)]
    assert [*map(int, (bars[0].open, bars[0].high, bars[0].low, bars[0].close))] == [100, 110, 90, 105]


async def test_an_odd_length_of_bar_is_refused(harness: CcxtHarness) -> None:
    """By name."""
    start = datetime(2026, 1, 2, tzinfo=UTC)
    with pytest.raises(Rejected, match="bad_interval"):
        await harness.broker.feed.candles(harness.instrument.ticker, start, start, 7)


async def test_an_unknown_ticker_cannot_be_watched(harness: CcxtHarness) -> None:
    """By name."""
    with pytest.raises(Rejected, match="unknown_ticker"):
        await harness.broker.feed.watch("NOTHING")


async def test_funding_is_asked_for_together(harness: CcxtHarness, server: VenueServer) -> None:
    """Of every perpetual, with its price and the coin's."""
    told = {one.ticker: one for one in await harness.broker.feed.funding()}
    assert set(told) == {harness.instrument.ticker, server.eth}
    assert (told[harness.instrument.ticker].rate, told[harness.instrument.ticker].hours) == (
        Decimal("0.0001"),
        Decimal(8),
    )
    assert told[harness.instrument.ticker].index == server.index
