"""Prices: by stream, asked for, and as bars."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from brokers.tinvest.shelves import LINK_TICKERS
from core.values.errors import Rejected
from core.values.market import Quote
from tests.brokers.tinvest.harness import TInvestHarness, connected
from tests.brokers.wired import until
from tests.contracts.broker import Desk
from tests.servers import tinvest_json as say
from tests.servers.tinvest import TInvestServer

NOON = datetime(2026, 11, 18, 9, tzinfo=UTC)


async def test_a_watched_book_is_told_in_pieces(harness: TInvestHarness, server: TInvestServer) -> None:
    """Seven lots of ten are seventy pieces."""
    desk, heard = Desk(harness), list[Quote]()
    harness.broker.feed.listen(heard.append)
    await harness.broker.feed.watch("SBER")
    await until(lambda: heard)
    await desk.book(-1, 2, bid_size=7, ask_size=9)
    await server.heard()
    quote = harness.broker.feed.quote("SBER")
    assert quote == heard[-1]
    assert (quote.bid, quote.bid_size, quote.ask, quote.ask_size) == (
        desk.at(-1),
        desk.pieces(7),
        desk.at(2),
        desk.pieces(9),
    )


async def test_an_empty_side_is_none(harness: TInvestHarness) -> None:
    """Nobody sells: there is no offer, and its size is nothing."""
    desk = Desk(harness)
    await desk.book(0, 1, ask_size=0)
    quote = await harness.broker.feed.fresh_quote("SBER")
    assert (quote.bid, quote.ask, quote.ask_size) == (desk.at(0), None, Decimal(0))


async def test_the_last_watcher_ends_the_subscription(harness: TInvestHarness, server: TInvestServer) -> None:
    """Two watches need two unwatches."""
    feed = harness.broker.feed
    await feed.watch("SBER")
    await feed.watch("SBER")
    await until(lambda: any(link.keys for link in server._links))
    await feed.unwatch("SBER")
    await asyncio.sleep(0)
    assert any(link.keys for link in server._links)
    await feed.unwatch("SBER")
    await until(lambda: not any(link.keys for link in server._links))


async def test_last_prices_of_many_are_one_question(harness: TInvestHarness) -> None:
    """By ticker; what the venue does not know is left out."""
    before = harness.server.calls.get("GetLastPrices", 0)
    prices = await harness.broker.feed.last_prices(["SBER", "gazp", "NOSUCH"])
    assert prices.keys() == {"SBER", "GAZP"}
    assert all(price > 0 for price in prices.values())
    assert harness.server.calls["GetLastPrices"] == before + 1
    assert await harness.broker.feed.last_prices(["NOSUCH"]) == {}


async def test_a_fresh_quote_says_whether_there_is_trading(harness: TInvestHarness) -> None:
    """By what the venue lets orders do now."""
    assert (await harness.broker.feed.fresh_quote("SBER")).trading
    await harness.close_market()
    assert not (await harness.broker.feed.fresh_quote("SBER")).trading


async def test_an_unknown_ticker_has_no_quote(harness: TInvestHarness) -> None:
    """Refused by name."""
    with pytest.raises(Rejected, match="unknown_ticker"):
        await harness.broker.feed.fresh_quote("NOTHING")
    with pytest.raises(Rejected, match="unknown_ticker"):
        await harness.broker.feed.watch("NOTHING")


async def test_bars_are_asked_for_in_spans_that_the_venue_allows(
    harness: TInvestHarness, server: TInvestServer
) -> None:
    """Three days of minutes are three questions; volumes come in pieces."""
    bars = await harness.broker.feed.candles("SBER", NOON, NOON + timedelta(days=3), 60)
    assert server.calls["GetCandles"] == 3
    assert [bar.at for bar in bars] == [NOON + timedelta(days=n) for n in range(3)]
    assert (bars[0].open, bars[0].high, bars[0].low, bars[0].close, bars[0].volume) == tuple(
        Decimal(n) for n in (1, 3, 1, 2, 70)
    )


async def test_a_bar_of_another_length_is_refused(harness: TInvestHarness) -> None:
    """Rather than bars that are not what was asked."""
    with pytest.raises(Rejected, match="bad_interval"):
        await harness.broker.feed.candles("SBER", NOON, NOON + timedelta(days=1), 61)


async def test_more_than_a_connection_carries_take_another(server: TInvestServer) -> None:
    """301 books: 300 on the first socket."""
    sber = server.instruments["SBER"]
    server.listed = [say.instrument(replace(sber, ticker=f"T{n}")) for n in range(LINK_TICKERS)]
    async with connected(server) as harness:
        for ticker in ("SBER", *(f"T{n}" for n in range(LINK_TICKERS))):
            await harness.broker.feed.watch(ticker)
        await until(lambda: len(server._links) == 3)
        assert [len(shelf.wanted) for shelf in harness.broker.feed._shelves] == [LINK_TICKERS, 1]
