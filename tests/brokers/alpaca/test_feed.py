"""Prices: by stream, asked for, and as bars."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from brokers.alpaca.feed import QUIET
from core.clock import ManualClock, SystemClock
from core.values.errors import Rejected, Transient
from core.values.market import Quote
from tests.brokers.alpaca.harness import AlpacaHarness, Later, adapter, connected, passed
from tests.brokers.wired import until
from tests.contracts.broker import Desk
from tests.servers import alpaca_json as say
from tests.servers.alpaca import AlpacaServer
from tests.servers.broker import DEPTH

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)


def streamed(server: AlpacaServer) -> set[str]:
    return {name for link in server._links for name in link.symbols}


def last(harness: AlpacaHarness, ticker: str = "SBER") -> Callable[[], Quote | None]:
    return lambda: harness.broker.feed.quote(ticker)


async def test_a_watched_book_is_told(harness: AlpacaHarness, server: AlpacaServer) -> None:
    """Sizes as they come, prices as exact decimals, and the last trade with them."""
    desk, heard = Desk(harness), list[Quote]()
    harness.broker.feed.listen(heard.append)
    await harness.broker.feed.watch("SBER")
    await until(lambda: heard)
    await desk.book(-1, 2, bid_size=7, ask_size=9)
    await server.heard()
    quote = harness.broker.feed.quote("SBER")
    assert quote == heard[-1]
    assert (quote.bid, quote.bid_size, quote.ask, quote.ask_size, quote.last, quote.trading) == (
        *(Decimal("299.99"), Decimal(7), Decimal("300.02"), Decimal(9)),
        *(Decimal("299.99"), True),
    )


async def test_an_empty_side_is_none(harness: AlpacaHarness) -> None:
    """The venue tells it as 0: there is no offer, and its size is nothing."""
    await Desk(harness).book(0, 1, ask_size=0)
    quote = await harness.broker.feed.fresh_quote("SBER")
    assert (quote.bid, quote.ask, quote.ask_size) == (Decimal("300.00"), None, Decimal(0))


async def test_the_last_watcher_ends_the_subscription(harness: AlpacaHarness, server: AlpacaServer) -> None:
    """Two watches need two unwatches."""
    feed = harness.broker.feed
    await feed.watch("SBER")
    await feed.watch("sber")
    await until(lambda: streamed(server))
    await feed.unwatch("SBER")
    await server.heard()
    assert streamed(server) == {"SBER"}
    await feed.unwatch("SBER")
    await until(lambda: not streamed(server))
    assert feed.quote("SBER") is None


async def test_what_the_stream_does_not_carry_is_asked_for(harness: AlpacaHarness, server: AlpacaServer) -> None:
    """A free plan carries so many names: the others are asked for together, and that counts as alive."""
    server.symbols_max = 1
    feed = harness.broker.feed
    await feed.watch("SBER")
    await until(lambda: streamed(server))
    await feed.watch("GAZP")
    await until(last(harness, "GAZP"))
    assert streamed(server) == {"SBER"}
    assert feed.alive()


async def test_after_a_break_as_many_are_streamed_as_fit(server: AlpacaServer) -> None:
    """Asked for ten by ten: more than the plan carries must not cost all of them their stream."""
    sber = server.instruments["SBER"]
    for n in range(20):
        server.instruments[f"T{n}"] = replace(sber, ticker=f"T{n}")
    server.symbols_max = 15
    async with connected(server) as harness:
        for n in range(20):
            await harness.broker.feed.watch(f"T{n}")
        await until(lambda: len(streamed(server)) == 15)
        await server.cut()
        await until(lambda: len(streamed(server)) == 10)


async def test_without_a_stream_prices_are_asked_for(server: AlpacaServer) -> None:
    """Another program holds the only connection that the venue allows: the desk starts, and its prices come in."""
    async with connected(server) as harness:
        feed = harness.broker.feed
        await feed.watch("SBER")
        await until(last(harness))
        server.withdrawn = True  # for sockets
        server.open_paths |= {"/v2/stocks/snapshots", "/v2/clock"}
        await server.cut()
        await Desk(harness).book(-1, 2)
        await until(lambda: (quote := feed.quote("SBER")) is not None and quote.bid == Decimal("299.99"))
        assert feed.alive()


async def test_a_stream_that_says_nothing_is_not_relied_on(server: AlpacaServer) -> None:
    """Connected, pings are answered, and prices move unheard: quiet names are asked for."""
    wire, clock = ManualClock(SystemClock().now()), Later()
    async with connected(server, wire=wire, clock=clock) as harness:
        feed = harness.broker.feed
        await feed.watch("SBER")
        await until(last(harness))
        server.deaf = True
        await Desk(harness).book(-1, 2)
        clock.ahead += QUIET * 2
        await passed(wire, lambda: (quote := feed.quote("SBER")) is not None and quote.bid == Decimal("299.99"))


async def test_a_host_that_never_answers_is_tried_again(server: AlpacaServer) -> None:
    """The connection is taken and nothing comes of it: left after some seconds, and made anew."""
    tries: list[asyncio.StreamWriter] = []
    listener = await asyncio.start_server(lambda _reader, writer: tries.append(writer), "127.0.0.1", 0)
    broker = adapter(server, stream_url=f"ws://127.0.0.1:{listener.sockets[0].getsockname()[1]}")
    await broker.start()
    await until(lambda: len(tries) == 2)
    await broker.close()
    for writer in tries:
        writer.close()
    listener.close()


async def test_prices_that_do_not_come_in_are_not_alive(server: AlpacaServer) -> None:
    """Neither by stream nor by question: what is watched is said to be dead at once."""
    async with connected(server) as harness:
        await harness.broker.feed.watch("SBER")
        await until(harness.broker.feed.alive)
        server.withdrawn = True
        await server.cut()
        await until(lambda: not harness.broker.feed.alive())


async def test_last_prices_of_many_are_one_question(harness: AlpacaHarness, server: AlpacaServer) -> None:
    """By ticker; what the venue does not know is left out."""
    prices = await harness.broker.feed.last_prices(["SBER", "gazp", "NOSUCH"])
    assert prices.keys() == {"SBER", "GAZP"}
    assert server.calls["/v2/stocks/trades/latest"] == 1
    assert await harness.broker.feed.last_prices(["NOSUCH"]) == {}


async def test_a_fresh_quote_says_whether_there_is_trading(harness: AlpacaHarness) -> None:
    """By the venue's clock."""
    assert (await harness.broker.feed.fresh_quote("SBER")).trading
    await harness.close_market()
    assert not (await harness.broker.feed.fresh_quote("SBER")).trading


