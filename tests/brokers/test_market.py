"""The built-in market: still and scripted, or moving by its seed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from brokers.paper.market import BuiltInMarket
from core.clock import ManualClock
from core.values.errors import Rejected
from core.values.instrument import InstrumentKind
from core.values.market import Quote

START = datetime(2026, 11, 18, 9, tzinfo=UTC)
TICKERS = {"SBER", "GAZP", "SRZ6", "SRH7", "BTCPERP", "ETHPERP"}


def market(*, still: bool = True, seed: int = 1, at: datetime = START) -> BuiltInMarket:
    clock = ManualClock(at)
    return BuiltInMarket(seed, still, clock, clock)


def known(price: Decimal | None) -> Decimal:
    assert price is not None
    return price


def quoted(feed: BuiltInMarket, ticker: str) -> Quote:
    quote = feed.quote(ticker)
    assert quote is not None
    return quote


async def path(seed: int, seconds: int) -> list[Quote]:
    """Every quote of a moving market's first seconds."""
    clock, seen = ManualClock(START), list[Quote]()
    moving = BuiltInMarket(seed, still=False, clock=clock, wire=clock)
    moving.listen(seen.append)
    await moving.start()
    await clock.sleep(0)
    for _ in range(2 * seconds):
        await clock.advance(0.5)
    await moving.close()
    return seen


# --------------------------------------------------------------------------------------------------- what it lists


def test_it_lists_what_the_contract_names() -> None:
    """Two shares, two expiries of a future, two perpetuals, in the currency of whoever asks."""
    listed = {i.ticker: i for i in market().instruments("USD")}
    assert listed.keys() == TICKERS
    assert {i.currency for i in listed.values()} == {"USD"}
    assert [int(listed[ticker].lot) for ticker in ("SBER", "GAZP", "SRZ6")] == [10, 10, 1]
    assert (listed["SRZ6"].basic_asset, listed["SRZ6"].basic_asset_size) == ("SBER", Decimal(100))
    assert all(i.exchange in i.venues for i in listed.values())
    assert {"BYBIT", "FTX", "DEMO"} <= listed["BTCPERP"].venues


@pytest.mark.parametrize(
    ("day", "futures"),
    [
        ("2026-12-15", ["SRZ6", "SRH7"]),
        ("2026-12-18", ["SRH7", "SRM7"]),
        ("2029-11-30", ["SRZ9", "SRH0"]),
        ("2026-01-01", ["SRH6", "SRM6"]),
    ],
)
def test_futures_are_the_next_two_quarters(day: str, futures: list[str]) -> None:
    """Chosen by the clock's date, so none is listed after it expired."""
    at = datetime.fromisoformat(day).replace(tzinfo=UTC)
    listed = [i for i in market(at=at).instruments("RUB") if i.kind is InstrumentKind.FUTURE]
    assert [i.ticker for i in listed] == futures
    assert all(i.expires_at is not None and i.expires_at > at and i.expires_at.weekday() == 3 for i in listed)


def test_the_farther_future_costs_more() -> None:
    """Interest grows with time: share < near < far, for a hundred shares each."""
    still = market()
    share, near, far = (known(quoted(still, ticker).last) for ticker in ("SBER", "SRZ6", "SRH7"))
    assert share * 100 < near < far


async def test_start_prices_can_be_given() -> None:
    """market.prices of the settings, by ticker; a future follows its share's start."""
    clock = ManualClock(START)
    priced = BuiltInMarket(1, True, clock, clock, {"BTCPERP": Decimal(40000), "SBER": Decimal(200)})
    bitcoin, future = await priced.fresh_quote("BTCPERP"), await priced.fresh_quote("SRZ6")
    assert bitcoin.last == Decimal(40000)
    assert 20000 < known(future.last) < 21000


@pytest.mark.parametrize("prices", [{"BTCUSD": Decimal(1)}, {"SBER": Decimal(0)}])
def test_unusable_start_prices_are_told(prices: dict[str, Decimal]) -> None:
    """A ticker that is not listed, or a price of nothing, stops the start with its name."""
    clock = ManualClock(START)
    with pytest.raises(ValueError, match=next(iter(prices))):
        BuiltInMarket(1, True, clock, clock, prices)


