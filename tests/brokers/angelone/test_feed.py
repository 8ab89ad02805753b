"""Prices: by stream, asked for, and as bars."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from brokers.angelone.feed import WATCHED_MAX
from brokers.angelone.session import INDIA
from core.clock import ManualClock
from core.values.errors import Rejected
from core.values.market import Quote
from tests.brokers.angelone.harness import AngelOneHarness, connected
from tests.brokers.wired import until
from tests.contracts.broker import Desk
from tests.hurried import TEN, Hurried
from tests.servers import angelone_json as say
from tests.servers.angelone import AngelOneServer


async def test_a_watched_book_is_told_in_pieces(harness: AngelOneHarness, server: AngelOneServer) -> None:
    """Binary, in paise and pieces; ticks of others are left alone."""
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


async def test_the_last_watcher_ends_the_subscription(harness: AngelOneHarness, server: AngelOneServer) -> None:
    """Two watches need two unwatches."""
    feed = harness.broker.feed

    def subscribed() -> bool:
        return any((1, say.token(server.instruments["SBER"])) in link.tokens for link in server._links)

    await feed.watch("SBER")
    await feed.watch("SBER")
    await until(subscribed)
    await feed.unwatch("SBER")
    await server.heard()
    assert subscribed()
    await feed.unwatch("SBER")
    await until(lambda: not subscribed())


async def test_a_fresh_quote_is_asked_for(harness: AngelOneHarness) -> None:
    """Both sides with their sizes, and the last price."""
    desk = Desk(harness)
    await desk.book(0, 1, ask_size=0)
    quote = await harness.broker.feed.fresh_quote("SBER")
    assert (quote.bid, quote.ask, quote.last, quote.trading) == (desk.at(0), None, desk.at(0), True)


async def test_outside_the_session_there_is_no_trading(server: AngelOneServer, clock: Hurried) -> None:
    """By NSE's hours: shares that futures are on end a quarter of an hour before the others."""
    market = ManualClock(datetime(2026, 11, 18, 15, 14, 50, tzinfo=INDIA))
    async with connected(server, market, wire=clock) as harness:
        trading = [await harness.broker.feed.fresh_quote(ticker) for ticker in ("SBER", "GAZP")]
        await market.advance(60)
        later = [await harness.broker.feed.fresh_quote(ticker) for ticker in ("SBER", "GAZP")]
    assert [quote.trading for quote in trading] == [True, True]
    assert [quote.trading for quote in later] == [False, True]


async def test_last_prices_of_many_are_one_question(harness: AngelOneHarness, server: AngelOneServer) -> None:
    """By ticker; what the venue does not know is left out."""
    prices = await harness.broker.feed.last_prices(["SBER", "gazp", "NOSUCH"])
    assert prices.keys() == {"SBER", "GAZP"}
    assert server.calls["quote"] == 1
    assert await harness.broker.feed.last_prices(["NOSUCH"]) == {}


async def test_an_unknown_ticker_has_no_quote(harness: AngelOneHarness) -> None:
    """Refused by name."""
    for ask in (harness.broker.feed.fresh_quote, harness.broker.feed.watch):
        with pytest.raises(Rejected, match="unknown_ticker"):
            await ask("NOTHING")


async def test_what_is_listed_no_longer_keeps_no_price_from_others(server: AngelOneServer, clock: Hurried) -> None:
    """An option expires while it is watched: the others stream on after the next connect, and it can be let go."""
    market = ManualClock(TEN)
    async with connected(server, market, wire=clock) as harness:
        feed, heard = harness.broker.feed, list[Quote]()
        [gone, *_] = (i.ticker for i in await harness.broker.instruments() if i.ticker.startswith("NIFTY"))
        for ticker in (gone, "SBER"):
            await feed.watch(ticker)
        del server.instruments[gone]
        await market.advance(86_400)
        assert gone not in {i.ticker for i in await harness.broker.instruments()}
        feed.listen(heard.append)
        await server.cut_streams()
        await until(lambda: any(quote.ticker == "SBER" for quote in heard))
        await feed.unwatch(gone.lower())
        assert gone not in feed._watched


async def test_no_more_are_watched_than_a_connection_carries(harness: AngelOneHarness) -> None:
    """Refused, rather than subscribed to in vain."""
    feed = harness.broker.feed
    feed._watched.update({f"T{number}": 1 for number in range(WATCHED_MAX)})
    with pytest.raises(Rejected, match="too_many_watched"):
        await feed.watch("SBER")


async def test_bars_are_asked_for_in_spans_that_the_venue_allows(
    harness: AngelOneHarness, server: AngelOneServer
) -> None:
    """Seventy days of minutes are three questions."""
    bars = await harness.broker.feed.candles("SBER", TEN - timedelta(days=70), TEN, 60)
    assert server.calls["getCandleData"] == 3
    assert len(bars) == 70
    assert (bars[0].at, bars[0].close) == (TEN - timedelta(days=70), Decimal("2.5"))


async def test_a_bar_of_another_length_is_refused(harness: AngelOneHarness) -> None:
    """Rather than bars that are not what was asked."""
    with pytest.raises(Rejected, match="bad_interval"):
        await harness.broker.feed.candles("SBER", TEN, TEN + timedelta(days=1), 61)


async def test_an_index_with_options_is_always_known(harness: AngelOneHarness, server: AngelOneServer) -> None:
    """Which option a link means is decided when its alert comes, without asking anybody."""
    key = 1, say.INDEX["token"]
    await until(lambda: any(key in link.tokens for link in server._links))
    await server.index(Decimal("25030.50"))
    await until(lambda: harness.broker.feed.quote("NIFTY"))
    quote = harness.broker.feed.quote("NIFTY")
    assert quote is not None
    assert quote.last == Decimal("25030.50")
    assert "NIFTY" not in {instrument.ticker for instrument in await harness.broker.instruments()}