async def test_a_session_ends_and_another_begins(server: AlpacaServer) -> None:
    """Days later, with nobody asking and not a word in the stream: what is watched says so."""
    wire, clock = ManualClock(SystemClock().now()), Later()
    async with connected(server, wire=wire, clock=clock) as harness:
        feed = harness.broker.feed
        await feed.watch("SBER")
        await until(last(harness))
        for closed, later in ((True, timedelta(hours=1)), (False, timedelta(days=4)), (True, timedelta(days=4))):
            clock.ahead += later
            server.canned["/v2/clock"] = say.clock(clock.now(), closed=closed)
            await passed(wire, lambda: (quote := feed.quote("SBER")) is not None and quote.trading is not closed)  # noqa: B023 - waited for in this turn


@pytest.mark.parametrize(("halt", "resume"), [("H", "T"), ("2", "3"), ("P", "T")])
async def test_a_halted_name_is_not_trading(
    harness: AlpacaHarness, server: AlpacaServer, halt: str, resume: str
) -> None:
    """By either tape's codes, until it resumes; other codes say nothing of it."""
    feed = harness.broker.feed
    await feed.watch("SBER")
    await until(last(harness))
    for code, trading in ((halt, False), ("?", False), (resume, True)):
        await server.halt("SBER", code)
        await server.heard()
        quote = feed.quote("SBER")
        assert quote is not None
        assert quote.trading is trading
        assert (await feed.fresh_quote("SBER")).trading is trading


async def test_an_unknown_ticker_has_no_quote(harness: AlpacaHarness) -> None:
    """Refused by name."""
    for question in (harness.broker.feed.fresh_quote, harness.broker.feed.watch):
        with pytest.raises(Rejected, match="unknown_ticker"):
            await question("NOTHING")


async def test_a_name_without_a_price_has_no_quote(harness: AlpacaHarness, server: AlpacaServer) -> None:
    """Listed and never traded: nothing is made up."""
    server.canned["/v2/stocks/snapshots"] = {}
    with pytest.raises(Transient):
        await harness.broker.feed.fresh_quote("SBER")


async def test_bars_are_asked_for_page_by_page(harness: AlpacaHarness, server: AlpacaServer) -> None:
    """Each once, in order, exact to the digit; the end of the span is out."""
    bars = await harness.broker.feed.candles("SBER", NOON, NOON + timedelta(hours=5), 3600)
    assert server.calls["/v2/stocks/SBER/bars"] == 3
    assert [bar.at for bar in bars] == [NOON + timedelta(hours=n) for n in range(5)]
    first = bars[0]
    assert (first.open, first.high, first.low, first.close, first.volume) == tuple(
        Decimal(n) for n in ("1.1", "3.3", "1.05", "2.2", "70")
    )


async def test_no_bars_are_an_empty_list(harness: AlpacaHarness) -> None:
    """The venue says null."""
    assert await harness.broker.feed.candles("SBER", NOON, NOON, 60) == []


@pytest.mark.parametrize("seconds", [1, 61, 3601, 86401])
async def test_a_bar_of_another_length_is_refused(harness: AlpacaHarness, seconds: int) -> None:
    """Rather than bars that are not what was asked."""
    with pytest.raises(Rejected, match="bad_interval"):
        await harness.broker.feed.candles("SBER", NOON, NOON + timedelta(days=1), seconds)


async def test_prices_of_many_names_are_asked_for_in_parts(server: AlpacaServer) -> None:
    """An address has a length: 200 names each."""
    sber = server.instruments["SBER"]
    clock = Later()
    for n in range(250):
        server.instruments[f"T{n}"] = replace(sber, ticker=f"T{n}")
        await server.set_book(f"T{n}", Decimal(10), Decimal(11), DEPTH, DEPTH)
    async with connected(server, clock=clock) as harness:
        names = [f"T{n}" for n in range(250)]
        assert (await harness.broker.feed.last_prices(names)).keys() == set(names)
        assert server.calls["/v2/stocks/trades/latest"] == 2