# ---------------------------------------------------------------------------------------------------------- still


async def test_a_still_market_moves_only_by_script() -> None:
    """Time alone changes nothing; a scripted book is told at once and stands."""
    clock, seen = ManualClock(START), list[Quote]()
    still = BuiltInMarket(1, True, clock, clock)
    still.listen(seen.append)
    await still.start()
    await clock.advance(3600)
    assert (seen, still.alive()) == ([], True)
    quote = still.set_book("SBER", Decimal("290.00"), Decimal("290.04"))
    assert seen == [quote] == [still.quote("SBER")]
    assert (quote.bid_size, quote.ask_size, quote.last) == (Decimal(1000), Decimal(1000), Decimal("290.02"))


@pytest.mark.parametrize(
    ("code", "ticker", "bid", "ask"),
    [
        ("unknown_ticker", "LKOH", "1", "2"),
        ("crossed_book", "SBER", "300.02", "300.01"),
        ("bad_price", "SBER", "0", "300.01"),
        ("bad_price", "SBER", "NaN", "300.01"),
    ],
)
def test_a_book_that_cannot_be_is_refused(code: str, ticker: str, bid: str, ask: str) -> None:
    """The script is told why, and the market stays as it was."""
    still = market()
    before = still.quote("SBER")
    with pytest.raises(Rejected) as caught:
        still.set_book(ticker, Decimal(bid), Decimal(ask))
    assert caught.value.code == code
    assert still.quote("SBER") == before


def test_an_empty_side_can_be_scripted() -> None:
    """No ask: the last price is the only side there is."""
    quote = market().set_book("SBER", Decimal("290.00"), None)
    assert (quote.ask, quote.last) == (None, Decimal("290.00"))


def test_a_moving_market_takes_no_script() -> None:
    """Nobody scripts what moves by itself."""
    with pytest.raises(Rejected, match="market_moves"):
        market(still=False).set_book("SBER", Decimal(1), Decimal(2))


async def test_a_fresh_quote_is_of_this_moment() -> None:
    """A still book is as good as new whenever it is asked for; a stranger's ticker is an error."""
    clock = ManualClock(START)
    still = BuiltInMarket(1, True, clock, clock)
    await clock.advance(600)
    assert (await still.fresh_quote("SBER")).at == clock.now()
    with pytest.raises(Rejected, match="unknown_ticker"):
        await still.fresh_quote("LKOH")


async def test_exchange_hours_follow_the_calendar() -> None:
    """At three in the morning the share is shut and the perpetual trades."""
    clock = ManualClock(START)
    still = BuiltInMarket(1, True, clock, clock, hours="exchange")
    by_day = quoted(still, "SBER").trading
    await clock.advance(15 * 3600)
    assert (by_day, quoted(still, "SBER").trading, quoted(still, "BTCPERP").trading) == (True, False, True)


# --------------------------------------------------------------------------------------------------------- moving


async def test_equal_seeds_walk_equal_paths() -> None:
    """Every price and size again, and others for another seed."""
    first, again, other = await path(7, 20), await path(7, 20), await path(8, 20)
    assert first == again
    assert first != other


async def test_it_quotes_everything_twice_a_second() -> None:
    """Ten seconds bring about twenty quotes of each instrument, and prices do move."""
    seen = await path(1, 10)
    for ticker in TICKERS:
        mine = [quote for quote in seen if quote.ticker == ticker]
        assert len(mine) == pytest.approx(20, abs=1)
        assert len({quote.bid for quote in mine}) > 1


async def test_books_are_plausible() -> None:
    """One or two ticks wide, on the tick, with sizes in whole steps on both sides."""
    listed = {i.ticker: i for i in market().instruments("RUB")}
    for quote in await path(1, 30):
        instrument = listed[quote.ticker]
        bid, ask = known(quote.bid), known(quote.ask)
        assert (ask - bid) / instrument.tick in {1, 2}
        assert instrument.on_tick(bid)
        assert quote.bid_size > 0 < quote.ask_size
        assert instrument.on_step(quote.bid_size)
        assert instrument.on_step(quote.ask_size)
        assert quote.last in {bid, ask}


async def test_prices_never_run_away() -> None:
    """After two hours everything is within a few percent of its start, and futures still sit above their share."""
    last = {quote.ticker: quote for quote in await path(3, 7200)}
    for ticker, quote in last.items():
        start = known(quoted(market(), ticker).last)
        assert abs(known(quote.last) / start - 1) < Decimal("0.05")
    assert known(last["SRZ6"].bid) > 100 * known(last["SBER"].ask)


async def test_futures_follow_their_share() -> None:
    """Whatever the share did in ten minutes, the future did for a hundred of them, give or take a few points."""
    seen = await path(1, 600)
    moved = {}
    for ticker in ("SBER", "SRZ6"):
        mine = [known(quote.last) for quote in seen if quote.ticker == ticker]
        moved[ticker] = max(mine) - min(mine)
    assert moved["SBER"] > Decimal("0.50")
    assert moved["SRZ6"] == pytest.approx(100 * moved["SBER"], abs=40)


async def test_it_is_alive_while_it_runs() -> None:
    """A heartbeat from start to close."""
    clock = ManualClock(START)
    moving = BuiltInMarket(1, still=False, clock=clock, wire=clock)
    beats = [moving.alive()]
    await moving.start()
    beats.append(moving.alive())
    await moving.close()
    beats.append(moving.alive())
    assert beats == [False, True, False]


# -------------------------------------------------------------------------------------------------------- candles


async def test_equal_seeds_have_equal_pasts() -> None:
    """The same bars however often and in whatever span they are asked for."""
    day = START - timedelta(days=30)
    whole = await market().candles("SBER", day, day + timedelta(hours=2), 300)
    part = await market().candles("SBER", day + timedelta(hours=1), day + timedelta(hours=2), 300)
    other = await market(seed=2).candles("SBER", day, day + timedelta(hours=2), 300)
    assert len(whole) == 24
    assert list(part) == list(whole[12:])
    assert list(other) != list(whole)


async def test_days_before_the_market_began_are_the_seeds_alone() -> None:
    """Whenever it is started: on a later day, at another hour, the same past days."""
    day = START - timedelta(days=9)
    first = await market().candles("SBER", day, day + timedelta(days=1), 60)
    for later in (timedelta(hours=5), timedelta(days=3, hours=7)):
        again = await market(at=START + later).candles("SBER", day, day + timedelta(days=1), 60)
        assert list(again) == list(first)


async def test_bars_hang_together() -> None:
    """Each opens where the last one closed, and its range holds both its ends."""
    bars = await market().candles("ETHPERP", START - timedelta(days=3), START, 3600)
    assert len(bars) == 72
    assert all(after.open == before.close for before, after in pairwise(bars))
    assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in bars)
    assert all(bar.volume > 0 for bar in bars)


@pytest.mark.parametrize("ticker", ["SBER", "BTCPERP", "ETHPERP"])
async def test_the_past_leads_to_the_present(ticker: str) -> None:
    """The last bar closes within a thousandth of the price that the market begins with."""
    made = market()
    quote = made.quote(ticker)
    assert quote is not None
    assert quote.last is not None
    last = (await made.candles(ticker, START - timedelta(hours=1), START, 60))[-1]
    assert abs(last.close - quote.last) <= quote.last / 1000


async def test_the_future_has_no_bars() -> None:
    """A span that goes beyond now ends now."""
    bars = await market().candles("SBER", START - timedelta(hours=1), START + timedelta(hours=5), 600)
    assert [bar.at for bar in bars][-1] == START - timedelta(minutes=10)


async def test_last_prices_are_those_of_the_quotes() -> None:
    """Of what is listed; the rest is left out."""
    assert await market().last_prices(["SBER", "LKOH"]) == {"SBER": Decimal("300.00")}
